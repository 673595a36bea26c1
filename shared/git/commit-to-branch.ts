import { timedOut } from '../failure/failure.ts';
import type { Log } from '../log/log.ts';
import type { FileContent, Identity } from './objects.ts';
import type { Repository } from './repository.ts';
import type { TreeFile } from './tree.ts';

/** The files of one commit, read when they are asked for. */
export interface Snapshot {
	readonly commit: string;
	/** The branch and its repository in words, for messages: `main of https://...`. */
	readonly where: string;
	/** The files that paths and globs name; see `selectFiles`. */
	list(patterns: readonly string[]): Promise<TreeFile[]>;
	/** Their contents by path. */
	read(files: readonly TreeFile[]): Promise<Map<string, Uint8Array>>;
}

/** What an edit makes of a snapshot: only files that differ, or none where nothing has to change. */
export interface Edited {
	readonly files: readonly FileContent[];
	readonly message: string;
}

export interface BranchCommitRequest {
	readonly repository: Repository;
	/** Default: the remote's own default branch. */
	readonly branch?: string | undefined;
	/** Applied to the branch's tip, and again to each newer tip that others push meanwhile. */
	readonly edit: (snapshot: Snapshot) => Promise<Edited>;
	readonly author?: Identity;
	/** Commit, and push nothing. */
	readonly dryRun?: boolean;
	/** Milliseconds after which lost races and passing faults are no longer answered by another try. */
	readonly patience: number;
	readonly log: Log;
}

export interface BranchCommit {
	readonly changed: boolean;
	/** The commit that was pushed, or the tip where nothing had to change. */
	readonly commit: string;
	/** The tip that the edit was made on. */
	readonly parent: string;
	readonly branch: string;
	/** How many times the edit was applied; 1 where nobody else pushed meanwhile. */
	readonly attempts: number;
	readonly files: readonly FileContent[];
}

/**
 * Applies an edit to files of a branch of a remote, as one commit on its tip. Nothing is
 * forced: where somebody else pushed in between, the edit is applied anew to the files of
 * the new tip. That it was a lost race is asked of the remote, never read from what git says.
 * @throws Failure where the server refuses, timed out where the race is lost until `patience`
 * ends.
 */
export async function commitToBranch(request: BranchCommitRequest): Promise<BranchCommit> {
	const { repository, log } = request;
	const { transport } = repository;
	const deadline = Date.now() + request.patience;
	let { branch, tip } = await fetchTip(repository, request.branch);
	/** What reached the server without success: it may stand in the branch all the same. */
	const sent: Sent[] = [];
	for (let attempts = 1; ; attempts++) {
		const landed = await landedOf(sent.splice(0), repository, branch);
		if (landed) return { changed: true, branch, attempts, ...landed };
		const parent = tip;
		const { files, message } = await request.edit(snapshotOf(repository, branch, parent));
		if (files.length === 0)
			return { changed: false, commit: parent, parent, branch, attempts, files };
		const commit = await repository.commit({
			parent,
			files,
			message,
			...(request.author && { author: request.author }),
		});
		const done = { changed: true, commit, parent, branch, attempts, files };
		if (request.dryRun) return done;
		for (let pushes = 1; ; pushes++) {
			const outcome = await repository.push({ ref: `refs/heads/${branch}`, commit });
			if (outcome.pushed) return done;
			if (outcome.sent) sent.push({ commit, parent, files });
			const now = await repository.tip(branch);
			if (now === commit) return done;
			const moved = now !== parent;
			if (!moved && !outcome.passing) throw outcome.failure;
			if (Date.now() >= deadline)
				throw moved
					? timedOut(
							`Others pushed to ${branch} of ${repository.remote.url} faster than this step for ${attempts} attempts; run it again, or give it more time with push-timeout`,
						)
					: outcome.failure;
			await transport.pause(moved ? attempts : pushes, outcome.failure.message);
			if (moved) break;
		}
		log.info(`Somebody else pushed to ${branch} meanwhile; applying the edit to the new tip`);
		tip = await repository.fetchBranch(branch);
	}
}

/** A snapshot of a branch's tip that has been fetched. */
export function snapshotOf(repository: Repository, branch: string, commit: string): Snapshot {
	const where = `${branch} of ${repository.remote.url}`;
	return {
		commit,
		where,
		list: (patterns) => repository.listFiles(commit, patterns, where),
		read: (files) => repository.readFiles(files),
	};
}

/** Fetches the tip of a branch, or of the default branch where none is named. */
export async function fetchTip(
	repository: Repository,
	branch: string | undefined,
): Promise<{ branch: string; tip: string }> {
	if (branch !== undefined) return { branch, tip: await repository.fetchBranch(branch) };
	const { name, tip } = await repository.defaultBranch();
	await repository.fetchCommit(tip);
	return { branch: name, tip };
}

type Sent = Pick<BranchCommit, 'commit' | 'parent' | 'files'>;

/** How far below a tip a commit is looked for that was pushed some moments ago. */
const recentCommits = 200;

/** That of the commits which stands in the branch now. */
async function landedOf(
	sent: readonly Sent[],
	{ git, transport }: Repository,
	branch: string,
): Promise<Sent | undefined> {
	if (sent.length === 0) return undefined;
	const history = 'refs/lockstep/history';
	await transport.fetch([
		`--depth=${recentCommits}`,
		'--filter=tree:0',
		'--',
		'origin',
		`+refs/heads/${branch}:${history}`,
	]);
	for (const pushed of sent) {
		const found = await git.try(['merge-base', '--is-ancestor', pushed.commit, history]);
		if (found.code === 0) return pushed;
	}
	return undefined;
}
