import { type ApiCall, created, list, noContent, ok, type Router } from './api.ts';
import { addComment, findComment } from './discussion.ts';
import type { GithubViews } from './github-views.ts';
import type { PullRequest, Repository } from './model.ts';
import { updatePullRequest } from './pulls.ts';
import { Refusal } from './refusal.ts';

const issues = '/repos/:owner/:name/issues';

/** What GitHub keeps with the issue that every pull request is: comments, labels, assignees. */
export function addIssueRoutes(router: Router, views: GithubViews): void {
	const labels = (repository: Repository, pull: PullRequest) =>
		[...pull.labels].map((name) => views.label(repository.ensureLabel(name)));
	router
		.on('GET', `${issues}/#number`, (call) => {
			const repository = call.repository();
			return ok(views.issue(repository, repository.pull(call.number())));
		})
		.on('PATCH', `${issues}/#number`, async (call) => {
			const repository = call.repository('write');
			const pull = repository.pull(call.number());
			if (call.body.labels !== undefined) replace(pull.labels, labelNames(call));
			if (call.body.assignees !== undefined) replace(pull.assignees, call.texts('assignees'));
			await updatePullRequest(call.model, repository, call.user, pull, {
				title: call.text('title'),
				body: call.text('body'),
				state: call.text('state'),
			});
			return ok(views.issue(repository, pull));
		})
		.on('GET', `${issues}/#number/comments`, (call) => {
			const repository = call.repository();
			const pull = repository.pull(call.number());
			return list(pull.comments.map((comment) => views.comment(repository, pull, comment)));
		})
		.on('POST', `${issues}/#number/comments`, (call) => {
			const repository = call.repository();
			const pull = repository.pull(call.number());
			return created(
				views.comment(
					repository,
					pull,
					addComment(call.model, call.user, pull, call.requiredText('body')),
				),
			);
		})
		.on('PATCH', `${issues}/comments/#id`, (call) => {
			const repository = call.repository('write');
			const { pull, comment } = findComment(repository, call.number('id'));
			comment.body = call.requiredText('body');
			comment.updatedAt = call.model.now();
			return ok(views.comment(repository, pull, comment));
		})
		.on('DELETE', `${issues}/comments/#id`, (call) => {
			const { pull, comment } = findComment(call.repository('write'), call.number('id'));
			pull.comments.splice(pull.comments.indexOf(comment), 1);
			return noContent;
		})
		.on('GET', `${issues}/#number/labels`, (call) => {
			const repository = call.repository();
			return list(labels(repository, repository.pull(call.number())));
		})
		.on('POST', `${issues}/#number/labels`, async (call) => {
			const repository = call.repository('write');
			const pull = repository.pull(call.number());
			for (const name of labelNames(call)) pull.labels.add(name);
			await call.model.pullChanged('labeled', repository, pull, call.user.name);
			return ok(labels(repository, pull));
		})
		.on('PUT', `${issues}/#number/labels`, (call) => {
			const repository = call.repository('write');
			const pull = repository.pull(call.number());
			replace(pull.labels, labelNames(call));
			return ok(labels(repository, pull));
		})
		.on('DELETE', `${issues}/#number/labels/*label`, (call) => {
			const repository = call.repository('write');
			const pull = repository.pull(call.number());
			if (!pull.labels.delete(call.param('label'))) {
				throw new Refusal('not-found', 'Label does not exist');
			}
			return ok(labels(repository, pull));
		})
		.on('POST', `${issues}/#number/assignees`, (call) => {
			const repository = call.repository('write');
			const pull = repository.pull(call.number());
			// GitHub leaves out, without a word, whom it may not assign.
			const known = call.texts('assignees').filter((name) => call.model.accounts.byName(name));
			for (const name of known) pull.assignees.add(name);
			return created(views.issue(repository, pull));
		})
		.on('DELETE', `${issues}/#number/assignees`, (call) => {
			const repository = call.repository('write');
			const pull = repository.pull(call.number());
			for (const name of call.texts('assignees')) pull.assignees.delete(name);
			return ok(views.issue(repository, pull));
		});
}

/** A list in `labels`, or the bare list that the route also takes. */
function labelNames(call: ApiCall): string[] {
	const list = Array.isArray(call.record.body) ? call.record.body : (call.body.labels ?? []);
	if (!Array.isArray(list)) throw new Refusal('invalid', 'labels is not a list', 'labels');
	return list.map((label: unknown) =>
		typeof label === 'object' && label !== null && 'name' in label
			? String(label.name)
			: String(label),
	);
}

function replace(set: Set<string>, names: readonly string[]): void {
	set.clear();
	for (const name of names) set.add(name);
}
