import type { Git } from './git.ts';

/** A commit as a list of commits shows it. */
export interface ListedCommit {
	readonly commit: string;
	/** First line of its message. */
	readonly subject: string;
	/** Who wrote it, by the name that the commit has. */
	readonly author: string;
}

export interface CommitList {
	/** The newest first, no more than were asked for. */
	readonly listed: readonly ListedCommit[];
	/** How many there are in all. */
	readonly total: number;
}

/** What two commits do not share. */
export interface CommitsBetween {
	/** Those that the second has and the first has not. */
	readonly added: CommitList;
	/** Those that the first has and the second has not: what going to the second takes back. */
	readonly removed: CommitList;
}

/**
 * What lies between two commits, by the history that is on this machine; undefined where that
 * does not have both, or is cut off before it has what both come from.
 */
export async function commitsBetween(
	git: Git,
	{ from, to }: { from: string; to: string },
	limit: number,
): Promise<CommitsBetween | undefined> {
	const base = await git.try(['merge-base', '--end-of-options', from, to]);
	if (base.code !== 0) return undefined;
	const [added, removed] = await Promise.all([
		listIn(git, `${from}..${to}`, limit),
		listIn(git, `${to}..${from}`, limit),
	]);
	return { added, removed };
}

async function listIn(git: Git, range: string, limit: number): Promise<CommitList> {
	const [count, log] = await Promise.all([
		git.text(['rev-list', '--count', range, '--']),
		git.text([
			'log',
			'--no-mailmap',
			'-z',
			`--max-count=${limit}`,
			'--format=%H%n%an%n%s',
			range,
			'--',
		]),
	]);
	const entries = log.split('\0').filter((entry) => entry !== '');
	return {
		total: Number(count),
		listed: entries.map((entry) => {
			const [commit = '', author = '', subject = ''] = entry.split('\n');
			return { commit, author, subject };
		}),
	};
}
