import type { ApiCall } from '../forge/api.ts';
import { mergePlanned, mergePullRequest } from '../forge/merge.ts';
import type { ForgeModel, MergeMethod, PullRequest, Repository } from '../forge/model.ts';
import { checkMergeability, missingRequirement } from '../forge/pulls.ts';
import { Refusal } from '../forge/refusal.ts';

const methods: Readonly<Record<string, MergeMethod>> = {
	noFastForward: 'merge',
	squash: 'squash',
	rebase: 'rebase',
};
const policies = {
	reviewers: {
		id: 'fa4e907d-c16b-4a4c-9dfa-4906e5d171dd',
		displayName: 'Minimum number of reviewers',
	},
	status: { id: 'cbdc66da-9728-4af8-aada-9a5a32e4a226', displayName: 'Status' },
};
const mergeStatuses = { pending: 'queued', clean: 'succeeded', conflict: 'conflicts' };

/** What of a pull request tells how it stands. */
export async function mergingView(
	repository: Repository,
	pull: PullRequest,
	idOf: (name: string) => string,
) {
	const { autoMerge: plan, merge } = pull;
	const open = pull.state === 'open';
	const mergeability = open ? await checkMergeability(repository, pull) : 'clean';
	const [strategy] = Object.entries(methods).find(([, method]) => method === plan?.method) ?? [];
	return {
		mergeStatus: mergeStatuses[mergeability],
		lastMergeSourceCommit: { commitId: pull.headSha },
		lastMergeTargetCommit: { commitId: pull.baseSha },
		...(merge && { lastMergeCommit: { commitId: merge.commit } }),
		...(plan && {
			autoCompleteSetBy: { id: idOf(plan.user) },
			completionOptions: {
				mergeStrategy: strategy,
				...(plan.title && { mergeCommitMessage: `${plan.title}\n\n${plan.message}` }),
			},
		}),
	};
}

/** Completes a pull request, or sets it to be completed once its policies are met. */
export async function changeMerging(
	call: ApiCall,
	repository: Repository,
	pull: PullRequest,
	ownId: string,
): Promise<void> {
	const { body, model } = call;
	const options = (body.completionOptions ?? {}) as Record<string, string | undefined>;
	const method = methods[options.mergeStrategy ?? 'noFastForward'];
	if (method === undefined) throw new Refusal('invalid', 'mergeStrategy');
	const [title, ...rest] = (options.mergeCommitMessage ?? messageFor(pull)).split('\n');
	const plan = { method, user: call.user.name, title, message: rest.join('\n').trim() };
	if (body.status === 'completed') {
		const { commitId } = (body.lastMergeSourceCommit ?? {}) as { commitId?: string };
		// Who completes it says which commit he has seen.
		if (commitId !== pull.headSha) throw new Refusal('head-moved', 'the source branch has moved');
		await mergePullRequest(model, repository, call.user, pull, plan);
	}
	if (body.autoCompleteSetBy === undefined) return;
	const { id = '' } = body.autoCompleteSetBy as { id?: string };
	if (/^[0-]+$/.test(id)) {
		pull.autoMerge = undefined;
		return;
	}
	if (id !== ownId) throw new Refusal('invalid', 'auto-complete can be set in your own name alone');
	pull.autoMerge = plan;
	// Azure looks at it in the background, after it has answered.
	setImmediate(() => void mergePlanned(model, repository));
}

function messageFor({ number, title }: PullRequest): string {
	return `Merged PR ${number}: ${title}`;
}

/** How the policies of the base stand to a pull request. */
export function evaluations(model: ForgeModel, repository: Repository, pull: PullRequest) {
	const { requiredApprovals = 0, requiredChecks = [] } =
		repository.protections.get(pull.base) ?? {};
	const statuses = repository.latestStatuses(pull.headSha);
	const lacks = missingRequirement(model, repository, pull);
	const record = (status: string, type: object, settings: object) => ({
		status,
		configuration: { isEnabled: true, isBlocking: true, type, settings },
	});
	const checks = requiredChecks.map((context) => {
		const state = statuses.find((status) => status.context === context)?.state;
		const words = { success: 'approved', pending: 'running', failure: 'rejected', error: 'broken' };
		const [statusGenre, statusName] = context.split('/');
		return record(state ? words[state] : 'queued', policies.status, { statusGenre, statusName });
	});
	if (requiredApprovals === 0) return checks;
	const status = lacks?.reason === 'unapproved' ? 'queued' : 'approved';
	const settings = { minimumApproverCount: requiredApprovals };
	return [record(status, policies.reviewers, settings), ...checks];
}

/** The pull request that an artifact's id names. */
export function pullOf(model: ForgeModel, artifactId: string) {
	const [, id, number] =
		/^vstfs:\/\/\/CodeReview\/CodeReviewId\/(\d+)\/(\d+)$/.exec(artifactId) ?? [];
	for (const repository of model.repositories.values())
		if (String(repository.id) === id) return { repository, pull: repository.pull(Number(number)) };
	throw new Refusal('not-found', 'no such artifact');
}
