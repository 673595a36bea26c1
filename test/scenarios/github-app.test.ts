import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { GitHubApp } from '../stand-ins/forge/apps.ts';
import type { ForgeOptions } from '../stand-ins/forge/forge.ts';
import { commandLine, type Front, giteaActions, github, type Values } from './fronts.ts';
import { branch, name, Promotion, production, qa } from './promotion.ts';
import { digestOf } from './run-step.ts';

vi.setConfig({ testTimeout: 30_000 });

const pair = () =>
	generateKeyPairSync('rsa', {
		modulusLength: 2048,
		publicKeyEncoding: { type: 'spki', format: 'pem' },
		privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
	});
const { publicKey, privateKey } = pair();
const app: GitHubApp = {
	id: 4711,
	slug: 'lockstep',
	publicKey,
	repositories: [production],
	rights: { contents: 'write', pull_requests: 'write', metadata: 'read' },
};
const asApp = { token: '', 'app-id': '4711', 'app-private-key': privateKey };

let scene: Promotion;
const start = async (changes: Partial<GitHubApp> = {}, options: Partial<ForgeOptions> = {}) => {
	scene = await Promotion.start({ apps: [{ ...app, ...changes }], ...options });
};
afterEach(async () => {
	const problems = await scene.requestProblems();
	await scene.close();
	expect(problems).toEqual([]);
});

const mintings = () => scene.forge.requests.filter(({ path }) => path.endsWith('/access_tokens'));

test('a pull request is made with one token, for its repository and with the rights that it needs', async () => {
	await start();
	const run = await scene.run(asApp);
	expect(run).toMatchObject({ exitCode: 0, outputs: { operation: 'created' } });
	expect(mintings().map(({ body }) => body)).toEqual([
		{
			repositories: ['infra-production'],
			permissions: { contents: 'write', pull_requests: 'write' },
		},
	]);
	expect(scene.pull).toMatchObject({ user: 'lockstep[bot]', head: branch });
	const pushes = scene.forge.requests.filter(({ path }) => path.endsWith('git-receive-pack'));
	expect(new Set(pushes.map(({ user }) => user))).toEqual(new Set(['lockstep[bot]']));
});

test('a bump asks for the contents alone, and only to read them where it writes nothing', async () => {
	await start();
	expect(await scene.bump({ ...asApp, 'dry-run': 'true' })).toMatchObject({ exitCode: 0 });
	expect(await scene.bump(asApp)).toMatchObject({ exitCode: 0, outputs: { changed: 'true' } });
	expect(mintings().map(({ body }) => (body as { permissions: unknown }).permissions)).toEqual([
		{ contents: 'read' },
		{ contents: 'write' },
	]);
});

test('the repository that is promoted from is read with a token of its own', async () => {
	await start({ repositories: [production, qa] });
	const inputs = { image: '', 'from-file': 'api.yaml', 'from-repository': qa };
	expect(await scene.run({ ...asApp, ...inputs })).toMatchObject({ exitCode: 0 });
	expect(mintings().map(({ body }) => body)).toEqual([
		{ repositories: ['infra-qa'], permissions: { contents: 'read' } },
		expect.objectContaining({ repositories: ['infra-production'] }),
	]);
});

test('a token that is about to end is not used any more', async () => {
	await start({ lifetime: 60_000 });
	expect(await scene.run(asApp)).toMatchObject({ exitCode: 0 });
	expect(mintings().length).toBeGreaterThan(2);
});

test.each([
	['with its line ends written as \\n', privateKey.replaceAll('\n', '\\n')],
	['with its line ends lost to spaces', privateKey.replaceAll('\n', ' ')],
	['with the line ends of Windows', privateKey.replaceAll('\n', '\r\n')],
	['in Base64', Buffer.from(privateKey).toString('base64')],
])('the key is taken %s', async (_how, key) => {
	await start();
	expect(await scene.bump({ ...asApp, 'app-private-key': key })).toMatchObject({
		exitCode: 0,
		outputs: { changed: 'true' },
	});
});

test('a clock that differs from GitHub’s is told of, and does not stop the step', async () => {
	await start({}, { now: () => new Date(Date.now() - 20 * 60_000) });
	const { exitCode, stdout } = await scene.bump(asApp);
	expect(stdout).toContain("The clock of this machine is 20 minutes ahead of GitHub's");
	expect(exitCode).toBe(0);
});

describe('what cannot work is one sentence', () => {
	test.each<[string, Partial<GitHubApp>, Values, number, string]>([
		[
			'the key of another app',
			{},
			{ 'app-private-key': pair().privateKey },
			1,
			'GitHub does not take app-private-key for the GitHub App 4711 (401 A JSON web token could not be decoded)',
		],
		[
			'the id of another app',
			{},
			{ 'app-id': '12' },
			1,
			'for the GitHub App 12 (404 Integration not found); check that app-id',
		],
		[
			'an app that is not installed in the repository',
			{ repositories: [qa] },
			{},
			1,
			`The GitHub App 4711 is not installed in ${production}`,
		],
		[
			'an app without the right',
			{ rights: { contents: 'read' } },
			{},
			1,
			'grant the app contents: write in its settings',
		],
		['a text that is no key', {}, { 'app-private-key': 'hunter22' }, 2, 'is not the private key'],
		['half an app', {}, { 'app-private-key': '' }, 2, 'go together'],
		['an app beside a token', {}, { token: 'x-token' }, 2, 'exclude each other'],
		['an app on a plain server', {}, { forge: 'git' }, 2, 'is for GitHub'],
	])('%s', async (_what, changes, inputs, code, words) => {
		await start(changes);
		const { exitCode, stdout } = await scene.bump({ ...asApp, ...inputs });
		expect(stdout).toContain(words);
		expect(exitCode).toBe(code);
	});

	test('an app on Gitea', async () => {
		await start();
		const { exitCode, stdout } = await scene.bump(asApp, giteaActions);
		expect(stdout).toContain('is for GitHub, and');
		expect(exitCode).toBe(2);
	});
});

test('neither key nor token stands in an argument, a log, an output or a file', async () => {
	await start();
	const folder = await mkdtemp(join(tmpdir(), 'app-secrets-'));
	try {
		const git = execFileSync('sh', ['-c', 'command -v git']).toString().trim();
		const spy = `#!/bin/sh\necho "$@" >>${folder}/seen\n${git} "$@"\ncode=$?\ncat "$GIT_DIR/config" >>${folder}/seen\nexit $code\n`;
		await writeFile(join(folder, 'git'), spy, { mode: 0o755 });
		const spied: Front = (situation, inputs) => ({
			env: { ...github(situation, inputs).env, PATH: `${folder}:${process.env.PATH}` },
		});
		const run = await scene.run({ ...asApp, 'log-level': 'debug' }, spied);
		expect(run).toMatchObject({ exitCode: 0 });
		const minted = scene.forge.requests.flatMap(({ authorization }) => authorization?.token ?? []);
		const all = JSON.stringify([run, await readFile(join(folder, 'seen'), 'utf8')]);
		expect(minted.length).toBeGreaterThan(3);
		expect(run.masked.length).toBeGreaterThan(0);
		expect(minted.map(digestOf)).toEqual(expect.arrayContaining([...run.masked]));
		const keyLines = privateKey.split('\n').filter((line) => line.length > 30);
		for (const secret of [...new Set(minted), ...keyLines]) {
			expect(all).not.toContain(secret);
			const basic = Buffer.from(`x-access-token:${secret}`).toString('base64');
			expect(all).not.toContain(basic);
		}
	} finally {
		await rm(folder, { recursive: true });
	}
});

test('the key may come from the command line as well', async () => {
	await start();
	const { exitCode, stderr } = await scene.bump(
		{ ...asApp, 'api-url': scene.forge.apiUrl, image: name },
		commandLine,
	);
	expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
});
