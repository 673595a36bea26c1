import type { Octokit } from '@octokit/rest';
import { Failure } from '../failure/failure.ts';
import type { AutoMerge, AutoMergeOutcome, MergeState } from './forge.ts';
import { graphqlErrors } from './github-commit.ts';
import { isRequestError } from './github-error.ts';
import { type Attempt, keepTrying, missingCheck, waits } from './merging.ts';

/** How a pull request stands, in the words of GitHub's schema. */
interface Pull {
	id: string;
	state: 'OPEN' | 'CLOSED' | 'MERGED';
	isDraft: boolean;
	mergeStateStatus: string;
	reviewDecision: string | null;
	headRefOid: string;
	baseRefName: string;
	mergeCommit: { oid: string } | null;
	baseRef: { target: { oid: string } | null } | null;
	autoMergeRequest: {
		mergeMethod: string;
		commitHeadline: string | null;
		commitBody: string | null;
	} | null;
	/** Whether what is merged into its base goes through a queue. */
	isMergeQueueEnabled: boolean;
	isInMergeQueue: boolean;
	mergeQueueEntry: { state: string; position: number } | null;
	/** When it last came into the queue, or out of it. */
	timelineItems: { nodes: (QueueEvent | null)[] | null };
	commits: { nodes: ({ commit: { statusCheckRollup: Rollup | null } } | null)[] | null };
}

interface QueueEvent {
	__typename: string;
	reason?: string | null;
}

interface Rollup {
	contexts: { nodes: (Check | null)[] | null };
}

type Check =
	| {
			__typename: 'CheckRun';
			name: string;
			status: string;
			conclusion: string | null;
			isRequired: boolean;
	  }
	| { __typename: 'StatusContext'; context: string; state: string; isRequired: boolean };

const query = `query pull($owner: String!, $name: String!, $number: Int!) {
	repository(owner: $owner, name: $name) {
		pullRequest(number: $number) {
			id state isDraft mergeStateStatus reviewDecision headRefOid baseRefName
			mergeCommit { oid }
			baseRef { target { oid } }
			autoMergeRequest { mergeMethod commitHeadline commitBody }
			isMergeQueueEnabled isInMergeQueue
			mergeQueueEntry { state position }
			timelineItems(last: 1, itemTypes: [ADDED_TO_MERGE_QUEUE_EVENT, REMOVED_FROM_MERGE_QUEUE_EVENT]) {
				nodes { __typename ... on RemovedFromMergeQueueEvent { reason } }
			}
			commits(last: 1) { nodes { commit { statusCheckRollup { contexts(first: 100) { nodes {
				__typename
				... on CheckRun { name status conclusion isRequired(pullRequestNumber: $number) }
				... on StatusContext { context state isRequired(pullRequestNumber: $number) }
			} } } } } }
		}
	}
}`;

const enabling = `mutation enable($input: EnablePullRequestAutoMergeInput!) {
	enablePullRequestAutoMerge(input: $input) { clientMutationId }
}`;

const disabling = `mutation disable($input: DisablePullRequestAutoMergeInput!) {
	disablePullRequestAutoMerge(input: $input) { clientMutationId }
}`;

const enqueuing = `mutation enqueue($input: EnqueuePullRequestInput!) {
	enqueuePullRequest(input: $input) { clientMutationId }
}`;

/** One pull request of one repository, and how to ask for it. */
export interface MergeQuestion {
	readonly octokit: Octokit;
	readonly owner: string;
	readonly name: string;
	readonly number: number;
	/** The sentence for an error that is not one of GraphQL's. */
	readonly failure: (doing: string, error: unknown) => unknown;
	/** Waits before another attempt. */
	readonly pause: (attempt: number) => Promise<void>;
}

const withoutGraphql =
	'GitHub plans merges by its GraphQL API alone, which this server does not have';

const states = { OPEN: 'open', CLOSED: 'closed', MERGED: 'merged' } as const;

/** How a pull request stands, and what it waits for. */
export async function mergeState(question: MergeQuestion): Promise<MergeState> {
	const pull = await readPull(question);
	const state = states[pull.state];
	const { mergeStateStatus: status } = pull;
	return {
		state,
		mergeCommit: pull.mergeCommit?.oid,
		headCommit: pull.headRefOid,
		baseCommit: pull.baseRef?.target?.oid,
		outdated: status === 'DIRTY' ? 'conflict' : status === 'BEHIND' ? 'behind' : undefined,
		waitsFor: state === 'open' ? waitsFor(pull) : [],
		expelled: expulsionOf(pull),
	};
}

/**
 * Has GitHub merge a pull request once its base's rules are met
 * (docs.github.com/graphql/reference/mutations#enablepullrequestautomerge). GitHub refuses to
 * plan what it could do at once, so that is done by a plain merge of the commit that was seen.
 * Where the base has a merge queue, it is put into that in place of being merged.
 */
export async function autoMerge(
	question: MergeQuestion,
	wish: AutoMerge,
): Promise<AutoMergeOutcome> {
	const look = async () => {
		const pull = await readPull(question);
		return { pull, state: states[pull.state] };
	};
	return await keepTrying(question, question.number, look, async ({ pull }) =>
		isPlanned(pull, wish) ? 'planned' : await tryAutoMerge(question, pull, wish),
	);
}

/** Takes a planned merge back. */
export async function cancelAutoMerge(question: MergeQuestion): Promise<void> {
	const { id, autoMergeRequest } = await readPull(question);
	if (autoMergeRequest === null) return;
	try {
		await question.octokit.graphql(disabling, { input: { pullRequestId: id } });
	} catch (error) {
		throw question.failure(`take back the planned merge of pull request ${question.number}`, error);
	}
}

async function tryAutoMerge(
	question: MergeQuestion,
	pull: Pull,
	wish: AutoMerge,
): Promise<Attempt> {
	const { octokit, number, failure } = question;
	const doing = `plan the merge of pull request ${number}`;
	const pullRequestId = pull.id;
	const { mergeStateStatus: status } = pull;
	const isClean = status === 'CLEAN' || status === 'HAS_HOOKS';
	try {
		if (pull.autoMergeRequest !== null)
			await octokit.graphql(disabling, { input: { pullRequestId } });
		const input = { pullRequestId, mergeMethod: wish.method.toUpperCase(), ...textOf(wish) };
		await octokit.graphql(enabling, { input });
		return 'planned';
	} catch (error) {
		const errors = graphqlErrors(error);
		if (isRequestError(error, 404))
			return isClean ? await mergeNow(question, pull, wish) : { noPlan: withoutGraphql };
		// The answer got lost, perhaps: how the pull request stands then tells.
		if (errors === undefined) return { failure: failure(doing, error) };
		const said = errors.map(({ message }) => message).join(': ');
		if (!/ status$|rules not configured/i.test(said)) throw refusal(question, said, wish, error);
		if (isClean)
			return pull.isMergeQueueEnabled
				? await enqueue(question, pull)
				: await mergeNow(question, pull, wish);
		return status === 'UNKNOWN' ? {} : 'not-yet';
	}
}

/** The queue merges in the way that its rule says, and with the message that the repository sets. */
async function enqueue({ octokit, number, failure }: MergeQuestion, pull: Pull): Promise<Attempt> {
	try {
		const input = { pullRequestId: pull.id, expectedHeadOid: pull.headRefOid };
		await octokit.graphql(enqueuing, { input });
		return 'planned';
	} catch (error) {
		return { failure: failure(`put pull request ${number} into the merge queue`, error) };
	}
}

async function mergeNow(
	{ octokit, owner, name, number, failure }: MergeQuestion,
	{ headRefOid }: Pull,
	{ method, text }: AutoMerge,
): Promise<Attempt> {
	try {
		await octokit.rest.pulls.merge({
			owner,
			repo: name,
			pull_number: number,
			merge_method: method,
			sha: headRefOid,
			...(text && { commit_title: text.title, commit_message: text.body }),
		});
		return 'merged';
	} catch (error) {
		return { failure: failure(`merge pull request ${number}`, error) };
	}
}

async function readPull(question: MergeQuestion): Promise<Pull> {
	const { octokit, owner, name, number, failure } = question;
	type Answer = { repository: { pullRequest: Pull | null } | null };
	const doing = `read how pull request ${number} stands`;
	let answer: Answer | undefined;
	try {
		answer = await octokit.graphql<Answer>(query, { owner, name, number });
	} catch (error) {
		// A token that may not read checks gets all the rest, and an error for these.
		answer = (error as { data?: Answer }).data;
		const errors = graphqlErrors(error);
		if (isRequestError(error, 404)) return await readByRest(question, doing);
		if (errors === undefined) throw failure(doing, error);
		if (!answer?.repository?.pullRequest)
			throw new Failure(
				`GitHub refused to ${doing} of ${owner}/${name}: ${errors.map(({ message }) => message).join(': ')}; check the name, and that the token may read pull requests there`,
				{ cause: error },
			);
	}
	const pull = answer.repository?.pullRequest;
	if (!pull) throw new Failure(`GitHub has no pull request ${number} in ${owner}/${name}`);
	return pull;
}

/** The same where there is no GraphQL, as behind some proxies: less is told of what is missing. */
async function readByRest(
	{ octokit, owner, name: repo, number, failure }: MergeQuestion,
	doing: string,
): Promise<Pull> {
	const asked = octokit.rest.pulls.get({ owner, repo, pull_number: number });
	const { data } = await asked.catch((error: unknown) => {
		throw failure(doing, error);
	});
	const mergeability = data.mergeable_state ?? (data.mergeable ? 'clean' : 'unknown');
	return {
		id: data.node_id,
		state: data.merged ? 'MERGED' : data.state === 'open' ? 'OPEN' : 'CLOSED',
		isDraft: data.draft ?? false,
		mergeStateStatus: mergeability.toUpperCase(),
		reviewDecision: null,
		headRefOid: data.head.sha,
		baseRefName: data.base.ref,
		mergeCommit: data.merged && data.merge_commit_sha ? { oid: data.merge_commit_sha } : null,
		baseRef: null,
		autoMergeRequest: null,
		isMergeQueueEnabled: false,
		isInMergeQueue: false,
		mergeQueueEntry: null,
		timelineItems: { nodes: null },
		commits: { nodes: null },
	};
}

function isPlanned(pull: Pull, { method, text }: AutoMerge): boolean {
	const { autoMergeRequest: planned, isMergeQueueEnabled, isInMergeQueue } = pull;
	if (isMergeQueueEnabled) return isInMergeQueue || planned !== null;
	if (planned?.mergeMethod !== method.toUpperCase()) return false;
	if (text === undefined) return true;
	return planned.commitHeadline === text.title && planned.commitBody?.trim() === text.body;
}

function textOf({ text }: AutoMerge) {
	return text === undefined ? {} : { commitHeadline: text.title, commitBody: text.body };
}

function refusal(
	{ owner, name, number }: MergeQuestion,
	said: string,
	{ method }: AutoMerge,
	cause: unknown,
): Failure {
	const advice = /auto.?merge is not allowed/i.test(said)
		? "turn on 'Allow auto-merge' in the settings of the repository (General, Pull Requests), or leave auto-merge out"
		: /method.*not allowed|not allowed.*method/i.test(said)
			? `allow ${method} in the settings of the repository, or give auto-merge another one`
			: /not accessible|forbidden|permission/i.test(said)
				? 'give a token that may write contents and pull requests there'
				: 'see what it says';
	return new Failure(
		`GitHub refused to plan the merge of pull request ${number} in ${owner}/${name}: ${said}; ${advice}`,
		{ cause },
	);
}

function waitsFor(pull: Pull): string[] {
	const reasons: string[] = [];
	if (pull.isDraft) reasons.push(waits.draft);
	if (pull.mergeStateStatus === 'DIRTY') reasons.push(waits.conflict(pull.baseRefName));
	if (pull.mergeStateStatus === 'BEHIND') reasons.push(waits.behind(pull.baseRefName));
	if (pull.reviewDecision === 'REVIEW_REQUIRED') reasons.push(waits.review);
	if (pull.reviewDecision === 'CHANGES_REQUESTED') reasons.push(waits.rejection);
	if (pull.mergeQueueEntry !== null) reasons.push(queueReason(pull.mergeQueueEntry));
	const rollup = pull.commits.nodes?.[0]?.commit.statusCheckRollup;
	for (const check of rollup?.contexts.nodes ?? [])
		if (check?.isRequired) reasons.push(...checkReason(check));
	if (reasons.length === 0 && pull.mergeStateStatus === 'BLOCKED')
		reasons.push(`what the rules for ${pull.baseRefName} ask for`);
	return reasons;
}

function queueReason({ state, position }: NonNullable<Pull['mergeQueueEntry']>): string {
	return state === 'UNMERGEABLE'
		? 'the merge queue, which finds that it cannot be merged'
		: `the merge queue, in which it stands at place ${position}`;
}

/** Why the queue let it go, unless it stands there again or is to. */
function expulsionOf(pull: Pull): string | undefined {
	const [event] = pull.timelineItems.nodes ?? [];
	const gone = event?.__typename === 'RemovedFromMergeQueueEvent';
	if (!gone || pull.isInMergeQueue || pull.autoMergeRequest !== null) return undefined;
	return event.reason || 'GitHub gives no reason';
}

function checkReason(check: Check): string[] {
	if (check.__typename === 'StatusContext') {
		if (check.state === 'SUCCESS') return [];
		const failed = check.state === 'FAILURE' || check.state === 'ERROR';
		return [missingCheck(`the check ${check.context}`, failed)];
	}
	const done = check.status === 'COMPLETED';
	if (done && ['SUCCESS', 'NEUTRAL', 'SKIPPED'].includes(check.conclusion ?? '')) return [];
	return [missingCheck(`the check ${check.name}`, done)];
}
