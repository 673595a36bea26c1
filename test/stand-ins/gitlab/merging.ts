import { type Answer, type ApiCall, noContent, ok } from '../forge/api.ts';
import type { DocumentedApi } from '../forge/documented-api.ts';
import { enqueue, mergePullRequest } from '../forge/merge.ts';
import type { ForgeModel, PlannedMerge, PullRequest, Repository } from '../forge/model.ts';
import { isAncestor } from '../forge/objects.ts';
import { checkMergeability, missingRequirement } from '../forge/pulls.ts';
import { Refusal } from '../forge/refusal.ts';
import { combinedState } from '../forge/statuses.ts';

const project = '/api/v4/projects/*project';
const request = `${project}/merge_requests/#number`;

/** How the routes of merge requests find and show one. */
interface Views {
	readonly repositoryOf: (call: ApiCall, wanted?: 'read' | 'write') => Repository;
	readonly view: (repository: Repository, pull: PullRequest) => Promise<unknown>;
}

/** What of a merge request tells how it stands. */
export async function mergingView(model: ForgeModel, repository: Repository, pull: PullRequest) {
	const method = pull.merge?.method;
	const pipeline = pipelineOf(repository, pull);
	return {
		detailed_merge_status: await statusOf(model, repository, pull),
		merge_when_pipeline_succeeds: (pull.autoMerge ?? pull.queuedBy) !== undefined,
		merge_error: null,
		head_pipeline: pipeline === undefined ? null : { status: pipeline },
		merge_commit_sha: method === 'merge' ? pull.merge?.commit : null,
		squash_commit_sha: method === 'squash' ? pull.merge?.commit : null,
	};
}

/** GitLab's one word for the first thing that is missing. */
async function statusOf(model: ForgeModel, repository: Repository, pull: PullRequest) {
	if (pull.state === 'closed') return 'not_open';
	if (pull.draft) return 'draft_status';
	const mergeability = await checkMergeability(repository, pull);
	if (mergeability === 'pending') return 'checking';
	if (mergeability === 'conflict') return 'conflict';
	if (repository.mergeMethod === 'ff' && !(await isOnBase(repository, pull))) return 'need_rebase';
	const missing = missingRequirement(model, repository, pull);
	if (missing?.reason === 'unapproved')
		return /requested/.test(missing.message) ? 'requested_changes' : 'not_approved';
	if (missing === undefined) return 'mergeable';
	return pipelineOf(repository, pull) === 'running' ? 'ci_still_running' : 'ci_must_pass';
}

function isOnBase({ path }: Repository, { baseSha, headSha }: PullRequest): Promise<boolean> {
	return isAncestor(path, baseSha, headSha);
}

/** What reports on a commit is a pipeline there. */
function pipelineOf(repository: Repository, pull: PullRequest): string | undefined {
	const states = repository.latestStatuses(pull.headSha).map(({ state }) => state);
	if (states.length === 0) return undefined;
	return { success: 'success', pending: 'running', failure: 'failed', error: 'failed' }[
		combinedState(states)
	];
}

/** Merging, now or once all checks pass. */
export function addMergingRoutes(
	api: DocumentedApi,
	model: ForgeModel,
	{ repositoryOf, view }: Views,
): void {
	api
		.on('PUT', `${request}/merge`, { body: ofMerge }, async (call): Promise<Answer> => {
			const repository = repositoryOf(call, 'write');
			const pull = repository.pull(call.number());
			const plan = planned(call, repository, pull);
			const status = await statusOf(model, repository, pull);
			const pipeline = pipelineOf(repository, pull);
			const auto = call.flag('auto_merge') || call.flag('merge_when_pipeline_succeeds');
			const now = status === 'mergeable' && (!auto || pipeline === 'success');
			const hopeless = ['not_open', 'conflict', 'need_rebase', 'checking'].includes(status);
			const later = auto && !hopeless && (status !== 'mergeable' || pipeline === 'running');
			if (!now && !later) throw new Refusal('unchecked', 'not as it stands');
			const sha = call.text('sha');
			if (sha !== undefined && sha !== pull.headSha) throw new Refusal('head-moved', 'moved');
			if (now) {
				await mergePullRequest(model, repository, call.user, pull, plan);
			} else pull.autoMerge = plan;
			return ok(await view(repository, pull));
		})
		.on(
			'POST',
			`${project}/merge_trains/merge_requests/#number`,
			{ body: ofTrain },
			async (call) => {
				const repository = repositoryOf(call, 'write');
				const pull = repository.pull(call.number());
				const status = await statusOf(model, repository, pull);
				const plan = planned(call, repository, pull);
				const sha = call.text('sha');
				if (sha !== undefined && sha !== pull.headSha) throw new Refusal('head-moved', 'moved');
				if (status === 'mergeable') await enqueue(model, repository, pull, call.user);
				else if (call.flag('auto_merge') || call.flag('when_pipeline_succeeds'))
					pull.autoMerge = plan;
				else throw new Refusal('invalid', 'The merge request cannot be added');
				return { status: status === 'mergeable' ? 201 : 202, body: [] };
			},
		)
		.on('POST', `${request}/cancel_merge_when_pipeline_succeeds`, {}, async (call) => {
			const repository = repositoryOf(call, 'write');
			const pull = repository.pull(call.number());
			if (pull.autoMerge === undefined) throw new Refusal('invalid', 'nothing is planned');
			pull.autoMerge = undefined;
			return ok(await view(repository, pull));
		})
		.on('GET', `${project}/repository/branches/*branch`, {}, async (call) => {
			const name = call.param('branch');
			const id = await repositoryOf(call).branchTip(name);
			return id === undefined ? noContent : ok({ name, commit: { id } });
		});
}

const ofTrain = ['auto_merge', 'when_pipeline_succeeds', 'sha', 'squash'];
const ofMerge = [
	'auto_merge',
	'merge_when_pipeline_succeeds',
	'sha',
	'squash',
	'squash_commit_message',
	'merge_commit_message',
	'should_remove_source_branch',
];

/** What is squashed has the title alone for its message, unless another one is given. */
function planned(call: ApiCall, repository: Repository, pull: PullRequest): PlannedMerge {
	const { name: user } = call.user;
	if (!call.flag('squash')) {
		const method = repository.mergeMethod === 'ff' ? 'rebase' : 'merge';
		return { method, user, title: undefined, message: undefined };
	}
	const [title = '', ...rest] = (call.text('squash_commit_message') ?? pull.title).split('\n');
	return { method: 'squash', user, title, message: rest.join('\n').trim() };
}

/** Whether what is merged into the default branch goes on a train. */
export function hasTrain({ protections, defaultBranch }: Repository): boolean {
	return protections.get(defaultBranch)?.mergeQueue ?? false;
}

/** What GitLab itself notes of a train, below what people say. */
export function trainNotes({ queuedBy, expelled }: PullRequest) {
	const note = (body: string) => [{ id: 0, body, system: true }];
	if (queuedBy !== undefined) return note('started a merge train');
	if (expelled === undefined) return [];
	return note(`removed this merge request from the merge train because ${expelled}`);
}
