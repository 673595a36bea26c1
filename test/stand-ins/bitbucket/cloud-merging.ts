import { type ApiCall, list, ok } from '../forge/api.ts';
import type { DocumentedApi } from '../forge/documented-api.ts';
import { mergePullRequest } from '../forge/merge.ts';
import { commitOf, type MergeMethod, type PullRequest, type Repository } from '../forge/model.ts';
import { changedFiles, mergeBase } from '../forge/objects.ts';
import { Refusal } from '../forge/refusal.ts';
import { named } from './answers.ts';

const strategies: Readonly<Record<string, MergeMethod>> = {
	merge_commit: 'merge',
	squash: 'squash',
	rebase_fast_forward: 'rebase',
};
const states = { success: 'SUCCESSFUL', pending: 'INPROGRESS', failure: 'FAILED', error: 'FAILED' };

/** Merging, and all that tells whether it may be done. */
export function addMergingRoutes(
	api: DocumentedApi,
	base: string,
	view: (repository: Repository, pull: PullRequest, whole: boolean) => Promise<unknown>,
): void {
	const pull = `${base}/pullrequests/#number`;
	api
		.on('POST', `${pull}/merge`, { query: ['async'], body: ofMerge }, async (call) => {
			const repository = call.repository('write');
			const one = repository.pull(call.number());
			named(call.body, 'type');
			const method = strategies[call.text('merge_strategy') ?? 'merge_commit'];
			if (method === undefined) throw new Refusal('invalid', 'No such merge strategy');
			const [title, ...rest] = call.text('message')?.split('\n') ?? [];
			const message = title === undefined ? undefined : rest.join('\n').trim();
			await mergePullRequest(call.model, repository, call.user, one, { method, title, message });
			return ok(await view(repository, one, true));
		})
		.on('GET', `${pull}/statuses`, { query: ['pagelen', 'page', 'q', 'sort'] }, (call) => {
			const repository = call.repository();
			const { headSha } = repository.pull(call.number());
			const statuses = repository.latestStatuses(headSha);
			return list(
				statuses.map(({ context, state }) => ({
					type: 'build',
					key: context,
					name: context,
					state: states[state],
				})),
			);
		})
		.on('GET', `${base}/branch-restrictions`, { query: restrictionParameters }, (call) => {
			// Rules are for administrators to read.
			const { protections } = call.repository('admin');
			const rules = [...protections].flatMap(([pattern, rule]) => [
				restriction('require_approvals_to_merge', pattern, rule.requiredApprovals ?? 0),
				restriction('require_passing_builds_to_merge', pattern, rule.requiredChecks?.length ?? 0),
			]);
			return list(rules);
		})
		.on('GET', `${base}/merge-base/:spec`, {}, async (call) => {
			const { path, one, other } = await commitsIn(call);
			return ok({ type: 'commit', hash: await mergeBase(path, one, other) });
		})
		.on('GET', `${base}/diffstat/:spec`, { query: diffParameters }, async (call) => {
			const { path, one, other } = await commitsIn(call);
			const wanted = new URLSearchParams(call.record.search).getAll('path');
			const files = (await changedFiles(path, other, one)).filter(
				(file) => wanted.length === 0 || wanted.includes(file.path),
			);
			return list(files.map((file) => ({ type: 'diffstat', new: { path: file.path } })));
		})
		.on('GET', `${base}/refs/branches/*branch`, {}, async (call) => {
			const hash = await call.repository().branchTip(call.param('branch'));
			if (hash === undefined) throw new Refusal('not-found', 'no such branch');
			return ok({ type: 'branch', name: call.param('branch'), target: { hash } });
		});
}

const ofMerge = ['type', 'merge_strategy', 'message', 'close_source_branch'];
const restrictionParameters = ['kind', 'pattern', 'page', 'pagelen'];
const diffParameters = ['path', 'topic', 'renames', 'merge', 'ignore_whitespace'];

function restriction(kind: string, pattern: string, value: number) {
	return { type: 'branchrestriction', kind, branch_match_kind: 'glob', pattern, value };
}

/** Two commits with two dots between them; the first has the changes. */
async function commitsIn(call: ApiCall) {
	const repository = call.repository();
	const [first = '', second = ''] = call.param('spec').split('..');
	const [one, other] = await Promise.all([
		commitOf(repository, first),
		commitOf(repository, second),
	]);
	return { path: repository.path, one, other };
}
