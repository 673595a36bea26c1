import { type ApiCall, created, list, ok } from '../forge/api.ts';
import { addComment } from '../forge/discussion.ts';
import { type Dialect, DocumentedApi, UserNumbers } from '../forge/documented-api.ts';
import { commitOf, type ForgeModel, type PullRequest, type Repository } from '../forge/model.ts';
import { openPullRequest, refresh, updatePullRequest } from '../forge/pulls.ts';
import { Refusal } from '../forge/refusal.ts';
import { addStatus } from '../forge/statuses.ts';
import { changeMerging, evaluations, mergingView, pullOf } from './merging.ts';

const noSuchBranch =
	'TF401398: The pull request cannot be activated because the source and/or the target branch no longer exists.';

const dialect: Dialect = {
	kind: 'azure',
	schemes: ['bearer', 'basic'],
	answers: {
		unauthorized: { status: 401 },
		forbidden: {
			status: 403,
			message: 'TF401027: You need the Git PullRequestContribute permission',
		},
		'not-found': { status: 404, message: 'TF401019: The Git repository does not exist' },
		invalid: { status: 400 },
		missing: { status: 400 },
		exists: { status: 409 },
		stale: { status: 409 },
		'not-fast-forward': { status: 409 },
		protected: { status: 403 },
		duplicate: {
			status: 409,
			message: 'TF401179: An active pull request for the source and target branch already exists.',
		},
		'unknown-head': { status: 400, message: noSuchBranch },
		'unknown-base': { status: 400, message: noSuchBranch },
		'no-commits': { status: 400 },
		'own-review': { status: 400 },
		draft: { status: 409 },
		closed: {
			status: 409,
			message: 'TF401181: The pull request cannot be edited due to its state.',
		},
		conflict: { status: 409 },
		checking: { status: 409 },
		'head-moved': { status: 409 },
		'base-moved': { status: 409 },
		unapproved: { status: 403 },
		unchecked: { status: 403 },
	},
	refusal: (_status, message, reason) => ({
		$id: '1',
		message,
		typeKey: reason ?? '',
		errorCode: 0,
	}),
	page: (items, { record }) => {
		const skip = Number(record.query.$skip) || 0;
		const value = items.slice(skip, skip + (Number(record.query.$top) || 100));
		return { status: 200, body: { value, count: value.length } };
	},
	complaint: ({ record }) =>
		record.query['api-version']?.startsWith('7.1') ? undefined : 'No api-version was supplied',
};

const base = '/*collection/:project/_apis/git/repositories/:name';
const pulls = `${base}/pullrequests`;
const evaluated = '/*collection/:project/_apis/policy/evaluations';
const version = 'api-version';
const paging = [version, '$top', '$skip'];
const none = { query: [version] };
const statuses = { active: 'open', abandoned: 'closed', completed: undefined } as const;

/** Azure DevOps' REST API, version 7.1, as learn.microsoft.com tells of pull requests. */
export function azureFront(model: ForgeModel): DocumentedApi {
	const api = new DocumentedApi(model, dialect);
	const users = new UserNumbers(model);
	const idOf = (name: string) =>
		`00000000-0000-4000-8000-${String(users.of(name)).padStart(12, '0')}`;
	const identity = (name: string) => ({ id: idOf(name), displayName: name, uniqueName: name });
	const view = async (repository: Repository, pull: PullRequest) => {
		await refresh(repository, pull);
		const voted = new Set(pull.reviews.map(({ user }) => user));
		return {
			// As if each project had one repository.
			repository: { name: repository.name, project: { id: String(repository.id) } },
			pullRequestId: pull.number,
			title: pull.title,
			...(pull.body !== '' && { description: pull.body }),
			status: pull.merge ? 'completed' : pull.state === 'open' ? 'active' : 'abandoned',
			isDraft: pull.draft,
			createdBy: identity(pull.user),
			creationDate: pull.createdAt.toISOString(),
			sourceRefName: `refs/heads/${pull.head}`,
			targetRefName: `refs/heads/${pull.base}`,
			...(await mergingView(repository, pull, idOf)),
			reviewers: [
				...[...pull.requestedReviewers].map((name) => ({ ...identity(name), vote: 0 })),
				...[...voted].map((name) => ({ ...identity(name), vote: voteOf(pull, name) })),
			],
		};
	};
	const repositoryOf = (call: ApiCall, wanted: 'read' | 'write' = 'read') => {
		const { collection, project, name } = call.params;
		const { authorization } = call.record;
		const user = authorization && model.accounts.byToken(authorization);
		return model.repositoryFor(`${collection}/${project}/${name}`, user, wanted);
	};

	api
		.on('GET', '/*collection/_apis/identities', { query: identityParameters }, (call) => {
			const known = model.accounts.byName(call.query.filterValue ?? '');
			return list(known === undefined ? [] : [{ ...identity(known.name), isActive: true }]);
		})
		.on('GET', '/*collection/_apis/connectionData', none, (call) => {
			return ok({ authenticatedUser: { id: idOf(call.user.name) } });
		})
		.on('GET', evaluated, { query: [version, 'artifactId'] }, (call) => {
			const { repository, pull } = pullOf(model, call.query.artifactId ?? '');
			return list(evaluations(model, repository, pull));
		})
		.on('GET', pulls, { query: [...paging, ...criteria] }, async (call) => {
			const repository = repositoryOf(call);
			const status = call.query['searchCriteria.status'] ?? 'active';
			const source = call.query['searchCriteria.sourceRefName'];
			const all = await Promise.all(repository.pulls.map((pull) => view(repository, pull)));
			return list(
				all
					.filter((one) => status === 'all' || one.status === status)
					.filter((one) => source === undefined || one.sourceRefName === source)
					// A list has the beginning of each description alone.
					.map((one) => ({ ...one, description: (one.description || '').slice(0, 400) })),
			);
		})
		.on('POST', pulls, { ...none, body: [...changeable, ...ofCreation] }, async (call) => {
			const repository = repositoryOf(call, 'write');
			const pull = await openPullRequest(model, repository, call.user, {
				head: call.requiredText('sourceRefName').replace(/^refs\/heads\//, ''),
				base: call.requiredText('targetRefName').replace(/^refs\/heads\//, ''),
				title: call.requiredText('title'),
				body: described(call) ?? '',
				draft: call.flag('isDraft'),
			});
			return created(await view(repository, pull));
		})
		.on('GET', `${pulls}/#number`, none, async (call) => {
			const repository = repositoryOf(call);
			return ok(await view(repository, repository.pull(call.number())));
		})
		.on(
			'PATCH',
			`${pulls}/#number`,
			{ ...none, body: [...changeable, ...ofMerge] },
			async (call) => {
				const repository = repositoryOf(call, 'write');
				const pull = repository.pull(call.number());
				if (pull.merge) throw new Refusal('closed', 'closed');
				const status = call.text('status');
				if (status !== undefined && !(status in statuses)) throw new Refusal('invalid', 'status');
				await changeMerging(call, repository, pull, idOf(call.user.name));
				await updatePullRequest(model, repository, call.user, pull, {
					title: call.text('title'),
					body: described(call),
					...(status !== 'completed' && {
						state: status && statuses[status as keyof typeof statuses],
					}),
				});
				return ok(await view(repository, pull));
			},
		)
		.on('GET', `${pulls}/#number/threads`, none, (call) => {
			const { comments } = repositoryOf(call).pull(call.number());
			return list(comments.map(({ id, body }) => ({ id, comments: [{ id: 1, content: body }] })));
		})
		.on('POST', `${pulls}/#number/threads`, { ...none, body: ['comments', 'status'] }, (call) => {
			const pull = repositoryOf(call, 'write').pull(call.number());
			const [first] = call.body.comments as { content: string }[];
			const { id } = addComment(model, call.user, pull, first?.content ?? '');
			return ok({ id, status: call.text('status'), comments: [first] });
		})
		.on('GET', `${pulls}/#number/labels`, none, (call) => {
			const { labels } = repositoryOf(call).pull(call.number());
			return list([...labels].map((name) => ({ name, active: true })));
		})
		.on('POST', `${pulls}/#number/labels`, { ...none, body: ['name'] }, (call) => {
			const repository = repositoryOf(call, 'write');
			const { name } = repository.ensureLabel(call.requiredText('name'));
			repository.pull(call.number()).labels.add(name);
			return ok({ name, active: true });
		})
		.on('PUT', `${pulls}/#number/reviewers/:id`, { ...none, body: ['id', 'vote'] }, (call) => {
			const pull = repositoryOf(call, 'write').pull(call.number());
			const name = users.nameOf(Number(call.param('id').slice(-12)));
			pull.requestedReviewers.add(name);
			return ok({ ...identity(name), vote: 0 });
		})
		.on('POST', `${base}/commits/:sha/statuses`, { ...none, body: ofStatus }, async (call) => {
			const repository = repositoryOf(call, 'write');
			const { genre, name } = call.body.context as { genre: string; name: string };
			const state = stateOf[call.requiredText('state') as keyof typeof stateOf];
			const sha = await commitOf(repository, call.param('sha'));
			const status = addStatus(model, repository, call.user, sha, {
				state: state ?? '',
				context: `${genre}/${name}`,
				description: call.text('description'),
				targetUrl: call.text('targetUrl'),
			});
			return created({ id: status.id, state: call.text('state'), context: { genre, name } });
		})
		.on('GET', base, none, (call) => {
			const { name, defaultBranch } = repositoryOf(call);
			return ok({ name, defaultBranch: `refs/heads/${defaultBranch}` });
		});
	return api;
}

/** What a reviewer said last. */
function voteOf({ reviews }: PullRequest, name: string): number {
	const said = reviews.findLast(({ user }) => user === name)?.state;
	return said === 'APPROVED' ? 10 : said === 'CHANGES_REQUESTED' ? -10 : 0;
}

const identityParameters = [version, 'searchFilter', 'filterValue', 'queryMembership'];
const criteria = ['searchCriteria.status', 'searchCriteria.sourceRefName'];
const changeable = ['title', 'description'];
const ofMerge = ['status', 'lastMergeSourceCommit', 'autoCompleteSetBy', 'completionOptions'];
const ofStatus = ['state', 'description', 'targetUrl', 'context'];
const stateOf = { pending: 'pending', succeeded: 'success', failed: 'failure', error: 'error' };
const ofCreation = ['sourceRefName', 'targetRefName', 'isDraft'];

/** A description, which may have 4,000 characters. */
function described(call: ApiCall): string | undefined {
	const text = call.text('description');
	if (text !== undefined && text.length > 4000)
		throw new Refusal('invalid', 'A maximum of 4000 characters is allowed for the description.');
	return text;
}
