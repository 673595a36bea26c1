import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { shortForms } from '../../plugins/cli/short-forms.ts';
import { execute } from '../engines/execute.ts';
import { deployment, Infra, token } from '../scenarios/infra.ts';
import { root, stepNames } from './pages.ts';

vi.setConfig({ testTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

function lockstep(...args: string[]) {
	return node([join(root, 'dist/lockstep/index.js'), ...args]);
}

function node(args: string[], env: Record<string, string> = {}) {
	const { status, stdout, stderr } = spawnSync(process.execPath, args, { env });
	return { status, stdout: stdout.toString(), stderr: stderr.toString() };
}

describe('a node that is too old is told so in one line, not by an error of its own', () => {
	const old = `data:text/javascript,
Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.8' } });
delete process.getBuiltinModule;`;
	const sentence =
		'This is node 18.20.8, and the step needs 24 or newer; put one first on the PATH\n';

	test.each(stepNames)('%s', (step) => {
		const bundle = join(root, 'dist', step, 'index.js');
		expect(node(['--import', old, bundle])).toEqual({
			status: 1,
			stdout: '',
			stderr: `error: ${sentence}`,
		});
	});

	test('as an annotation on GitHub and Gitea, and by the command', () => {
		const command = join(root, 'dist/lockstep/index.js');
		expect(node(['--import', old, command, 'hold'], { GITHUB_ACTIONS: 'true' })).toMatchObject({
			status: 1,
			stderr: `::error::${sentence}`,
		});
	});
});

test.each(stepNames)('lockstep %s --help lists its inputs', (step) => {
	const { status, stdout } = lockstep(step, '--help');
	expect(status).toBe(0);
	expect(stdout).toMatch(new RegExp(`^${step}: `));
	expect(stdout).toContain('--log-level <value>');
});

test('lockstep --version is that of the package', () => {
	const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
	expect(lockstep('--version')).toMatchObject({ status: 0, stdout: `${version}\n` });
});

test('without a step, as where its image is taken for a plugin, it says what is missing', () => {
	expect(lockstep()).toMatchObject({
		status: 2,
		stdout: '',
		stderr: expect.stringMatching(/^error: no step is named; .*lockstep:bump-image\)\n\nUsage: /),
	});
});

test('a step that there is not is refused', () => {
	expect(lockstep('bump')).toMatchObject({ status: 2, stderr: expect.stringContaining('"bump"') });
});

test('each action of review-promotion is a command of its own', () => {
	const schema = readFileSync(join(root, 'plugins/schema/review-promotion.json'), 'utf8');
	expect(Object.keys(shortForms)).toEqual(JSON.parse(schema).properties.action.anyOf[0].enum);
	for (const action of Object.keys(shortForms))
		expect(lockstep(action, '--help').stdout).toMatch(/^review-promotion: /);
});

describe('completion', () => {
	/** What bash offers for the last of these words. */
	function offered(...words: string[]): string[] {
		const script = `source <("$0" "$1" completion bash)
COMP_WORDS=("\${@:2}")
COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
_lockstep
printf '%s\\n' "\${COMPREPLY[@]}"`;
		const command = [process.execPath, join(root, 'dist/lockstep/index.js')];
		return execFileSync('bash', ['-c', script, ...command, 'lockstep', ...words], { cwd: folder })
			.toString()
			.split('\n')
			.filter((line) => line !== '');
	}

	test('bash offers steps, their inputs, choices and files', () => {
		writeFileSync(join(folder, 'values.yaml'), '');
		expect(offered('')).toEqual([...stepNames, ...Object.keys(shortForms), 'completion']);
		expect(offered('bump')).toEqual(['bump-image']);
		expect(offered('hold', '--re')).toEqual(['--reason', '--repository']);
		expect(offered('approve', '--repo')).toEqual(['--repository']);
		expect(offered('bump-image', '--no-dry')).toEqual(['--no-dry-run']);
		expect(offered('bump-image', '--forge', 'git')).toEqual(['github', 'gitea', 'gitlab', 'git']);
		expect(offered('bump-image', '--file', 'val')).toEqual(['values.yaml']);
		expect(offered('completion', '')).toEqual(['bash', 'zsh', 'fish']);
	});

	test.each(['zsh', 'fish'])('that for %s names every input of every step', (shell) => {
		const { stdout, status } = lockstep('completion', shell);
		expect(status).toBe(0);
		for (const step of stepNames) {
			const { properties } = JSON.parse(
				readFileSync(join(root, 'plugins/schema', `${step}.json`), 'utf8'),
			);
			for (const name of Object.keys(properties))
				expect(stdout).toContain(shell === 'zsh' ? `'*--${name}[` : `${step}' -l ${name} `);
		}
	});

	test('of another shell is refused', () => {
		expect(lockstep('completion', 'csh').status).toBe(2);
	});
});

describe('the package, as npm packs it', () => {
	let infra: Infra;
	let project: string;

	beforeAll(async () => {
		infra = await Infra.start({ 'apps/api.yaml': deployment('ghcr.io/acme/api:v1') });
		project = join(folder, 'project');
		const npm = (args: string[], cwd: string) =>
			execFileSync('npm', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] }).toString();
		npm(['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], root);
		const packed = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
		execFileSync('mkdir', [project]);
		writeFileSync(join(project, 'package.json'), '{ "private": true }');
		npm(['install', '--offline', '--no-audit', '--no-fund', join(folder, packed)], project);
	}, 120_000);
	afterAll(() => infra.close());

	/** Not of this process, in which the git server answers. */
	const npx = (args: string[], env: Record<string, string> = {}) =>
		execute({
			command: ['npx', '--offline', 'lockstep', ...args],
			cwd: project,
			env: { PATH: process.env.PATH ?? '', HOME: folder, ...env },
			secrets: [],
		});

	test('brings nothing but itself, and no file that is not needed to run', () => {
		expect(
			readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.')),
		).toEqual(['lockstep']);
		const inside = join(project, 'node_modules/lockstep');
		expect(existsSync(join(inside, 'test'))).toBe(false);
		expect(existsSync(join(inside, 'dist/bump-image/step.js'))).toBe(true);
	});

	test('npx lockstep --help', async () => {
		expect(await npx(['--help'])).toMatchObject({
			exitCode: 0,
			log: expect.stringMatching(/^Usage: lockstep <step>/m),
		});
	});

	test('npx lockstep bump-image, from an argument, a variable and a file', async () => {
		writeFileSync(
			join(project, 'lockstep.yaml'),
			`bump-image:\n  repository: ${infra.url}\n  file: apps/api.yaml\n  image: ghcr.io/acme/api\n  tag: of-file\n`,
		);
		const args = ['bump-image', '--config', 'lockstep.yaml', '--tag', 'v2'];
		const done = await npx(args, { LOCKSTEP_TOKEN: token });
		expect(done, done.log).toMatchObject({ exitCode: 0 });
		expect(await infra.file('apps/api.yaml')).toBe(deployment('ghcr.io/acme/api:v2'));
	});
});
