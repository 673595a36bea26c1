import { Failure, timedOut } from '../../shared/failure/failure.ts';
import type { PullRequest } from '../../shared/forge/forge.ts';
import { inertText } from '../../shared/forge/markdown.ts';
import { fetchTip, snapshotOf } from '../../shared/git/commit-to-branch.ts';
import { parseReference, sameRepository } from '../../shared/image/reference.ts';
import type { Record } from '../../shared/record/record.ts';
import { type AppliedBump, applyBump, type Bump } from '../../shared/step/bump.ts';
import { stopOf } from '../../shared/step/guard.ts';
import {
	changesBetween,
	foreignCommits,
	type PresentBranch,
	pushOver,
	readBranch,
	sameChanges,
} from './branch.ts';
import type { Tip, Work } from './work.ts';

/** What became of the step's branch. */
export type BranchEdit =
	| { kind: 'nothing'; base: Tip; applied: AppliedBump }
	/** A hold in the base keeps the image as it is; `why` is a sentence. */
	| { kind: 'held'; base: Tip; applied: AppliedBump; why: string }
	| {
			kind: 'edit';
			base: Tip;
			applied: AppliedBump;
			/** The commit made on the base's tip now. */
			made: string;
			/** The branch's tip afterwards: an earlier commit where that says the same. */
			commit: string;
			pushed: boolean;
			/** By which run and from where the tip was made, where an earlier one stays. */
			circumstances: Record;
	  };

/**
 * Applies the edit to the base's tip and puts the step's branch on the result, unless the
 * branch says the same already. Where another process moves the branch meanwhile, all of it
 * is done anew.
 */
export async function writeBranch(
	work: Work,
	{
		bump,
		branch,
		first,
		present,
	}: { bump: Bump; branch: string; first: Tip; present: PullRequest | undefined },
): Promise<BranchEdit> {
	const { inputs, context, repository } = work;
	const deadline = Date.now() + inputs.pushTimeout;
	let base = first;
	for (let attempt = 1; ; attempt++) {
		const snapshot = snapshotOf(repository, base.branch, base.tip);
		const applied = await applyBump(bump, snapshot, context.nameOf);
		if (applied.files.length === 0) return { kind: 'nothing', base, applied };
		// Whether to go back to an older image is for those to say who merge.
		const guard = { ...inputs, allowOlder: true };
		const stop = await stopOf(bump, applied, snapshot, guard, context);
		if (stop !== undefined) return { kind: 'held', base, applied, why: stop.why };
		const message = inertText(applied.message);
		const made = await repository.commit({ parent: base.tip, files: applied.files, message });
		const there = await readBranch(repository, branch, inputs.authorEmail);
		const edit = { kind: 'edit', base, applied, made } as const;
		if (there !== undefined) {
			refuseOtherImage(there, applied, present, branch);
			const changes = await changesBetween(repository, base.tip, made);
			const same = sameChanges(there.changes, changes) && saysTheSame(there, message, applied);
			// Without a pull request it may be left of one that was merged, and be in the base itself.
			const alive = present !== undefined || there.parent === base.tip;
			if (there.foreign === undefined && same && alive) {
				const { from, run } = there.record;
				const circumstances = { ...(from && { from }), ...(run && { run }) };
				return { ...edit, commit: there.tip, pushed: false, circumstances };
			}
			if (there.foreign !== undefined) await mindOthers(work, branch, there.tip, there.foreign);
		}
		const done = { ...edit, commit: made, pushed: true, circumstances: {} };
		if (inputs.dryRun) return done;
		const push = { branch, commit: made, expect: there?.tip, deadline };
		if (await pushOver(repository, push)) return done;
		if (Date.now() >= deadline)
			throw timedOut(
				`Others write to ${branch} of ${repository.remote.url} faster than this step; run it again`,
			);
		context.log.info(`${branch} has moved meanwhile; looking at it anew`);
		await repository.transport.pause(attempt, `${branch} has moved`);
		base = await fetchTip(repository, base.branch);
	}
}

/** The same messages but for by which run, and from which state of the environment before. */
function saysTheSame(there: PresentBranch, message: string, { record }: AppliedBump): boolean {
	const bare = (text: string, told: Record) => {
		let rest = text.replace(/^Lockstep-(Run|From):.*\n?/gm, '');
		for (const value of [told.run, told.from]) if (value) rest = rest.replaceAll(value, '');
		return rest.trim();
	};
	return bare(there.message, there.record) === bare(message, record);
}

/** Two images whose names end alike would otherwise take turns in one pull request. */
function refuseOtherImage(
	{ record, foreign }: PresentBranch,
	applied: AppliedBump,
	present: PullRequest | undefined,
	branch: string,
): void {
	const other = parseReference(record.image ?? '')?.name;
	const own = parseReference(applied.image ?? '')?.name;
	if (present === undefined || foreign !== undefined || !other || !own) return;
	if (sameRepository(other, own) && record.environment === applied.record.environment) return;
	const whose = `${other}${record.environment ? ` in ${record.environment}` : ''}`;
	throw new Failure(
		`Pull request ${present.number} on ${branch} promotes ${whose}, which is another promotion; give this one another branch`,
	);
}

/** Stops before commits of others, unless they are merged or the inputs say to go on. */
async function mindOthers(
	{ inputs, context, forge }: Work,
	branch: string,
	tip: string,
	foreign: string,
): Promise<void> {
	if (inputs.overwrite) {
		context.log.warn(`Overwriting ${foreign} on ${branch}, as overwrite says`);
		return;
	}
	const latest = await forge.latestPullRequest(branch);
	if (latest?.state !== 'merged' || latest.headCommit !== tip)
		throw foreignCommits(branch, foreign);
}
