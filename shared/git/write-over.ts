import { type Edited, toWrite, type WriteFiles } from './commit-to-branch.ts';
import { type GuardedRef, pushGuarded } from './guarded-push.ts';
import { readCommit } from './objects.ts';
import type { Repository } from './repository.ts';

/** A commit for the step's own branch that is made elsewhere. */
export interface ForcedWrite extends GuardedRef {
	/** The same commit as it was made here. */
	readonly commit: string;
	readonly parent: string;
	readonly edited: Edited;
	readonly write: WriteFiles;
	/** Milliseconds since the epoch after which a server that is unwell is given up. */
	readonly deadline: number;
}

/**
 * Puts the step's branch on a commit that a forge makes, if it still is where it was. The
 * commit is made on a branch beside it, `<branch>.next`: a forge closes a pull request whose
 * branch is set back to its base, be it for a moment. One that a killed run left there is
 * taken over.
 * @returns the commit's name; undefined where one of the two has moved meanwhile.
 * @throws Failure where the server refuses.
 */
export async function writeOver(
	repository: Repository,
	wanted: ForcedWrite,
): Promise<string | undefined> {
	const { ref, parent, expect, deadline } = wanted;
	const beside = besideOf(ref);
	const left = (await repository.remoteRefs(beside)).get(beside) ?? null;
	const start = { ref: beside, commit: parent, expect: left };
	if (left !== parent && !(await pushGuarded(repository, [start], deadline))) return undefined;
	const commit = await writeBeside(repository, beside, wanted);
	if (commit === undefined) return undefined;
	const put = { ref, commit, expect };
	const end = { ref: beside, commit: null, expect: commit };
	return (await pushGuarded(repository, [put, end], deadline)) ? commit : undefined;
}

/** Takes away what a run that was killed left of this, where nothing is to be written any more. */
export async function removeBeside(
	repository: Repository,
	ref: string,
	deadline: number,
): Promise<void> {
	const beside = besideOf(ref);
	const left = (await repository.remoteRefs(beside)).get(beside);
	if (left === undefined) return;
	// Where another run is at it just now, that begins anew.
	await pushGuarded(repository, [{ ref: beside, commit: null, expect: left }], deadline);
}

function besideOf(ref: string): string {
	return `${ref}.next`;
}

async function writeBeside(
	repository: Repository,
	beside: string,
	{ parent, commit: made, edited, write, deadline }: ForcedWrite,
): Promise<string | undefined> {
	const branch = beside.replace(/^refs\/heads\//, '');
	const work = await toWrite(repository, { branch, parent, ...edited });
	for (let attempt = 1; ; attempt++) {
		const outcome = await write(work);
		const now = outcome.pushed ? outcome.commit : await repository.tip(branch);
		if (outcome.pushed || now !== parent)
			return now !== undefined && (await isCopy(repository, now, made)) ? now : undefined;
		if (!outcome.passing || Date.now() >= deadline) throw outcome.failure;
		await repository.transport.pause(attempt, outcome.failure.message);
	}
}

/** Whether a commit of the remote's is the same work on the same commit as one that is here. */
async function isCopy(repository: Repository, commit: string, made: string): Promise<boolean> {
	const { code } = await repository.transport.fetch(
		['--depth=1', '--filter=blob:none', '--', 'origin', commit],
		(said) => /not our ref|no such remote ref|unadvertised object/i.test(said),
	);
	if (code !== 0) return false;
	const [theirs, ours] = await Promise.all([
		readCommit(repository.git, commit),
		readCommit(repository.git, made),
	]);
	const words = ({ message }: { message: string }) => message.replace(/\s+/g, ' ').trim();
	const isSameWork = theirs.tree === ours.tree && theirs.parents.join() === ours.parents.join();
	return isSameWork && words(theirs).startsWith(words(ours));
}
