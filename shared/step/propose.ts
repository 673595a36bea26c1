import { Failure, timedOut } from '../failure/failure.ts';
import type { Forge, PullRequest } from '../forge/forge.ts';
import { inertText } from '../forge/markdown.ts';
import { changesBetween, sameChanges } from '../git/changes.ts';
import {
	type Edited,
	fetchTip,
	type Snapshot,
	snapshotOf,
	type WriteFiles,
} from '../git/commit-to-branch.ts';
import { pushGuarded } from '../git/guarded-push.ts';
import { readCommit } from '../git/objects.ts';
import { foreignCommits, type PresentBranch, readBranch } from '../git/own-branch.ts';
import type { Repository } from '../git/repository.ts';
import { removeBeside, writeOver } from '../git/write-over.ts';
import { parseReference, sameRepository, splitRepository } from '../image/reference.ts';
import type { Log } from '../log/log.ts';
import type { Record } from '../record/record.ts';

/** A branch and the commit at its tip, which has been fetched. */
export interface Tip {
	readonly branch: string;
	readonly tip: string;
}

/**
 * The one branch for an image in an environment, `<prefix>production-acme-api`: flat, for a
 * branch cannot stand below another one.
 */
export function ownBranch(prefix: string, environment: string | undefined, image: string): string {
	const parts = [environment, splitRepository(image).path.replace(/^library\//, '')];
	const name = parts.filter((part) => part !== undefined).join('-');
	return `${prefix}${name.replace(/[^\w.-]+/g, '-').replace(/\.{2,}|\.lock$/g, '-')}`;
}

/** What a pull request is to change. */
export interface ProposedEdit extends Edited {
	/** Whole reference that the files have then. */
	readonly image: string | undefined;
	readonly record: Record;
}

export interface Proposal<E extends ProposedEdit> {
	readonly repository: Repository;
	readonly forge: Forge;
	readonly log: Log;
	/**
	 * Applied to the base's tip, and to each newer one where the work has to be done anew.
	 * `proposed` tells the record of what the step's branch proposes now; `{}` where it proposes
	 * nothing, or what a pull request proposed that is over.
	 */
	readonly edit: (base: Snapshot, proposed: () => Promise<Record>) => Promise<E>;
	/** Whether the edit asks for the records before the base's tip. */
	readonly history?: boolean;
	/** The step's branch. */
	readonly branch: string;
	/** The base as it was fetched first. */
	readonly first: Tip;
	/** The pull request that is open for the branch. */
	readonly present: PullRequest | undefined;
	/** Who the step's own commits are by. */
	readonly authorEmail: string;
	/** Makes the commit in place of git: by the forge's API, say. */
	readonly write?: WriteFiles | undefined;
	/** Whether commits of others on the branch are thrown away. */
	readonly overwrite: boolean;
	/** Whether the branch has to stand on the base's tip, as where it is to be merged and cannot be. */
	readonly onTip?: boolean;
	/** Awaited before the branch of an open pull request is moved. */
	readonly beforePush?: () => Promise<void>;
	/** Commit, and push nothing. */
	readonly dryRun: boolean;
	/** Milliseconds after which a branch that others move is given up. */
	readonly patience: number;
}

/** What became of the step's branch. */
export type BranchEdit<E extends ProposedEdit> =
	| { kind: 'nothing'; base: Tip; applied: E }
	| {
			kind: 'edit';
			base: Tip;
			applied: E;
			/** The commit made on the base's tip now. */
			made: string;
			/** The branch's tip afterwards: an earlier commit where that says the same, or the forge's. */
			commit: string;
			pushed: boolean;
			/** By which run and from where the tip was made, where an earlier one stays. */
			circumstances: Record;
			/** When the step's own commit was made. */
			at: Date;
	  };

/**
 * Applies the edit to the base's tip and puts the step's branch on the result, unless the
 * branch says the same already. Where another process moves the branch meanwhile, all of it
 * is done anew.
 */
export async function writeBranch<E extends ProposedEdit>(
	proposal: Proposal<E>,
): Promise<BranchEdit<E>> {
	const { repository, branch, present, log, write, authorEmail } = proposal;
	const own = { authorEmail, byForge: write !== undefined };
	const deadline = Date.now() + proposal.patience;
	let base = proposal.first;
	for (let attempt = 1; ; attempt++) {
		const history = proposal.history ?? false;
		const snapshot = snapshotOf(repository, base.branch, base.tip, { history });
		let reading: ReturnType<typeof readBranch> | undefined;
		const { tip } = base;
		const read = () => (reading ??= readBranch(repository, branch, own, tip));
		const applied = await proposal.edit(snapshot, async () => proposedBy(proposal, await read()));
		if (applied.files.length === 0) {
			if (write !== undefined && !proposal.dryRun)
				await removeBeside(repository, `refs/heads/${branch}`, deadline);
			return { kind: 'nothing', base, applied };
		}
		const message = inertText(applied.message);
		const made = await repository.commit({ parent: base.tip, files: applied.files, message });
		const there = await read();
		const edit = { kind: 'edit', base, applied, made } as const;
		if (there !== undefined) {
			refuseOtherImage(there, applied, present, branch);
			const changes = await changesBetween(repository, base.tip, made);
			const same = sameChanges(there.changes, changes) && saysTheSame(there, message, applied);
			// Without a pull request it may be left of one that was merged, and be in the base itself.
			const isOnTip = there.parent === base.tip;
			const alive = isOnTip || (present !== undefined && !proposal.onTip);
			// What was pushed before the forge was to write it is not signed by it.
			const isWritten = write === undefined || there.authorEmail !== authorEmail;
			if (there.foreign === undefined && same && alive && isWritten) {
				const { from, run } = there.record;
				const circumstances = { ...(from && { from }), ...(run && { run }) };
				return { ...edit, commit: there.tip, pushed: false, circumstances, at: there.at };
			}
			if (there.foreign !== undefined) await mindOthers(proposal, there.tip, there.foreign);
		}
		const at = (await readCommit(repository.git, made)).committer.at;
		const done = { ...edit, commit: made, pushed: true, circumstances: {}, at };
		if (proposal.dryRun) return done;
		if (there !== undefined) await proposal.beforePush?.();
		const over = { ref: `refs/heads/${branch}`, commit: made, expect: there?.tip ?? null };
		if (write !== undefined) {
			const edited = { ...applied, message };
			const work = { ...over, parent: base.tip, edited, write, deadline };
			const commit = await writeOver(repository, work);
			if (commit !== undefined)
				return { ...done, commit, at: await timeOf(commit, repository, at) };
		} else if (await pushGuarded(repository, [over], deadline)) return done;
		if (Date.now() >= deadline)
			throw timedOut(
				`Others write to ${branch} of ${repository.remote.url} faster than this step; run it again`,
			);
		log.info(`${branch} has moved meanwhile; looking at it anew`);
		await repository.transport.pause(attempt, `${branch} has moved`);
		base = await fetchTip(repository, base.branch);
	}
}

/**
 * What a branch proposes. One without a pull request is left of one that is over, unless
 * another run has put it there a moment ago and is about to open it.
 */
async function proposedBy(
	{ branch, forge, present }: Pick<Proposal<ProposedEdit>, 'branch' | 'forge' | 'present'>,
	there: PresentBranch | undefined,
): Promise<Record> {
	if (there === undefined || there.foreign !== undefined) return {};
	if (present !== undefined) return there.record;
	const latest = await forge.latestPullRequest(branch);
	const isOver = latest !== undefined && latest.state !== 'open' && latest.headCommit === there.tip;
	return isOver ? {} : there.record;
}

/** When a forge made a commit; where it has been replaced already, when it would have been made here. */
async function timeOf(commit: string, repository: Repository, otherwise: Date): Promise<Date> {
	try {
		await repository.fetchCommit(commit);
		return (await readCommit(repository.git, commit)).committer.at;
	} catch (error) {
		if (!(error instanceof Failure)) throw error;
		return otherwise;
	}
}

/** The same messages but for by which run, and from which state of the environment before. */
function saysTheSame(there: PresentBranch, message: string, { record }: ProposedEdit): boolean {
	const bare = (text: string, told: Record) => {
		let rest = text.replace(/^Lockstep-(Run|From):.*\n?/gm, '');
		for (const value of [told.run, told.from]) if (value) rest = rest.replaceAll(value, '');
		return rest.trim();
	};
	// A forge may add trailers of its own below what it writes.
	return bare(there.message, there.record).startsWith(bare(message, record));
}

/** Two images whose names end alike would otherwise take turns in one pull request. */
function refuseOtherImage(
	{ record, foreign }: PresentBranch,
	applied: ProposedEdit,
	present: PullRequest | undefined,
	branch: string,
): void {
	const other = parseReference(record.image ?? '')?.name;
	const own = parseReference(applied.image ?? '')?.name;
	if (present === undefined || foreign !== undefined || !other || !own) return;
	if (sameRepository(other, own) && record.environment === applied.record.environment) return;
	const whose = `${other}${record.environment ? ` in ${record.environment}` : ''}`;
	throw new Failure(
		`Pull request ${present.number} on ${branch} is for ${whose}, which is another image or environment; give this one another branch`,
	);
}

/** Stops before commits of others, unless they are merged or the inputs say to go on. */
async function mindOthers(
	{
		branch,
		forge,
		log,
		overwrite,
	}: Pick<Proposal<ProposedEdit>, 'branch' | 'forge' | 'log' | 'overwrite'>,
	tip: string,
	foreign: string,
): Promise<void> {
	if (overwrite) {
		log.warn(`Overwriting ${foreign} on ${branch}, as overwrite says`);
		return;
	}
	const latest = await forge.latestPullRequest(branch);
	if (latest?.state !== 'merged' || latest.headCommit !== tip)
		throw foreignCommits(branch, foreign);
}
