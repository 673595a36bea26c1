import { Failure } from '../failure/failure.ts';
import type { HttpRequest } from '../http/client.ts';
import { autoMerge, cancelAutoMerge, type MergeQuestion, mergeState } from './azure-merge.ts';
import type { Connection } from './connection.ts';
import type {
	AutoMerge,
	AutoMergeOutcome,
	Forge,
	MergeState,
	NewPullRequest,
	Opened,
	PullRequest,
	RepositoryName,
} from './forge.ts';
import { Rest } from './rest.ts';
import type { RunStatus } from './run-status.ts';

/** A pull request as Azure DevOps' API gives it (learn.microsoft.com/rest/api/azure/devops/git). */
interface AzurePull {
	pullRequestId: number;
	title: string;
	/** In a list cut off after 400 characters. */
	description?: string;
	status: 'active' | 'abandoned' | 'completed';
	isDraft?: boolean;
	createdBy?: Identity;
	sourceRefName: string;
	targetRefName: string;
	lastMergeSourceCommit?: { commitId: string };
	reviewers?: Reviewer[];
	labels?: { name: string }[];
	/** Where it comes from another repository. */
	forkSource?: unknown;
}

interface Identity {
	id: string;
	displayName: string;
	/** The name that one logs in with, mostly an e-mail address. */
	uniqueName: string;
}

interface Reviewer extends Identity {
	/** 0 as long as there is none. */
	vote: number;
	/** A team. */
	isContainer?: boolean;
}

interface List<T> {
	value: T[];
}

const version = { 'api-version': '7.1' };
const pageSize = 100;
const cutOff = 400;

/**
 * Azure DevOps (Services and Server), by plain requests: the client on npm
 * (`azure-devops-node-api`) brings all of its products, and one for HTTP beside ours. The
 * connection's `apiUrl` is the organization or collection, such as `https://dev.azure.com/org`.
 * Its pull requests have no assignees.
 */
export class AzureForge implements Forge {
	readonly kind = 'azure';
	readonly title = 'Azure DevOps';
	readonly pages = 'azure';
	readonly mark = '!';
	readonly longestBody = 4000;
	readonly #rest: Rest;
	/** Users and teams are kept by another service. */
	readonly #identities: Rest;
	readonly #connection: Connection;
	readonly #project: string;

	constructor(connection: Connection) {
		this.#connection = connection;
		const { repository, token, apiUrl } = connection;
		this.#project = projectOf(repository, apiUrl);
		const options = {
			connection,
			title: this.title,
			repository: `${this.#project}/${repository.name}`,
			headers: {
				...(token === undefined ? {} : { authorization: authorization(token) }),
				// Else whoever is not known is sent to a page to log in at.
				'x-tfs-fedauthredirect': 'Suppress',
			},
			wordsIn: (answer: unknown) => {
				const { message } = answer as { message?: unknown };
				return typeof message === 'string' ? message : '';
			},
		};
		this.#rest = new Rest(options);
		this.#identities = new Rest({ ...options, baseUrl: identitiesAt(apiUrl) });
	}

	async close(): Promise<void> {
		this.#rest.close();
		this.#identities.close();
	}

	async openPullRequests(): Promise<PullRequest[]> {
		const found = await this.#list({ 'searchCriteria.status': 'active' });
		return await Promise.all(found.map((pull) => this.#whole(pull)));
	}

	async latestPullRequest(head: string): Promise<PullRequest | undefined> {
		const [latest] = await this.#list({ 'searchCriteria.status': 'all', ...from(head) });
		return latest && (await this.#whole(latest));
	}

	async openPullRequest({ head, base, title, body, draft }: NewPullRequest): Promise<Opened> {
		const doing = `open the pull request from ${head} to ${base}`;
		const request: HttpRequest = {
			method: 'POST',
			path: this.#path('/pullrequests'),
			query: version,
			body: {
				sourceRefName: `refs/heads/${head}`,
				targetRefName: `refs/heads/${base}`,
				title,
				description: body,
				isDraft: draft,
			},
			// A second one between the same branches is refused.
			idempotent: true,
		};
		return await this.#rest.settle<Opened>(doing, request, async (response) => {
			if (response.status === 201) {
				const made = this.#rest.parse<AzurePull>(response);
				return { value: { request: this.#toPullRequest(made), created: true } };
			}
			if (response.status === 409) {
				const open = await this.#list({ 'searchCriteria.status': 'active', ...from(head) });
				const same = open.find(({ targetRefName }) => branchOf(targetRefName) === base);
				if (same === undefined) return 'again';
				return { value: { request: await this.#whole(same), created: false } };
			}
			// The branch was pushed a moment ago (TF401398: source or target no longer exists).
			return /TF401398|not exist|no longer exists/i.test(this.#rest.words(response))
				? 'again'
				: 'refused';
		});
	}

	async updatePullRequest(
		request: PullRequest,
		{ title, body }: { title: string; body: string },
	): Promise<void> {
		await this.#rest.ask(`update pull request ${request.number}`, {
			method: 'PATCH',
			path: this.#of(request),
			query: version,
			body: { title, description: body },
		});
	}

	async closePullRequest(request: PullRequest, comment: string): Promise<void> {
		await this.comment(request, comment);
		const abandon: HttpRequest = {
			method: 'PATCH',
			path: this.#of(request),
			query: version,
			body: { status: 'abandoned' },
		};
		await this.#rest.settle(`close pull request ${request.number}`, abandon, async ({ status }) => {
			if (status < 300) return { value: undefined };
			// Somebody else may have closed or completed it first.
			const { status: present } = await this.#read(request.number);
			return present === 'active' ? 'refused' : { value: undefined };
		});
	}

	/** As a thread that is closed at once: an open one can keep a pull request from completing. */
	async comment(request: PullRequest, text: string): Promise<void> {
		const doing = `comment on pull request ${request.number}`;
		const path = this.#of(request, '/threads');
		const comments = [{ parentCommentId: 0, content: text, commentType: 'text' }];
		const body = { comments, status: 'closed' };
		await this.#rest.sayOnce(doing, { method: 'POST', path, query: version, body }, async () => {
			const { value } = await this.#rest.ask<List<{ comments: { content?: string }[] }>>(doing, {
				path,
				query: version,
			});
			return value.some((thread) => thread.comments.some(({ content }) => content === text));
		});
	}

	async addLabels(request: PullRequest, labels: readonly string[]): Promise<void> {
		const doing = `label pull request ${request.number}`;
		const path = this.#of(request, '/labels');
		const { value } = await this.#rest.ask<List<{ name: string }>>(doing, { path, query: version });
		const present = new Set(value.map(({ name }) => name.toLowerCase()));
		for (const name of labels) {
			if (present.has(name.toLowerCase())) continue;
			const add = { method: 'POST', path, query: version, body: { name }, idempotent: true };
			await this.#rest.ask(doing, add);
		}
	}

	async addAssignees(_request: PullRequest, users: readonly string[]): Promise<void> {
		this.#rest.lacks('assignees', users);
	}

	async reviewersOf(request: PullRequest): Promise<string[]> {
		const { reviewers = [] } = await this.#read(request.number);
		return reviewers.filter(({ vote }) => vote !== 0).map(({ uniqueName }) => uniqueName);
	}

	/** Whoever is a reviewer already is left as he is: to ask again would take his vote back. */
	async askForReview(
		request: PullRequest,
		{ users, teams }: { users: readonly string[]; teams: readonly string[] },
	): Promise<void> {
		const { reviewers = [] } = await this.#read(request.number);
		const present = new Set(reviewers.map(({ id }) => id.toLowerCase()));
		const names = [
			...users,
			...teams.map((team) => (team.includes('\\') ? team : `[${this.#project}]\\${team}`)),
		];
		for (const name of names) {
			const doing = `ask ${name} for a review of pull request ${request.number}`;
			const id = await this.#identityOf(name, doing);
			if (present.has(id.toLowerCase())) continue;
			await this.#rest.ask(doing, {
				method: 'PUT',
				path: this.#of(request, `/reviewers/${id}`),
				query: version,
				body: { id, vote: 0 },
			});
		}
	}

	async autoMerge(request: PullRequest, wish: AutoMerge): Promise<AutoMergeOutcome> {
		return await autoMerge(this.#merging(request), wish);
	}

	async cancelAutoMerge(request: PullRequest): Promise<void> {
		await cancelAutoMerge(this.#merging(request));
	}

	async mergeState(request: PullRequest): Promise<MergeState> {
		return await mergeState(this.#merging(request));
	}

	#merging({ number }: PullRequest): MergeQuestion {
		return {
			rest: this.#rest,
			number,
			path: this.#path(`/pullrequests/${number}`),
			project: encodeURIComponent(this.#project),
			version,
		};
	}

	async writeStatus({ commit, state, context, description, runUrl }: RunStatus): Promise<void> {
		const [genre = '', ...name] = context.split('/');
		await this.#rest.ask('write a commit status', {
			method: 'POST',
			path: this.#path(`/commits/${commit}/statuses`),
			query: version,
			body: {
				state: { running: 'pending', success: 'succeeded', failure: 'failed' }[state],
				description,
				context: { genre, name: name.join('/') },
				...(runUrl && { targetUrl: runUrl }),
			},
			// The newest of a context counts.
			idempotent: true,
		});
	}

	async #list(criteria: HttpRequest['query']): Promise<AzurePull[]> {
		const all: AzurePull[] = [];
		for (;;) {
			const { value } = await this.#rest.ask<List<AzurePull>>('list the pull requests', {
				path: this.#path('/pullrequests'),
				query: { ...criteria, $top: pageSize, $skip: all.length, ...version },
			});
			all.push(...value);
			if (value.length < pageSize) break;
		}
		return all
			.filter(({ forkSource }) => forkSource === undefined)
			.sort((a, b) => b.pullRequestId - a.pullRequestId);
	}

	async #whole(pull: AzurePull): Promise<PullRequest> {
		const cut = (pull.description ?? '').length >= cutOff;
		return this.#toPullRequest(cut ? await this.#read(pull.pullRequestId) : pull);
	}

	async #read(number: number): Promise<AzurePull> {
		return await this.#rest.ask<AzurePull>(`read pull request ${number}`, {
			path: this.#path(`/pullrequests/${number}`),
			query: version,
		});
	}

	async #identityOf(name: string, doing: string): Promise<string> {
		if (/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(name)) return name;
		const { value } = await this.#identities.ask<List<{ id: string }>>(doing, {
			path: '/_apis/identities',
			query: { searchFilter: 'General', filterValue: name, queryMembership: 'None', ...version },
		});
		const [identity, ...more] = value;
		if (identity !== undefined && more.length === 0) return identity.id;
		throw new Failure(
			`Azure DevOps refused to ${doing}: ${more.length > 0 ? `${value.length} of its users and teams answer to that name` : 'no user or team answers to that name'}; give an e-mail address, or the id`,
		);
	}

	#of({ number }: PullRequest, path = ''): string {
		return this.#path(`/pullrequests/${number}${path}`);
	}

	#path(path = ''): string {
		const { name } = this.#connection.repository;
		return `/${encodeURIComponent(this.#project)}/_apis/git/repositories/${encodeURIComponent(name)}${path}`;
	}

	#toPullRequest(pull: AzurePull): PullRequest {
		const { apiUrl, repository } = this.#connection;
		const waiting = (pull.reviewers ?? []).filter(({ vote }) => vote === 0);
		const place = [this.#project, '_git', repository.name].map(encodeURIComponent).join('/');
		return {
			number: pull.pullRequestId,
			url: `${apiUrl.replace(/\/+$/, '')}/${place}/pullrequest/${pull.pullRequestId}`,
			title: pull.title,
			body: (pull.description ?? '').replaceAll('\r\n', '\n'),
			draft: pull.isDraft ?? false,
			head: branchOf(pull.sourceRefName),
			headCommit: pull.lastMergeSourceCommit?.commitId ?? '',
			base: branchOf(pull.targetRefName),
			state: states[pull.status],
			author: pull.createdBy?.uniqueName ?? '',
			labels: (pull.labels ?? []).map(({ name }) => name),
			assignees: [],
			requestedReviewers: waiting
				.filter(({ isContainer }) => isContainer !== true)
				.map(({ uniqueName }) => uniqueName),
			requestedTeams: waiting
				.filter(({ isContainer }) => isContainer === true)
				.map(({ displayName }) => displayName),
		};
	}
}

const states = { active: 'open', abandoned: 'closed', completed: 'merged' } as const;

function from(head: string): { 'searchCriteria.sourceRefName': string } {
	return { 'searchCriteria.sourceRefName': `refs/heads/${head}` };
}

function branchOf(ref: string): string {
	return ref.replace(/^refs\/heads\//, '');
}

/** Tokens of Entra ID and of a pipeline's job are JWTs; a personal one is a password. */
function authorization(token: string): string {
	if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return `Bearer ${token}`;
	return `Basic ${Buffer.from(`:${token}`).toString('base64')}`;
}

/**
 * The project, which stands between the collection and the repository, over https before
 * `_git` and over ssh behind `v3/org`. A repository that has its project's name may do without.
 */
export function projectOf({ owner, name }: RepositoryName, apiUrl: string): string {
	const parts = owner.split('/').filter((part) => part !== '_git');
	if (parts[0] === 'v3') return parts[2] ?? name;
	const collection = decodeURIComponent(new URL(apiUrl).pathname).split('/').filter(Boolean);
	const below = collection.every((part, index) => parts[index] === part);
	const own = below ? parts.slice(collection.length) : parts;
	return own.filter((part) => part !== 'DefaultCollection').at(-1) ?? name;
}

/** Where users and teams are asked for: on Microsoft's own service that is another host. */
export function identitiesAt(apiUrl: string): string {
	return apiUrl
		.replace(/^https:\/\/dev\.azure\.com(?=\/)/, 'https://vssps.dev.azure.com')
		.replace(/^https:\/\/([\w-]+)\.visualstudio\.com/, 'https://$1.vssps.visualstudio.com');
}
