import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure/failure.ts';
import type { FilesToWrite, WriteOutcome } from '../git/commit-to-branch.ts';
import type { CommitsBetween } from '../git/commits-between.ts';
import type { Relation } from '../git/history.ts';
import { HttpClient, type HttpRequest, type HttpResponse } from '../http/client.ts';
import { bothSides } from './commit-list.ts';
import { type Connection, userAgent } from './connection.ts';
import type {
	AutoMerge,
	AutoMergeOutcome,
	Forge,
	MergeState,
	NewPullRequest,
	PullRequest,
	Verification,
} from './forge.ts';
import { commitFiles } from './gitea-commit.ts';
import { type GiteaComparison, toCommitList } from './gitea-compare.ts';
import { autoMerge, cancelAutoMerge, type MergeQuestion, mergeState } from './gitea-merge.ts';
import {
	type GiteaPull,
	isOwn,
	type Label,
	toPullRequest,
	type User,
} from './gitea-pull-request.ts';
import { pullRequestOf } from './pull-request.ts';
import { refused } from './refusal.ts';
import type { RunStatus } from './run-status.ts';

/** The most that Gitea gives at once by default ([api] MAX_RESPONSE_ITEMS). */
const pageSize = 50;
const settling = { attempts: 5, pause: 500 };

/**
 * Gitea and Forgejo, which share what is used here of the API. By plain requests: the
 * clients on npm are generated from one version's description and several times the size.
 */
export class GiteaForge implements Forge {
	readonly kind: 'gitea' | 'forgejo';
	readonly title: string;
	readonly pages = 'github';
	readonly #connection: Connection;
	readonly #client: HttpClient;

	constructor(connection: Connection, kind: 'gitea' | 'forgejo') {
		const { apiUrl, token, tls, environment, log, signal } = connection;
		this.kind = kind;
		this.title = kind === 'gitea' ? 'Gitea' : 'Forgejo';
		this.#connection = connection;
		this.#client = new HttpClient({
			baseUrl: apiUrl,
			headers: {
				accept: 'application/json',
				'user-agent': userAgent,
				...(token === undefined ? {} : { authorization: `token ${token}` }),
			},
			tls,
			environment,
			log,
			signal,
		});
	}

	async close(): Promise<void> {
		this.#client.close();
	}

	async openPullRequests(): Promise<PullRequest[]> {
		const pulls = await this.#all<GiteaPull>('list the pull requests', '/pulls', { state: 'open' });
		return pulls.filter(isOwn).map(toPullRequest);
	}

	async latestPullRequest(head: string): Promise<PullRequest | undefined> {
		// Gitea cannot be asked by head alone, but gives the newest first.
		for (let page = 1; ; page++) {
			const pulls = await this.#page<GiteaPull>('list the pull requests', '/pulls', page, {
				state: 'all',
			});
			const found = pulls.filter(isOwn).map(toPullRequest);
			const match = found.find((pull) => pull.head === head);
			if (match !== undefined || pulls.length < pageSize) return match;
		}
	}

	async openPullRequest({
		head,
		base,
		title,
		body,
		draft,
	}: NewPullRequest): Promise<{ request: PullRequest; created: boolean }> {
		const doing = `open the pull request from ${head} to ${base}`;
		for (let attempt = 1; ; attempt++) {
			const response = await this.#client.send({
				method: 'POST',
				path: this.#path('/pulls'),
				body: { head, base, title: draft ? `WIP: ${title}` : title, body },
				// A second one between the same branches is refused.
				idempotent: true,
			});
			if (response.status === 201)
				return await this.#orItsTwin(toPullRequest(parse<GiteaPull>(response)));
			if (response.status === 409) {
				const same = pullRequestOf(await this.openPullRequests(), head, base);
				if (same !== undefined) return { request: same, created: false };
			}
			// The branch was pushed a moment ago: Gitea takes note of it after the push has ended.
			const early = [404, 409, 422].includes(response.status);
			if (!early || attempt === settling.attempts) throw this.#refused(doing, response);
			await this.#pause(attempt);
		}
	}

	/** Gitea opens two where two ask at once: the older stands, and the other is closed. */
	async #orItsTwin(made: PullRequest): Promise<{ request: PullRequest; created: boolean }> {
		const first = pullRequestOf(await this.openPullRequests(), made.head, made.base);
		if (first === undefined || first.number >= made.number) return { request: made, created: true };
		await this.closePullRequest(made, `Closed in favour of #${first.number}, opened just before.`);
		return { request: first, created: false };
	}

	async updatePullRequest(
		request: PullRequest,
		{ title, body }: { title: string; body: string },
	): Promise<void> {
		await this.#ask(`update pull request ${request.number}`, {
			method: 'PATCH',
			path: this.#path(`/pulls/${request.number}`),
			body: { title: request.draft ? `WIP: ${title}` : title, body },
		});
	}

	async closePullRequest(request: PullRequest, comment: string): Promise<void> {
		await this.comment(request, comment);
		await this.#ask(`close pull request ${request.number}`, {
			method: 'PATCH',
			path: this.#path(`/pulls/${request.number}`),
			body: { state: 'closed' },
		});
	}

	async comment(request: PullRequest, text: string): Promise<void> {
		const path = `/issues/${request.number}/comments`;
		const doing = `comment on pull request ${request.number}`;
		for (let attempt = 1; ; attempt++) {
			const { lost, failure } = await this.#say(doing, path, text);
			if (failure === undefined) return;
			if (!lost || attempt === settling.attempts) throw failure;
			// The answer got lost, and perhaps only the answer.
			await this.#pause(attempt);
			const comments = await this.#ask<{ body: string }[]>(doing, { path: this.#path(path) });
			if (comments.some(({ body }) => body === text)) return;
		}
	}

	async addLabels(request: PullRequest, labels: readonly string[]): Promise<void> {
		const ids = await this.#labelIds(labels);
		await this.#ask(`label pull request ${request.number}`, {
			method: 'POST',
			path: this.#path(`/issues/${request.number}/labels`),
			body: { labels: ids },
			idempotent: true,
		});
	}

	async addAssignees(request: PullRequest, users: readonly string[]): Promise<void> {
		await this.#ask(`assign ${users.join(', ')} to pull request ${request.number}`, {
			method: 'PATCH',
			path: this.#path(`/issues/${request.number}`),
			body: { assignees: [...request.assignees, ...users] },
		});
	}

	async reviewersOf(request: PullRequest): Promise<string[]> {
		const reviews = await this.#all<{ user: User | null; state: string }>(
			`read the reviews of pull request ${request.number}`,
			`/pulls/${request.number}/reviews`,
		);
		return reviews.flatMap(({ user, state }) =>
			user === null || state === 'REQUEST_REVIEW' ? [] : [user.login],
		);
	}

	async askForReview(
		request: PullRequest,
		{ users, teams }: { users: readonly string[]; teams: readonly string[] },
	): Promise<void> {
		const names = [...users, ...teams].join(', ');
		await this.#ask(`ask ${names} for a review of pull request ${request.number}`, {
			method: 'POST',
			path: this.#path(`/pulls/${request.number}/requested_reviewers`),
			body: { reviewers: users, team_reviewers: teams },
			idempotent: true,
		});
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
			number,
			send: (sent) => this.#client.send(sent),
			ask: (doing, path) => this.#ask(doing, { path: this.#path(path) }),
			path: (path) => this.#path(path),
			refused: (doing, response) => this.#refused(doing, response),
			wordsIn: messageIn,
			pause: (attempt) => this.#pause(attempt),
		};
	}

	async compare(ours: string, theirs: string): Promise<Relation> {
		if (ours === theirs) return 'same';
		const between = await this.commitsBetween(ours, theirs, 0);
		if (between === undefined) return undefined;
		if (between.removed.total === 0) return 'older';
		return between.added.total === 0 ? 'newer' : 'apart';
	}

	async writeStatus({ commit, state, context, description, runUrl }: RunStatus): Promise<void> {
		await this.#ask('write a commit status', {
			method: 'POST',
			path: this.#path(`/statuses/${commit}`),
			body: {
				state: state === 'running' ? 'pending' : state,
				context,
				description,
				...(runUrl && { target_url: runUrl }),
			},
			// The newest of a context counts.
			idempotent: true,
		});
	}

	async commitsBetween(
		from: string,
		to: string,
		limit: number,
	): Promise<CommitsBetween | undefined> {
		return await bothSides({ from, to }, async (one, other) => {
			const response = await this.#client.send({ path: this.#path(`/compare/${one}...${other}`) });
			if (response.status === 404) return undefined;
			if (response.status >= 300) throw this.#refused('compare two commits', response);
			return toCommitList(parse<GiteaComparison>(response), limit);
		});
	}

	async commitFiles(commit: FilesToWrite): Promise<WriteOutcome> {
		const writing = {
			send: (request: HttpRequest) =>
				this.#client.send({ ...request, path: this.#path(request.path) }),
			refused: this.#refused.bind(this),
			wordsIn: messageIn,
			signal: this.#connection.signal,
		};
		return await commitFiles(writing, commit, this.kind === 'gitea');
	}

	async verificationOf(commit: string): Promise<Verification> {
		const read = await this.#ask<{ commit: { verification?: Verification } }>(
			`read commit ${commit}`,
			{ path: this.#path(`/git/commits/${commit}`), query: { stat: false, files: false } },
		);
		return read.commit.verification ?? { verified: false, reason: 'nothing is said of it' };
	}

	/** Comments without trying again; `lost` where it may have been taken all the same. */
	async #say(
		doing: string,
		path: string,
		text: string,
	): Promise<{ lost: boolean; failure?: unknown }> {
		const request = { method: 'POST', path: this.#path(path), body: { body: text } };
		try {
			const response = await this.#client.send(request);
			if (response.status < 300) return { lost: false };
			return { lost: response.status >= 500, failure: this.#refused(doing, response) };
		} catch (failure) {
			this.#connection.signal.throwIfAborted();
			return { lost: true, failure };
		}
	}

	/** Ids of labels by name, of the repository or its organization; what is missing is made. */
	async #labelIds(names: readonly string[]): Promise<number[]> {
		const known = await this.#all<Label>('list the labels', '/labels');
		const { owner } = this.#connection.repository;
		const missing = names.filter((name) => !known.some((label) => label.name === name));
		if (missing.length > 0) {
			const shared = await this.#client.send({
				path: `/orgs/${encodeURIComponent(owner)}/labels`,
				query: { limit: pageSize },
			});
			// A user who is no organization has none: 404.
			if (shared.status === 200) known.push(...parse<Label[]>(shared));
		}
		const ids: number[] = [];
		for (const name of names) {
			const label =
				known.find((one) => one.name === name) ??
				(await this.#ask<Label>(`make the label ${name}`, {
					method: 'POST',
					path: this.#path('/labels'),
					body: { name, color: '#ededed' },
				}));
			ids.push(label.id);
		}
		return ids;
	}

	async #all<T>(doing: string, path: string, query: HttpRequest['query'] = {}): Promise<T[]> {
		const items: T[] = [];
		for (let page = 1; ; page++) {
			const found = await this.#page<T>(doing, path, page, query);
			items.push(...found);
			if (found.length < pageSize) return items;
		}
	}

	async #page<T>(doing: string, path: string, page: number, query: HttpRequest['query']) {
		return await this.#ask<T[]>(doing, {
			path: this.#path(path),
			query: { ...query, page, limit: pageSize },
		});
	}

	async #ask<T>(doing: string, request: HttpRequest): Promise<T> {
		const response = await this.#client.send(request);
		if (response.status >= 300) throw this.#refused(doing, response);
		// What is written may be answered with nothing; what is asked for may not.
		if (response.text === '' && request.method !== undefined) return undefined as T;
		return parse<T>(response);
	}

	#path(path = ''): string {
		const { owner, name } = this.#connection.repository;
		return `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}${path}`;
	}

	async #pause(attempt: number): Promise<void> {
		const { signal } = this.#connection;
		const ms = settling.pause * 2 ** (attempt - 1);
		await sleep(ms, undefined, { signal }).catch(() => {
			throw signal.reason;
		});
	}

	#refused(doing: string, response: HttpResponse, advice?: string): Failure {
		const { owner, name } = this.#connection.repository;
		const { status } = response;
		return refused({
			forge: this.title,
			doing,
			repository: `${owner}/${name}`,
			status,
			message: messageIn(response),
			advice,
		});
	}
}

function parse<T>({ text }: HttpResponse): T {
	try {
		return JSON.parse(text) as T;
	} catch (error) {
		throw new Failure(
			`The forge's API answered with something other than JSON; check api-url (it ends in /api/v1)`,
			{ cause: error },
		);
	}
}

/** Gitea's own words in an answer; a proxy in between may answer with a page. */
function messageIn({ text }: HttpResponse): string {
	try {
		const { message } = JSON.parse(text) as { message?: unknown };
		return typeof message === 'string' ? message : '';
	} catch {
		return '';
	}
}
