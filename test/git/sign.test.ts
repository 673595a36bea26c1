import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseRemote } from '../../shared/git/remote.ts';
import { openRepository, type Repository } from '../../shared/git/repository.ts';
import { git } from '../stand-ins/git/git.ts';
import {
	gpgSigningKey,
	type SigningKey,
	sshSigningKey,
	verify,
} from '../stand-ins/git/signing-keys.ts';

const author = { name: 'Bot', email: 'bot@example.com' };
const silent = { debug() {}, info() {}, warn() {}, error() {} };

let path: string;
const keys: SigningKey[] = [];
beforeEach(async () => {
	path = await mkdtemp(join(tmpdir(), 'signed-'));
});
afterEach(async () => {
	for (const key of keys.splice(0)) key.remove();
	await rm(path, { recursive: true });
});

/** The first commit of the repository. */
async function lay(): Promise<string> {
	await git(path, ['init', '--quiet', '--bare', '-b', 'main']);
	const tree = await git(path, ['mktree'], { input: '' });
	const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
	const commit = await git(path, [...who, 'commit-tree', tree, '-m', 'First']);
	await git(path, ['update-ref', 'refs/heads/main', commit]);
	return commit;
}

async function using<T>(
	signingKey: string,
	work: (repository: Repository) => Promise<T>,
	variables: Record<string, string | undefined> = { PATH: process.env.PATH },
): Promise<T> {
	const repository = await openRepository({
		remote: parseRemote(path),
		credentials: {},
		author,
		signingKey,
		log: silent,
		signal: new AbortController().signal,
		variables,
		protect() {},
	});
	try {
		return await work(repository);
	} finally {
		await repository.close();
	}
}

function made(key: SigningKey): SigningKey {
	keys.push(key);
	return key;
}

const files = [{ path: 'a.txt', bytes: Buffer.from('a') }];
const request = (parent: string) => ({ parent, files, message: 'Über\n\nbody\n' });

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
		const tip = await lay();
		await using(key.text, async (repository) => {
			await repository.fetchBranch('main');
			const commit = await repository.commit(request(tip));
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
	const tip = await lay();
	const folder = await mkdtemp(join(tmpdir(), 'left-'));
	const before = process.env.TMPDIR;
	process.env.TMPDIR = folder;
	try {
		for (const [, make] of kinds)
			await using(made(make()).text, async (repository) => {
				await repository.fetchBranch('main');
				await repository.commit(request(tip));
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

test.each([
	['ghp_notakey', 2, /^signing-key is not the text of an SSH or GPG private key; give all of it/],
	['-----BEGIN PUBLIC KEY-----\nx', 2, /^signing-key is not the text/],
])(
	'a text that is no private key is bad input and is not told: %s',
	async (text, exitCode, says) => {
		await lay();
		const failure = await using(text, async () => undefined).catch((error: unknown) => error);
		expect(failure).toMatchObject({ exitCode, message: expect.stringMatching(says) });
		expect(String(failure)).not.toContain('ghp_');
	},
);

test.each([
	[
		'a key behind a passphrase',
		() => made(ssh('-t', 'ed25519', '-N', 'secret')()).text,
		process.env.PATH,
		/^signing-key is an SSH key with which ssh-keygen cannot sign \(".*passphrase.*"\); give all/,
	],
	[
		'a machine without ssh-keygen',
		() => made(ssh('-t', 'ed25519')()).text,
		'git alone',
		/^signing-key is an SSH key, and ssh-keygen, which signs with it, is not on the PATH; install/,
	],
	[
		'a machine without gpg',
		() => '-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nx\n',
		'git alone',
		/^signing-key is a GPG key, and gpg, which signs with it, is not on the PATH; install/,
	],
])('%s is told in one sentence', async (_, make, programs, says) => {
	const key = make();
	const tip = await lay();
	const bin = await mkdtemp(join(tmpdir(), 'bin-'));
	const real = execFileSync('sh', ['-c', 'command -v git']).toString().trim();
	execFileSync('ln', ['-s', real, join(bin, 'git')]);
	const PATH = programs === 'git alone' ? bin : programs;
	await using(
		key,
		async (repository) => {
			await repository.fetchBranch('main');
			const failure = await repository.commit(request(tip)).catch((error: unknown) => error);
			expect(failure).toMatchObject({ exitCode: 1, message: expect.stringMatching(says) });
		},
		{ PATH },
	);
	await rm(bin, { recursive: true });
});
