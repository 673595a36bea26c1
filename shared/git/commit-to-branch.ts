import { timedOut } from '../failure/failure.ts';
import type { Log } from '../log/log.ts';
import { type RecordedCommit, recordsBefore } from './history.ts';
import type { FileChange, Identity } from './objects.ts';
import { type Repository, recentCommits } from './repository.ts';
import type { PushOutcome } from './transport.ts';
import { findFiles, type TreeFile } from './tree.ts';

/** The files of one commit, read when they are asked for. */
export interface Snapshot {
	readonly commit: string;
	/** The branch and its repository in words, for messages: `main of https://...`. */
	readonly where: string;
	/** The files that paths and globs name; see `selectFiles`. */
	list(patterns: readonly string[]): Promise<TreeFile[]>;
	/** The same, but none where nothing matches. */
	find(globs: readonly string[]): Promise<TreeFile[]>;
	/** Their contents by path. */
	read(files: readonly TreeFile[]): Promise<Map<string, Uint8Array>>;
	/**
	 * The records of this commit and those before it, the newest first. `further` looks beyond
	 * those that came with the files.
	 */
	records(further?: boolean): Promise<RecordedCommit[]>;
}

/** What an edit makes of a snapshot: only files that differ, or none where nothing has to change. */
export interface Edited {
	readonly files: readonly FileChange[];
	readonly message: string;
}

/** A commit that is to be made by another way than a push. */
export interface FilesToWrite {
	readonly branch: string;
	/** The branch's tip, that the edit was made on. */
	readonly parent: string;
	/** Each with the file that it takes the place of. */
	readonly files: readonly (FileChange & { readonly present: TreeFile | undefined })[];
	readonly message: string;
}

/** What came of it; see `PushOutcome`. `commit` is the name that the server gave it. */
export type WriteOutcome =
	| { readonly pushed: true; readonly commit: string }
	| Extract<PushOutcome, { pushed: false }>;

/** Makes a commit on a branch; it must refuse where what it replaces has changed since. */
export type WriteFiles = (commit: FilesToWrite) => Promise<WriteOutcome>;

export interface BranchCommitRequest<E extends Edited> {
	readonly repository: Repository;
	/** Default: the remote's own default branch. */
	readonly branch?: string | undefined;
	/** Applied to the branch's tip, and again to each newer tip that others push meanwhile. */
	readonly edit: (snapshot: Snapshot) => Promise<E>;
	readonly author?: Identity;
	/** Whether the edit asks for the records before the tip. */
	readonly history?: boolean;
	/** Writes the commit in place of a push: by a forge's API, say. */
	readonly write?: WriteFiles | undefined;
	/** Done while the first tip is fetched: what the edit needs and takes its time. */
	readonly prepare?: () => Promise<void>;
	/** Commit, and push nothing. */
	readonly dryRun?: boolean;
	/** Milliseconds after which lost races and passing faults are no longer answered by another try. */
	readonly patience: number;
	readonly log: Log;
}

export interface BranchCommit<E extends Edited = Edited> {
	readonly changed: boolean;
	/** The commit that was pushed, or the tip where nothing had to change. */
	readonly commit: string;
	/** The tip that the edit was made on. */
	readonly parent: string;
	readonly branch: string;
	/** How many times the edit was applied; 1 where nobody else pushed meanwhile. */
	readonly attempts: number;
	/** What the edit made of that tip. */
	readonly edited: E;
}

/**
 * Applies an edit to files of a branch of a remote, as one commit on its tip. Nothing is
 * forced: where somebody else pushed in between, the edit is applied anew to the files of
 * the new tip. That it was a lost race is asked of the remote, never read from what git says.
 * @throws Failure where the server refuses, timed out where the race is lost until `patience`
 * ends.
 */
export async function commitToBranch<E extends Edited>(
	request: BranchCommitRequest<E>,
): Promise<BranchCommit<E>> {
	const { repository, log } = request;
	const { transport } = repository;
	const deadline = Date.now() + request.patience;
	const fetched = fetchTip(repository, request.branch);
	let [{ branch, tip }] = await Promise.all([fetched, request.prepare?.()]);
	/** What reached the server without success: it may stand in the branch all the same. */
	const sent: Sent<E>[] = [];
	for (let attempts = 1; ; attempts++) {
		const landed = await landedOf(sent.splice(0), request, branch);
		if (landed) return { changed: true, branch, attempts, ...landed };
		if (attempts > 1)
			log.info(`Somebody else pushed to ${branch} meanwhile; applying the edit to the new tip`);
		const parent = tip;
		let started = Date.now();
		log.debug(`Attempt ${attempts}: the edit is made on ${parent}, the tip of ${branch}`);
		const edited = await request.edit(
			snapshotOf(repository, branch, parent, { history: request.history ?? false }),
		);
		const { files, message } = edited;
		if (files.length === 0) {
			if (request.write && !request.dryRun) await removeTemporary(repository, parent);
			return { changed: false, commit: parent, parent, branch, attempts, edited };
		}
		const commit = await repository.commit({
			parent,
			files,
			message,
			...(request.author && { author: request.author }),
		});
		const done = { changed: true, commit, parent, branch, attempts, edited };
		if (request.dryRun) return done;
		for (let pushes = 1; ; pushes++) {
			const outcome = await writeOnce(request, { branch, parent, commit, edited });
			if (outcome.pushed) return { ...done, commit: outcome.commit };
			if (outcome.sent) sent.push({ commit, parent, edited });
			// Asked after the pause, so that what is fetched is new, and by the fetch itself.
			const took = Date.now() - started;
			await transport.pause(attempts + pushes - 1, outcome.failure.message, took);
			started = Date.now();
			tip = await repository.fetchBranch(branch);
			if (tip === commit) return done;
			const moved = tip !== parent;
			if (!moved && !outcome.passing) throw outcome.failure;
			if (Date.now() >= deadline)
				throw moved
					? timedOut(
							`Others pushed to ${branch} of ${repository.remote.url} faster than this step for ${attempts} attempts; run it again, or give it more time with push-timeout`,
						)
					: outcome.failure;
			if (moved) break;
		}
	}
}

/** Below it are branches on which a forge makes a commit, there for a moment. */
export const temporaryBranches = 'lockstep-temporary/';

/** Takes away those that a run which was killed left when their commit was the branch's tip already. */
async function removeTemporary(repository: Repository, tip: string): Promise<void> {
	const refs = await repository.remoteRefs(`refs/heads/${temporaryBranches}*`);
	for (const [ref, commit] of refs)
		if (commit === tip) await repository.push({ ref, commit: null, expect: tip });
}

async function writeOnce<E extends Edited>(
	{ repository, write }: BranchCommitRequest<E>,
	{ branch, parent, commit, edited }: Sent<E> & { branch: string },
): Promise<WriteOutcome> {
	if (write === undefined) {
		const outcome = await repository.push({ ref: `refs/heads/${branch}`, commit });
		return outcome.pushed ? { ...outcome, commit } : outcome;
	}
	return await write(await toWrite(repository, { branch, parent, ...edited }));
}

/** Changes of files with the files that they take the place of in a commit that has been fetched. */
export async function toWrite(
	repository: Repository,
	{ branch, parent, files, message }: Edited & Pick<FilesToWrite, 'branch' | 'parent'>,
): Promise<FilesToWrite> {
	const present = new Map((await repository.listAll(parent)).map((file) => [file.path, file]));
	const replacing = files.map((file) => ({ ...file, present: present.get(file.path) }));
	return { branch, parent, files: replacing, message };
}

/** More than any branch of manifests has. */
export const allCommits = 100_000;

/**
 * A snapshot of a branch's tip that has been fetched.
 * @param history - whether the records before it will be asked for
 */
export function snapshotOf(
	repository: Repository,
	branch: string,
	commit: string,
	{ history = false }: { history?: boolean } = {},
): Snapshot {
	const where = `${branch} of ${repository.remote.url}`;
	return {
		commit,
		where,
		list: (patterns) => repository.listFiles(commit, patterns, where),
		find: async (globs) => findFiles(await repository.listAll(commit), globs),
		read: (files) => repository.readFiles(files, history ? commit : undefined),
		async records(further = false) {
			if (further && repository.filters && !(await repository.hasWholeHistory()))
				await repository.fetchHistory([commit], allCommits);
			return await recordsBefore(repository, commit);
		},
	};
}

/** Fetches the tip of a branch, or of the default branch where none is named. */
export async function fetchTip(
	repository: Repository,
	branch: string | undefined,
): Promise<{ branch: string; tip: string }> {
	if (branch !== undefined) return { branch, tip: await repository.fetchBranch(branch) };
	return await repository.fetchDefaultBranch();
}

type Sent<E extends Edited> = Pick<BranchCommit<E>, 'commit' | 'parent' | 'edited'>;

/** That of the commits which stands in the branch now, by the name that it has there. */
async function landedOf<E extends Edited>(
	sent: readonly Sent<E>[],
	{ repository, write }: BranchCommitRequest<E>,
	branch: string,
): Promise<Sent<E> | undefined> {
	if (sent.length === 0) return undefined;
	const local = 'refs/lockstep/history';
	// Where files cannot be left out they come along, so that fewer commits have to do.
	const depth = repository.filters ? recentCommits : 20;
	await repository.fetchHistory([`+refs/heads/${branch}:${local}`], depth);
	for (const pushed of sent) {
		if (write !== undefined) {
			const commit = await writtenAfter(pushed, repository, local);
			if (commit !== undefined) return { ...pushed, commit };
			continue;
		}
		const found = await repository.history.try([
			...['merge-base', '--is-ancestor', pushed.commit, local],
		]);
		if (found.code === 0) return pushed;
	}
	return undefined;
}

/**
 * The commit after `parent` that has this very message: whoever wrote it for us gave it an
 * author, a time and with them a name of its own.
 */
async function writtenAfter<E extends Edited>(
	{ parent, edited }: Sent<E>,
	{ history }: Repository,
	ref: string,
): Promise<string | undefined> {
	const log = await history.try(['log', '-z', '--format=%H%n%B', ref, `^${parent}`]);
	const words = (text: string) => text.replace(/\s+/g, ' ').trim();
	// A server may add trailers of its own below.
	const entries = log.code === 0 ? log.stdout.toString().split('\0') : [];
	const ours = entries.find((entry) =>
		words(entry.slice(entry.indexOf('\n') + 1)).startsWith(words(edited.message)),
	);
	return ours?.slice(0, ours.indexOf('\n'));
}
