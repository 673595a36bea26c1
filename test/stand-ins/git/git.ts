import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface GitResult {
	readonly code: number;
	readonly stdout: Buffer;
	readonly stderr: string;
}

export interface GitOptions {
	readonly input?: string | Buffer;
	readonly env?: Record<string, string>;
}

/** The environment of every git process of a stand-in: nothing of the machine's own settings. */
export function cleanGitEnvironment(): Record<string, string> {
	return {
		PATH: process.env.PATH ?? '/usr/bin:/bin',
		LC_ALL: 'C',
		GIT_CONFIG_NOSYSTEM: '1',
		GIT_CONFIG_GLOBAL: '/dev/null',
		GIT_TERMINAL_PROMPT: '0',
	};
}

/** Runs git on a bare repository and returns whatever came of it. */
export async function tryGit(
	repository: string,
	args: readonly string[],
	options: GitOptions = {},
): Promise<GitResult> {
	const child = spawn('git', [`--git-dir=${repository}`, ...args], {
		env: { ...cleanGitEnvironment(), ...options.env },
	});
	const stdout: Buffer[] = [];
	const stderr: Buffer[] = [];
	child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
	child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
	// A git that ends early closes its input; the exit code tells of it.
	child.stdin.on('error', () => undefined);
	child.stdin.end(options.input ?? '');
	const code = await new Promise<number>((resolve, reject) => {
		child.once('error', reject);
		child.once('close', (status) => resolve(status ?? -1));
	});
	return { code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
}

const lasting = new Map<string, Promise<GitResult>>();
const ids = /^-|^[0-9a-f]{40,64}(\.\.[0-9a-f]{40,64})?$/;

/** As `tryGit`; what is asked of objects by their full ids is asked once, for it never changes. */
export async function tryGitOnce(repository: string, args: readonly string[]): Promise<GitResult> {
	if (!args.slice(1).every((arg) => ids.test(arg))) return await tryGit(repository, args);
	const key = [repository, ...args].join(' ');
	const result = lasting.get(key) ?? tryGit(repository, args);
	lasting.set(key, result);
	// What is not there now may come.
	if ((await result).code > 1) lasting.delete(key);
	return await result;
}

/** As `git`; see `tryGitOnce`. */
export async function gitOnce(repository: string, args: readonly string[]): Promise<string> {
	return printed(repository, args, await tryGitOnce(repository, args));
}

/** Runs git on a bare repository and returns what it printed, without the last newline. */
export async function git(
	repository: string,
	args: readonly string[],
	options: GitOptions = {},
): Promise<string> {
	return printed(repository, args, await tryGit(repository, args, options));
}

function printed(repository: string, args: readonly string[], result: GitResult): string {
	const { code, stdout, stderr } = result;
	if (code !== 0) throw new Error(`git ${args.join(' ')} in ${repository}: ${stderr.trim()}`);
	return stdout.toString().replace(/\n$/, '');
}

/** The full id that a revision names, peeled to a commit; undefined when there is none. */
export async function resolveCommit(
	repository: string,
	revision: string,
): Promise<string | undefined> {
	return resolveObject(repository, `${revision}^{commit}`);
}

/** The tip of a branch; undefined when there is none. Most are in a file of their own. */
export async function resolveBranch(
	repository: string,
	branch: string,
): Promise<string | undefined> {
	const ref = `refs/heads/${branch}`;
	const loose = await readFile(join(repository, ref), 'utf8').catch(() => '');
	return /^[0-9a-f]{40,64}$/.test(loose.trim()) ? loose.trim() : resolveCommit(repository, ref);
}

/** The full id that a revision names, unpeeled; undefined when there is none. */
export async function resolveObject(
	repository: string,
	revision: string,
): Promise<string | undefined> {
	const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', revision];
	const { code, stdout } = await tryGit(repository, args);
	return code === 0 ? stdout.toString().trim() : undefined;
}

export const zeroId = '0'.repeat(40);
