import { type Answer, type ApiCall, created, list, ok, paginate } from '../forge/api.ts';
import { addComment } from '../forge/discussion.ts';
import { type Dialect, DocumentedApi, UserNumbers } from '../forge/documented-api.ts';
import { commitOf, type ForgeModel, type PullRequest, type Repository } from '../forge/model.ts';
import { readCommits } from '../forge/objects.ts';
import { openPullRequest, refresh, updatePullRequest } from '../forge/pulls.ts';
import { Refusal } from '../forge/refusal.ts';
import type { Exchange } from '../git/exchange.ts';
import { addDeploymentRoutes } from './deployments.ts';
import { addMergingRoutes, hasTrain, mergingView, trainNotes } from './merging.ts';

const refused = (status: number, message?: string) =>
	message === undefined ? { status } : { status, message };

const dialect: Dialect = {
	kind: 'gitlab',
	schemes: ['bearer'],
	answers: {
		unauthorized: refused(401, '401 Unauthorized'),
		forbidden: refused(403, '403 Forbidden'),
		'not-found': refused(404, '404 Project Not Found'),
		invalid: refused(400),
		missing: refused(400),
		exists: refused(409),
		stale: refused(400),
		'not-fast-forward': refused(400),
		protected: refused(403, '403 Forbidden'),
		duplicate: refused(409),
		'unknown-head': refused(400),
		'unknown-base': refused(400),
		'no-commits': refused(400),
		'own-review': refused(401, '401 Unauthorized'),
		draft: refused(405, '405 Method Not Allowed'),
		closed: refused(405, '405 Method Not Allowed'),
		conflict: refused(422, 'Branch cannot be merged'),
		checking: refused(405, '405 Method Not Allowed'),
		'head-moved': refused(409, 'SHA does not match HEAD of source branch'),
		'base-moved': refused(409),
		unapproved: refused(401, '401 Unauthorized'),
		unchecked: refused(405, '405 Method Not Allowed'),
	},
	refusal: (_status, message, reason) => {
		if (reason === 'duplicate') return { message: [message] };
		if (reason === 'unknown-head') return { message: { source_branch: ['does not exist'] } };
		if (reason === 'missing') return { error: message };
		return { message };
	},
	page: (items, exchange) => {
		const { query, path } = exchange.record;
		const size = Math.min(Number(query.per_page) || 20, 100);
		const page = paginate(items, Number(query.page) || 1, size, path, query);
		return { status: 200, body: page.items, headers: { 'x-total': String(items.length) } };
	},
	complaint: unescapedProject,
};

/** A project's path is one part of the address: its slashes are escaped. */
function unescapedProject({ request, record }: Exchange): string | undefined {
	const [, raw = ''] = /^\/api\/v4\/projects\/([^/?]+)/.exec(request.url ?? '') ?? [];
	const rest = `/api/v4/projects/${decodeURIComponent(raw)}`;
	const known = record.path.replace(
		/\/(merge_requests|merge_trains|repository|statuses|deployments|environments)(\/.*)?$/,
		'',
	);
	return raw === '' || rest === known ? undefined : 'the path of the project is not escaped';
}

const requests = '/api/v4/projects/*project/merge_requests';

/** GitLab's REST API, version 4, as far as docs.gitlab.com/api tells of merge requests. */
export function gitlabFront(model: ForgeModel): DocumentedApi {
	const api = new DocumentedApi(model, dialect);
	const users = new UserNumbers(model);
	const user = (name: string) => ({ id: users.of(name), username: name, name, state: 'active' });
	const people = (names: Iterable<string>) => [...names].map(user);
	const view = async (repository: Repository, pull: PullRequest) => {
		await refresh(repository, pull);
		return {
			id: pull.id,
			iid: pull.number,
			project_id: repository.id,
			title: pull.title,
			description: pull.body === '' ? null : pull.body,
			state: pull.merge ? 'merged' : pull.state === 'open' ? 'opened' : 'closed',
			created_at: pull.createdAt.toISOString(),
			updated_at: pull.updatedAt.toISOString(),
			target_branch: pull.base,
			source_branch: pull.head,
			author: user(pull.user),
			assignees: people(pull.assignees),
			assignee: people(pull.assignees)[0] ?? null,
			reviewers: people(pull.requestedReviewers),
			source_project_id: repository.id,
			target_project_id: repository.id,
			labels: [...pull.labels],
			draft: pull.draft,
			sha: pull.headSha,
			...(await mergingView(model, repository, pull)),
			web_url: `${model.url}/${repository.fullName}/-/merge_requests/${pull.number}`,
		};
	};
	const repositoryOf = (call: ApiCall, wanted: 'read' | 'write' = 'read') =>
		model.repositoryFor(call.param('project'), caller(call), wanted);

	api
		.on('GET', '/api/v4/version', {}, (call) => {
			return ok({ version: '18.5.0', revision: 'a1b2c3d', asked_by: call.user.name });
		})
		.on('GET', '/api/v4/users', { query: ['username', 'search', 'page', 'per_page'] }, (call) => {
			const known = model.accounts.byName(call.query.username ?? '');
			return list(known === undefined ? [] : [user(known.name)]);
		})
		.on('GET', `${requests}/#number/notes`, { query: ['sort', 'order_by', 'per_page'] }, (call) => {
			const { comments } = repositoryOf(call).pull(call.number());
			const said = comments.map((one) => ({ ...one, author: user(one.user), system: false }));
			const notes = [...said, ...trainNotes(repositoryOf(call).pull(call.number()))];
			return list(call.query.sort === 'asc' ? notes : notes.reverse());
		})
		.on('POST', `${requests}/#number/notes`, { body: ['body', 'created_at'] }, (call) => {
			const pull = repositoryOf(call, 'write').pull(call.number());
			const text = call.requiredText('body');
			refuseQuickActions(text);
			return created(addComment(model, call.user, pull, text));
		})
		.on('GET', `${requests}/#number/approvals`, {}, (call) => {
			const { reviews } = repositoryOf(call).pull(call.number());
			const approved = reviews.filter(({ state }) => state === 'APPROVED');
			return ok({ approved_by: approved.map((review) => ({ user: user(review.user) })) });
		})
		.on('GET', requests, { query: listParameters }, async (call) => {
			const repository = repositoryOf(call);
			const { state = 'all', source_branch: head, target_branch: base } = call.query;
			const shown = await Promise.all(repository.pulls.map((pull) => view(repository, pull)));
			return list(
				shown
					.filter((one) => state === 'all' || one.state === state)
					.filter((one) => head === undefined || one.source_branch === head)
					.filter((one) => base === undefined || one.target_branch === base)
					.reverse(),
			);
		})
		.on('POST', requests, { body: changeable }, async (call) => {
			const repository = repositoryOf(call, 'write');
			const head = call.requiredText('source_branch');
			const base = call.requiredText('target_branch');
			const title = call.requiredText('title');
			const body = call.text('description') ?? '';
			refuseQuickActions(body);
			const input = { head, base, title, body, draft: isDraft(title) };
			const pull = await openOne(call, repository, input);
			return created(await view(repository, pull));
		})
		.on('PUT', `${requests}/#number`, { body: [...changeable, ...ofUpdate] }, async (call) => {
			const repository = repositoryOf(call, 'write');
			const pull = repository.pull(call.number());
			await change(call, repository, pull, users);
			return ok(await view(repository, pull));
		})
		.on(
			'GET',
			'/api/v4/projects/*project/repository/compare',
			{ query: comparison },
			async (call) => {
				const repository = repositoryOf(call);
				const [from, to] = await Promise.all(
					['from', 'to'].map((side) => commitOf(repository, call.query[side] ?? '')),
				);
				const commits = await readCommits(repository.path, ['--reverse', `${from}..${to}`]);
				return ok({
					commits: commits.map(({ sha, message, author, parents }) => ({
						id: sha,
						short_id: sha.slice(0, 8),
						title: message.split('\n', 1)[0],
						message,
						author_name: author.name,
						author_email: author.email,
						parent_ids: parents,
					})),
					compare_timeout: false,
					compare_same_ref: from === to,
				});
			},
		)
		.on('GET', `${requests}/#number`, {}, async (call) => {
			const repository = repositoryOf(call);
			return ok(await view(repository, repository.pull(call.number())));
		});
	addMergingRoutes(api, model, { repositoryOf, view });
	addDeploymentRoutes(api, model, repositoryOf);
	api.on('GET', '/api/v4/projects/*project', {}, (call) => {
		const repository = repositoryOf(call);
		return ok({
			id: repository.id,
			path_with_namespace: repository.fullName,
			default_branch: repository.defaultBranch,
			merge_method: repository.mergeMethod,
			squash_option: 'default_off',
			merge_trains_enabled: hasTrain(repository),
		});
	});
	return api;
}

const listParameters = [
	'state',
	'order_by',
	'sort',
	'source_branch',
	'target_branch',
	'page',
].concat('per_page');
const comparison = ['from', 'to', 'straight'];
const changeable = ['source_branch', 'target_branch', 'title', 'description'];
const ofUpdate = ['add_labels', 'labels', 'assignee_ids', 'reviewer_ids', 'state_event'];

function caller(call: ApiCall) {
	const { authorization } = call.record;
	return authorization === undefined ? undefined : call.model.accounts.byToken(authorization);
}

async function openOne(
	call: ApiCall,
	repository: Repository,
	input: Parameters<typeof openPullRequest>[3],
): Promise<PullRequest> {
	try {
		return await openPullRequest(call.model, repository, call.user, input);
	} catch (error) {
		if (!(error instanceof Refusal) || error.reason !== 'duplicate') throw error;
		const there = repository.pulls.find(
			({ head, state }) => head === input.head && state === 'open',
		);
		throw new Refusal(
			'duplicate',
			`Another open merge request already exists for this source branch: !${there?.number}`,
		);
	}
}

async function change(
	call: ApiCall,
	repository: Repository,
	pull: PullRequest,
	users: UserNumbers,
): Promise<Answer | undefined> {
	const { body } = call;
	const title = call.text('title');
	const text = call.text('description');
	if (text !== undefined) refuseQuickActions(text);
	if (title !== undefined) pull.draft = isDraft(title);
	for (const name of call.text('add_labels')?.split(',') ?? []) {
		repository.ensureLabel(name.trim());
		pull.labels.add(name.trim());
	}
	for (const [field, set] of [
		['assignee_ids', pull.assignees],
		['reviewer_ids', pull.requestedReviewers],
	] as const) {
		if (body[field] === undefined) continue;
		const names = call.texts(field).map((id) => users.nameOf(Number(id)));
		set.clear();
		for (const name of names) set.add(name);
	}
	const event = call.text('state_event');
	if (event !== undefined && event !== 'close' && event !== 'reopen')
		throw new Refusal('missing', 'state_event does not have a valid value');
	const state = event === undefined ? undefined : event === 'close' ? 'closed' : 'open';
	await updatePullRequest(call.model, repository, call.user, pull, { title, body: text, state });
	return undefined;
}

/** GitLab takes a draft from its title. */
function isDraft(title: string): boolean {
	return /^\s*(\[draft\]|\(draft\)|draft:)/i.test(title);
}

/** A line like `/close`, outside of a block of code, is a command that GitLab carries out. */
function refuseQuickActions(text: string): void {
	const prose = text.replace(/^```[\s\S]*?^```$/gm, '');
	const [action] = /^\/[a-z]\w*/m.exec(prose) ?? [];
	if (action !== undefined) throw new Refusal('invalid', `${action} would be carried out`);
}
