import { zeroId } from '../git/git.ts';
import { type Answer, type ApiCall, created, list, noContent, ok, type Router } from './api.ts';
import { addComment, addReview, findComment, requestReviews } from './discussion.ts';
import type { GiteaViews } from './gitea-views.ts';
import { mergePlanned, mergePullRequest } from './merge.ts';
import type { Comment, PullRequest, Repository, ReviewState } from './model.ts';
import { mergeTrees } from './objects.ts';
import {
	checkMergeability,
	checkRequirements,
	openPullRequest,
	pullCommits,
	pullFiles,
	refresh,
	updatePullRequest,
} from './pulls.ts';
import { Refusal } from './refusal.ts';

const pulls = '/repos/:owner/:name/pulls';
const issues = '/repos/:owner/:name/issues';
const verdicts: Record<string, ReviewState> = {
	APPROVED: 'APPROVED',
	REQUEST_CHANGES: 'CHANGES_REQUESTED',
	COMMENT: 'COMMENTED',
};
const methods = { merge: 'merge', squash: 'squash', rebase: 'rebase' } as const;

/** Gitea's pull requests, with what differs from GitHub's: conflicts, drafts, labels by id. */
export function addGiteaPullRoutes(router: Router, views: GiteaViews): void {
	const view = async (repository: Repository, pull: PullRequest) => {
		await refresh(repository, pull);
		return views.pull(repository, pull, await isMergeable(repository, pull));
	};
	router
		.on('GET', pulls, async (call) => {
			const repository = call.repository();
			const state = call.query.state ?? 'open';
			const found = repository.pulls.filter((pull) => state === 'all' || pull.state === state);
			const shown = found.reverse().map((pull) => view(repository, pull));
			return list(await Promise.all(shown));
		})
		.on('POST', pulls, async (call) => {
			const repository = call.repository('write');
			const title = call.requiredText('title');
			const input = {
				head: call.requiredText('head'),
				base: call.requiredText('base'),
				title,
				body: call.text('body') ?? '',
				draft: isDraft(title),
			};
			const pull = await openPullRequest(call.model, repository, call.user, input);
			await setLabels(call, repository, pull);
			for (const name of call.texts('assignees')) pull.assignees.add(name);
			return created(await view(repository, pull));
		})
		.on('GET', `${pulls}/#number`, async (call) => {
			const repository = call.repository();
			return ok(await view(repository, repository.pull(call.number())));
		})
		.on('GET', `${pulls}/#number/merge`, (call) => {
			if (call.repository().pull(call.number()).merge) return noContent;
			throw new Refusal('not-found', 'Not Found');
		})
		.on('GET', `${pulls}/#number/reviews`, (call) => {
			const repository = call.repository();
			const pull = repository.pull(call.number());
			return list(pull.reviews.map((review) => views.review(repository, pull, review)));
		})
		.on('GET', `${pulls}/#number/commits`, async (call) => {
			const repository = call.repository();
			const commits = await pullCommits(repository, repository.pull(call.number()));
			return list(commits.map((commit) => views.commit(repository, commit)));
		})
		.on('GET', `${pulls}/#number/files`, async (call) => {
			const repository = call.repository();
			const files = await pullFiles(repository, repository.pull(call.number()));
			return list(files.map((file) => views.file(file)));
		})
		.on('GET', `${pulls}/:base/*head`, async (call) => {
			const repository = call.repository();
			const [base, head] = [call.param('base'), call.param('head')];
			const pull = repository.pulls.findLast((one) => one.base === base && one.head === head);
			if (pull === undefined) throw new Refusal('not-found', 'Not Found');
			return ok(await view(repository, pull));
		})
		.on('PATCH', `${pulls}/#number`, async (call) => {
			const repository = call.repository('write');
			const pull = repository.pull(call.number());
			const title = call.text('title');
			if (pull.merge && call.text('state') !== undefined) return mergedAlready(call);
			if (title !== undefined) pull.draft = isDraft(title);
			if (call.body.labels !== undefined) await setLabels(call, repository, pull);
			await updatePullRequest(call.model, repository, call.user, pull, {
				title,
				body: call.text('body'),
				base: call.text('base'),
				state: call.text('state'),
			});
			return created(await view(repository, pull));
		})
		.on('POST', `${pulls}/#number/merge`, merge)
		.on('DELETE', `${pulls}/#number/merge`, (call) => {
			const pull = call.repository('write').pull(call.number());
			if (pull.autoMerge === undefined) throw new Refusal('not-found', 'Not Found');
			pull.autoMerge = undefined;
			return noContent;
		})
		.on('POST', `${pulls}/#number/reviews`, async (call) => {
			const repository = call.repository();
			const pull = repository.pull(call.number());
			const state = verdicts[call.text('event') ?? 'COMMENT'];
			if (state === undefined) throw new Refusal('invalid', 'event is no verdict');
			const body = call.text('body') ?? '';
			const review = await addReview(call.model, repository, call.user, pull, state, body);
			await mergePlanned(call.model, repository);
			return ok(views.review(repository, pull, review));
		})
		.on('POST', `${pulls}/#number/requested_reviewers`, async (call) => {
			const repository = call.repository('write');
			const pull = repository.pull(call.number());
			const teams = call.texts('team_reviewers');
			const names = call.texts('reviewers');
			await requestReviews(call.model, repository, call.user, pull, names, teams);
			return created([]);
		});
	addIssueRoutes(router, views);
}

function mergedAlready({ model }: ApiCall): Answer {
	const message = 'cannot change state of this pull request, it was already merged';
	return { status: 412, body: { message, url: `${model.url}/api/swagger` } };
}

/** Comments, labels and assignees, which stand with the issue. */
function addIssueRoutes(router: Router, views: GiteaViews): void {
	const newComment = (call: ApiCall) => {
		const pull = call.repository().pull(call.number());
		return addComment(call.model, call.user, pull, call.requiredText('body'));
	};
	const comment = (call: ApiCall, one: Comment) => ({
		id: one.id,
		body: one.body,
		user: views.user(one.user),
		created_at: one.createdAt.toISOString(),
		updated_at: one.updatedAt.toISOString(),
		html_url: `${call.model.url}/comments/${one.id}`,
	});
	router
		.on('GET', `${issues}/#number/comments`, (call) => {
			const pull = call.repository().pull(call.number());
			return ok(pull.comments.map((one) => comment(call, one)));
		})
		.on('POST', `${issues}/#number/comments`, (call) => created(comment(call, newComment(call))))
		.on('PATCH', `${issues}/comments/#id`, (call) => {
			const found = findComment(call.repository('write'), call.number('id'));
			found.comment.body = call.requiredText('body');
			found.comment.updatedAt = call.model.now();
			return ok(comment(call, found.comment));
		})
		.on('GET', `${issues}/#number/labels`, (call) => {
			const repository = call.repository();
			return ok(views.labels(repository, repository.pull(call.number())));
		})
		.on('POST', `${issues}/#number/labels`, async (call) => {
			const repository = call.repository('write');
			const pull = repository.pull(call.number());
			await setLabels(call, repository, pull, false);
			return ok(views.labels(repository, pull));
		})
		.on('PUT', `${issues}/#number/labels`, async (call) => {
			const repository = call.repository('write');
			const pull = repository.pull(call.number());
			await setLabels(call, repository, pull);
			return ok(views.labels(repository, pull));
		})
		.on('PATCH', `${issues}/#number`, async (call) => {
			const repository = call.repository('write');
			const pull = repository.pull(call.number());
			const assignees = call.texts('assignees');
			if (call.body.assignees !== undefined) pull.assignees.clear();
			for (const name of assignees) pull.assignees.add(name);
			await updatePullRequest(call.model, repository, call.user, pull, {
				title: call.text('title'),
				body: call.text('body'),
				state: call.text('state'),
			});
			return created({ number: pull.number, state: pull.state, title: pull.title });
		});
}

/** Gitea takes a draft from its title. */
function isDraft(title: string): boolean {
	return /^(WIP:|\[WIP\])/i.test(title);
}

async function isMergeable(repository: Repository, pull: PullRequest): Promise<boolean> {
	if (pull.state === 'closed' || pull.draft) return false;
	return (await mergeTrees(repository.path, pull.baseSha, pull.headSha)) !== undefined;
}

/** Labels by id or name. Unlike on GitHub they have to be there already; others are passed over. */
async function setLabels(
	call: ApiCall,
	repository: Repository,
	pull: PullRequest,
	replace = true,
): Promise<void> {
	const wanted = call.body.labels ?? [];
	if (!Array.isArray(wanted)) throw new Refusal('invalid', 'labels is not a list');
	const known = [...repository.labels.values()].filter(
		({ id, name }) => wanted.includes(id) || wanted.includes(name),
	);
	if (replace) pull.labels.clear();
	for (const { name } of known) pull.labels.add(name);
	if (known.length > 0) await call.model.pullChanged('labeled', repository, pull, call.user.name);
}

function isReady(call: ApiCall, repository: Repository, pull: PullRequest): boolean {
	try {
		checkRequirements(call.model, repository, pull);
		return true;
	} catch {
		return false;
	}
}

/** Gitea checks in the background: a merge before that is over is told to come back. */
async function merge(call: ApiCall): Promise<Answer> {
	const repository = call.repository('write');
	const pull = repository.pull(call.number());
	const name = call.requiredText('do');
	const method = Object.entries(methods).find(([key]) => key === name)?.[1];
	if (method === undefined) throw new Refusal('invalid', `${name} is no way to merge`);
	if (pull.state === 'open' && !pull.draft) {
		const mergeability = await checkMergeability(repository, pull);
		if (mergeability === 'pending') throw new Refusal('checking', 'checking');
		if (mergeability === 'conflict') throw new Refusal('conflict', 'conflict');
	}
	const text = { title: call.text('merge_title_field'), message: call.text('merge_message_field') };
	if (call.flag('merge_when_checks_succeed') && !isReady(call, repository, pull)) {
		const message = 'The pull request is already scheduled to be merged when checks succeed';
		if (pull.autoMerge) return { status: 409, body: { message } };
		pull.autoMerge = { method, user: call.user.name, ...text };
		return { status: 201 };
	}
	await mergePullRequest(call.model, repository, call.user, pull, {
		method,
		expectedHead: call.text('head_commit_id'),
		...text,
	});
	if (call.flag('delete_branch_after_merge')) {
		const tip = await repository.branchTip(pull.head);
		const ref = `refs/heads/${pull.head}`;
		if (tip) await call.model.moveRef(repository, ref, tip, zeroId, call.user);
	}
	return ok({});
}
