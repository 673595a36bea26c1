import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { author, commitOn, layFirstCommit, withSigningKey } from '../git/signed-repository.ts';
import { git } from '../stand-ins/git/git.ts';
import {
	gpgSigningKey,
	type SigningKey,
	sshSigningKey,
	verify,
} from '../stand-ins/git/signing-keys.ts';

let path: string;
const keys: SigningKey[] = [];
beforeEach(async () => {
	path = await mkdtemp(join(tmpdir(), 'signed-'));
});
afterEach(async () => {
	for (const key of keys.splice(0)) key.remove();
	await rm(path, { recursive: true });
});

function made(key: SigningKey): SigningKey {
	keys.push(key);
	return key;
}

const ssh =
	(...options: string[]) =>
	() =>
		sshSigningKey(author.email, ...options);

const kinds: [string, () => SigningKey, RegExp][] = [
	['ed25519', ssh('-t', 'ed25519'), /Good "git" signature for bot@example.com with ED25519/],
	['RSA as PEM', ssh('-t', 'rsa', '-b', '2048', '-m', 'PEM'), /Good "git" signature .* RSA/],
	['ECDSA as PKCS8', ssh('-t', 'ecdsa', '-m', 'PKCS8'), /Good "git" signature .* ECDSA/],
	['GPG', () => gpgSigningKey(author.email), /GOODSIG \w+ Bot/],
];

test.each(kinds)(
	'git verifies a commit and a tag signed with a key of kind %s',
	async (_, make, good) => {
		const key = made(make());
		const tip = await layFirstCommit(path);
		await withSigningKey(path, key.text, async (repository) => {
			await repository.fetchBranch('main');
			const commit = await repository.commit(commitOn(tip));
			expect(await repository.push({ ref: 'refs/heads/main', commit })).toEqual({ pushed: true });
			const tag = await repository.tagObject({ name: 'v1', commit, message: '{"a": 1}' });
			expect(await repository.push({ ref: 'refs/tags/v1', commit: tag })).toEqual({ pushed: true });
		});
		expect(verify(path, key, 'commit', 'main')).toMatch(good);
		expect(verify(path, key, 'tag', 'v1')).toMatch(good);
		expect(await git(path, ['log', '-1', '--format=%an %ae|%B', 'main'])).toBe(
			'Bot bot@example.com|Über\n\nbody\n',
		);
		expect(await git(path, ['fsck', '--strict'])).toBe('');
	},
);

test('no key and no agent is left behind', async () => {
	const tip = await layFirstCommit(path);
	const folder = await mkdtemp(join(tmpdir(), 'left-'));
	const before = process.env.TMPDIR;
	process.env.TMPDIR = folder;
	try {
		for (const [, make] of kinds)
			await withSigningKey(path, made(make()).text, async (repository) => {
				await repository.fetchBranch('main');
				await repository.commit(commitOn(tip));
			});
	} finally {
		if (before === undefined) delete process.env.TMPDIR;
		else process.env.TMPDIR = before;
	}
	const left = (await readdir(folder)).filter((name) => name.startsWith('lockstep-'));
	expect(left).toEqual([]);
	for (const key of keys.splice(0)) key.remove();
	expect(execFileSync('ps', ['-eo', 'args']).toString()).not.toContain(folder);
	await rm(folder, { recursive: true });
});

test('a key behind a passphrase is told in one sentence', async () => {
	const key = made(ssh('-t', 'ed25519', '-N', 'secret')()).text;
	const tip = await layFirstCommit(path);
	await withSigningKey(path, key, async (repository) => {
		await repository.fetchBranch('main');
		await expect(repository.commit(commitOn(tip))).rejects.toMatchObject({
			exitCode: 1,
			message: expect.stringMatching(
				/^signing-key is an SSH key with which ssh-keygen cannot sign \(".*passphrase.*"\); give all/,
			),
		});
	});
});
