import { type Answer, type ApiCall, created, list, noContent, ok, type Router } from './api.ts';
import { addReview, requestReviews } from './discussion.ts';
import type { GithubViews } from './github-views.ts';
import { mergePlanned, mergePullRequest } from './merge.ts';
import type { MergeMethod, PullRequest, Repository, ReviewState } from './model.ts';
import {
	checkMergeability,
	checkRequirements,
	openPullRequest,
	pullCommits,
	pullFiles,
	refresh,
	updateHead,
	updatePullRequest,
} from './pulls.ts';
import { Refusal } from './refusal.ts';

const pulls = '/repos/:owner/:name/pulls';
const methods: readonly MergeMethod[] = ['merge', 'squash', 'rebase'];
const verdicts: Record<string, ReviewState> = {
	APPROVE: 'APPROVED',
	REQUEST_CHANGES: 'CHANGES_REQUESTED',
	COMMENT: 'COMMENTED',
};

/** Pull requests: their life, their reviews, their files and commits. */
export function addPullRoutes(router: Router, views: GithubViews): void {
	const full = async (call: ApiCall, repository: Repository, pull: PullRequest) =>
		ok(await fullView(call, views, repository, pull));
	router
		.on('GET', pulls, async (call) => {
			const repository = call.repository();
			const found = await listPulls(call, repository);
			return list(found.map((pull) => views.pull(repository, pull)));
		})
		.on('POST', pulls, async (call) => {
			const repository = call.repository('write');
			const pull = await openPullRequest(call.model, repository, call.user, {
				head: ownBranch(repository, call.requiredText('head')),
				base: call.requiredText('base'),
				title: call.requiredText('title'),
				body: call.text('body') ?? '',
				draft: call.flag('draft'),
			});
			return { ...(await full(call, repository, pull)), status: 201 };
		})
		.on('GET', `${pulls}/#number`, async (call) => {
			const repository = call.repository();
			return full(call, repository, repository.pull(call.number()));
		})
		.on('PATCH', `${pulls}/#number`, async (call) => {
			const repository = call.repository('write');
			const pull = repository.pull(call.number());
			await updatePullRequest(call.model, repository, call.user, pull, {
				title: call.text('title'),
				body: call.text('body'),
				base: call.text('base'),
				state: call.text('state'),
			});
			return full(call, repository, pull);
		})
		.on('GET', `${pulls}/#number/commits`, async (call) => {
			const repository = call.repository();
			const commits = await pullCommits(repository, repository.pull(call.number()));
			return list(commits.map((commit) => views.commit(repository, commit)));
		})
		.on('GET', `${pulls}/#number/files`, async (call) => {
			const repository = call.repository();
			const pull = repository.pull(call.number());
			const files = await pullFiles(repository, pull);
			return list(files.map((file) => views.file(repository, pull.headSha, file)));
		})
		.on('GET', `${pulls}/#number/merge`, (call) => {
			if (call.repository().pull(call.number()).merge) return noContent;
			throw new Refusal('not-found', 'Not Found');
		})
		.on('PUT', `${pulls}/#number/merge`, merge)
		.on('PUT', `${pulls}/#number/update-branch`, async (call) => {
			const repository = call.repository('write');
			const pull = repository.pull(call.number());
			const expected = call.text('expected_head_sha');
			if (expected !== undefined && expected !== pull.headSha)
				throw new Refusal('invalid', `expected head sha didn't match current head ref.`);
			await updateHead(call.model, repository, call.user, pull);
			return { status: 202, body: { message: 'Updating pull request branch.', url: '' } };
		})
		.on('GET', `${pulls}/#number/reviews`, (call) => {
			const repository = call.repository();
			const pull = repository.pull(call.number());
			return list(pull.reviews.map((review) => views.review(repository, pull, review)));
		})
		.on('POST', `${pulls}/#number/reviews`, async (call) => {
			const repository = call.repository();
			const pull = repository.pull(call.number());
			const state = verdicts[call.text('event') ?? 'COMMENT'];
			if (state === undefined) throw new Refusal('invalid', 'event is no verdict', 'event');
			const body = call.text('body') ?? '';
			const review = await addReview(call.model, repository, call.user, pull, state, body);
			await mergePlanned(call.model, repository);
			return ok(views.review(repository, pull, review));
		})
		.on('GET', `${pulls}/#number/requested_reviewers`, (call) => {
			const pull = call.repository().pull(call.number());
			return ok({
				users: [...pull.requestedReviewers].map((name) => views.user(name)),
				teams: [...pull.requestedTeams].map((slug) => ({ name: slug, slug })),
			});
		})
		.on('POST', `${pulls}/#number/requested_reviewers`, async (call) => {
			const repository = call.repository('write');
			const pull = repository.pull(call.number());
			const teams = call.texts('team_reviewers');
			const names = call.texts('reviewers');
			await requestReviews(call.model, repository, call.user, pull, names, teams);
			return created(views.pull(repository, pull));
		})
		.on('DELETE', `${pulls}/#number/requested_reviewers`, (call) => {
			const repository = call.repository('write');
			const pull = repository.pull(call.number());
			for (const name of call.texts('reviewers')) pull.requestedReviewers.delete(name);
			for (const slug of call.texts('team_reviewers')) pull.requestedTeams.delete(slug);
			return ok(views.pull(repository, pull));
		});
}

/** `owner:branch` or `branch`. The stand-in has no forks, so another owner has no such branch. */
function ownBranch(repository: Repository, head: string): string {
	const [, owner = repository.owner, branch = head] = /^([^:]+):(.+)$/.exec(head) ?? [];
	if (owner !== repository.owner) throw new Refusal('unknown-head', `no fork of ${owner}`, 'head');
	return branch;
}

async function listPulls(call: ApiCall, repository: Repository): Promise<PullRequest[]> {
	const { state = 'open', head, base, direction } = call.query;
	// GitHub passes over a `head` that does not say whose it is.
	const wanted = head?.includes(':') ? head : undefined;
	const found = repository.pulls.filter(
		(pull) =>
			(state === 'all' || pull.state === state) &&
			(wanted === undefined || wanted === `${repository.owner}:${pull.head}`) &&
			(base === undefined || pull.base === base),
	);
	await Promise.all(found.map((pull) => refresh(repository, pull)));
	return direction === 'asc' ? found : found.reverse();
}

async function fullView(
	call: ApiCall,
	views: GithubViews,
	repository: Repository,
	pull: PullRequest,
) {
	const isOpen = pull.state === 'open';
	const mergeability = isOpen ? await checkMergeability(repository, pull) : undefined;
	const [commits, files] = await Promise.all([
		pullCommits(repository, pull),
		pullFiles(repository, pull),
	]);
	let blocked = false;
	try {
		checkRequirements(call.model, repository, pull);
	} catch {
		blocked = true;
	}
	const counts = { commits: commits.length, files };
	return views.fullPull(repository, pull, counts, mergeability, blocked);
}

async function merge(call: ApiCall): Promise<Answer> {
	const repository = call.repository('write');
	const wanted = call.text('merge_method') ?? 'merge';
	const method = methods.find((candidate) => candidate === wanted);
	if (method === undefined) throw new Refusal('invalid', `${wanted} is no method`, 'merge_method');
	const sha = await mergePullRequest(
		call.model,
		repository,
		call.user,
		repository.pull(call.number()),
		{
			method,
			expectedHead: call.text('sha'),
			title: call.text('commit_title'),
			message: call.text('commit_message'),
		},
	);
	return ok({ sha, merged: true, message: 'Pull Request successfully merged' });
}
