import { execFile } from 'node:child_process';
import { chmod, chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { root, stepNames } from '../../.ci/steps.ts';
import { deployment, Infra, token } from '../scenarios/infra.ts';
import { findImageEngine, type ImageEngine } from './image-engine.ts';

const execute = promisify(execFile);
const name = 'localhost/lockstep-test';
/** Somebody else than the image's user and than root. */
const owner = 12_345;

interface Built {
	readonly megabytes: number;
	readonly digest: string;
}

let engine: ImageEngine;
let images: Map<string, Built>;
beforeAll(async () => {
	engine = await findImageEngine();
	images = await build();
}, 600_000);
afterAll(() => engine.close());

async function build(...options: string[]): Promise<Map<string, Built>> {
	const { stdout } = await execute(
		process.execPath,
		[
			join(root, '.ci/image.ts'),
			...['--engine', engine.name, '--name', name, ...options],
			...(engine.base ? ['--base', engine.base] : []),
		],
		{ cwd: root },
	);
	const built = new Map<string, Built>();
	for (const line of stdout.trim().split('\n')) {
		const [image = '', , megabytes, , digest = ''] = line.split(/\s+/);
		built.set(image.slice(name.length + 1), { megabytes: Number(megabytes), digest });
	}
	return built;
}

test('there is one for each step and one with all of them', () => {
	expect([...images.keys()].sort()).toEqual(['lockstep', ...stepNames()].sort());
});

test('each is below 75 MB to pull', () => {
	for (const { megabytes } of images.values()) {
		expect(megabytes).toBeGreaterThan(0);
		expect(megabytes).toBeLessThan(75);
	}
});

test('another build of the same commit is the same to the byte', async () => {
	const again = await build('--step', 'bump-image');
	expect(again.get('bump-image')?.digest).toBe(images.get('bump-image')?.digest);
});

test('each starts its step as a user who is not root, and says what it is', async () => {
	const { stdout: head } = await execute('git', ['rev-parse', 'HEAD'], { cwd: root });
	for (const step of images.keys()) {
		const { User, Entrypoint, Labels } = await engine.inspect(`${name}:${step}`);
		expect(User).toBe('65532:65532');
		expect(Entrypoint).toEqual(['node', `/opt/lockstep/dist/${step}/index.js`]);
		expect(Labels['org.opencontainers.image.title']).toContain(step);
		expect(Labels['org.opencontainers.image.revision']).toBe(head.trim());
		expect(Labels['org.opencontainers.image.source']).toMatch(/^https:/);
	}
});

describe('in a workspace of another user, on a read-only root file system', () => {
	let infra: Infra;
	let workspace: string;
	const image = 'ghcr.io/acme/api';
	const settings = () => ({
		PLUGIN_REPOSITORY: infra.url,
		PLUGIN_TOKEN: token,
		PLUGIN_FILE: 'apps/api.yaml',
		PLUGIN_IMAGE: image,
		PLUGIN_TAG: 'v2',
	});
	beforeEach(async () => {
		infra = await Infra.start({ 'apps/api.yaml': deployment(`${image}:v1`) });
		workspace = await mkdtemp(join(tmpdir(), 'workspace-'));
		await chown(workspace, owner, owner);
		await chmod(workspace, 0o755);
	});
	afterEach(async () => {
		await infra.close();
		await rm(workspace, { recursive: true, force: true });
	});

	test('it is so: the process is not root, and can write neither here nor to the root', async () => {
		const command = ['sh', '-c', 'id -u; touch /x || mkdir /x; touch x || mkdir x'];
		const run = await engine.run(`${name}:bump-image`, { workspace, command });
		expect(run.stdout).toBe('65532\n');
		expect(run.exitCode).not.toBe(0);
	});

	test('every step shows its help', async () => {
		for (const step of stepNames()) {
			const run = await engine.run(`${name}:${step}`, { workspace, args: ['--help'] });
			expect(run.stdout).toContain(step);
			expect(run.exitCode).toBe(0);
		}
	});

	test('a bump is pushed, and its outputs are there for the next step', async () => {
		await chmod(workspace, 0o777);
		const run = await engine.run(`${name}:bump-image`, { workspace, env: settings() });
		expect(run.stderr + run.stdout).toContain('Pushed');
		expect(run.exitCode).toBe(0);
		expect(await infra.file('apps/api.yaml')).toContain(`${image}:v2`);
		const outputs = JSON.parse(
			await readFile(join(workspace, '.lockstep/bump-image.json'), 'utf8'),
		);
		expect(outputs).toMatchObject({ changed: 'true', image: `${image}:v2` });
	});

	test('where the workspace cannot be written a bump is pushed all the same, and says so', async () => {
		const run = await engine.run(`${name}:bump-image`, { workspace, env: settings() });
		expect(run.exitCode).toBe(0);
		expect(run.stdout + run.stderr).toContain('/workspace/.lockstep');
		expect(await infra.file('apps/api.yaml')).toContain(`${image}:v2`);
	});

	test('the history of a workspace of somebody else is read', async () => {
		await chown(workspace, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
		const own = ['-c', 'user.name=a', '-c', 'user.email=a@b.c', '-C', workspace];
		await execute('git', ['-C', workspace, 'init', '--quiet']);
		await execute('git', [...own, 'commit', '--quiet', '--allow-empty', '--message=One']);
		await execute('chown', ['--recursive', `${owner}:${owner}`, workspace]);
		const command = ['git', 'log', '--format=%s'];
		const run = await engine.run(`${name}:lockstep`, { workspace, command });
		expect(run).toEqual({ exitCode: 0, stdout: 'One\n', stderr: '' });
	});

	test('ssh knows who it is', async () => {
		const command = ['ssh', '-G', 'git.example.com'];
		const run = await engine.run(`${name}:bump-image`, { workspace, command });
		expect(run).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('user lockstep') });
	});

	test('the command takes a step by its name, also from a shell', async () => {
		for (const command of [undefined, ['sh', '-c', 'lockstep "$@"', 'sh']]) {
			const args = ['bump-image', '--help'];
			const run = await engine.run(`${name}:lockstep`, {
				workspace,
				...(command && { command }),
				args,
			});
			expect(run).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('bump-image') });
		}
	});
});
