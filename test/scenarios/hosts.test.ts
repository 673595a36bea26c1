import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { documentedFronts } from './documented-fronts.ts';
import { drone, type Values } from './fronts.ts';
import { deployment, Infra, token } from './infra.ts';
import { runStep, type StepRun } from './run-step.ts';

vi.setConfig({ testTimeout: 30_000 });

const image = 'ghcr.io/acme/api';
let infra: Infra;
let folder: string;
let turn = 0;

beforeAll(async () => {
	infra = await Infra.start({ 'apps/api.yaml': deployment(`${image}:v0`) });
});
afterAll(() => infra.close());
beforeEach(async () => {
	turn++;
	folder = await mkdtemp(join(tmpdir(), 'hosts-'));
});
afterEach(() => rm(folder, { recursive: true }));

const inputs = (): Values => ({
	repository: 'acme/infra-staging',
	file: 'apps/api.yaml',
	image,
	token,
	tag: `v${turn}`,
});

/** Runs bump-image on a CI, in `folder`. */
async function bump(
	ci: string,
	given: Values = inputs(),
	env: Record<string, string> = {},
): Promise<StepRun> {
	const situation = { server: infra.server.url, repository: 'acme/application', commit: '' };
	const front = documentedFronts[ci]?.(situation, given);
	return await runStep('bump-image', { cwd: folder, env: { ...front?.env, ...env } });
}

const inFolder = (name: string) => readFile(join(folder, name), 'utf8');
const tip = () => infra.git('rev-parse', 'main');

describe.each(Object.keys(documentedFronts))('%s, by its documentation', (ci) => {
	test('the tag is that of the event, the repository is on its forge, the token in no log', async () => {
		const { tag: _, ...rest } = inputs();
		const again = deployment(`${image}:v${turn}`);
		await infra.server.createRepository(`acme/infra-${turn}`, {
			files: { 'apps/api.yaml': again },
		});
		const run = await bump(ci, { ...rest, repository: `acme/infra-${turn}` });
		expect(run, run.stdout + run.stderr).toMatchObject({
			exitCode: 0,
			outputs: { changed: 'true', image: `${image}:main-1ecfd27` },
		});
		expect(run.stdout + run.stderr).not.toContain(token);
	});

	test('an input is named as it was given', async () => {
		const run = await bump(ci, { ...inputs(), timeout: 'soon' });
		expect(run.exitCode).toBe(2);
		expect(run.stdout).toContain('LOCKSTEP_TIMEOUT: "soon" is not a duration');
	});
});

test('an Azure task takes its inputs by their names in camel case', async () => {
	const task = Object.entries({ ...inputs(), 'dry-run': 'true', 'log-level': 'debug' });
	const env = task.map(([name, value]) => [
		`INPUT_${name.replaceAll('-', '').toUpperCase()}`,
		value,
	]);
	const run = await bump('Azure Pipelines', {}, Object.fromEntries(env));
	expect(run, run.stdout).toMatchObject({ exitCode: 0, outputs: { changed: 'true' } });
	expect(run.stdout).toContain('Dry run: this would be pushed');
	expect(run.stdout).toContain('##[debug]');
});

test('on Azure Repos project/name is looked for in the organisation of the run', async () => {
	const { url } = infra.server;
	const run = await bump(
		'Azure Pipelines',
		{ ...inputs(), repository: 'web/infra' },
		{
			BUILD_REPOSITORY_PROVIDER: 'TfsGit',
			BUILD_REPOSITORY_URI: `${url}/acme/shop/_git/application`,
			SYSTEM_COLLECTIONURI: `${url}/acme/`,
		},
	);
	expect(run.stdout).toContain(`There is no repository at ${url}/acme/web/_git/infra,`);
});

describe('outputs', () => {
	test('GitLab: a dotenv file that is not quoted', async () => {
		expect(await bump('GitLab')).toMatchObject({ exitCode: 0 });
		const lines = (await inFolder('.lockstep/bump-image.dotenv')).split('\n');
		expect(lines).toContain(`BUMP_IMAGE_COMMIT=${await tip()}`);
		expect(lines).toContain('BUMP_IMAGE_FILES=["apps/api.yaml"]');
	});

	test('GitLab: those of an earlier run are nobody else’s', async () => {
		await bump('GitLab');
		const { repository: _, ...rest } = inputs();
		expect(await bump('GitLab', { ...rest, repository: 'acme/gone' })).toMatchObject({
			exitCode: 1,
		});
		expect(existsSync(join(folder, '.lockstep/bump-image.dotenv'))).toBe(false);
	});

	test('Azure: variables of the step, and a summary, by commands', async () => {
		const { stdout } = await bump('Azure Pipelines');
		expect(stdout).toContain(
			`\n##vso[task.setvariable variable=previousImage;isOutput=true;]${image}:`,
		);
		const [, summary = ''] = /^##vso\[task\.uploadsummary\](.+)$/m.exec(stdout) ?? [];
		expect(summary).toBe(join(folder, '.lockstep/bump-image.md'));
		expect(await readFile(summary, 'utf8')).toContain(await tip());
	});

	test('Bitbucket: the file of shared variables', async () => {
		const file = join(folder, 'variables');
		await bump('Bitbucket', inputs(), { BITBUCKET_PIPELINES_VARIABLES_PATH: file });
		expect(await inFolder('variables')).toContain(`BUMP_IMAGE_COMMIT=${await tip()}\n`);
	});

	test('CircleCI: variables that a shell reads', async () => {
		const file = join(folder, 'bash-env');
		await writeFile(file, 'export EARLIER=1\n');
		await bump('CircleCI', inputs(), { BASH_ENV: file });
		const text = await inFolder('bash-env');
		expect(text).toMatch(/^export EARLIER=1\n/);
		expect(text).toContain(`export BUMP_IMAGE_FILES='["apps/api.yaml"]'\n`);
	});

	test('Tekton: a result each, by the flag that says so', async () => {
		const results = join(folder, 'results');
		await mkdir(results);
		const args = Object.entries({ ...inputs(), repository: infra.url });
		const run = await runStep('bump-image', {
			cwd: folder,
			env: { TEKTON_RESULTS_DIR: results },
			args: ['--ci', 'tekton', ...args.map(([name, value]) => `--${name}=${value}`)],
		});
		expect(run, run.stdout).toMatchObject({ exitCode: 0 });
		expect(await inFolder('results/commit')).toBe(await tip());
		expect(await readdir(results)).toContain('previous-image');
	});

	test('Buildkite: meta-data and an annotation, by its agent', async () => {
		const agent = '#!/bin/sh\n{ echo "$@"; cat; echo; } >>"$SEEN"\n';
		await writeFile(join(folder, 'buildkite-agent'), agent, { mode: 0o755 });
		await bump('Buildkite', inputs(), {
			PATH: `${folder}:${process.env.PATH}`,
			SEEN: join(folder, 'seen'),
		});
		const seen = await inFolder('seen');
		expect(seen).toContain(`meta-data set bump-image:commit\n${await tip()}\n`);
		expect(seen).toMatch(/annotate --context lockstep-bump-image --style info\nPushed /);
	});

	test('Buildkite without its agent, and Jenkins: those of the outputs folder', async () => {
		for (const ci of ['Buildkite', 'Jenkins']) {
			turn++;
			const run = await bump(ci);
			expect(run).toMatchObject({ exitCode: 0, outputs: { commit: await tip() } });
			expect(run.stdout).not.toContain('warning');
		}
		expect(existsSync(join(folder, '.lockstep/bump-image.env'))).toBe(true);
	});

	test('Drone: a card, only where it asks for one', async () => {
		const situation = { server: infra.server.url, repository: 'acme/application', commit: 'a' };
		const { env } = drone(situation, inputs());
		const plain = await runStep('bump-image', { cwd: folder, env: { ...env } });
		expect(plain.stdout).not.toContain('\x1b]');
		const { stdout } = await runStep('bump-image', {
			cwd: folder,
			env: { ...env, DRONE_CARD_PATH: '/dev/stdout' },
		});
		// biome-ignore lint/suspicious/noControlCharactersInRegex: a card is an escape sequence
		const [, encoded = ''] = /\x1b\]1338;([A-Za-z0-9+/=]+)\x1b\]0m\n/.exec(stdout) ?? [];
		expect(JSON.parse(Buffer.from(encoded, 'base64').toString())).toMatchObject({
			schema: expect.stringMatching(/\/plugins\/drone\/card\.json$/),
			data: {
				step: 'bump-image',
				status: 'succeeded',
				outputs: expect.arrayContaining([{ name: 'commit', value: await tip() }]),
			},
		});
	});
});

describe('what is shown', () => {
	const broken: Values = {
		repository: 'acme/infra-staging',
		file: 'apps/broken.yaml',
		image,
		token,
	};
	beforeAll(async () => {
		const name = 'acme/infra-broken';
		await infra.server.createRepository(name, { files: { 'apps/broken.yaml': 'a: [\n' } });
	});

	test('Azure shows an error at its file and line', async () => {
		const run = await bump('Azure Pipelines', {
			...broken,
			repository: 'acme/infra-broken',
			tag: 'v1',
		});
		expect(run.exitCode).not.toBe(0);
		expect(run.stdout).toMatch(
			/^##vso\[task\.logissue type=error;sourcepath=apps\/broken\.yaml;linenumber=\d+;columnnumber=\d+;\]/m,
		);
	});

	test.each([
		[
			'GitLab',
			/section_start:\d+:(\w+)\[collapsed=true\]\r.{4}What would be written\n[\s\S]*section_end:\d+:\1\r/,
		],
		['Azure Pipelines', /^##\[group\]What would be written\n[\s\S]*\n##\[endgroup\]$/m],
		['Buildkite', /^--- What would be written\n/m],
		['Jenkins', /^What would be written\n/m],
	])('%s folds the diff of a dry run', async (ci, folded) => {
		const { stdout } = await bump(ci, { ...inputs(), 'dry-run': 'true' });
		expect(stdout).toMatch(folded);
		expect(stdout).toContain(`+                  image:   ${image}:v${turn}`);
	});
});
