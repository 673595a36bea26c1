import { badInput } from '../../shared/failure/failure.ts';
import type { Forge, PullRequest } from '../../shared/forge/forge.ts';
import type { Rights } from '../../shared/forge/github-app.ts';
import { code, inertMarkdown, inertText, link } from '../../shared/forge/markdown.ts';
import {
	bringAbout,
	closeOpen,
	dress,
	type Operation,
	pullRequestOf,
} from '../../shared/forge/pull-request.ts';
import { fetchTip } from '../../shared/git/commit-to-branch.ts';
import { loadParser } from '../../shared/manifest/edit.ts';
import { formatTrailers, parseTrailers, type Record } from '../../shared/record/record.ts';
import { type AppliedBump, applyBump, type Bump, describeUse } from '../../shared/step/bump.ts';
import type { StepContext } from '../../shared/step/declare.ts';
import { forgeFrom, withTokenAdvice } from '../../shared/step/forge.ts';
import { type Stop, stopOf, supersededBy } from '../../shared/step/guard.ts';
import { type Tip, writeBranch } from '../../shared/step/propose.ts';
import { composeBody, composeTitle } from '../../shared/step/pull-request-text.ts';
import { openFrom } from '../../shared/step/repository.ts';
import { writerOn } from '../../shared/step/verified.ts';
import { type Candidate, findCandidates } from './image.ts';
import type { PromotionInputs } from './inputs.ts';
import { checkMerging, type Ready, seeThrough } from './merge.ts';
import { branchName, chooseCandidate, planPromotion } from './plan.ts';
import { describePromotion } from './proposal.ts';
import { alreadyThereComment, promotionsBeside, supersededComment } from './pull-request.ts';
import type { Work } from './work.ts';

export interface PromotionOutputs {
	operation: Operation | 'closed' | 'none';
	number?: number | undefined;
	url?: string | undefined;
	branch?: string | undefined;
	commit?: string | undefined;
	image?: string | undefined;
	held?: boolean | undefined;
	outdated?: boolean | undefined;
	verified?: boolean | undefined;
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
		const api = inputs.verified ? writerOn(forge, context) : undefined;
		let earlier: PromotionOutputs | undefined;
		for (;;) {
			const onTip = earlier !== undefined;
			const given = { forge, api, rights, candidates, onTip };
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
	{ branch, operation, held, outdated, image }: PromotionOutputs,
): Promise<Partial<PromotionOutputs>> {
	if (branch === undefined || operation !== 'none' || held || outdated) return { merged: false };
	const latest = await forge.latestPullRequest(branch);
	const told = parseTrailers(latest?.body ?? '').image;
	if (latest?.state !== 'merged' || told !== image) return { merged: false };
	const state = await forge.mergeState?.(latest);
	const { number, url } = latest;
	return { merged: true, mergeCommit: state?.mergeCommit, number, url };
}

type Occasion = Pick<Work, 'forge' | 'api'> & {
	readonly rights: Rights;
	readonly candidates: readonly Candidate[];
	readonly onTip: boolean;
};

type Round = PromotionOutputs & { readonly ready?: Ready };

async function promoteOnce(
	inputs: PromotionInputs,
	context: StepContext,
	{ rights, candidates, onTip, ...forges }: Occasion,
): Promise<Round> {
	const repository = await openFrom(inputs.repository, inputs, context, { rights });
	try {
		if (inputs.base !== undefined)
			await repository.checkBranch(inputs.base, context.nameOf('base'));
		return await promoteOne({ inputs, context, repository, ...forges }, candidates, onTip);
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
	const { inputs, context, repository, forge, api } = work;
	const { log, nameOf } = context;
	// Before the base: what is merged meanwhile is then seen there, and not asked for again.
	const open = await forge.openPullRequests();
	const [first] = await Promise.all([fetchTip(repository, inputs.base), loadParser()]);
	const candidate = await chooseCandidate(work, candidates, first);
	const bump = planPromotion(candidate, inputs, context);
	const branch = inputs.branch ?? branchName(bump, inputs, nameOf);
	await repository.checkBranch(
		branch,
		nameOf(inputs.branch === undefined ? 'branch-prefix' : 'branch'),
	);
	if (branch === first.branch)
		throw badInput(`${nameOf('branch')} and the base are both ${branch}; give another branch`);
	const present = pullRequestOf(open, branch, first.branch);
	const aim = { present, base: first.branch, prefix: inputs.branchPrefix };

	const edit = await writeBranch({
		repository,
		forge,
		log,
		edit: async (snapshot, proposed): Promise<AppliedBump & { stop?: Stop }> => {
			const applied = await applyBump(bump, snapshot, nameOf);
			const stop =
				(await stopOf(bump, applied, snapshot, inputs, context)) ??
				(await stopByProposed(work, bump, applied, async () => [
					...promotionsBeside(open, { ...aim, record: applied.record }).map(recordIn),
					...(applied.files.length > 0 || present ? [await proposed()] : []),
				]));
			return stop ? { ...applied, files: [], stop } : applied;
		},
		history: bump.source !== undefined && !inputs.allowOlder,
		write: api?.write,
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
		const { kind, why, image } = applied.stop;
		log.warn(why);
		context.summary(inertMarkdown(why));
		const held = kind === 'held';
		const operation = held && present !== undefined ? 'unchanged' : 'none';
		const { number, url } = present ?? {};
		return { branch, operation, number, url, image, held, outdated: !held };
	}
	for (const use of applied.uses) log.info(describeUse(use));
	for (const note of applied.notes) log.warn(note);
	const outputs = { branch, image: applied.image, held: false, outdated: false };
	if (edit.kind === 'nothing') {
		const beside = promotionsBeside(open, { ...aim, record: applied.record });
		const done = { present, beside: inputs.closeSuperseded ? beside : [] };
		return { ...outputs, ...(await closeDone(work, base, applied, done)) };
	}

	const promotion = await describePromotion(work, edit, candidate);
	const { record } = promotion;
	const title = composeTitle(inputs.title, promotion, nameOf('title'));
	const body = composeBody(inputs.body, promotion, nameOf('body'), forge.longestBody);
	const older = inputs.closeSuperseded ? promotionsBeside(open, { ...aim, record }) : [];
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
	const verified = edit.pushed ? await api?.tell(edit.commit) : undefined;
	const done = { ...outputs, operation, number, url, commit: edit.commit, verified };
	// Whatever fails from here on, the pull request is there.
	context.report(done);
	const superseded: number[] = [];
	for (const one of older) {
		const comment = supersededComment(request, applied.image, forge.mark);
		if (!(await closeOpen(forge, one, comment))) continue;
		superseded.push(one.number);
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
	return { ...done, superseded, ready };
}

/** Whether something newer is proposed already, by this or another branch. */
async function stopByProposed(
	{ inputs, context }: Work,
	bump: Bump,
	{ image }: AppliedBump,
	proposed: () => Promise<readonly Record[]>,
): Promise<Stop | undefined> {
	if (bump.source === undefined || inputs.allowOlder) return undefined;
	for (const there of await proposed()) {
		const stop = await supersededBy(there, { bump, image }, inputs, context);
		if (stop) return { ...stop, why: `A pull request is there already: ${stop.why}` };
	}
	return undefined;
}

function recordIn({ body }: PullRequest): Record {
	return parseTrailers(body);
}

/** Closes what asks for nothing any more: the pull request of the branch, and those beside it. */
async function closeDone(
	{ inputs, context, forge, repository }: Work,
	base: Tip,
	{ image }: AppliedBump,
	{ present, beside }: { present: PullRequest | undefined; beside: readonly PullRequest[] },
): Promise<Pick<PromotionOutputs, 'operation' | 'number' | 'url' | 'superseded'>> {
	const { log } = context;
	log.info(`Nothing to promote: ${base.branch} of ${repository.remote.url} says so already`);
	const comment = alreadyThereComment(base.branch, image);
	const close = async (request: PullRequest) => {
		const { number, url } = request;
		if (inputs.dryRun) log.info(`Dry run: pull request ${number} would be closed (${url})`);
		else if (!(await closeOpen(forge, request, comment))) return false;
		else log.info(`Closed pull request ${number}: ${url}`);
		return true;
	};
	const superseded: number[] = [];
	for (const one of beside) if ((await close(one)) && !inputs.dryRun) superseded.push(one.number);
	if (present === undefined || !(await close(present))) return { operation: 'none', superseded };
	return { operation: 'closed', number: present.number, url: present.url, superseded };
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
