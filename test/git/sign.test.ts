import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commitOn, layFirstCommit, withSigningKey } from './signed-repository.ts';

let path: string;
beforeEach(async () => {
	path = await mkdtemp(join(tmpdir(), 'signed-'));
});
afterEach(() => rm(path, { recursive: true }));

test.each([
	['ghp_notakey', 2, /^signing-key is not the text of an SSH or GPG private key; give all of it/],
	['-----BEGIN PUBLIC KEY-----\nx', 2, /^signing-key is not the text/],
])(
	'a text that is no private key is bad input and is not told: %s',
	async (text, exitCode, says) => {
		await layFirstCommit(path);
		const failure = await withSigningKey(path, text, async () => undefined).catch(
			(error: unknown) => error,
		);
		expect(failure).toMatchObject({ exitCode, message: expect.stringMatching(says) });
		expect(String(failure)).not.toContain('ghp_');
	},
);

test.each([
	[
		'ssh-keygen',
		'-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n',
		/^signing-key is an SSH key, and ssh-keygen, which signs with it, is not on the PATH; install/,
	],
	[
		'gpg',
		'-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nx\n',
		/^signing-key is a GPG key, and gpg, which signs with it, is not on the PATH; install/,
	],
])('a machine without %s is told in one sentence', async (_, key, says) => {
	const tip = await layFirstCommit(path);
	const bin = join(path, 'bin');
	await mkdir(bin);
	const real = execFileSync('sh', ['-c', 'command -v git']).toString().trim();
	await symlink(real, join(bin, 'git'));
	const work = withSigningKey(
		path,
		key,
		async (repository) => {
			await repository.fetchBranch('main');
			await repository.commit(commitOn(tip));
		},
		{ PATH: bin },
	);
	await expect(work).rejects.toMatchObject({ exitCode: 1, message: expect.stringMatching(says) });
});
