import { Failure } from '../failure/failure.ts';
import type { CommitsBetween, ListedCommit } from '../git/commits-between.ts';
import type { HttpRequest } from '../http/client.ts';
import { autoMerge, type MergeQuestion, mergeState } from './bitbucket-merge.ts';
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
import { pagesOf } from './pages.ts';
import { Rest } from './rest.ts';
import type { RunStatus } from './run-status.ts';

interface Account {
	uuid: string;
	nickname?: string;
	display_name?: string;
	account_id?: string;
}

/** A pull request as Bitbucket Cloud's API gives it (developer.atlassian.com/cloud/bitbucket/rest). */
interface CloudPull {
	id: number;
	title: string;
	description?: string | null;
	state: 'OPEN' | 'MERGED' | 'DECLINED' | 'SUPERSEDED';
	draft?: boolean;
	author?: Account | null;
	source: Side;
	destination: Side;
	reviewers?: Account[];
	participants?: { user: Account; approved: boolean; state: string | null }[];
	links: { html: { href: string } };
}

/** `hash` is shortened to 12 digits; `repository` is null where a fork was deleted. */
interface Side {
	branch: { name: string };
	commit: { hash: string } | null;
	repository?: { uuid: string } | null;
}

interface Page<T> {
	values: T[];
	next?: string;
}

interface CloudCommit {
	hash: string;
	message: string;
	/** As the commit has it: `Alice <alice@example.com>`. */
	author: { raw: string };
}

const pageSize = 50;
/** What lists leave out unless they are asked for it. */
const fields = '+values.reviewers,+values.participants';

/**
 * How one logs in to the API, on Cloud and on own servers: a token for a repository, project
 * or workspace is sent alone, one of a person's (or a password) beside that person's name.
 */
export function bitbucketLogin({
	token,
	username,
}: Pick<Connection, 'token' | 'username'>): Readonly<Record<string, string>> {
	if (token === undefined) return {};
	if (username === undefined || username === 'x-token-auth')
		return { authorization: `Bearer ${token}` };
	const basic = Buffer.from(`${username}:${token}`).toString('base64');
	return { authorization: `Basic ${basic}` };
}

/**
 * Bitbucket Cloud, by plain requests: the client on npm (`bitbucket`) is not kept up, and knows
 * no drafts. Its pull requests have neither labels nor assignees, and no teams as reviewers.
 */
export class BitbucketCloudForge implements Forge {
	readonly kind = 'bitbucket';
	readonly title = 'Bitbucket';
	readonly pages = 'bitbucket-cloud';
	readonly longestBody = 32_000;
	readonly #rest: Rest;
	readonly #connection: Connection;

	constructor(connection: Connection) {
		const { owner, name } = connection.repository;
		this.#connection = connection;
		this.#rest = new Rest({
			connection,
			title: this.title,
			repository: `${owner}/${name}`,
			headers: bitbucketLogin(connection),
			wordsIn: (answer) => {
				const { error } = answer as { error?: { message?: string; detail?: unknown } };
				const detail = typeof error?.detail === 'string' ? `: ${error.detail}` : '';
				return `${error?.message ?? ''}${detail}`;
			},
		});
	}

	async close(): Promise<void> {
		this.#rest.close();
	}

	async openPullRequests(): Promise<PullRequest[]> {
		return (await this.#list('state=OPEN')).map(toPullRequest);
	}

	async latestPullRequest(head: string): Promise<PullRequest | undefined> {
		const states = ['OPEN', 'MERGED', 'DECLINED', 'SUPERSEDED'].map((state) => `state=${state}`);
		const [latest] = await this.#list(states.join('&'), sourceIs(head));
		if (latest === undefined) return undefined;
		const pull = toPullRequest(latest);
		if (pull.headCommit === '') return pull;
		const { hash } = await this.#rest.ask<{ hash: string }>(`read commit ${pull.headCommit}`, {
			path: this.#path(`/commit/${pull.headCommit}`),
		});
		return { ...pull, headCommit: hash };
	}

	async openPullRequest({ head, base, title, body, draft }: NewPullRequest): Promise<Opened> {
		const doing = `open the pull request from ${head} to ${base}`;
		const request: HttpRequest = {
			method: 'POST',
			path: this.#path('/pullrequests'),
			body: {
				title,
				description: body,
				source: { branch: { name: head } },
				destination: { branch: { name: base } },
				...(draft && { draft: true }),
			},
			// Between two branches there is never more than one that is open.
			idempotent: true,
		};
		return await this.#rest.settle<Opened>(doing, request, async (response) => {
			if (response.status < 300) {
				const made = this.#rest.parse<CloudPull>(response);
				return { value: { request: toPullRequest(made), created: true } };
			}
			const words = this.#rest.words(response);
			if (response.status === 409 || /already/i.test(words)) {
				const open = await this.#list('state=OPEN', sourceIs(head));
				const same = open.map(toPullRequest).find((pull) => pull.base === base);
				return same === undefined ? 'again' : { value: { request: same, created: false } };
			}
			// The branch was pushed a moment ago and is not known everywhere yet.
			const early = response.status === 404 || /branch|changes|source/i.test(words);
			return early ? 'again' : 'refused';
		});
	}

	async updatePullRequest(
		request: PullRequest,
		{ title, body }: { title: string; body: string },
	): Promise<void> {
		const pull = await this.#read(request);
		const doing = `update pull request ${request.number}`;
		await this.#change(pull, doing, { title, description: body });
	}

	async closePullRequest(request: PullRequest, comment: string): Promise<void> {
		await this.comment(request, comment);
		const decline: HttpRequest = {
			method: 'POST',
			path: this.#path(`/pullrequests/${request.number}/decline`),
			idempotent: true,
		};
		await this.#rest.settle(`close pull request ${request.number}`, decline, async ({ status }) => {
			if (status < 300) return { value: undefined };
			// Somebody else, or a request whose answer got lost, may have been first.
			const { state } = await this.#read(request);
			return state === 'OPEN' ? 'refused' : { value: undefined };
		});
	}

	async comment(request: PullRequest, text: string): Promise<void> {
		const doing = `comment on pull request ${request.number}`;
		const path = this.#path(`/pullrequests/${request.number}/comments`);
		const body = { content: { raw: text } };
		await this.#rest.sayOnce(doing, { method: 'POST', path, body }, async () => {
			const { values } = await this.#rest.ask<Page<{ content: { raw: string } }>>(doing, {
				path,
				query: { sort: '-created_on', pagelen: pageSize },
			});
			return values.some(({ content }) => content.raw === text);
		});
	}

	async addLabels(_request: PullRequest, labels: readonly string[]): Promise<void> {
		this.#rest.lacks('labels', labels);
	}

	async addAssignees(_request: PullRequest, users: readonly string[]): Promise<void> {
		this.#rest.lacks('assignees', users);
	}

	async reviewersOf(request: PullRequest): Promise<string[]> {
		const { participants = [] } = await this.#read(request);
		return participants.filter(hasReviewed).map(({ user }) => nameOf(user));
	}

	async askForReview(
		request: PullRequest,
		{ users, teams }: { users: readonly string[]; teams: readonly string[] },
	): Promise<void> {
		const names = [...users, ...teams].join(', ');
		const doing = `ask ${names} for a review of pull request ${request.number}`;
		const pull = await this.#read(request);
		const wanted = new Set((pull.reviewers ?? []).map(({ uuid }) => uuid));
		const before = wanted.size;
		for (const user of users) wanted.add(await this.#uuidOf(user, doing));
		if (wanted.size > before)
			await this.#change(pull, doing, { reviewers: [...wanted].map((uuid) => ({ uuid })) });
		if (teams.length > 0)
			throw new Failure(
				`Bitbucket asks no teams for a review, so ${teams.join(', ')} were not asked for pull request ${request.number}; name users as reviewers, or the team among the default reviewers of the project`,
			);
	}

	async autoMerge(request: PullRequest, wish: AutoMerge): Promise<AutoMergeOutcome> {
		return await autoMerge(this.#merging(request), wish);
	}

	async mergeState(request: PullRequest): Promise<MergeState> {
		return await mergeState(this.#merging(request));
	}

	#merging({ number }: PullRequest): MergeQuestion {
		return { rest: this.#rest, number, repository: this.#path() };
	}

	async writeStatus(status: RunStatus): Promise<void> {
		const { owner, name } = this.#connection.repository;
		const page = pagesOf(`bitbucket.org/${owner}/${name}`).commit(status.commit);
		await this.#rest.ask('write a build status', {
			method: 'POST',
			path: this.#path(`/commit/${status.commit}/statuses/build`),
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
		return await bothSides({ from, to }, (exclude, include) =>
			listPages<number>(limit, async (page = 1) => {
				const query = { include, exclude, pagelen: 100, page };
				const response = await this.#rest.send({ path: this.#path('/commits'), query });
				if (response.status === 404) return undefined;
				if (response.status >= 300) throw this.#rest.refused('compare two commits', response);
				const { values, next } = this.#rest.parse<Page<CloudCommit>>(response);
				return { commits: values.map(toListed), next: next === undefined ? next : page + 1 };
			}),
		);
	}

	async #list(states: string, query?: string): Promise<CloudPull[]> {
		const all: CloudPull[] = [];
		for (let page = 1; ; page++) {
			const { values, next } = await this.#rest.ask<Page<CloudPull>>('list the pull requests', {
				path: this.#path(`/pullrequests?${states}`),
				query: { q: query, sort: '-created_on', fields, pagelen: pageSize, page },
			});
			all.push(...values.filter(isOwn));
			if (next === undefined) return all;
		}
	}

	async #read({ number }: PullRequest): Promise<CloudPull> {
		return await this.#rest.ask<CloudPull>(`read pull request ${number}`, {
			path: this.#path(`/pullrequests/${number}`),
		});
	}

	/** Sends all that may be changed: of what is left out it is not documented that it stays. */
	async #change(pull: CloudPull, doing: string, change: object): Promise<void> {
		const { title, description, destination, reviewers = [] } = pull;
		await this.#rest.ask(doing, {
			method: 'PUT',
			path: this.#path(`/pullrequests/${pull.id}`),
			body: {
				title,
				description: description ?? '',
				destination: { branch: { name: destination.branch.name } },
				reviewers: reviewers.map(({ uuid }) => ({ uuid })),
				...change,
			},
		});
	}

	/** Bitbucket has no user names any more: a member is meant by its nickname, name or ids. */
	async #uuidOf(user: string, doing: string): Promise<string> {
		if (/^\{[\w-]+\}$/.test(user)) return user;
		const { owner } = this.#connection.repository;
		for (let page = 1; ; page++) {
			const { values, next } = await this.#rest.ask<Page<{ user: Account }>>(doing, {
				path: `/workspaces/${encodeURIComponent(owner)}/members`,
				query: { pagelen: pageSize, page },
			});
			const found = values.find(({ user: { nickname, display_name, account_id } }) =>
				[nickname, display_name, account_id].some(
					(name) => name?.toLowerCase() === user.toLowerCase(),
				),
			);
			if (found !== undefined) return found.user.uuid;
			if (next === undefined)
				throw new Failure(
					`Bitbucket refused to ${doing}: ${user} is no member of the workspace ${owner}; give a nickname, or a UUID in braces`,
				);
		}
	}

	#path(path = ''): string {
		const { owner, name } = this.#connection.repository;
		return `/repositories/${encodeURIComponent(owner)}/${encodeURIComponent(name)}${path}`;
	}
}

function sourceIs(head: string): string {
	return `source.branch.name = "${head.replace(/["\\]/g, '\\$&')}"`;
}

function toPullRequest(pull: CloudPull): PullRequest {
	const { participants = [] } = pull;
	const done = new Set(participants.filter(hasReviewed).map(({ user }) => user.uuid));
	const waiting = (pull.reviewers ?? []).filter(({ uuid }) => !done.has(uuid));
	return {
		number: pull.id,
		url: pull.links.html.href,
		title: pull.title,
		body: (pull.description ?? '').replaceAll('\r\n', '\n'),
		draft: pull.draft ?? false,
		head: pull.source.branch.name,
		headCommit: pull.source.commit?.hash ?? '',
		base: pull.destination.branch.name,
		state: pull.state === 'OPEN' ? 'open' : pull.state === 'MERGED' ? 'merged' : 'closed',
		author: pull.author ? nameOf(pull.author) : '',
		labels: [],
		assignees: [],
		requestedReviewers: waiting.map(nameOf),
		requestedTeams: [],
	};
}

function toListed({ hash, message, author }: CloudCommit): ListedCommit {
	return {
		commit: hash,
		subject: subjectOf(message),
		author: author.raw.replace(/\s*<[^>]*>\s*$/, ''),
	};
}

function nameOf({ nickname, display_name, uuid }: Account): string {
	return nickname ?? display_name ?? uuid;
}

function hasReviewed({ approved, state }: { approved: boolean; state: string | null }): boolean {
	return approved || state !== null;
}

/** A fork may have a branch of the same name; its pull requests are none of the step's. */
function isOwn({ source, destination }: CloudPull): boolean {
	return source.repository?.uuid === destination.repository?.uuid;
}
