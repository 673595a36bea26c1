import { type ApiCall, created, list, ok } from '../forge/api.ts';
import { addComment, requestReviews } from '../forge/discussion.ts';
import { type Dialect, DocumentedApi } from '../forge/documented-api.ts';
import { commitOf, type ForgeModel, type PullRequest, type Repository } from '../forge/model.ts';
import { readCommits } from '../forge/objects.ts';
import { openPullRequest, refresh, updatePullRequest } from '../forge/pulls.ts';
import { Refusal } from '../forge/refusal.ts';
import { bitbucketAnswers, described, named } from './answers.ts';
import { addBuild, ofBuild } from './builds.ts';
import { addMergingRoutes } from './server-merging.ts';

const exceptions: Record<string, string> = {
	duplicate: 'com.atlassian.bitbucket.pull.DuplicatePullRequestException',
	stale: 'com.atlassian.bitbucket.pull.PullRequestOutOfDateException',
	invalid: 'com.atlassian.bitbucket.validation.ArgumentValidationException',
};

const dialect: Dialect = {
	kind: 'bitbucket',
	schemes: ['bearer', 'basic'],
	answers: {
		...bitbucketAnswers,
		'unknown-head': { status: 404 },
		'unknown-base': { status: 404 },
		closed: { status: 409 },
		'no-commits': { status: 409 },
		duplicate: {
			status: 409,
			message: 'Only one pull request may be open for a given source and target branch',
		},
	},
	refusal: (_status, message, reason = 'invalid') => ({
		errors: [{ context: null, message, exceptionName: exceptions[reason] ?? null }],
	}),
	page: (items, { record }) => {
		const limit = Number(record.query.limit) || 25;
		const start = Number(record.query.start) || 0;
		const isLastPage = start + limit >= items.length;
		const values = items.slice(start, start + limit);
		const nextPageStart = isLastPage ? null : start + limit;
		return {
			status: 200,
			body: { size: values.length, limit, start, isLastPage, nextPageStart, values },
		};
	},
	// Its guard against forged forms lets through what is JSON, or says that it is no form.
	complaint: ({ record }) =>
		record.method === 'POST' && record.headers['content-type'] !== 'application/json'
			? 'XSRF check failed'
			: undefined,
};

const rest = '/rest/api/latest';
const base = `${rest}/projects/:owner/repos/:name`;
const pulls = `${base}/pull-requests`;
const paging = ['limit', 'start'];

/** The REST API of Bitbucket Data Center 8.19, as developer.atlassian.com tells of pull requests. */
export function bitbucketServerFront(model: ForgeModel): DocumentedApi {
	const api = new DocumentedApi(model, dialect);
	const versions = new WeakMap<PullRequest, number>();
	const ref = (repository: Repository, branch: string, commit: string) => ({
		id: `refs/heads/${branch}`,
		displayId: branch,
		latestCommit: commit,
		repository: {
			id: repository.id,
			slug: repository.name,
			project: { key: repository.owner.toUpperCase() },
		},
	});
	const view = async (repository: Repository, pull: PullRequest) => {
		await refresh(repository, pull);
		const closed = pull.merge ? 'MERGED' : 'DECLINED';
		const page = `${model.url}/projects/${repository.owner}/repos/${repository.name}/pull-requests/${pull.number}`;
		return {
			id: pull.number,
			version: versions.get(pull) ?? 0,
			title: pull.title,
			...(pull.body !== '' && { description: pull.body }),
			state: pull.state === 'open' ? 'OPEN' : closed,
			open: pull.state === 'open',
			draft: pull.draft,
			author: { user: { name: pull.user }, role: 'AUTHOR', approved: false },
			fromRef: ref(repository, pull.head, pull.headSha),
			toRef: ref(repository, pull.base, pull.baseSha),
			reviewers: [...pull.requestedReviewers].map((name) => ({
				user: { name },
				role: 'REVIEWER',
				status: 'UNAPPROVED',
			})),
			links: { self: [{ href: page }] },
			...(pull.merge && { properties: { mergeCommit: { id: pull.merge.commit } } }),
		};
	};
	/** Who changes a pull request says which version he means. */
	const checkVersion = (pull: PullRequest, version: unknown) => {
		const present = versions.get(pull) ?? 0;
		if (Number(version) !== present)
			throw new Refusal('stale', 'You are attempting to modify a pull request out of date.');
		if (pull.state === 'closed') throw new Refusal('closed', 'This pull request is not open.');
		versions.set(pull, present + 1);
	};
	const setReviewers = async (call: ApiCall, repository: Repository, pull: PullRequest) => {
		const { reviewers = [] } = call.body;
		const names = (reviewers as unknown[]).map((one) => named(one, 'user', 'name'));
		const unknown = names.find((name) => model.accounts.byName(name) === undefined);
		if (unknown !== undefined) throw new Refusal('exists', `${unknown} is not a user.`);
		pull.requestedReviewers.clear();
		await requestReviews(model, repository, call.user, pull, names, []);
	};
	const branchIn = (value: unknown) => named(value, 'id').replace(/^refs\/heads\//, '');

	api
		.on('GET', `${rest}/application-properties`, {}, () => {
			return ok({ version: '8.19.1', buildNumber: '8019001', displayName: 'Bitbucket' });
		})
		.on('GET', `${base}/default-branch`, {}, (call) => {
			const { defaultBranch } = call.repository();
			return ok({ id: `refs/heads/${defaultBranch}`, displayId: defaultBranch });
		})
		.on('POST', `${base}/commits/:hash/builds`, { body: ofBuild }, async (call) => {
			const repository = call.repository('write');
			addBuild(
				model,
				repository,
				call.user,
				await commitOf(repository, call.param('hash')),
				call.body,
			);
			return { status: 204 };
		})
		.on('GET', `${base}/commits`, { query: [...paging, 'since', 'until'] }, async (call) => {
			const repository = call.repository();
			const { since = '', until = '' } = call.query;
			const [from, to] = [await commitOf(repository, since), await commitOf(repository, until)];
			const commits = await readCommits(repository.path, [`${from}..${to}`]);
			return list(
				commits.map(({ sha, message, author }) => ({
					id: sha,
					displayId: sha.slice(0, 11),
					message,
					author: { name: author.name, emailAddress: author.email },
				})),
			);
		})
		.on('GET', pulls, { query: [...paging, 'state', 'order', 'at', 'direction'] }, async (call) => {
			const repository = call.repository();
			const { state = 'OPEN', at, direction = 'INCOMING', order } = call.query;
			const all = await Promise.all(repository.pulls.map((pull) => view(repository, pull)));
			const found = all
				.filter((one) => state === 'ALL' || one.state === state)
				.filter((one) => {
					return at === undefined || at === (direction === 'OUTGOING' ? one.fromRef : one.toRef).id;
				});
			return list(order === 'OLDEST' ? found : found.reverse());
		})
		.on('POST', pulls, { body: [...changeable, 'fromRef', 'draft'] }, async (call) => {
			const repository = call.repository('write');
			named(call.body.fromRef, 'repository', 'project', 'key');
			named(call.body.fromRef, 'repository', 'slug');
			const pull = await openPullRequest(model, repository, call.user, {
				head: branchIn(call.body.fromRef),
				base: branchIn(call.body.toRef),
				title: call.requiredText('title'),
				body: described(call.text('description')),
				draft: call.flag('draft'),
			});
			await setReviewers(call, repository, pull);
			return created(await view(repository, pull));
		})
		.on('GET', `${pulls}/#number`, {}, async (call) => {
			const repository = call.repository();
			return ok(await view(repository, repository.pull(call.number())));
		})
		.on('PUT', `${pulls}/#number`, { body: [...changeable, 'version', 'draft'] }, async (call) => {
			const repository = call.repository('write');
			const pull = repository.pull(call.number());
			await setReviewers(call, repository, pull);
			checkVersion(pull, call.body.version);
			await updatePullRequest(model, repository, call.user, pull, {
				title: call.requiredText('title'),
				body: described(call.text('description')),
			});
			return ok(await view(repository, pull));
		})
		.on(
			'POST',
			`${pulls}/#number/decline`,
			{ query: ['version'], body: ['comment'] },
			async (call) => {
				const repository = call.repository('write');
				const pull = repository.pull(call.number());
				checkVersion(pull, call.query.version);
				await updatePullRequest(model, repository, call.user, pull, { state: 'closed' });
				return ok(await view(repository, pull));
			},
		)
		.on('GET', `${pulls}/#number/activities`, { query: paging }, (call) => {
			const { comments } = call.repository().pull(call.number());
			return list(
				comments.map(({ id, body }) => ({ id, action: 'COMMENTED', comment: { id, text: body } })),
			);
		})
		.on('POST', `${pulls}/#number/comments`, { body: ['text', 'parent'] }, (call) => {
			const pull = call.repository('write').pull(call.number());
			const { id, body } = addComment(model, call.user, pull, call.requiredText('text'));
			return created({ id, text: body });
		});
	addMergingRoutes(api, pulls, { view, checkVersion });
	return api;
}

const changeable = ['title', 'description', 'toRef', 'reviewers'];
