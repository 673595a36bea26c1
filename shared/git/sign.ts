import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { badInput, Failure, messageOf } from '../failure/failure.ts';
import { isMissing, type ProgramResult, runProgram, type Variables } from './run-program.ts';
import { secretFile } from './secret-file.ts';

/** Signs what is written with one private key. */
export interface Signer {
	/** The armored signature of a commit's or a tag's content, with an end of line. */
	sign(content: Uint8Array): Promise<string>;
	/** Ends what signing has started. */
	close(): Promise<void>;
}

export interface SignerOptions {
	/** Where the key is kept while the step runs; only this user may read it. */
	readonly folder: string;
	readonly variables: Variables;
	readonly signal: AbortSignal;
}

/**
 * A signer for the text of an SSH or GPG private key. Nothing is started, and no file
 * written, before something is signed.
 * @throws Failure (bad input) for a text that is neither.
 */
export function signerFor(key: string, options: SignerOptions): Signer {
	const [, kind] = /^-----BEGIN ([A-Z0-9 ]*)-----/.exec(key.trim()) ?? [];
	if (kind === 'PGP PRIVATE KEY BLOCK') return gpgSigner(key, options);
	if (kind?.endsWith('PRIVATE KEY')) return sshSigner(key, options);
	throw badInput(
		'signing-key is not the text of an SSH or GPG private key; give all of it, from its line -----BEGIN',
	);
}

/** git signs with the namespace `git` (gitformat-signature). */
function sshSigner(key: string, options: SignerOptions): Signer {
	const variables = { ...options.variables, SSH_ASKPASS: '', SSH_ASKPASS_REQUIRE: 'never' };
	const keygen = (args: readonly string[], input: string | Uint8Array) =>
		start('ssh-keygen', args, input, { ...options, variables });
	const writeKey = async () => {
		const path = await secretFile(options.folder, 'signing-key', key);
		// Of a key in another format than its own, ssh-keygen wants the public half beside it.
		const { stdout } = await keygen(['-y', '-f', path], '');
		await writeFile(`${path}.pub`, stdout);
		return path;
	};
	let file: Promise<string> | undefined;
	return {
		async sign(content) {
			file ??= writeKey();
			const run = await keygen(['-Y', 'sign', '-n', 'git', '-f', await file], content);
			return run.stdout.toString();
		},
		close: async () => undefined,
	};
}

function gpgSigner(key: string, options: SignerOptions): Signer {
	const home = join(options.folder, 'gnupg');
	const base = ['--homedir', home, '--batch', '--no-tty', '--quiet'];
	const importKey = async () => {
		await mkdir(home, { mode: 0o700 });
		await start('gpg', [...base, '--import'], `${key.replace(/\r\n?/g, '\n').trim()}\n`, options);
	};
	let imported: Promise<void> | undefined;
	return {
		async sign(content) {
			imported ??= importKey();
			await imported;
			const noPassphrase = ['--pinentry-mode', 'loopback', '--passphrase', ''];
			const args = [...base, ...noPassphrase, '--armor', '--detach-sign'];
			return (await start('gpg', args, content, options)).stdout.toString();
		},
		async close() {
			if (imported === undefined) return;
			// The agent that gpg started would else live on for a minute, and keep its key.
			const ended = { ...options, signal: new AbortController().signal };
			for (const action of [['--kill', 'all'], ['--remove-socketdir']])
				await runProgram('gpgconf', ['--homedir', home, ...action], ended).catch(() => undefined);
		},
	};
}

const programs = {
	'ssh-keygen': { kind: 'an SSH', install: 'OpenSSH 8.2' },
	gpg: { kind: 'a GPG', install: 'GnuPG 2.1' },
} as const;

async function start(
	program: keyof typeof programs,
	args: readonly string[],
	input: string | Uint8Array,
	options: SignerOptions,
): Promise<ProgramResult> {
	const { kind, install } = programs[program];
	try {
		const run = await runProgram(program, args, { ...options, input });
		if (run.code === 0) return run;
		const said = run.stderr.trim().split('\n').at(-1) ?? '';
		throw new Failure(
			`signing-key is ${kind} key with which ${program} cannot sign ("${said}"); give all of its text, and of a key without a passphrase`,
		);
	} catch (error) {
		options.signal.throwIfAborted();
		if (error instanceof Failure) throw error;
		throw new Failure(
			isMissing(error)
				? `signing-key is ${kind} key, and ${program}, which signs with it, is not on the PATH; install ${install} or newer, or leave out signing-key`
				: `${program} cannot be started: ${messageOf(error)}; check the machine`,
			{ cause: error },
		);
	}
}

/** A commit's content with its signature among its headers, where git looks for it. */
export function withSignature(content: Buffer, signature: string): Buffer {
	const end = content.indexOf('\n\n') + 1;
	const lines = signature.trimEnd().split('\n').join('\n ');
	// A header for each kind of object names, since one commit may have a name of each.
	const name = /^tree [0-9a-f]{64}\n/.test(content.toString('latin1', 0, 70))
		? 'gpgsig-sha256'
		: 'gpgsig';
	const header = `${name} ${lines}\n`;
	return Buffer.concat([content.subarray(0, end), Buffer.from(header), content.subarray(end)]);
}
