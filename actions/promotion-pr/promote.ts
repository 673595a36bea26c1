import { badInput } from '../../shared/failure/failure.ts';
import type { PullRequest } from '../../shared/forge/forge.ts';
import type { Rights } from '../../shared/forge/github-app.ts';
import { code, link } from '../../shared/forge/markdown.ts';
import {
	bringAbout,
	dress,
	type Operation,
	pullRequestOf,
} from '../../shared/forge/pull-request.ts';
import { fetchTip } from '../../shared/git/commit-to-branch.ts';
import { type AppliedBump, applyBump, describeUse } from '../../shared/step/bump.ts';
import type { StepContext } from '../../shared/step/declare.ts';
import { forgeFrom, withTokenAdvice } from '../../shared/step/forge.ts';
import { type Stop, stopOf } from '../../shared/step/guard.ts';
import { type Tip, writeBranch } from '../../shared/step/propose.ts';
import { composeBody, composeTitle } from '../../shared/step/pull-request-text.ts';
import { openFrom } from '../../shared/step/repository.ts';
import { type Candidate, findCandidates } from './image.ts';
import type { PromotionInputs } from './inputs.ts';
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
	superseded?: number[] | undefined;
}

/** Opens, updates or closes the pull request that the inputs ask for. */
export async function promote(
	inputs: PromotionInputs,
	context: StepContext,
): Promise<PromotionOutputs> {
	const candidates = await findCandidates(inputs, context);
	const rights = rightsFor(inputs);
	const forge = await forgeFrom(inputs, context, {
		rights,
		forWhat: 'A pull request',
		without: 'use bump-image to push there',
	});
	try {
		const repository = await openFrom(inputs.repository, inputs, context, { rights });
		try {
			if (inputs.base !== undefined)
				await repository.checkBranch(inputs.base, context.nameOf('base'));
			return await promoteOne({ inputs, context, repository, forge }, candidates);
		} finally {
			await repository.close();
		}
	} catch (error) {
		throw withTokenAdvice(error, inputs, context);
	} finally {
		forge.close();
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

async function promoteOne(work: Work, candidates: readonly Candidate[]): Promise<PromotionOutputs> {
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
	const { request, operation } = await bringAbout(forge, present, wanted, edit.pushed);
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
	return { ...done, superseded: older.map((one) => one.number) };
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
	log.info(told.diff);
	for (const one of older) log.info(`Dry run: pull request ${one.number} would be closed`);
	return operation;
}
