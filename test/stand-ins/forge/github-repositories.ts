import { resolveCommit } from '../git/git.ts';
import { type ApiCall, created, list, ok, type Router } from './api.ts';
import type { GithubViews } from './github-views.ts';
import { mergePlanned } from './merge.ts';
import { commitOf, listRefs } from './model.ts';
import { changedFiles, countCommits, mergeBase, readCommit, readCommits } from './objects.ts';
import { Refusal } from './refusal.ts';
import { addStatus, combinedState } from './statuses.ts';

/** Users, repositories, branches and tags to read, commits, comparisons, commit statuses. */
export function addRepositoryRoutes(router: Router, views: GithubViews): void {
	router
		.on('GET', '/user', (call) => ok(views.user(call.user.name)))
		.on('GET', '/users/:login', (call) => {
			const user = call.model.accounts.byName(call.param('login'));
			if (user === undefined) throw new Refusal('not-found', 'Not Found');
			return ok(views.user(user.name));
		})
		.on('GET', '/repos/:owner/:name', (call) => {
			const repository = call.repository();
			return ok(
				views.repository(repository, call.record.user === undefined ? undefined : call.user),
			);
		})
		.on('GET', '/repos/:owner/:name/branches', async (call) => {
			const repository = call.repository();
			const refs = await listRefs(repository, 'refs/heads/');
			return list(
				refs.map(({ ref, sha }) => {
					const name = ref.slice('refs/heads/'.length);
					return { name, commit: { sha }, protected: repository.protections.has(name) };
				}),
			);
		})
		.on('GET', '/repos/:owner/:name/branches/*branch', async (call) => {
			const repository = call.repository();
			const name = call.param('branch');
			const tip = await repository.branchTip(name);
			if (tip === undefined) throw new Refusal('not-found', 'Branch not found');
			const commit = await readCommit(repository.path, tip);
			const isProtected = repository.protections.has(name);
			return ok({ name, commit: views.commit(repository, commit), protected: isProtected });
		})
		.on('GET', '/repos/:owner/:name/tags', async (call) => {
			const repository = call.repository();
			const refs = await listRefs(repository, 'refs/tags/');
			return list(
				await Promise.all(
					refs.map(async ({ ref }) => ({
						name: ref.slice('refs/tags/'.length),
						commit: { sha: await resolveCommit(repository.path, ref) },
					})),
				),
			);
		})
		.on('GET', '/repos/:owner/:name/commits', async (call) => {
			const repository = call.repository();
			const start = await commitOf(repository, call.query.sha ?? repository.defaultBranch);
			const paths = call.query.path === undefined ? [] : ['--', call.query.path];
			const commits = await readCommits(repository.path, [start, ...paths]);
			return list(commits.map((commit) => views.commit(repository, commit)));
		})
		.on('GET', '/repos/:owner/:name/commits/*ref/status', async (call) => {
			const repository = call.repository();
			const sha = await commitOf(repository, call.param('ref'));
			const latest = repository.latestStatuses(sha);
			return ok({
				sha,
				state: combinedState(latest.map((status) => status.state)),
				total_count: latest.length,
				statuses: latest.map((status) => views.status(repository, sha, status)),
				repository: views.repository(repository),
			});
		})
		.on('GET', '/repos/:owner/:name/commits/*ref/statuses', async (call) => {
			const repository = call.repository();
			const sha = await commitOf(repository, call.param('ref'));
			const newestFirst = (repository.statuses.get(sha) ?? []).toReversed();
			return list(newestFirst.map((status) => views.status(repository, sha, status)));
		})
		.on('POST', '/repos/:owner/:name/statuses/:sha', async (call) => {
			const repository = call.repository('write');
			const sha = await commitOf(repository, call.param('sha'));
			const status = addStatus(call.model, repository, call.user, sha, call.newStatus());
			await mergePlanned(call.model, repository);
			return created(views.status(repository, sha, status));
		})
		.on('GET', '/repos/:owner/:name/commits/*ref', async (call) => {
			const repository = call.repository();
			const commit = await readCommit(
				repository.path,
				await commitOf(repository, call.param('ref')),
			);
			const files = await changedFiles(repository.path, commit.parents[0], commit.sha);
			return ok(views.commit(repository, commit, files));
		})
		.on('GET', '/repos/:owner/:name/compare/*range', async (call) =>
			ok(await compare(call, views)),
		);
}

async function compare(call: ApiCall, views: GithubViews) {
	const repository = call.repository();
	const [from = '', to = ''] = call.param('range').split('...');
	const [base, head] = await Promise.all([commitOf(repository, from), commitOf(repository, to)]);
	const fork = await mergeBase(repository.path, base, head);
	if (fork === undefined)
		throw new Refusal('not-found', `No common ancestor between ${from} and ${to}.`);
	const [ahead, behind, commits, files] = await Promise.all([
		countCommits(repository.path, `${base}..${head}`),
		countCommits(repository.path, `${head}..${base}`),
		readCommits(repository.path, ['--reverse', `${base}..${head}`]),
		changedFiles(repository.path, fork, head),
	]);
	const { page = '1', per_page: size = '250' } = call.query;
	const shown = commits.slice((Number(page) - 1) * Number(size), Number(page) * Number(size));
	const status =
		ahead > 0 ? (behind > 0 ? 'diverged' : 'ahead') : behind > 0 ? 'behind' : 'identical';
	return {
		status,
		ahead_by: ahead,
		behind_by: behind,
		total_commits: ahead,
		base_commit: views.commit(repository, await readCommit(repository.path, base)),
		merge_base_commit: views.commit(repository, await readCommit(repository.path, fork)),
		commits: shown.map((commit) => views.commit(repository, commit)),
		files: files.map((file) => views.file(repository, head, file)),
	};
}
