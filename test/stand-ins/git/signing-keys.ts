import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A key made for one test, and what a git needs that is to verify what it signed. */
export interface SigningKey {
	/** The text of the private key. */
	readonly text: string;
	/** Settings and variables for a git that knows the key as that of its signer. */
	readonly config: readonly string[];
	readonly env: Readonly<Record<string, string>>;
	remove(): void;
}

/** @param options - for ssh-keygen, such as `-t ed25519` */
export function sshSigningKey(email: string, ...options: string[]): SigningKey {
	const folder = mkdtempSync(join(tmpdir(), 'signing-'));
	const file = join(folder, 'key');
	const args = options.includes('-N') ? options : [...options, '-N', ''];
	execFileSync('ssh-keygen', ['-q', '-f', file, '-C', 'no comment', ...args]);
	const signers = join(folder, 'allowed-signers');
	writeFileSync(signers, `${email} ${readFileSync(`${file}.pub`, 'utf8')}`);
	return {
		text: readFileSync(file, 'utf8'),
		config: ['-c', `gpg.ssh.allowedSignersFile=${signers}`],
		env: {},
		remove: () => rmSync(folder, { recursive: true }),
	};
}

export function gpgSigningKey(email: string): SigningKey {
	const home = mkdtempSync(join(tmpdir(), 'gnupg-'));
	mkdirSync(home, { recursive: true, mode: 0o700 });
	const gpg = (...args: string[]) =>
		execFileSync('gpg', ['--homedir', home, '--batch', '--passphrase', '', '--quiet', ...args], {
			stdio: ['ignore', 'pipe', 'ignore'],
		}).toString();
	gpg('--quick-generate-key', `Bot <${email}>`, 'ed25519', 'sign');
	return {
		text: gpg('--pinentry-mode', 'loopback', '--armor', '--export-secret-keys'),
		config: [],
		env: { GNUPGHOME: home },
		remove() {
			execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']);
			rmSync(home, { recursive: true });
		},
	};
}

/** The words of a git that verifies a commit or a tag; throws where it does not hold. */
export function verify(
	repository: string,
	{ config, env }: SigningKey,
	what: 'commit' | 'tag',
	name: string,
): string {
	const args = [...config, '-C', repository, `verify-${what}`, '--raw', name];
	return execFileSync('sh', ['-c', 'exec git "$@" 2>&1', 'sh', ...args], {
		env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env },
	}).toString();
}
