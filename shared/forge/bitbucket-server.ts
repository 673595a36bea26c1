import { Failure } from '../failure/failure.ts';
import type { CommitsBetween } from '../git/commits-between.ts';
import type { HttpRequest } from '../http/client.ts';
import { bitbucketLogin } from './bitbucket.ts';
import {
	autoMerge,
	cancelAutoMerge,
	type MergeQuestion,
	mergeState,
} from './bitbucket-server-merge.ts';
import { buildStatus } from './bitbucket-status.ts';
import { bothSides, listPages, subjectOf } from './commit-list.ts';
import type { Connection } from './connection.ts';
import type {
	AutoMerge,
	AutoMergeOutcome,
	Forge,
	MergeState,
	NewPullRequest,
	Opened,
	PullRequest,
} from './forge.ts';
import { Rest } from './rest.ts';
import type { RunStatus } from './run-status.ts';

interface User {
	name: string;
}

interface Reviewer {
	user: User;
	status: 'UNAPPROVED' | 'NEEDS_WORK' | 'APPROVED';
}

/** A pull request as Bitbucket Data Center's API gives it (developer.atlassian.com/server/bitbucket/rest). */
interface ServerPull {
	id: number;
	/** Counts its changes; whoever changes it says which one he means. */
	version: number;
	title: string;
	description?: string;
	state: 'OPEN' | 'MERGED' | 'DECLINED';
	/** Since version 8.18. */
	draft?: boolean;
	author?: { user: User };
	fromRef: Ref;
	toRef: Ref;
	reviewers?: Reviewer[];
	links: { self: { href: string }[] };
}

interface Ref {
	/** In full: `refs/heads/main`. */
	id: string;
	latestCommit: string;
	repository?: { id: number };
}

interface Page<T> {
	values: T[];
	isLastPage: boolean;
	nextPageStart: number | null;
}

interface ServerCommit {
	id: string;
	message: string;
	author: { name: string; displayName?: string };
}

const pageSize = 100;

/**
 * Bitbucket Data Center (and Server), whose API has nothing in common with Cloud's. By plain
 * requests, as there is no kept client on npm. Its pull requests have neither labels nor
 * assignees, and no teams as reviewers.
 */
export class BitbucketServerForge implements Forge {
	readonly kind = 'bitbucket';
	readonly title = 'Bitbucket';
	readonly pages = 'bitbucket-server';
	readonly longestBody = 32_000;
	readonly #rest: Rest;
	readonly #connection: Connection;
	/** `PROJECT`, or `~user`. */
	readonly #project: string;

	constructor(connection: Connection) {
		const { owner, name } = connection.repository;
		this.#connection = connection;
		// Over https the path is /scm/project/repository.git, below the path of the server.
		this.#project = owner.split('/').at(-1) ?? '';
		this.#rest = new Rest({
			connection,
			title: this.title,
			repository: `${this.#project}/${name}`,
			headers: bitbucketLogin(connection),
			wordsIn: (answer) => {
				const { errors = [] } = answer as { errors?: { message?: string }[] };
				return errors.map(({ message }) => message ?? '').join(' ');
			},
		});
	}

	async close(): Promise<void> {
		this.#rest.close();
	}

	async openPullRequests(): Promise<PullRequest[]> {
		return await this.#list({ state: 'OPEN' });
	}

	async latestPullRequest(head: string): Promise<PullRequest | undefined> {
		const [latest] = await this.#list({ state: 'ALL', ...from(head) });
		return latest;
	}

	async openPullRequest({ head, base, title, body, draft }: NewPullRequest): Promise<Opened> {
		const doing = `open the pull request from ${head} to ${base}`;
		const request: HttpRequest = {
			method: 'POST',
			path: this.#path('/pull-requests'),
			body: {
				title,
				description: body,
				fromRef: this.#ref(head),
				toRef: this.#ref(base),
				...(draft && { draft: true }),
			},
			// A second one between the same branches is refused.
			idempotent: true,
		};
		const opened = await this.#rest.settle<Opened>(doing, request, async (response) => {
			if (response.status === 201) {
				const made = this.#rest.parse<ServerPull>(response);
				return { value: { request: toPullRequest(made), created: true } };
			}
			if (response.status === 409) {
				const open = await this.#list({ state: 'OPEN', ...from(head) });
				const same = open.find((pull) => pull.base === base);
				return same === undefined ? 'again' : { value: { request: same, created: false } };
			}
			// The branch was pushed a moment ago, and another node may not have it yet.
			return response.status === 404 ? 'again' : 'refused';
		});
		if (draft && !opened.request.draft)
			this.#connection.log.warn(
				'Bitbucket opened the pull request, but not as a draft: it knows drafts since version 8.18',
			);
		return opened;
	}

	async updatePullRequest(
		request: PullRequest,
		{ title, body }: { title: string; body: string },
	): Promise<void> {
		const doing = `update pull request ${request.number}`;
		await this.#change(request, doing, () => ({ title, description: body }));
	}

	async closePullRequest(request: PullRequest, comment: string): Promise<void> {
		await this.comment(request, comment);
		const decline = async (): Promise<HttpRequest> => ({
			method: 'POST',
			path: this.#path(`/pull-requests/${request.number}/decline`),
			query: { version: (await this.#read(request)).version },
			body: {},
			idempotent: true,
		});
		await this.#rest.settle(`close pull request ${request.number}`, decline, async ({ status }) => {
			if (status < 300) return { value: undefined };
			if (status !== 409) return 'refused';
			// Changed by another meanwhile, or declined already.
			const { state } = await this.#read(request);
			return state === 'OPEN' ? 'again' : { value: undefined };
		});
	}

	async comment(request: PullRequest, text: string): Promise<void> {
		const doing = `comment on pull request ${request.number}`;
		const pull = this.#path(`/pull-requests/${request.number}`);
		const say = { method: 'POST', path: `${pull}/comments`, body: { text } };
		await this.#rest.sayOnce(doing, say, async () => {
			const { values } = await this.#rest.ask<Page<{ comment?: { text: string } }>>(doing, {
				path: `${pull}/activities`,
				query: { limit: pageSize },
			});
			return values.some(({ comment }) => comment?.text === text);
		});
	}

	async addLabels(_request: PullRequest, labels: readonly string[]): Promise<void> {
		this.#rest.lacks('labels', labels);
	}

	async addAssignees(_request: PullRequest, users: readonly string[]): Promise<void> {
		this.#rest.lacks('assignees', users);
	}

	async reviewersOf(request: PullRequest): Promise<string[]> {
		const { reviewers = [] } = await this.#read(request);
		return reviewers.filter(({ status }) => status !== 'UNAPPROVED').map(({ user }) => user.name);
	}

	async askForReview(
		request: PullRequest,
		{ users, teams }: { users: readonly string[]; teams: readonly string[] },
	): Promise<void> {
		const names = [...users, ...teams].join(', ');
		const doing = `ask ${names} for a review of pull request ${request.number}`;
		if (users.length > 0)
			await this.#change(request, doing, ({ reviewers = [] }) => {
				const all = new Set([...reviewers.map(({ user }) => user.name), ...users]);
				return { reviewers: [...all].map((name) => only({ name })) };
			});
		if (teams.length > 0)
			throw new Failure(
				`Bitbucket asks no teams for a review, so ${teams.join(', ')} were not asked for pull request ${request.number}; name users as reviewers, or a group among the default reviewers of the repository`,
			);
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
		return { rest: this.#rest, number, path: this.#path(`/pull-requests/${number}`) };
	}

	async writeStatus(status: RunStatus): Promise<void> {
		const { apiUrl } = this.#connection;
		const page = `${apiUrl.replace(/\/rest\/api\/.*$/, '')}${this.#path(`/commits/${status.commit}`)}`;
		await this.#rest.ask('write a build status', {
			method: 'POST',
			path: this.#path(`/commits/${status.commit}/builds`),
			body: buildStatus(status, page),
			// One of the same key is changed by the next.
			idempotent: true,
		});
	}

	async commitsBetween(
		from: string,
		to: string,
		limit: number,
	): Promise<CommitsBetween | undefined> {
		return await bothSides({ from, to }, (since, until) =>
			listPages<number>(limit, async (start = 0) => {
				const query = { since, until, limit: pageSize, start };
				const response = await this.#rest.send({ path: this.#path('/commits'), query });
				if (response.status === 404) return undefined;
				if (response.status >= 300) throw this.#rest.refused('compare two commits', response);
				const page = this.#rest.parse<Page<ServerCommit>>(response);
				const commits = page.values.map(({ id, message, author }) => ({
					commit: id,
					subject: subjectOf(message),
					author: author.displayName ?? author.name,
				}));
				return { commits, next: page.nextPageStart ?? undefined };
			}),
		);
	}

	async #list(query: HttpRequest['query']): Promise<PullRequest[]> {
		const all: ServerPull[] = [];
		let start = 0;
		for (;;) {
			const page = await this.#rest.ask<Page<ServerPull>>('list the pull requests', {
				path: this.#path('/pull-requests'),
				query: { order: 'NEWEST', ...query, limit: pageSize, start },
			});
			all.push(...page.values);
			if (page.isLastPage || page.nextPageStart === null)
				return all.filter(isOwn).map(toPullRequest);
			start = page.nextPageStart;
		}
	}

	async #read({ number }: PullRequest): Promise<ServerPull> {
		return await this.#rest.ask<ServerPull>(`read pull request ${number}`, {
			path: this.#path(`/pull-requests/${number}`),
		});
	}

	/** Changes it as it stands; where somebody else was quicker, as it stands then. */
	async #change(
		request: PullRequest,
		doing: string,
		change: (pull: ServerPull) => object,
	): Promise<void> {
		const put = async (): Promise<HttpRequest> => {
			const pull = await this.#read(request);
			const { version, title, description = '', reviewers = [] } = pull;
			// What is left out is taken away.
			const kept = { title, description, reviewers: reviewers.map(({ user }) => only(user)) };
			return {
				method: 'PUT',
				path: this.#path(`/pull-requests/${request.number}`),
				body: { version, ...kept, ...change(pull) },
			};
		};
		await this.#rest.settle(doing, put, async (response) => {
			if (response.status < 300) return { value: undefined };
			const outdated = /out[- ]of[- ]date|modified|version/i.test(this.#rest.words(response));
			return response.status === 409 && outdated ? 'again' : 'refused';
		});
	}

	#ref(branch: string): object {
		const repository = { slug: this.#connection.repository.name, project: { key: this.#project } };
		return { id: `refs/heads/${branch}`, repository };
	}

	#path(path = ''): string {
		const { name } = this.#connection.repository;
		return `/projects/${encodeURIComponent(this.#project)}/repos/${encodeURIComponent(name)}${path}`;
	}
}

function from(head: string): { at: string; direction: string } {
	return { at: `refs/heads/${head}`, direction: 'OUTGOING' };
}

/** A reviewer as the API takes one. */
function only({ name }: User): { user: User } {
	return { user: { name } };
}

function branchOf(ref: string): string {
	return ref.replace(/^refs\/heads\//, '');
}

function toPullRequest(pull: ServerPull): PullRequest {
	const waiting = (pull.reviewers ?? []).filter(({ status }) => status === 'UNAPPROVED');
	return {
		number: pull.id,
		url: pull.links.self[0]?.href ?? '',
		title: pull.title,
		body: (pull.description ?? '').replaceAll('\r\n', '\n'),
		draft: pull.draft ?? false,
		head: branchOf(pull.fromRef.id),
		headCommit: pull.fromRef.latestCommit,
		base: branchOf(pull.toRef.id),
		state: pull.state === 'OPEN' ? 'open' : pull.state === 'MERGED' ? 'merged' : 'closed',
		author: pull.author?.user.name ?? '',
		labels: [],
		assignees: [],
		requestedReviewers: waiting.map(({ user }) => user.name),
		requestedTeams: [],
	};
}

/** A fork may have a branch of the same name; its pull requests are none of the step's. */
function isOwn({ fromRef, toRef }: ServerPull): boolean {
	return fromRef.repository?.id === toRef.repository?.id;
}
