import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { deployment, Infra, repository, token } from '../scenarios/infra.ts';
import { name, Promotion, production } from '../scenarios/promotion.ts';
import { runStep } from '../scenarios/run-step.ts';
import {
	gpgSigningKey,
	type SigningKey,
	sshSigningKey,
	verify,
} from '../stand-ins/git/signing-keys.ts';

vi.setConfig({ testTimeout: 30_000 });

const email = 'bot@example.com';
const image = 'ghcr.io/acme/api';
const identity = { 'author-name': 'Bot', 'author-email': email };

const kinds: [string, () => SigningKey][] = [
	['SSH', () => sshSigningKey(email, '-t', 'ed25519')],
	['GPG', () => gpgSigningKey(email)],
];

describe.each(kinds)('with a key of kind %s', (kind, make) => {
	const good = kind === 'SSH' ? /Good "git" signature for bot@example.com/ : /GOODSIG \w+ Bot/;
	let key: SigningKey;
	beforeEach(() => {
		key = make();
	});
	afterEach(() => key.remove());

	describe('a commit or tag is one that git verifies', () => {
		let infra: Infra;
		beforeEach(async () => {
			infra = await Infra.start({ 'apps/api.yaml': deployment(`${image}:v1`) });
		});
		afterEach(() => infra.close());
		const signed = () => ({ ...identity, 'signing-key': key.text });
		const verified = (what: 'commit' | 'tag', at: string) =>
			verify(infra.server.repositoryPath(repository), key, what, at);

		test('of bump-image, hold and rollback', async () => {
			expect(await infra.bump(signed())).toMatchObject({ exitCode: 0 });
			expect(verified('commit', 'main')).toMatch(good);
			expect(await infra.run('hold', { reason: 'x', ...signed() })).toMatchObject({ exitCode: 0 });
			expect(verified('commit', 'main')).toMatch(good);
			const back = await infra.run('rollback', signed());
			expect(back).toMatchObject({ exitCode: 0, outputs: { 'to-image': `${image}:v1` } });
			expect(verified('commit', 'main')).toMatch(good);
			expect(await infra.git('log', '--format=%an <%ae>', '-1', 'main')).toBe(`Bot <${email}>`);
			expect(await infra.git('fsck', '--strict')).toBe('');
		});

		test('of tag-source', async () => {
			const commit = await infra.git('rev-parse', 'main');
			const inputs = { repository: infra.url, token, commit, tag: 'v1', ...signed() };
			const args = Object.entries(inputs).map(([input, value]) => `--${input}=${value}`);
			expect(await runStep('tag-source', { args })).toMatchObject({ exitCode: 0 });
			expect(verified('tag', 'v1')).toMatch(good);
			expect(await runStep('tag-source', { args })).toMatchObject({
				exitCode: 0,
				outputs: { created: 'false' },
			});
		});
	});

	test('of bump-image where objects are named by SHA-256', async () => {
		const files = { 'apps/api.yaml': deployment(`${image}:v1`) };
		const infra = await Infra.start(files, { objectFormat: 'sha256' });
		try {
			const run = await infra.bump({ ...identity, 'signing-key': key.text });
			expect(run).toMatchObject({ exitCode: 0, outputs: { changed: 'true' } });
			const path = infra.server.repositoryPath(repository);
			expect(verify(path, key, 'commit', 'main')).toMatch(good);
		} finally {
			await infra.close();
		}
	});

	test('of promotion-pr, which knows it as its own afterwards', async () => {
		const scene = await Promotion.start();
		try {
			const inputs = { ...identity, 'signing-key': key.text };
			expect(await scene.run(inputs)).toMatchObject({ exitCode: 0 });
			const path = scene.forge.repositoryPath(production);
			expect(verify(path, key, 'commit', scene.pull.head)).toMatch(good);
			expect((await scene.run(inputs)).outputs).toMatchObject({ operation: 'unchanged' });
			expect((await scene.run({ ...inputs, image: `${name}:3` })).outputs).toMatchObject({
				operation: 'updated',
			});
			expect(verify(path, key, 'commit', scene.pull.head)).toMatch(good);
		} finally {
			await scene.close();
		}
	});
});

describe('the key', () => {
	let infra: Infra;
	let folder: string;
	beforeEach(async () => {
		infra = await Infra.start({ 'apps/api.yaml': deployment(`${image}:v1`) });
		folder = await mkdtemp(join(tmpdir(), 'key-'));
	});
	afterEach(async () => {
		await infra.close();
		await rm(folder, { recursive: true });
	});

	test.each(kinds)(
		'of kind %s is in no output, and in no file or process afterwards',
		async (_, make) => {
			const key = make();
			try {
				const env = { TMPDIR: join(folder, 'tmp') };
				await mkdir(env.TMPDIR);
				const run = await infra.bump({ 'signing-key': key.text, 'log-level': 'debug' }, { env });
				expect(run).toMatchObject({ exitCode: 0, outputs: { changed: 'true' } });
				for (const line of key.text.split('\n').filter((one) => one.length > 20))
					expect(run.stdout + run.stderr).not.toContain(line);
				expect(await readdir(env.TMPDIR)).toEqual([]);
				expect(execFileSync('ps', ['-eo', 'args']).toString()).not.toContain(env.TMPDIR);
			} finally {
				key.remove();
			}
		},
	);

	test.each([
		[
			'an SSH',
			'-----BEGIN OPENSSH PRIVATE KEY-----\nx\n',
			/an SSH key, and ssh-keygen, which signs/,
		],
		['a GPG', '-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nx\n', /a GPG key, and gpg, which signs/],
	])(
		'that is %s one, on a machine that cannot sign with it: one sentence, and nothing is pushed',
		async (_, text, says) => {
			for (const program of ['git', 'sh', 'env'])
				await symlink(
					execFileSync('sh', ['-c', `command -v ${program}`])
						.toString()
						.trim(),
					join(folder, program),
				);
			const run = await infra.bump({ 'signing-key': text }, { env: { PATH: folder } });
			expect(run.exitCode).toBe(1);
			expect(run.stderr).toMatch(says);
			expect(run.stderr.trim().split('\n')).toHaveLength(1);
			expect(await infra.subjects()).toEqual(['Lay the first files']);
		},
	);

	test('that is none is bad input, and not told', async () => {
		const run = await infra.bump({ 'signing-key': 'not-a-key-but-a-secret' });
		expect(run.exitCode).toBe(2);
		expect(run.stderr).toContain(
			'signing-key: its value is not the text of an SSH or GPG private key',
		);
		expect(run.stderr).not.toContain('but-a-secret');
	});

	test('is asked for nothing where nothing has to change', async () => {
		const text = '-----BEGIN OPENSSH PRIVATE KEY-----\nx\n';
		expect(await infra.bump({ tag: 'v1', 'signing-key': text })).toMatchObject({
			exitCode: 0,
			outputs: { changed: 'false' },
		});
	});
});
