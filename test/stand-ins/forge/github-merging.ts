import type { User } from '../git/accounts.ts';
import type { ForgeModel, MergeMethod, PullRequest, Repository } from './model.ts';
import { checkMergeability, isBehind, missingRequirement } from './pulls.ts';
import { Refusal } from './refusal.ts';

/** GitHub's word for whether a pull request may be merged now. */
async function mergeStateOf(
	model: ForgeModel,
	repository: Repository,
	pull: PullRequest,
): Promise<string> {
	if (pull.draft) return 'DRAFT';
	const mergeability = await checkMergeability(repository, pull);
	if (mergeability === 'pending') return 'UNKNOWN';
	if (mergeability === 'conflict') return 'DIRTY';
	if (await isBehind(repository, pull)) return 'BEHIND';
	if (missingRequirement(model, repository, pull) !== undefined) return 'BLOCKED';
	const statuses = repository.latestStatuses(pull.headSha);
	return statuses.every(({ state }) => state === 'success') ? 'CLEAN' : 'UNSTABLE';
}

/** A pull request as GraphQL resolves it: the fields that the step asks for. */
export async function pullObject(model: ForgeModel, repository: Repository, pull: PullRequest) {
	const state = pull.merge ? 'MERGED' : pull.state === 'open' ? 'OPEN' : 'CLOSED';
	const mergeStateStatus =
		state === 'OPEN' ? await mergeStateOf(model, repository, pull) : 'UNKNOWN';
	const lacks = missingRequirement(model, repository, pull);
	const protection = repository.protections.get(pull.base);
	const rejected = pull.reviews.some((review) => review.state === 'CHANGES_REQUESTED');
	const { autoMerge } = pull;
	return {
		id: `PR_${pull.id}`,
		state,
		isDraft: pull.draft,
		mergeStateStatus,
		reviewDecision: rejected
			? 'CHANGES_REQUESTED'
			: protection?.requiredApprovals
				? lacks?.reason === 'unapproved'
					? 'REVIEW_REQUIRED'
					: 'APPROVED'
				: null,
		headRefOid: pull.headSha,
		baseRefName: pull.base,
		mergeCommit: pull.merge ? { oid: pull.merge.commit } : null,
		baseRef: { target: { __typename: 'Commit', oid: pull.baseSha } },
		autoMergeRequest: autoMerge
			? {
					mergeMethod: autoMerge.method.toUpperCase(),
					commitHeadline: autoMerge.title ?? null,
					commitBody: autoMerge.message ?? null,
				}
			: null,
		...queueView(repository, pull),
		commits: { nodes: [{ commit: { statusCheckRollup: rollup(repository, pull) } }] },
	};
}

/** How it stands in the merge queue of its base. */
function queueView(repository: Repository, pull: PullRequest) {
	const { queuedBy, expelled } = pull;
	const queued = repository.pulls.filter((one) => one.queuedBy !== undefined);
	const position = queued.indexOf(pull) + 1;
	const added = queuedBy !== undefined && { __typename: 'AddedToMergeQueueEvent' };
	const removed = expelled !== undefined && {
		__typename: 'RemovedFromMergeQueueEvent',
		reason: expelled,
	};
	return {
		isMergeQueueEnabled: repository.protections.get(pull.base)?.mergeQueue ?? false,
		isInMergeQueue: queuedBy !== undefined,
		mergeQueueEntry: queuedBy === undefined ? null : { state: 'AWAITING_CHECKS', position },
		timelineItems: { nodes: [added || removed].filter(Boolean) },
	};
}

function rollup(repository: Repository, pull: PullRequest) {
	const required = repository.protections.get(pull.base)?.requiredChecks ?? [];
	const statuses = repository.latestStatuses(pull.headSha);
	const seen = statuses.map(({ context, state }) => ({
		__typename: 'StatusContext',
		context,
		state: state.toUpperCase(),
		isRequired: required.includes(context),
	}));
	const expected = required
		.filter((context) => !statuses.some((status) => status.context === context))
		.map((context) => ({
			__typename: 'StatusContext',
			context,
			state: 'EXPECTED',
			isRequired: true,
		}));
	const nodes = [...seen, ...expected];
	return nodes.length === 0 ? null : { contexts: { nodes } };
}

export interface EnableInput {
	readonly pullRequestId: string;
	readonly mergeMethod?: string;
	readonly commitHeadline?: string;
	readonly commitBody?: string;
}

/** Plans a merge, as GitHub does: only where something is missing yet. */
export async function enableAutoMerge(
	model: ForgeModel,
	repository: Repository,
	pull: PullRequest,
	user: User,
	{ mergeMethod = 'MERGE', commitHeadline, commitBody }: EnableInput,
): Promise<void> {
	if (!repository.allowAutoMerge)
		throw new Refusal('invalid', 'Auto merge is not allowed for this repository');
	const status = pull.state === 'open' ? await mergeStateOf(model, repository, pull) : 'CLOSED';
	if (status !== 'BLOCKED')
		throw new Refusal('invalid', `Pull request is in ${status.toLowerCase()} status`);
	pull.autoMerge = {
		method: mergeMethod.toLowerCase() as MergeMethod,
		user: user.name,
		title: commitHeadline,
		message: commitBody,
	};
}
