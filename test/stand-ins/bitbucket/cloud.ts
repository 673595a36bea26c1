import { type ApiCall, created, list, ok } from '../forge/api.ts';
import { addComment, requestReviews } from '../forge/discussion.ts';
import { type Dialect, DocumentedApi, UserNumbers } from '../forge/documented-api.ts';
import { commitOf, type ForgeModel, type PullRequest, type Repository } from '../forge/model.ts';
import { readCommits } from '../forge/objects.ts';
import { openPullRequest, refresh, updatePullRequest } from '../forge/pulls.ts';
import { Refusal } from '../forge/refusal.ts';
import { bitbucketAnswers, described, named } from './answers.ts';
import { addBuild, ofBuild } from './builds.ts';
import { addMergingRoutes } from './cloud-merging.ts';

const pageParameters = ['page', 'pagelen', 'sort', 'fields', 'q'];

const dialect: Dialect = {
	kind: 'bitbucket',
	schemes: ['bearer', 'basic'],
	answers: { ...bitbucketAnswers, duplicate: { status: 400 } },
	refusal: (_status, message) => ({ type: 'error', error: { message } }),
	page: (items, { record }) => {
		const size = Math.min(Number(record.query.pagelen) || 10, 100);
		const page = Number(record.query.page) || 1;
		const more = items.length > page * size && { next: `?page=${page + 1}` };
		const values = items.slice((page - 1) * size, page * size);
		return { status: 200, body: { pagelen: size, page, size: items.length, values, ...more } };
	},
};

const base = '/2.0/repositories/:owner/:name';
const pulls = `${base}/pullrequests`;

/** Bitbucket Cloud's REST API, version 2.0, as developer.atlassian.com tells of pull requests. */
export function bitbucketCloudFront(model: ForgeModel): DocumentedApi {
	const api = new DocumentedApi(model, dialect);
	const users = new UserNumbers(model);
	const account = (name: string) => ({
		type: 'user',
		uuid: `{00000000-0000-4000-8000-${String(users.of(name)).padStart(12, '0')}}`,
		nickname: name,
		display_name: `${name} of Acme`,
	});
	const nameOf = (uuid: unknown) => users.nameOf(Number(/(\d{12})\}$/.exec(String(uuid))?.[1]));
	const side = (repository: Repository, branch: string, commit: string) => ({
		branch: { name: branch },
		commit: { type: 'commit', hash: commit.slice(0, 12) },
		repository: { type: 'repository', full_name: repository.fullName, uuid: `{${repository.id}}` },
	});
	const view = async (repository: Repository, pull: PullRequest, whole: boolean) => {
		await refresh(repository, pull);
		const reviewed = new Set(pull.reviews.map(({ user }) => user));
		const page = `${model.url}/${repository.fullName}/pull-requests/${pull.number}`;
		return {
			type: 'pullrequest',
			id: pull.number,
			title: pull.title,
			description: pull.body,
			state: pull.merge ? 'MERGED' : pull.state === 'open' ? 'OPEN' : 'DECLINED',
			draft: pull.draft,
			author: account(pull.user),
			source: side(repository, pull.head, pull.headSha),
			destination: side(repository, pull.base, pull.baseSha),
			created_on: pull.createdAt.toISOString(),
			updated_on: pull.updatedAt.toISOString(),
			links: { html: { href: page } },
			task_count: 0,
			...(pull.merge && { merge_commit: { hash: pull.merge.commit.slice(0, 12) } }),
			// A list leaves them out unless `fields` asks for them.
			...(whole && {
				reviewers: [...pull.requestedReviewers].map(account),
				participants: [...reviewed].map((name) => ({
					user: account(name),
					...verdictOf(pull, name),
				})),
			}),
		};
	};
	const setReviewers = async (call: ApiCall, repository: Repository, pull: PullRequest) => {
		const { reviewers } = call.body;
		if (!Array.isArray(reviewers)) return;
		const names = reviewers.map((one) => nameOf((one as { uuid?: unknown }).uuid));
		pull.requestedReviewers.clear();
		await requestReviews(model, repository, call.user, pull, names, []);
	};

	api
		.on('GET', base, {}, (call) => {
			const repository = call.repository();
			const mainbranch = { type: 'branch', name: repository.defaultBranch };
			return ok({ type: 'repository', full_name: repository.fullName, mainbranch });
		})
		.on('GET', `${base}/commit/:hash`, {}, async (call) => {
			const hash = await commitOf(call.repository(), call.param('hash'));
			return ok({ type: 'commit', hash });
		})
		.on('POST', `${base}/commit/:hash/statuses/build`, { body: ofBuild }, async (call) => {
			const repository = call.repository('write');
			return created(
				addBuild(
					model,
					repository,
					call.user,
					await commitOf(repository, call.param('hash')),
					call.body,
				),
			);
		})
		.on('GET', `${base}/commits`, { query: [...pageParameters, ...range] }, async (call) => {
			const repository = call.repository();
			const { include = '', exclude = '' } = call.query;
			const [to, from] = [await commitOf(repository, include), await commitOf(repository, exclude)];
			const commits = await readCommits(repository.path, [`${from}..${to}`]);
			return list(
				commits.map(({ sha, message, author }) => ({
					type: 'commit',
					hash: sha,
					message,
					author: { type: 'author', raw: `${author.name} <${author.email}>` },
				})),
			);
		})
		.on('GET', '/2.0/workspaces/:owner/members', { query: pageParameters }, (call) => {
			const names = [call.user.name, 'alice', 'bob', 'promoter'];
			return list([...new Set(names)].map((name) => ({ user: account(name) })));
		})
		.on('GET', pulls, { query: [...pageParameters, 'state'] }, async (call) => {
			const repository = call.repository();
			const whole = call.query.fields?.includes('+values.reviewers') === true;
			const all = await Promise.all(repository.pulls.map((pull) => view(repository, pull, whole)));
			const states = statesOf(call);
			const { q } = call.query;
			const [, head] = /^source\.branch\.name = "(.*)"$/.exec(q ?? '') ?? [];
			if (q !== undefined && head === undefined) throw new Refusal('invalid', 'Invalid query');
			const found = all
				.filter(({ state }) => states.includes(state))
				.filter(({ source }) => head === undefined || source.branch.name === head);
			return list(call.query.sort === '-created_on' ? found.reverse() : found);
		})
		.on('POST', pulls, { body: [...changeable, 'source', 'draft'] }, async (call) => {
			const repository = call.repository('write');
			const pull = await openPullRequest(model, repository, call.user, {
				head: named(call.body.source, 'branch', 'name'),
				base: named(call.body.destination, 'branch', 'name'),
				title: call.requiredText('title'),
				body: described(call.text('description')),
				draft: call.flag('draft'),
			});
			await setReviewers(call, repository, pull);
			return created(await view(repository, pull, true));
		})
		.on('GET', `${pulls}/#number`, {}, async (call) => {
			const repository = call.repository();
			return ok(await view(repository, repository.pull(call.number()), true));
		})
		.on('PUT', `${pulls}/#number`, { body: changeable }, async (call) => {
			const repository = call.repository('write');
			const pull = repository.pull(call.number());
			if (pull.state === 'closed') throw new Refusal('closed', 'closed');
			await setReviewers(call, repository, pull);
			await updatePullRequest(model, repository, call.user, pull, {
				title: call.requiredText('title'),
				body: described(call.text('description')),
				base: named(call.body.destination, 'branch', 'name'),
			});
			return ok(await view(repository, pull, true));
		})
		.on('POST', `${pulls}/#number/decline`, {}, async (call) => {
			const repository = call.repository('write');
			const pull = repository.pull(call.number());
			if (pull.state === 'closed') throw new Refusal('closed', 'closed');
			await updatePullRequest(model, repository, call.user, pull, { state: 'closed' });
			return ok(await view(repository, pull, true));
		})
		.on('GET', `${pulls}/#number/comments`, { query: pageParameters }, (call) => {
			const { comments } = call.repository().pull(call.number());
			return list(comments.map(({ id, body }) => ({ id, content: { raw: body } })));
		})
		.on('POST', `${pulls}/#number/comments`, { body: ['content'] }, (call) => {
			const pull = call.repository('write').pull(call.number());
			const { id, body } = addComment(model, call.user, pull, named(call.body, 'content', 'raw'));
			return created({ id, content: { raw: body } });
		});
	addMergingRoutes(api, base, view);
	return api;
}

/** What a participant said last. */
function verdictOf({ reviews }: PullRequest, name: string) {
	const said = reviews.findLast(({ user }) => user === name)?.state;
	const states = { APPROVED: 'approved', CHANGES_REQUESTED: 'changes_requested' } as const;
	const state = said === 'APPROVED' || said === 'CHANGES_REQUESTED' ? states[said] : null;
	return { approved: said === 'APPROVED', state };
}

const range = ['include', 'exclude'];
const changeable = ['title', 'description', 'destination', 'reviewers'];

/** `state` may be given several times. */
function statesOf({ record }: ApiCall): string[] {
	const states = new URLSearchParams(record.search).getAll('state');
	return states.length === 0 ? ['OPEN'] : states;
}
