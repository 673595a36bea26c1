import { Failure, messageOf } from '../failure/failure.ts';
import type { Log } from '../log/log.ts';
import { isMissing, type ProgramResult, runProgram, type Variables } from './run-program.ts';

/** Settings of git, as `git config` names them. */
export type GitConfig = readonly (readonly [key: string, value: string])[];

export interface GitOptions {
	/** The bare repository. */
	readonly folder: string;
	/** The variables that git starts with, cleaned by `gitVariables`. */
	readonly variables: Variables;
	readonly signal: AbortSignal;
	/** Told of each command that is run. No secret ever stands in one. */
	readonly log?: Log;
}

/**
 * Runs git on one bare repository.
 *
 * Not simple-git: it takes no standard input, refuses the variables that carry a secret to
 * git (GIT_CONFIG_COUNT, GIT_SSH_COMMAND), and would put settings into argv instead, where
 * every process of the machine can read them.
 */
export class Git {
	readonly #options: GitOptions;

	constructor(options: GitOptions) {
		this.#options = options;
	}

	/** The bare repository. */
	get folder(): string {
		return this.#options.folder;
	}

	/** Runs git and hands over whatever came of it. */
	async try(args: readonly string[], input: string | Uint8Array = ''): Promise<ProgramResult> {
		const { folder, variables, signal, log } = this.#options;
		const environment = { ...variables, GIT_DIR: folder };
		const start = Date.now();
		try {
			const options = { folder, variables: environment, signal, input };
			const result = await runProgram('git', args, options);
			log?.debug(
				`git ${args.join(' ')}: ended with ${result.code}, after ${Date.now() - start} ms`,
			);
			return result;
		} catch (error) {
			signal.throwIfAborted();
			throw notStarted(error);
		}
	}

	/** Runs a git that fails only where Lockstep itself is wrong; returns what it wrote. */
	async run(args: readonly string[], input: string | Uint8Array = ''): Promise<Buffer> {
		const { code, stdout, stderr } = await this.try(args, input);
		if (code !== 0) throw new Error(`git ${args[0]} ended with ${code}: ${stderr.trim()}`);
		return stdout;
	}

	/** The same, as text without the last end of line. */
	async text(args: readonly string[], input: string | Uint8Array = ''): Promise<string> {
		return (await this.run(args, input)).toString().replace(/\n$/, '');
	}
}

/** Variables of git's that its user may have set to reach the server. All others are dropped. */
const kept =
	/^GIT_(CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+)|SSL_\w+|SSH|SSH_COMMAND|SSH_VARIANT|PROXY_\w+|EXEC_PATH)$/;

/**
 * The variables for a git: those of the process without what would make git work on another
 * repository or sign with another name (Drone sets GIT_AUTHOR_* and GIT_COMMITTER_*), plus
 * settings by GIT_CONFIG_COUNT (git 2.31), appended to a count that is already there.
 */
export function gitVariables(variables: Variables, added: Variables, config: GitConfig): Variables {
	const result: Record<string, string | undefined> = Object.fromEntries(
		Object.entries(variables).filter(([name]) => !name.startsWith('GIT_') || kept.test(name)),
	);
	Object.assign(result, added, {
		LC_ALL: 'C',
		GIT_TERMINAL_PROMPT: '0',
		GIT_ASKPASS: '',
		SSH_ASKPASS: '',
		GIT_OPTIONAL_LOCKS: '0',
	});
	let count = Number.parseInt(result.GIT_CONFIG_COUNT ?? '0', 10) || 0;
	for (const [key, value] of [...standingConfig, ...config]) {
		result[`GIT_CONFIG_KEY_${count}`] = key;
		result[`GIT_CONFIG_VALUE_${count}`] = value;
		count++;
	}
	result.GIT_CONFIG_COUNT = String(count);
	return result;
}

/** What of a user's own settings must not reach into a step's repository. */
const standingConfig: GitConfig = [
	['core.hooksPath', '/dev/null'],
	['gc.auto', '0'],
	// The repository ends with the step, so there is nothing to get safely to the disk.
	['core.fsync', 'none'],
	// What is written stays one pack; to make files of its objects takes another process.
	['fastimport.unpackLimit', '1'],
	['maintenance.auto', 'false'],
	['protocol.version', '2'],
	['push.followTags', 'false'],
	['push.recurseSubmodules', 'no'],
	['push.gpgSign', 'false'],
	['fetch.recurseSubmodules', 'false'],
	// A server that stalls is given up after a minute; it sends keep-alives while it works.
	['http.lowSpeedLimit', '1'],
	['http.lowSpeedTime', '60'],
];

function notStarted(cause: unknown): Failure {
	return new Failure(
		isMissing(cause)
			? 'git is not on the PATH; install git 2.31 or newer'
			: `git cannot be started: ${messageOf(cause)}; check the machine`,
		{ cause },
	);
}
