import { Failure } from '../failure/failure.ts';
import { commitsOf, type Merge, merge, mergeBase } from '../git/merge.ts';
import { type CommitRequest, readCommit } from '../git/objects.ts';
import type { Repository } from '../git/repository.ts';
import { parseTrailers, withTrailers } from '../record/record.ts';
import type { MergeMethod } from './forge.ts';
import { inertText } from './markdown.ts';

/** What is to be merged: the tips of the two branches. */
export interface Tips {
	readonly base: string;
	readonly head: string;
}

/** What a request says of itself where its merge is a commit of its own. */
export interface MergeText {
	readonly number: number;
	readonly head: string;
	readonly title: string;
	readonly body: string;
	/** Message of the commit of a squash. */
	readonly squash: { readonly title: string; readonly body: string } | undefined;
}

/** `commit`: what the base is to be put on; `known`: it has the head's commits already. */
export type MergeOutcome =
	| { readonly kind: 'made'; readonly commit: string }
	| { readonly kind: 'known' }
	| { readonly kind: 'conflict'; readonly files: readonly string[] };

/** Whether the head can be merged into the base, or is in it already; nothing is written. */
export async function tryMerge(
	repository: Repository,
	{ base, head }: Tips,
): Promise<'merges' | 'known' | 'conflict'> {
	const ancestor = await mergeBase(repository, base, head);
	if (ancestor === head) return 'known';
	if (ancestor === base) return 'merges';
	const { conflicts } = await merge(repository, { ancestor, ours: base, theirs: head });
	return conflicts.length > 0 ? 'conflict' : 'merges';
}

/**
 * Makes the commits that a merge brings to the base; nothing is pushed. The record stands in
 * them whichever the method: a merge and a rebase keep the commit that has it, and a squash
 * writes it anew.
 */
export async function makeMerge(
	repository: Repository,
	{ base, head }: Tips,
	method: MergeMethod,
	text: MergeText,
): Promise<MergeOutcome> {
	const ancestor = await mergeBase(repository, base, head);
	if (ancestor === head) return { kind: 'known' };
	if (method === 'rebase') return await rebase(repository, { base, head }, ancestor);
	const changes = await merge(repository, { ancestor, ours: base, theirs: head });
	const whole = { message: mergeMessage(text), merged: [head] };
	const squashed = { message: await squashMessage(repository, head, text) };
	return await commitOn(repository, base, changes, method === 'merge' ? whole : squashed);
}

async function commitOn(
	repository: Repository,
	parent: string,
	{ files, conflicts }: Merge,
	request: Omit<CommitRequest, 'parent' | 'files'>,
): Promise<MergeOutcome> {
	if (conflicts.length > 0) return { kind: 'conflict', files: conflicts };
	return { kind: 'made', commit: await repository.commit({ ...request, parent, files }) };
}

/** Each commit of the head again on the base, by its own author; as they are where the base is their first parent. */
async function rebase(
	repository: Repository,
	{ base, head }: Tips,
	ancestor: string,
): Promise<MergeOutcome> {
	const commits = await commitsOf(repository, base, head);
	if (commits.some(({ parents }) => parents.length !== 1))
		throw new Failure(
			'The branch has merges in it, which a rebase cannot make again; use the method merge or squash',
		);
	if (ancestor === base) return { kind: 'made', commit: head };
	let made: MergeOutcome = { kind: 'made', commit: base };
	for (const { commit, parents } of commits) {
		const changes = await merge(repository, {
			ancestor: parents[0] ?? '',
			ours: made.commit,
			theirs: commit,
		});
		const { author, message } = await readCommit(repository.git, commit);
		const next = await commitOn(repository, made.commit, changes, { author, message });
		if (next.kind !== 'made') return next;
		made = next;
	}
	return made;
}

function mergeMessage({ number, head, title }: MergeText): string {
	// A title that reads as a record is none: it stands in the commit that is merged.
	return inertText(withTrailers(`Merge request ${number} from ${head}\n\n${title}`, {}));
}

async function squashMessage(
	repository: Repository,
	head: string,
	{ number, title, body, squash }: MergeText,
): Promise<string> {
	if (squash !== undefined) return `${squash.title}\n\n${squash.body}\n`;
	const record = parseTrailers(body);
	const told =
		Object.keys(record).length > 0 ? record : parseTrailers(await repository.messageOf(head));
	return inertText(withTrailers(`${title} (request ${number})`, told));
}
