import type { CommitList, CommitsBetween, ListedCommit } from '../git/commits-between.ts';

/** More are not counted: whoever looks has long seen that there are many. */
const mostCounted = 1000;

/** A page of commits, the newest first, and where the next one begins, if there is one. */
export interface CommitPage<T> {
	readonly commits: readonly ListedCommit[];
	readonly next: T | undefined;
}

/** Lists the newest commits and counts all, of a forge that gives pages and no number. */
export async function listPages<T>(
	limit: number,
	read: (from: T | undefined) => Promise<CommitPage<T> | undefined>,
): Promise<CommitList | undefined> {
	const listed: ListedCommit[] = [];
	let total = 0;
	let from: T | undefined;
	do {
		const page = await read(from);
		if (page === undefined) return undefined;
		listed.push(...page.commits.slice(0, limit - listed.length));
		total += page.commits.length;
		from = page.next;
	} while (from !== undefined && total < mostCounted);
	return { listed, total };
}

/** Both sides of two commits, by how a forge lists what the second has and the first has not. */
export async function bothSides(
	{ from, to }: { from: string; to: string },
	list: (from: string, to: string) => Promise<CommitList | undefined>,
): Promise<CommitsBetween | undefined> {
	const [added, removed] = await Promise.all([list(from, to), list(to, from)]);
	return added && removed ? { added, removed } : undefined;
}

/** The first line of a message. */
export function subjectOf(message: string): string {
	return message.trimStart().split('\n', 1)[0] ?? '';
}
