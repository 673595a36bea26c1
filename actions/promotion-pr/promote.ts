import { badInput } from '../../shared/failure/failure.ts';
import type { Forge, PullRequest } from '../../shared/forge/forge.ts';
import type { Rights } from '../../shared/forge/github-app.ts';
import { code, inertText, link } from '../../shared/forge/markdown.ts';
import {
	bringAbout,
	dress,
	type Operation,
	pullRequestOf,
} from '../../shared/forge/pull-request.ts';
import { fetchTip } from '../../shared/git/commit-to-branch.ts';
import { formatTrailers, parseTrailers } from '../../shared/record/record.ts';
import { type AppliedBump, applyBump, describeUse } from '../../shared/step/bump.ts';
import type { StepContext } from '../../shared/step/declare.ts';
import { forgeFrom, withTokenAdvice } from '../../shared/step/forge.ts';
import { type Stop, stopOf } from '../../shared/step/guard.ts';
import { type Tip, writeBranch } from '../../shared/step/propose.ts';
import { composeBody, composeTitle } from '../../shared/step/pull-request-text.ts';
import { openFrom } from '../../shared/step/repository.ts';
import { type Candidate, findCandidates } from './image.ts';
import type { PromotionInputs } from './inputs.ts';
import { checkMerging, type Ready, seeThrough } from './merge.ts';
import { branchName, chooseCandidate, planPromotion } from './plan.ts';
import { alreadyThereComment, supersededBy, supersededComment } from './pull-request.ts';
import type { Work } from './work.ts';

export interface PromotionOutputs {
	operation: Operation | 'closed' | 'none';
	number?: number | undefined;
	url?: string | undefined;
	branch?: string | undefined;
	commit?: string | undefined;
	image?: string | undefined;
	held?: boolean | undefined;
	merged?: boolean | undefined;
	mergeCommit?: string | undefined;
	superseded?: number[] | undefined;
}

/** Opens, updates or closes the pull request that the inputs ask for. */
export async function promote(
	inputs: PromotionInputs,
	context: StepContext,
): Promise<PromotionOutputs> {
	const candidates = await findCandidates(inputs, context);
	const rights = rightsFor(inputs);
	const forge = await forgeFrom(inputs, context, { rights });
	try {
		checkMerging(inputs, forge, context);
		let earlier: PromotionOutputs | undefined;
		for (;;) {
			const onTip = earlier !== undefined;
			const given = { forge, rights, candidates, onTip };
			const { ready, ...now } = await promoteOnce(inputs, context, given);
			const outputs = earlier ? joined(earlier, now) : now;
			const asked = inputs.autoMerge !== undefined || inputs.wait !== 'none';
			if (!asked || inputs.dryRun) return outputs;
			if (ready === undefined) return { ...outputs, ...(await mergedBefore(forge, outputs)) };
			context.report({ ...outputs, merged: false });
			const end = await seeThrough(inputs, forge, ready, context);
			if (end.kind === 'done')
				return { ...outputs, merged: end.merged, mergeCommit: end.mergeCommit };
			context.log.info(`${end.why}; making the edit anew on the base as it is now`);
			earlier = outputs;
		}
	} catch (error) {
		throw withTokenAdvice(error, inputs, context);
	} finally {
		await forge.close();
	}
}

/** What two rounds of one run did together. */
function joined(earlier: PromotionOutputs, now: PromotionOutputs): PromotionOutputs {
	const ended = now.operation === 'closed' || now.operation === 'none';
	const operation = ended || earlier.operation === 'unchanged' ? now.operation : earlier.operation;
	const superseded = [...(earlier.superseded ?? []), ...(now.superseded ?? [])];
	return { ...now, operation, superseded };
}

/** Where the base has the image already: whether that is by the branch's last pull request. */
async function mergedBefore(
	forge: Forge,
	{ branch, operation, held, image }: PromotionOutputs,
): Promise<Partial<PromotionOutputs>> {
	if (branch === undefined || operation !== 'none' || held) return { merged: false };
	const latest = await forge.latestPullRequest(branch);
	const told = parseTrailers(latest?.body ?? '').image;
	if (latest?.state !== 'merged' || told !== image) return { merged: false };
	const state = await forge.mergeState?.(latest);
	const { number, url } = latest;
	return { merged: true, mergeCommit: state?.mergeCommit, number, url };
}

type Round = PromotionOutputs & { readonly ready?: Ready };

async function promoteOnce(
	inputs: PromotionInputs,
	context: StepContext,
	{
		forge,
		rights,
		candidates,
		onTip,
	}: { forge: Forge; rights: Rights; candidates: readonly Candidate[]; onTip: boolean },
): Promise<Round> {
	const repository = await openFrom(inputs.repository, inputs, context, { rights });
	try {
		if (inputs.base !== undefined)
			await repository.checkBranch(inputs.base, context.nameOf('base'));
		return await promoteOne({ inputs, context, repository, forge }, candidates, onTip);
	} finally {
		await repository.close();
	}
}

/** What a GitHub App's token has to allow. Teams are known only to who may read members. */
function rightsFor({ dryRun, teamReviewers }: PromotionInputs): Rights {
	const right = dryRun ? 'read' : 'write';
	return {
		contents: right,
		pull_requests: right,
		...(teamReviewers?.length && !dryRun && { members: 'read' }),
	};
}

async function promoteOne(
	work: Work,
	candidates: readonly Candidate[],
	onTip: boolean,
): Promise<Round> {
	const { inputs, context, repository, forge } = work;
	const { log, nameOf } = context;
	const first = await fetchTip(repository, inputs.base);
	const candidate = await chooseCandidate(work, candidates, first);
	const bump = planPromotion(candidate, inputs, context);
	const branch = inputs.branch ?? branchName(bump, inputs, nameOf);
	await repository.checkBranch(branch, nameOf('branch'));
	if (branch === first.branch)
		throw badInput(`${nameOf('branch')} and the base are both ${branch}; give another branch`);
	const open = await forge.openPullRequests();
	const present = pullRequestOf(open, branch, first.branch);

	const edit = await writeBranch({
		repository,
		forge,
		log,
		edit: async (snapshot): Promise<AppliedBump & { stop?: Stop }> => {
			const applied = await applyBump(bump, snapshot, nameOf);
			// Whether to go back to an older image is for those to say who merge.
			const guard = { ...inputs, allowOlder: true };
			const stop = await stopOf(bump, applied, snapshot, guard, context);
			return stop ? { ...applied, files: [], stop } : applied;
		},
		branch,
		first,
		present,
		authorEmail: inputs.authorEmail,
		overwrite: inputs.overwrite,
		onTip,
		beforePush: async () => {
			// The forge would merge the new commit with the message for the old one.
			if (present && inputs.autoMerge === 'squash') await forge.cancelAutoMerge?.(present);
		},
		dryRun: inputs.dryRun,
		patience: inputs.pushTimeout,
	});
	const { base, applied } = edit;
	if (applied.stop) {
		log.warn(applied.stop.why);
		context.summary(applied.stop.why);
		const operation = present === undefined ? 'none' : 'unchanged';
		const { number, url } = present ?? {};
		return { branch, operation, number, url, image: applied.previousImage, held: true };
	}
	for (const use of applied.uses) log.info(describeUse(use));
	for (const note of applied.notes) log.warn(note);
	const outputs = { branch, image: applied.image, held: false };
	if (edit.kind === 'nothing')
		return { ...outputs, ...(await closeDone(work, base, applied, present)) };

	const record = { ...applied.record, ...edit.circumstances };
	const promotion = {
		does: 'promote' as const,
		...applied,
		record,
		provedIn: candidate?.proof.environment,
		diff: await repository.diff(edit.base.tip, edit.made),
		remote: repository.remote,
	};
	const title = composeTitle(inputs.title, promotion, nameOf('title'));
	const body = composeBody(inputs.body, promotion, nameOf('body'), forge.longestBody);
	const prefix = inputs.branchPrefix;
	const older = inputs.closeSuperseded
		? supersededBy(open, { branch, base: base.branch, prefix, record })
		: [];
	if (inputs.dryRun) {
		const operation = tellDryRun(work, {
			...edit,
			present,
			title,
			body,
			older,
			diff: promotion.diff,
		});
		return { ...outputs, operation, number: present?.number, url: present?.url, superseded: [] };
	}
	const wanted = { head: branch, base: base.branch, title, body, draft: inputs.draft };
	const { request, operation } = await bringAbout(forge, present, wanted, edit);
	const { number, url } = request;
	log.info(`Pull request ${number} ${operation}: ${url}`);
	context.summary(
		`${link(`Pull request ${number}`, url)} (${operation}): ${code(applied.image ?? title)} for ${code(base.branch)} of ${repository.remote.url}`,
	);
	const done = { ...outputs, operation, number, url, commit: edit.commit };
	// Whatever fails from here on, the pull request is there.
	context.report(done);
	for (const one of older) {
		await forge.closePullRequest(one, supersededComment(request, applied.image, forge.mark));
		log.info(`Closed pull request ${one.number}, which this one takes the place of: ${one.url}`);
	}
	if (request.state === 'open')
		await dress(
			forge,
			request,
			{
				labels: inputs.labels ?? [],
				assignees: inputs.assignees ?? [],
				reviewers: inputs.reviewers ?? [],
				teamReviewers: inputs.teamReviewers ?? [],
			},
			operation,
		);
	const ready: Ready = {
		request,
		commit: edit.commit,
		base: edit.pushed || onTip ? base.tip : undefined,
		changed: operation === 'updated',
		text: { title, body: inertText(formatTrailers(record)) },
	};
	return { ...done, superseded: older.map((one) => one.number), ready };
}

async function closeDone(
	{ inputs, context, forge, repository }: Work,
	base: Tip,
	{ image }: AppliedBump,
	present: PullRequest | undefined,
): Promise<Pick<PromotionOutputs, 'operation' | 'number' | 'url' | 'superseded'>> {
	const { log } = context;
	const where = `${base.branch} of ${repository.remote.url}`;
	if (present === undefined) {
		log.info(`Nothing to promote: ${where} says so already`);
		return { operation: 'none', superseded: [] };
	}
	const { number, url } = present;
	if (inputs.dryRun) log.info(`Dry run: pull request ${number} would be closed (${url})`);
	else {
		await forge.closePullRequest(present, alreadyThereComment(base.branch, image));
		log.info(`${where} says so already: closed pull request ${number} (${url})`);
	}
	return { operation: 'closed', number, url, superseded: [] };
}

interface DryRun {
	base: Tip;
	pushed: boolean;
	present: PullRequest | undefined;
	title: string;
	body: string;
	older: readonly PullRequest[];
	diff: string;
}

function tellDryRun({ context, repository }: Work, told: DryRun): Operation {
	const { log } = context;
	const { present, title, body, older } = told;
	const changed = told.pushed || present?.title !== title || present.body.trimEnd() !== body;
	const operation = present === undefined ? 'created' : changed ? 'updated' : 'unchanged';
	const which = present === undefined ? 'a pull request' : `pull request ${present.number}`;
	log.info(
		`Dry run: ${which} into ${told.base.branch} of ${repository.remote.url} would be ${operation}: ${title}`,
	);
	context.fold('What would be written', told.diff);
	for (const one of older) log.info(`Dry run: pull request ${one.number} would be closed`);
	return operation;
}
