import type { HttpResponse } from '../http/client.ts';
import type { AutoMerge, AutoMergeOutcome, MergeState } from './forge.ts';
import { draftMark } from './gitea-pull-request.ts';
import { type Attempt, ifTold, keepTrying, missingCheck, waits } from './merging.ts';
import type { Rest } from './rest.ts';

/** What of a pull request tells how it stands (Gitea's /swagger.v1.json, `PullRequest`). */
interface Pull {
	state: string;
	merged: boolean;
	/** False too for a draft, and while Gitea has not found out yet. */
	mergeable?: boolean;
	merge_commit_sha: string | null;
	title: string;
	head: { sha: string };
	base: { ref: string; sha: string };
}

/** Of a branch, what its protection asks for. */
interface Branch {
	commit: { id: string };
	required_approvals?: number;
	enable_status_check?: boolean;
	status_check_contexts?: string[] | null;
}

interface Review {
	user: { login: string } | null;
	state: string;
	stale: boolean;
	dismissed: boolean;
	official: boolean;
}

interface Status {
	context: string;
	status: string;
}

/** One pull request of one repository, and how to ask for it. */
export interface MergeQuestion {
	readonly rest: Rest;
	readonly number: number;
	/** The repository's path in the API. */
	readonly repository: string;
}

/** How a pull request stands, and what it waits for. */
export async function mergeState(question: MergeQuestion): Promise<MergeState> {
	const { rest, number, repository } = question;
	const pull = await read(question);
	const state = stateOf(pull);
	const known = { state, headCommit: pull.head.sha };
	const { merge_commit_sha: commit } = pull;
	const mergeCommit = pull.merged && commit !== null ? commit : undefined;
	if (state !== 'open')
		return { ...known, mergeCommit, baseCommit: undefined, outdated: undefined, waitsFor: [] };
	const ask = <T>(path: string) =>
		ifTold(rest.ask<T>(`read how pull request ${number} stands`, { path: `${repository}${path}` }));
	const [branch, reviews, checks] = await Promise.all([
		ask<Branch>(`/branches/${encodeURIComponent(pull.base.ref)}`),
		ask<Review[]>(`/pulls/${number}/reviews?limit=50`),
		ask<{ statuses: Status[] | null }>(`/commits/${pull.head.sha}/status`),
	]);
	const isDraft = draftMark.test(pull.title);
	const conflicts = pull.mergeable === false && !isDraft;
	return {
		...known,
		mergeCommit: undefined,
		baseCommit: branch?.commit.id,
		outdated: conflicts ? 'conflict' : undefined,
		waitsFor: [
			...(isDraft ? [waits.draft] : []),
			...(conflicts ? [waits.conflict(pull.base.ref)] : []),
			...(branch && reviews ? missingReviews(branch, reviews) : []),
			...(branch && checks ? missingChecks(branch, checks.statuses ?? []) : []),
		],
	};
}

/**
 * Has Gitea merge a pull request once its base's rules are met; where they are already it
 * does so at once. What it was told before stays as it is, unless that is to be replaced.
 */
export async function autoMerge(
	question: MergeQuestion,
	wish: AutoMerge,
): Promise<AutoMergeOutcome> {
	const { rest, number } = question;
	let { replace } = wish;
	const look = async () => {
		const pull = await read(question);
		return { pull, state: stateOf(pull) };
	};
	return await keepTrying(rest, number, look, async () => {
		const response = await rest.send({
			method: 'POST',
			path: `${of(question)}/merge`,
			body: { do: wish.method, merge_when_checks_succeed: true, ...textOf(wish) },
			// A second time it says that it knows already.
			idempotent: true,
		});
		const isKnown = response.status === 409 && /schedul/i.test(rest.words(response));
		if (isKnown && replace) {
			replace = false;
			await cancelAutoMerge(question);
			return {};
		}
		return isKnown ? 'planned' : outcomeOf(question, response);
	});
}

/** 405: so it says while it finds out whether it can be merged, and of a conflict. 404: it was closed. */
function outcomeOf({ rest, number }: MergeQuestion, response: HttpResponse): Attempt {
	if (response.status === 201) return 'planned';
	if (response.status === 200) return 'merged';
	if (response.status === 405) return {};
	const failure = rest.refused(`plan the merge of pull request ${number}`, response);
	if ([404, 409].includes(response.status) || response.status >= 500) return { failure };
	throw failure;
}

/** By the names that Gitea has since version 1.26, and by those of before. */
function textOf({ text }: AutoMerge): object {
	return text === undefined
		? {}
		: {
				merge_title_field: text.title,
				merge_message_field: text.body,
				MergeTitleField: text.title,
				MergeMessageField: text.body,
			};
}

/** Takes a planned merge back; Gitea answers 404 where there is none. */
export async function cancelAutoMerge(question: MergeQuestion): Promise<void> {
	const { rest, number } = question;
	const response = await rest.send({ method: 'DELETE', path: `${of(question)}/merge` });
	if (response.status >= 300 && response.status !== 404)
		throw rest.refused(`take back the planned merge of pull request ${number}`, response);
}

async function read(question: MergeQuestion): Promise<Pull> {
	const doing = `read how pull request ${question.number} stands`;
	return await question.rest.ask<Pull>(doing, { path: of(question) });
}

function of({ repository, number }: MergeQuestion): string {
	return `${repository}/pulls/${number}`;
}

function stateOf({ merged, state }: Pull): MergeState['state'] {
	return merged ? 'merged' : state === 'open' ? 'open' : 'closed';
}

function missingReviews({ required_approvals: wanted = 0 }: Branch, reviews: Review[]): string[] {
	const standing = reviews.filter(({ stale, dismissed }) => !stale && !dismissed);
	const rejecting = standing.find(({ state }) => state === 'REQUEST_CHANGES');
	const approvals = standing.filter(({ state, official }) => state === 'APPROVED' && official);
	const given = new Set(approvals.map(({ user }) => user?.login)).size;
	return [
		...(rejecting ? [`${rejecting.user?.login ?? 'a reviewer'}, who asked for changes`] : []),
		...(given < wanted ? [waits.review] : []),
	];
}

function missingChecks(branch: Branch, statuses: readonly Status[]): string[] {
	if (!branch.enable_status_check) return [];
	const wanted = branch.status_check_contexts ?? [];
	return wanted.flatMap((context) => {
		const state = statuses.find((status) => status.context === context)?.status;
		if (state === 'success') return [];
		return [missingCheck(`the check ${context}`, state === 'failure' || state === 'error')];
	});
}
