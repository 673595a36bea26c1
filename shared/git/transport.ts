import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Failure } from '../failure/failure.ts';
import type { Log } from '../log/log.ts';
import type { Git } from './git.ts';
import type { ObjectFormat } from './lay.ts';
import { refusal, refusalKind, serverWords } from './refusal.ts';
import type { Remote } from './remote.ts';
import type { ProgramResult } from './run-program.ts';

/** What came of a push. */
export type PushOutcome =
	| { readonly pushed: true }
	| {
			readonly pushed: false;
			/**
			 * Whether it reached the server, which may then have taken it whatever the answer is:
			 * when a connection breaks, curl sends a push again by itself.
			 */
			readonly sent: boolean;
			/** The failure to end with, unless the remote's tip turns out to have moved. */
			readonly failure: Failure;
			/** Whether the same push may well succeed later. */
			readonly passing: boolean;
	  };

export interface PushRequest {
	/** In full: `refs/heads/main`. */
	readonly ref: string;
	/** Object name of a commit or tag; null takes the ref away. */
	readonly commit: string | null;
	/**
	 * The old tip, for a forced push of a branch that the step owns: it goes through only while
	 * the remote's ref is still that; `null` where there must be none yet. Without it the push
	 * is unforced.
	 */
	readonly expect?: string | null;
}

interface Options {
	readonly remote: Remote;
	/** Nothing was given to log in with. */
	readonly isAnonymous: boolean;
	readonly log: Log;
	readonly signal: AbortSignal;
	/** Called when the server turns out to name objects in another way than the repository. */
	readonly nameObjects: (format: ObjectFormat) => void;
}

/** How often an operation is tried in all where the server or the network is unwell. */
const attempts = 6;

/** Talks to the remote that the repository calls `origin`. */
export class Transport {
	readonly #git: Git;
	readonly #remote: Remote;
	readonly #isAnonymous: boolean;
	readonly #log: Log;
	readonly #signal: AbortSignal;
	readonly #nameObjects: Options['nameObjects'];
	#filters = true;

	constructor(git: Git, { remote, isAnonymous, log, signal, nameObjects }: Options) {
		this.#git = git;
		this.#remote = remote;
		this.#isAnonymous = isAnonymous;
		this.#log = log;
		this.#signal = signal;
		this.#nameObjects = nameObjects;
	}

	/** False once the server has said that it knows no partial clones, and sends every file. */
	get filters(): boolean {
		return this.#filters;
	}

	/**
	 * Fetches, and hands over git's result where it failed for a reason that `expected` knows.
	 * @throws Failure for everything else.
	 */
	async fetch(
		args: readonly string[],
		expected: (said: string) => boolean = () => false,
	): Promise<ProgramResult> {
		const all = ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', ...args];
		const result = await this.#persist(() => this.#git.try(all), expected);
		if (/filtering not recognized by server/i.test(result.stderr)) this.#filters = false;
		return result;
	}

	/** Lays the repository anew with the tip of the remote's default branch, if there is one. */
	async clone(args: readonly string[]): Promise<void> {
		const { folder } = this.#git;
		const all = [
			...['clone', '--quiet', '--bare', '--single-branch', '--no-tags', '--no-reject-shallow'],
			...['--origin=origin', '--template=', ...args, '--', this.#remote.url, '.'],
		];
		const { stderr } = await this.#persist(() => {
			// git clones into an empty folder only. Not asynchronous: it takes less than a switch.
			rmSync(folder, { recursive: true, force: true });
			mkdirSync(folder);
			return this.#git.try(all);
		});
		// git has taken the server's format here, and the other view has to follow.
		const settings = readFileSync(join(folder, 'config'), 'utf8');
		if (/objectformat *= *sha256/i.test(settings)) this.#nameObjects('sha256');
		if (/filtering not recognized by server/i.test(stderr)) this.#filters = false;
	}

	/**
	 * Fetches objects by their names, and nothing else; of commits so many as `depth` tells,
	 * without their files. The server is told of no commit that is here, for it would then
	 * take it that their files are here too.
	 */
	async fetchObjects(names: readonly string[], depth?: number): Promise<void> {
		const all = [
			...['-c', 'fetch.negotiationAlgorithm=noop', 'fetch', '--quiet', '--no-tags'],
			...['--no-write-fetch-head', '--filter=tree:0', '--stdin'],
			...(depth === undefined ? [] : [`--depth=${depth}`]),
			'origin',
		];
		const { stderr } = await this.#persist(() => this.#git.try(all, `${names.join('\n')}\n`));
		if (/filtering not recognized by server/i.test(stderr)) this.#filters = false;
	}

	/** The remote's refs that match the patterns, with their object names. */
	async listRefs(patterns: readonly string[]): Promise<Map<string, string>> {
		const { stdout } = await this.#persist(() =>
			this.#git.try(['ls-remote', '--quiet', '--', 'origin', ...patterns]),
		);
		const refs = new Map<string, string>();
		for (const line of stdout.toString().split('\n')) {
			const [value = '', ref = ''] = line.split('\t');
			if (ref !== '') refs.set(ref, value);
		}
		return refs;
	}

	/**
	 * Pushes once, all or nothing; it is for the caller to ask the remote and to decide. What is
	 * said of a refusal is said of the first.
	 */
	async push(...requests: readonly [PushRequest, ...PushRequest[]]): Promise<PushOutcome> {
		const leases = requests.flatMap(({ ref, expect }) =>
			expect === undefined ? [] : [`--force-with-lease=${ref}:${expect ?? ''}`],
		);
		const { code, stdout, stderr } = await this.#git.try([
			'-c',
			`push.negotiate=${requests.some(isUnrelated)}`,
			'push',
			'--porcelain',
			'--no-verify',
			...(requests.length > 1 ? ['--atomic'] : []),
			...leases,
			'--',
			'origin',
			...requests.map(({ ref, commit }) => `${commit ?? ''}:${ref}`),
		]);
		if (code === 0) return { pushed: true };
		const said = `${stdout}\n${stderr}`;
		this.#log.debug(`git push: ${said.trim()}`);
		return {
			pushed: false,
			sent: !/^!\t.*\[rejected\]/m.test(stdout.toString()),
			failure: this.#refusal(said, requests[0].ref),
			passing: refusalKind(said) === 'passing',
		};
	}

	async #persist(
		run: () => Promise<ProgramResult>,
		expected: (said: string) => boolean = () => false,
	): Promise<ProgramResult> {
		for (let attempt = 1; ; attempt++) {
			const result = await run();
			if (result.code === 0) return result;
			if (expected(result.stderr)) return result;
			if (this.#takeFormat(result.stderr)) continue;
			if (attempt >= attempts || refusalKind(result.stderr) !== 'passing')
				throw this.#refusal(result.stderr);
			await this.pause(attempt, serverWords(result.stderr));
		}
	}

	#refusal(said: string, ref?: string): Failure {
		return refusal(said, this.#remote, { ref, isAnonymous: this.#isAnonymous });
	}

	/** Whether that was why it failed, and the repository now names objects as the server does. */
	#takeFormat(said: string): boolean {
		const [, format] = /mismatched algorithms: client \w+; server (sha1|sha256)/.exec(said) ?? [];
		if (format === undefined) return false;
		this.#nameObjects(format as ObjectFormat);
		return true;
	}

	/**
	 * Waits before another attempt, with jitter: doubling from 250 ms, or from half of what the
	 * last one `took` but at most a second, up to 16 times that. Where attempts take long since
	 * many are at it, those who lose do not keep the others from winning.
	 */
	async pause(attempt: number, why: string, took = 0): Promise<void> {
		const least = Math.min(Math.max(250, took / 2), 1000);
		const milliseconds = least * Math.min(2 ** (attempt - 1), 16) * (0.5 + Math.random());
		this.#log.debug(`Trying again in ${Math.round(milliseconds)} ms: ${why}`);
		await sleep(milliseconds, undefined, { signal: this.#signal }).catch(() => {
			this.#signal.throwIfAborted();
		});
	}
}

/**
 * A new ref, or one with another history, has no old tip that this repository knows: git then
 * asks the server what it has, for otherwise it would fetch and send every file. Lockstep's own
 * refs share nothing with any other.
 */
function isUnrelated({ ref, expect }: PushRequest): boolean {
	const isNextCommit = expect === undefined && ref.startsWith('refs/heads/');
	return !isNextCommit && !ref.startsWith('refs/lockstep/');
}
