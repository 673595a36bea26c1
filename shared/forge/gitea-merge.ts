import { Failure } from '../failure/failure.ts';
import type { HttpRequest, HttpResponse } from '../http/client.ts';
import type { AutoMerge, AutoMergeOutcome, MergeState } from './forge.ts';
import { draftMark } from './gitea-pull-request.ts';
import { missingCheck, waits } from './merging.ts';

/** What of a pull request tells how it stands (Gitea's /swagger.v1.json, `PullRequest`). */
interface Pull {
	state: string;
	merged: boolean;
	/** False too for a draft, and while Gitea has not found out yet. */
	mergeable: boolean;
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
	readonly number: number;
	readonly send: (request: HttpRequest) => Promise<HttpResponse>;
	readonly ask: <T>(doing: string, path: string) => Promise<T>;
	/** The address below the repository's. */
	readonly path: (path: string) => string;
	readonly refused: (doing: string, response: HttpResponse) => Failure;
	/** Gitea's own words in an answer. */
	readonly wordsIn: (response: HttpResponse) => string;
	/** Waits before another attempt. */
	readonly pause: (attempt: number) => Promise<void>;
}

const attempts = 5;

/** How a pull request stands, and what it waits for. */
export async function mergeState(question: MergeQuestion): Promise<MergeState> {
	const { number, ask } = question;
	const doing = `read how pull request ${number} stands`;
	const pull = await ask<Pull>(doing, `/pulls/${number}`);
	const state = pull.merged ? 'merged' : pull.state === 'open' ? 'open' : 'closed';
	const known = { state, headCommit: pull.head.sha } as const;
	const { merge_commit_sha: commit } = pull;
	const mergeCommit = pull.merged && commit !== null ? commit : undefined;
	if (state !== 'open')
		return { ...known, mergeCommit, baseCommit: undefined, outdated: undefined, waitsFor: [] };
	const [branch, reviews, { statuses }] = await Promise.all([
		ask<Branch>(doing, `/branches/${encodeURIComponent(pull.base.ref)}`),
		ask<Review[]>(doing, `/pulls/${number}/reviews?limit=50`),
		ask<{ statuses: Status[] | null }>(doing, `/commits/${pull.head.sha}/status`),
	]);
	const isDraft = draftMark.test(pull.title);
	return {
		...known,
		mergeCommit: undefined,
		baseCommit: branch.commit.id,
		outdated: pull.mergeable || isDraft ? undefined : 'conflict',
		waitsFor: [
			...(isDraft ? [waits.draft] : []),
			...(pull.mergeable || isDraft ? [] : [waits.conflict(pull.base.ref)]),
			...missingReviews(branch, reviews),
			...missingChecks(branch, statuses ?? []),
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
	const { number, path, send, ask, refused, wordsIn, pause } = question;
	const doing = `plan the merge of pull request ${number}`;
	const where = path(`/pulls/${number}/merge`);
	let replace = wish.replace;
	for (let attempt = 1; ; attempt++) {
		const response = await send({
			method: 'POST',
			path: where,
			body: { do: wish.method, merge_when_checks_succeed: true, ...textOf(wish) },
			// A second time it says that it knows already.
			idempotent: true,
		});
		if (response.status === 201) return 'planned';
		if (response.status === 200) return 'merged';
		const known = response.status === 409 && /schedul/i.test(wordsIn(response));
		if (known && !replace) return 'planned';
		if (known) {
			replace = false;
			await cancelAutoMerge(question);
			continue;
		}
		const pull = await ask<Pull>(doing, `/pulls/${number}`);
		if (pull.merged) return 'merged';
		if (pull.state !== 'open')
			throw new Failure(`Pull request ${number} was closed, so that it cannot be merged`);
		// So it says while it finds out whether it can be merged, and of a conflict.
		if (response.status !== 405 && response.status < 500) throw refused(doing, response);
		if (attempt === attempts) {
			if (response.status === 405) return 'not-yet';
			throw refused(doing, response);
		}
		await pause(attempt);
	}
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
	const { number, send, path, refused } = question;
	const response = await send({ method: 'DELETE', path: path(`/pulls/${number}/merge`) });
	if (response.status >= 300 && response.status !== 404)
		throw refused(`take back the planned merge of pull request ${number}`, response);
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
