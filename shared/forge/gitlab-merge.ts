import { Failure } from '../failure/failure.ts';
import type { HttpResponse } from '../http/client.ts';
import type { AutoMerge, AutoMergeOutcome, MergeState } from './forge.ts';
import { type Attempt, ifTold, keepTrying, missingCheck, squashMessage, waits } from './merging.ts';
import type { Rest } from './rest.ts';

/** What of a merge request tells how it stands (docs.gitlab.com/api/merge_requests). */
interface Merging {
	state: 'opened' | 'closed' | 'merged' | 'locked';
	sha: string;
	target_branch: string;
	/** One word for the first thing that is missing. */
	detailed_merge_status: string;
	/** Set as long as GitLab means to merge it by itself, whatever that waits for. */
	merge_when_pipeline_succeeds: boolean;
	/** Why its last merge came to nothing. */
	merge_error: string | null;
	merge_commit_sha: string | null;
	squash_commit_sha: string | null;
	head_pipeline: { status: string } | null;
}

/** Servers before 15.6 tell no more than whether it can be merged. */
interface Answer extends Omit<Merging, 'detailed_merge_status'> {
	detailed_merge_status?: string;
	merge_status?: string;
}

const older: Readonly<Record<string, string>> = {
	can_be_merged: 'mergeable',
	cannot_be_merged: 'conflict',
	cannot_be_merged_recheck: 'checking',
};

/** How a project merges, which nobody can say otherwise for one merge request. */
interface Project {
	merge_method: 'merge' | 'rebase_merge' | 'ff';
	squash_option?: 'never' | 'always' | 'default_on' | 'default_off';
	merge_trains_enabled?: boolean;
}

/** One merge request, and how to ask for it. */
export interface MergeQuestion {
	readonly rest: Rest;
	readonly number: number;
	/** Its project's path in the API. */
	readonly project: string;
}

/** GitLab finds out in the background. */
const unsettled = ['approvals_syncing', 'checking', 'preparing', 'unchecked'];
const active = ['created', 'waiting_for_resource', 'preparing', 'pending', 'running', 'scheduled'];
const passed = ['success', 'skipped', 'manual'];

/** How a merge request stands, and what it waits for. */
export async function mergeState(question: MergeQuestion): Promise<MergeState> {
	const { rest, number, project } = question;
	const doing = `read how pull request ${number} stands`;
	const pull = await read(question);
	const state = stateOf(pull);
	const known = { state, headCommit: pull.sha };
	if (state !== 'open') {
		const merged = pull.merge_commit_sha ?? pull.squash_commit_sha ?? pull.sha;
		const mergeCommit = state === 'merged' ? merged : undefined;
		return { ...known, mergeCommit, baseCommit: undefined, outdated: undefined, waitsFor: [] };
	}
	const path = `${project}/repository/branches/${encodeURIComponent(pull.target_branch)}`;
	const base = await ifTold(rest.ask<{ commit: { id: string } }>(doing, { path }));
	const { detailed_merge_status: status, merge_when_pipeline_succeeds: planned } = pull;
	return {
		...known,
		mergeCommit: undefined,
		baseCommit: base?.commit.id,
		outdated: status === 'conflict' ? 'conflict' : status === 'need_rebase' ? 'behind' : undefined,
		waitsFor: waitsFor(pull),
		planned,
		expelled: planned ? undefined : await expulsionOf(question),
	};
}

/**
 * Has GitLab merge a merge request once all checks pass (docs.gitlab.com/api/merge_requests,
 * "Merge a merge request"), or adds it to the project's merge train. GitLab refuses to plan
 * what it could do at once, so that is done by a plain merge of the commit that was seen.
 */
export async function autoMerge(
	question: MergeQuestion,
	wish: AutoMerge,
): Promise<AutoMergeOutcome> {
	const { rest, number, project } = question;
	const settings = await rest.ask<Project>('read how the project merges', { path: project });
	refuseOtherMethod(settings, wish);
	let replace = wish.replace;
	const look = async () => {
		const pull = await read(question);
		return { pull, state: stateOf(pull) };
	};
	return await keepTrying(rest, number, look, async ({ pull }) => {
		if (pull.merge_when_pipeline_succeeds && !replace) return 'planned';
		await cancel(question, pull);
		replace = false;
		return await attempt(question, pull, settings, wish);
	});
}

/** Takes a planned merge back. */
export async function cancelAutoMerge(question: MergeQuestion): Promise<void> {
	await cancel(question, await read(question));
}

async function cancel(question: MergeQuestion, pull: Merging): Promise<void> {
	if (!pull.merge_when_pipeline_succeeds) return;
	const path = `${of(question)}/cancel_merge_when_pipeline_succeeds`;
	const response = await question.rest.send({ method: 'POST', path, idempotent: true });
	// 405 and 406: it was merged meanwhile, or there is nothing to take back any more.
	if (response.status >= 300 && response.status !== 405 && response.status !== 406)
		throw question.rest.refused(
			`take back the planned merge of pull request ${question.number}`,
			response,
		);
}

async function attempt(
	question: MergeQuestion,
	pull: Merging,
	settings: Project,
	wish: AutoMerge,
): Promise<Attempt> {
	const { rest, number, project } = question;
	const { detailed_merge_status: status, head_pipeline: pipeline, sha } = pull;
	if (unsettled.includes(status)) return {};
	const clean = status === 'mergeable' && (!pipeline || passed.includes(pipeline.status));
	// No rule asks for the pipeline then; what failed is not passed over all the same.
	const failed = status === 'mergeable' && pipeline && !active.includes(pipeline.status);
	if (!clean && failed) return 'not-yet';
	const squash = wish.method === 'squash';
	if (settings.merge_trains_enabled) {
		const path = `${project}/merge_trains/merge_requests/${number}`;
		const plan = { auto_merge: true, when_pipeline_succeeds: true };
		const body = { sha, ...(!clean && plan) };
		return outcomeOf(rest, number, await rest.sendOnce({ method: 'POST', path, body }), 'planned');
	}
	const message = squashMessage(wish);
	// The second name is that of servers before 17.11.
	const plan = { auto_merge: true, merge_when_pipeline_succeeds: true };
	const body = {
		sha,
		squash,
		...(message && { squash_commit_message: message }),
		...(!clean && plan),
	};
	const response = await rest.send({ method: 'PUT', path: `${of(question)}/merge`, body });
	return outcomeOf(rest, number, response);
}

function outcomeOf(
	rest: Rest,
	number: number,
	response: HttpResponse | Failure,
	outcome?: AutoMergeOutcome,
): Attempt {
	if (response instanceof Failure) return { failure: response };
	if (response.status < 300) {
		if (outcome !== undefined) return outcome;
		const { state, merge_when_pipeline_succeeds: planned } = rest.parse<Merging>(response);
		return state === 'merged' ? 'merged' : planned ? 'planned' : {};
	}
	const failure = rest.refused(`merge pull request ${number}`, response, advices[response.status]);
	// 405: not as it stands. 409 and 422: somebody moved a branch, or was first.
	if (response.status === 405) return 'not-yet';
	if ([409, 422].includes(response.status) || response.status >= 500) return { failure };
	throw failure;
}

const advices: Readonly<Record<number, string>> = {
	401: 'give a token whose role may merge into that branch',
	403: 'give a token whose role may merge into that branch',
};

/** Whether a merge request squashes can be said for each; all else is the project's setting. */
function refuseOtherMethod(
	{ merge_method: set, squash_option: squash, merge_trains_enabled: trains }: Project,
	{ method }: AutoMerge,
): void {
	const where = "in the project's settings (Merge requests)";
	if (method === 'squash' && trains)
		throw new Failure(
			"GitLab's merge train takes no message for what it squashes, so that the record would be lost; give auto-merge merge or rebase",
		);
	if (method === 'squash' && squash === 'never')
		throw new Failure(`GitLab squashes nothing in this project; allow it ${where}`);
	if (method !== 'squash' && squash === 'always')
		throw new Failure(
			`GitLab squashes all that is merged in this project; give auto-merge squash, or change that ${where}`,
		);
	if (method === 'rebase' && set !== 'ff')
		throw new Failure(
			`GitLab makes a merge commit of every merge in this project; give auto-merge merge or squash, or set 'Fast-forward merge' ${where}`,
		);
	if (method === 'merge' && set === 'ff')
		throw new Failure(
			`GitLab makes no merge commits in this project; give auto-merge rebase or squash, or set 'Merge commit' ${where}`,
		);
}

async function read(question: MergeQuestion): Promise<Merging> {
	const doing = `read how pull request ${question.number} stands`;
	const pull = await question.rest.ask<Answer>(doing, { path: of(question) });
	const { merge_status: status = 'can_be_merged' } = pull;
	return { ...pull, detailed_merge_status: pull.detailed_merge_status ?? older[status] ?? status };
}

function of({ project, number }: MergeQuestion): string {
	return `${project}/merge_requests/${number}`;
}

function stateOf({ state }: Merging): MergeState['state'] {
	return state === 'opened' || state === 'locked' ? 'open' : state;
}

/** Why a merge train let it go, which GitLab tells in a note of its own alone. */
async function expulsionOf(question: MergeQuestion): Promise<string | undefined> {
	const doing = `read the notes of pull request ${question.number}`;
	const query = { order_by: 'created_at', sort: 'desc', per_page: 20 };
	const asked = { path: `${of(question)}/notes`, query };
	const notes = await ifTold(question.rest.ask<{ body: string; system: boolean }[]>(doing, asked));
	const latest = notes?.find(({ body, system }) => system && /merge train/.test(body));
	return /^(?:removed|aborted).* because (.+)$/s.exec(latest?.body ?? '')?.[1];
}

function waitsFor(pull: Merging): string[] {
	const { detailed_merge_status: status, target_branch: base, head_pipeline: pipeline } = pull;
	const reasons: Readonly<Record<string, string>> = {
		conflict: waits.conflict(base),
		need_rebase: waits.behind(base),
		draft_status: waits.draft,
		not_approved: waits.review,
		requested_changes: waits.rejection,
		discussions_not_resolved: waits.discussions,
		jira_association_missing: 'a Jira issue in its title or description',
		merge_request_blocked: 'another one that has to be merged first',
		status_checks_must_pass: 'external status checks',
		locked_paths: 'files that somebody locked',
		merge_time: 'the time from which it may be merged',
	};
	const ofPipeline = ['mergeable', 'ci_must_pass', 'ci_still_running', ...unsettled];
	return [
		...(ofPipeline.includes(status) ? [] : [reasons[status] ?? `what GitLab calls ${status}`]),
		...(pipeline && !passed.includes(pipeline.status)
			? [missingCheck('its pipeline', !active.includes(pipeline.status))]
			: []),
		...(!pipeline && status === 'ci_must_pass' ? ['a pipeline, of which there is none'] : []),
		...(pull.merge_error ? [`what GitLab says: ${pull.merge_error}`] : []),
	];
}
