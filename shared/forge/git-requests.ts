import { Failure, timedOut } from '../failure/failure.ts';
import { type GuardedRef, pushGuarded } from '../git/guarded-push.ts';
import type { Repository } from '../git/repository.ts';
import {
	formatRequest,
	parseRequest,
	parseRequestLine,
	type RequestLine,
	type RequestRecord,
	requestMessage,
} from './git-record.ts';

const prefix = 'refs/lockstep/requests/';
/** Milliseconds after which a request that others change, or a server that is unwell, is given up. */
const patience = 2 * 60_000;

/** A request as its ref has it. */
export interface StoredRequest {
	/** The commit at the tip of its history. */
	readonly tip: string;
	readonly record: RequestRecord;
}

/** A request as its commit alone tells; without a line where that is none of ours. */
interface Line {
	readonly number: number;
	readonly tip: string;
	readonly line: RequestLine | undefined;
}

/** What is to become of a request. */
export interface RequestChange {
	readonly record: RequestRecord;
	/** As the subject of a commit: `Close request 3`. */
	readonly happened: string;
	/** What was said. */
	readonly text?: string;
	/** Moves together with the request, or not at all. */
	readonly together?: GuardedRef;
}

/** The requests of a repository: a ref each, and each change of one a commit on it. */
export class RequestStore {
	readonly #repository: Repository;

	constructor(repository: Repository) {
		this.#repository = repository;
	}

	/** Where a request is, for `git fetch` and people. */
	urlOf(number: number): string {
		return `${this.#repository.remote.url}#${refOf(number)}`;
	}

	/** Those that `wanted` takes, or so many of them, the newest first. */
	async list(wanted: (request: RequestLine) => boolean, most?: number): Promise<StoredRequest[]> {
		const found = (await this.#lines()).filter(({ line }) => line !== undefined && wanted(line));
		return await this.#readAll(found.slice(0, most));
	}

	/** A request by its number, undefined where there is none. */
	async read(number: number): Promise<StoredRequest | undefined> {
		const ref = refOf(number);
		const { transport, git } = this.#repository;
		const { code } = await transport.fetch(
			['--depth=1', '--no-filter', '--', 'origin', `+${ref}:${ref}`],
			(said) => /couldn't find remote ref/i.test(said),
		);
		if (code !== 0) return undefined;
		const tip = await git.text(['rev-parse', '--verify', ref]);
		const [read] = await this.#readAll([{ tip, number }]);
		return read;
	}

	/**
	 * Writes a new request under the next free number, unless `present` finds it among those that
	 * are open: of several processes that ask for the same, one creates it.
	 */
	async create(
		make: (number: number) => RequestChange,
		present: (line: RequestLine) => boolean,
	): Promise<{ request: StoredRequest; created: boolean }> {
		const deadline = Date.now() + patience;
		for (let attempt = 1; ; attempt++) {
			const lines = await this.#lines();
			const same = lines.find(({ line }) => line?.state === 'open' && present(line));
			if (same !== undefined) {
				const [request] = await this.#readAll([same]);
				if (request !== undefined) return { request, created: false };
			}
			const number = Math.max(0, ...lines.map((one) => one.number)) + 1;
			const request = await this.#write(make(number), undefined, deadline);
			if (request !== undefined) return { request, created: true };
			await this.#lost(refOf(number), attempt, deadline);
		}
	}

	/**
	 * Changes a request, on what it is now; again where somebody else changed it meanwhile.
	 * @param change - undefined where nothing has to change
	 */
	async change(
		number: number,
		change: (
			record: RequestRecord,
		) => RequestChange | undefined | Promise<RequestChange | undefined>,
	): Promise<StoredRequest> {
		const deadline = Date.now() + patience;
		for (let attempt = 1; ; attempt++) {
			const present = await this.read(number);
			if (present === undefined) throw this.none(number);
			const wanted = await change(present.record);
			if (wanted === undefined) return present;
			const written = await this.#write(wanted, present.tip, deadline);
			if (written !== undefined) return written;
			await this.#lost(refOf(number), attempt, deadline);
		}
	}

	/** The failure for a number that no request has. */
	none(number: number): Failure {
		const { url } = this.#repository.remote;
		return new Failure(`There is no request ${number} in ${url}; show lists those that are open`);
	}

	/** All requests, the newest first, by their commits alone. */
	async #lines(): Promise<Line[]> {
		const there = await this.#repository.remoteRefs(`${prefix}*`);
		const known = await this.#known();
		const tips = new Map(known.map(({ number, tip }) => [refOf(number), tip]));
		const missing = [...there].filter(([ref, tip]) => tips.get(ref) !== tip).map(([ref]) => ref);
		if (missing.length > 0) await this.#fetch(missing, known[0]?.tip);
		const lines = missing.length > 0 ? await this.#known() : known;
		return lines.filter(({ number }) => there.has(refOf(number)));
	}

	/** @param known - the tip of one that is here; git would tell the server of each of them */
	async #fetch(refs: readonly string[], known: string | undefined): Promise<void> {
		const asked = refs.length > 100 ? [`${prefix}*`] : refs;
		await this.#repository.transport.fetch([
			...['--depth=1', '--filter=blob:none'],
			...(known === undefined ? [] : [`--negotiation-tip=${known}`]),
			...['--', 'origin', ...asked.map((ref) => `+${ref}:${ref}`)],
		]);
	}

	/** Those that have been fetched, the newest first. */
	async #known(): Promise<Line[]> {
		const format = '--format=%(refname)%00%(objectname)%00%(contents)%00';
		const fields = (await this.#repository.git.text(['for-each-ref', format, prefix])).split('\0');
		const found: Line[] = [];
		// Each is three fields; the end of line after the last comes before the next one's ref.
		for (let at = 0; at + 2 < fields.length; at += 3) {
			const [ref = '', tip = '', message = ''] = fields.slice(at, at + 3);
			const number = Number(ref.trim().slice(prefix.length));
			if (Number.isSafeInteger(number) && number > 0)
				found.push({ number, tip, line: parseRequestLine(message) });
		}
		return found.sort((a, b) => b.number - a.number);
	}

	async #readAll(
		requests: readonly { readonly tip: string; readonly number: number }[],
	): Promise<StoredRequest[]> {
		const trees = await Promise.all(requests.map(({ tip }) => this.#repository.listAll(tip)));
		const blobs = trees.flatMap((files, at) =>
			files.map((file) => ({ ...file, path: `${at}/${file.path}` })),
		);
		const contents = await this.#repository.readFiles(blobs);
		return requests.map(({ tip, number }, at) => {
			const own = [...contents].flatMap(([path, bytes]) =>
				path.startsWith(`${at}/`) ? [[path.slice(`${at}/`.length), bytes] as const] : [],
			);
			const where = `${refOf(number)} of ${this.#repository.remote.url}`;
			return { tip, record: parseRequest(new Map(own), where) };
		});
	}

	/** Undefined where somebody else was first. */
	async #write(
		{ record, happened, text = '', together }: RequestChange,
		parent: string | undefined,
		deadline: number,
	): Promise<StoredRequest | undefined> {
		const commit = await this.#repository.commit({
			parent,
			files: formatRequest(record),
			message: requestMessage(happened, text, record),
		});
		const own = { ref: refOf(record.number), commit, expect: parent ?? null };
		// What a server says when it refuses is said of the first.
		const refs = together === undefined ? ([own] as const) : ([together, own] as const);
		if (!(await pushGuarded(this.#repository, refs, deadline))) return undefined;
		return { tip: commit, record };
	}

	async #lost(ref: string, attempt: number, deadline: number): Promise<void> {
		if (Date.now() >= deadline)
			throw timedOut(
				`Others write to ${ref} of ${this.#repository.remote.url} faster than this step; run it again`,
			);
		await this.#repository.transport.pause(attempt, `${ref} has moved`);
	}
}

function refOf(number: number): string {
	return `${prefix}${number}`;
}
