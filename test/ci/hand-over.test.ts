import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cardData } from '../../shared/ci/card.ts';
import { detectHost } from '../../shared/ci/detect.ts';
import { documentedEnvironment } from './captured-environment.ts';

const folder = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const writes: string[] = [];
beforeEach(() => {
	writes.length = 0;
	vi.spyOn(process.stdout, 'write').mockImplementation((text) => writes.push(String(text)) > 0);
});
afterEach(() => {
	vi.restoreAllMocks();
});

interface HandedOver {
	files: Record<string, string>;
	warnings: string[];
}

/** Hands outputs of a step `bump-image` over. */
async function handOver(
	env: Record<string, string>,
	outputs: Record<string, string>,
	{ args = [], summary = 'Done' }: { args?: string[]; summary?: string } = {},
): Promise<HandedOver> {
	const files: Record<string, string> = {};
	const warnings: string[] = [];
	await detectHost(env, args).handOver({
		step: 'bump-image',
		outputs: new Map(Object.entries(outputs)),
		summary,
		succeeded: true,
		writeFile: async (name, text) => {
			files[name] = text;
			return join(folder, name);
		},
		warn: (message) => void warnings.push(message),
	});
	return { files, warnings };
}

const hostile = 'a\n::error::b\r\n##vso[task.complete result=Failed;]c%0A;]';

describe('a value cannot end its line, or be a command of its own', () => {
	test('Azure', async () => {
		await handOver(documentedEnvironment('azure'), { reason: hostile });
		const [line = ''] = writes;
		expect(line.match(/\n/g)).toHaveLength(1);
		expect(line).toBe(
			'##vso[task.setvariable variable=reason;isOutput=true;]a%0A::error::b%0D%0A##vso[task.complete result=Failed;]c%AZP250A;]\n',
		);
	});

	test('Azure, in a place that a property names', () => {
		const host = detectHost(documentedEnvironment('azure'), []);
		host.log('error', 'x', { file: 'a;b]c\nd%', line: 3 });
		expect(writes.join('')).toBe(
			'##vso[task.logissue type=error;sourcepath=a%3Bb%5Dc%0Ad%AZP25;linenumber=3;]a;b]c%0Ad%AZP25:3: x\n',
		);
	});

	test.each([
		['info', '##\u2060[error]x'],
		['debug', '##[debug]##\u2060[error]x'],
	] as const)('Azure, in a message of the level %s', (level, shown) => {
		detectHost(documentedEnvironment('azure'), []).log(level, '##[error]x');
		expect(writes.join('')).toBe(`${shown}\n`);
	});

	test('GitLab leaves it out, and says where it is', async () => {
		const { files, warnings } = await handOver(documentedEnvironment('gitlab'), {
			commit: 'abc',
			reason: hostile,
		});
		expect(files).toEqual({ 'bump-image.dotenv': 'BUMP_IMAGE_COMMIT=abc\n' });
		expect(warnings).toEqual([
			"The output reason is not handed to GitLab's dotenv report, which takes values of one line; it stands in bump-image.json of the outputs folder",
		]);
	});

	test('CircleCI quotes it for the shell', async () => {
		const file = join(folder, 'bash-env');
		const env = { ...documentedEnvironment('circleci'), BASH_ENV: file };
		await handOver(env, { reason: `it's $(id)\n` });
		expect(readFileSync(file, 'utf8')).toBe(`export BUMP_IMAGE_REASON='it'\\''s $(id)\n'\n`);
	});

	test('Buildkite does not fold the log at it', () => {
		detectHost(documentedEnvironment('buildkite'), []).log('info', '--- a/file\n+++ b/file\n- x');
		expect(writes.join('')).toBe('\u2060--- a/file\n\u2060+++ b/file\n- x\n');
	});
});

test('Azure is not told of a summary that could not be written', async () => {
	await detectHost(documentedEnvironment('azure'), []).handOver({
		step: 'bump-image',
		outputs: new Map(),
		summary: 'Done',
		succeeded: true,
		writeFile: async () => undefined,
		warn: () => undefined,
	});
	expect(writes).toEqual([]);
});

describe('what is too much for a CI is left out, the largest first', () => {
	const outputs = { commit: 'abc', objects: 'x'.repeat(6000), branch: 'main' };

	test('GitLab', async () => {
		const { files, warnings } = await handOver(documentedEnvironment('gitlab'), outputs);
		expect(files['bump-image.dotenv']).toBe('BUMP_IMAGE_COMMIT=abc\nBUMP_IMAGE_BRANCH=main\n');
		expect(warnings).toHaveLength(1);
	});

	test('Tekton', async () => {
		const results = join(folder, 'results');
		mkdirSync(results);
		const env = { TEKTON_RESULTS_DIR: results };
		const { warnings } = await handOver(env, outputs, { args: ['--ci', 'tekton'] });
		expect(readdirSync(results).sort()).toEqual(['branch', 'commit']);
		expect(warnings).toHaveLength(1);
	});

	test('and outside of a Task Tekton says that there is no place for them', async () => {
		const env = { TEKTON_RESULTS_DIR: join(folder, 'none') };
		const { warnings } = await handOver(env, outputs, { args: ['--ci', 'tekton'] });
		expect(warnings).toEqual([expect.stringContaining('is this a Task?')]);
	});
});

test('GitHub gets of a summary that is too long for it what there is room for', async () => {
	const file = join(folder, 'summary');
	const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: file };
	await handOver(env, {}, { summary: '| Größe |\n'.repeat(200_000) });
	const text = readFileSync(file, 'utf8');
	expect(Buffer.byteLength(text)).toBeLessThan(1024 * 1024);
	expect(text).toMatch(/^(\| Größe \|\n)+\nThe rest is too long to be shown here\.\n$/);
});

test("Drone's card is one write", async () => {
	await handOver({ DRONE: 'true', DRONE_CARD_PATH: '/dev/stdout' }, { objects: 'x'.repeat(6000) });
	expect(writes).toHaveLength(1);
	const encoded = writes[0]?.slice('\x1b]1338;'.length, -'\x1b]0m\n'.length) ?? '';
	const { data } = JSON.parse(Buffer.from(encoded, 'base64').toString());
	expect(data).toMatchObject({ step: 'bump-image', status: 'succeeded', summary: 'Done' });
	expect(data.outputs[0].value).toHaveLength(200);
});

test('Harness, which runs Drone’s plugins, takes outputs from a file', async () => {
	const file = join(folder, 'drone-output');
	await handOver({ DRONE: 'true', DRONE_OUTPUT: file }, { 'previous-image': 'a:1' });
	expect(readFileSync(file, 'utf8')).toBe('PREVIOUS_IMAGE=a:1\n');
});

test('only CIs that take a secret off the log are told of it', () => {
	for (const ci of ['gitlab', 'jenkins', 'bitbucket', 'circleci', 'buildkite'])
		detectHost(documentedEnvironment(ci), []).mask('a-secret');
	expect(writes).toEqual([]);
	detectHost(documentedEnvironment('azure'), []).mask('a-secret');
	expect(writes).toEqual(['##vso[task.setsecret]a-secret\n']);
});

test("Drone's template asks for nothing that a card has not", () => {
	const template = readFileSync(join(import.meta.dirname, '../../plugins/drone/card.json'), 'utf8');
	const data = cardData({
		step: 'bump-image',
		outputs: new Map([['commit', 'abc']]),
		summary: 'Done',
		succeeded: true,
		writeFile: async () => '',
		warn: () => undefined,
	});
	const known = [...Object.keys(data), ...Object.keys(data.outputs[0] ?? {})];
	const asked = [...template.matchAll(/\$\{(\w+)/g)].map(([, name]) => name);
	expect(new Set(asked)).toEqual(new Set(known));
});
