import type { FilesToWrite, WriteOutcome } from '../git/commit-to-branch.ts';
import type { CommitsBetween } from '../git/commits-between.ts';
import type { Relation } from '../git/history.ts';
import type { HttpRequest } from '../http/client.ts';
import { bothSides } from './commit-list.ts';
import type { Connection } from './connection.ts';
import type {
	AutoMerge,
	AutoMergeOutcome,
	Forge,
	MergeState,
	NewPullRequest,
	Opened,
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
import { Rest } from './rest.ts';
import type { RunStatus } from './run-status.ts';

/** The most that Gitea gives at once by default ([api] MAX_RESPONSE_ITEMS). */
const pageSize = 50;

/**
 * Gitea and Forgejo, which share what is used here of the API. By plain requests: the
 * clients on npm are generated from one version's description and several times the size.
 */
export class GiteaForge implements Forge {
	readonly kind: 'gitea' | 'forgejo';
	readonly title: string;
	readonly pages = 'github';
	readonly #connection: Connection;
	readonly #rest: Rest;

	constructor(connection: Connection, kind: 'gitea' | 'forgejo') {
		const { repository, token } = connection;
		this.kind = kind;
		this.title = kind === 'gitea' ? 'Gitea' : 'Forgejo';
		this.#connection = connection;
		this.#rest = new Rest({
			connection,
			title: this.title,
			repository: `${repository.owner}/${repository.name}`,
			headers: token === undefined ? {} : { authorization: `token ${token}` },
			wordsIn,
		});
	}

	async close(): Promise<void> {
		this.#rest.close();
	}

	async openPullRequests(): Promise<PullRequest[]> {
		const pulls = await this.#all<GiteaPull>('list the pull requests', '/pulls', { state: 'open' });
		return pulls.filter(isOwn).map(toPullRequest);
	}

	async latestPullRequest(head: string): Promise<PullRequest | undefined> {
		// Gitea cannot be asked by head alone, but gives the newest first.
		for (let page = 1; ; page++) {
			const { items, isLast } = await this.#page<GiteaPull>(
				'list the pull requests',
				'/pulls',
				page,
				{ state: 'all' },
			);
			const found = items.filter(isOwn).map(toPullRequest);
			const match = found.find((pull) => pull.head === head);
			if (match !== undefined || isLast) return match;
		}
	}

	async openPullRequest({ head, base, title, body, draft }: NewPullRequest): Promise<Opened> {
		const doing = `open the pull request from ${head} to ${base}`;
		const request: HttpRequest = {
			method: 'POST',
			path: this.#path('/pulls'),
			body: { head, base, title: draft ? `WIP: ${title}` : title, body },
			// A second one between the same branches is refused.
			idempotent: true,
		};
		return await this.#rest.settle<Opened>(doing, request, async (response) => {
			if (response.status === 201) {
				const made = this.#rest.parse<GiteaPull>(response);
				return { value: { request: toPullRequest(made), created: true } };
			}
			if (response.status === 409) {
				const same = pullRequestOf(await this.openPullRequests(), head, base);
				if (same !== undefined) return { value: { request: same, created: false } };
			}
			// The branch was pushed a moment ago: Gitea takes note of it after the push has ended.
			return [404, 409, 422].includes(response.status) ? 'again' : 'refused';
		});
	}

	async updatePullRequest(
		request: PullRequest,
		{ title, body }: { title: string; body: string },
	): Promise<void> {
		await this.#rest.ask(`update pull request ${request.number}`, {
			method: 'PATCH',
			path: this.#path(`/pulls/${request.number}`),
			body: { title: request.draft ? `WIP: ${title}` : title, body },
		});
	}

	async closePullRequest(request: PullRequest, comment: string): Promise<void> {
		await this.comment(request, comment);
		await this.#rest.ask(`close pull request ${request.number}`, {
			method: 'PATCH',
			path: this.#path(`/pulls/${request.number}`),
			body: { state: 'closed' },
		});
	}

	async comment(request: PullRequest, text: string): Promise<void> {
		const path = this.#path(`/issues/${request.number}/comments`);
		const doing = `comment on pull request ${request.number}`;
		await this.#rest.sayOnce(doing, { method: 'POST', path, body: { body: text } }, async () => {
			const comments = await this.#rest.ask<{ body: string }[]>(doing, { path });
			return comments.some(({ body }) => body === text);
		});
	}

	async addLabels(request: PullRequest, labels: readonly string[]): Promise<void> {
		const ids = await this.#labelIds(labels);
		await this.#rest.ask(`label pull request ${request.number}`, {
			method: 'POST',
			path: this.#path(`/issues/${request.number}/labels`),
			body: { labels: ids },
			idempotent: true,
		});
	}

	async addAssignees(request: PullRequest, users: readonly string[]): Promise<void> {
		await this.#rest.ask(`assign ${users.join(', ')} to pull request ${request.number}`, {
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
		await this.#rest.ask(`ask ${names} for a review of pull request ${request.number}`, {
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
		return { rest: this.#rest, number, repository: this.#path() };
	}

	async compare(ours: string, theirs: string): Promise<Relation> {
		if (ours === theirs) return 'same';
		const between = await this.commitsBetween(ours, theirs, 0);
		if (between === undefined) return undefined;
		if (between.removed.total === 0) return 'older';
		return between.added.total === 0 ? 'newer' : 'apart';
	}

	async writeStatus({ commit, state, context, description, runUrl }: RunStatus): Promise<void> {
		await this.#rest.ask('write a commit status', {
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
			const response = await this.#rest.send({ path: this.#path(`/compare/${one}...${other}`) });
			if (response.status === 404) return undefined;
			if (response.status >= 300) throw this.#rest.refused('compare two commits', response);
			return toCommitList(this.#rest.parse<GiteaComparison>(response), limit);
		});
	}

	async commitFiles(commit: FilesToWrite): Promise<WriteOutcome> {
		const { signal } = this.#connection;
		const writing = { rest: this.#rest, repository: this.#path(), signal };
		return await commitFiles(writing, commit, this.kind === 'gitea');
	}

	async verificationOf(commit: string): Promise<Verification> {
		const read = await this.#rest.ask<{ commit: { verification?: Verification } }>(
			`read commit ${commit}`,
			{ path: this.#path(`/git/commits/${commit}`), query: { stat: false, files: false } },
		);
		return read.commit.verification ?? { verified: false, reason: 'nothing is said of it' };
	}

	/** Ids of labels by name, of the repository or its organization; what is missing is made. */
	async #labelIds(names: readonly string[]): Promise<number[]> {
		const known = await this.#labels();
		const { owner } = this.#connection.repository;
		if (!names.every((name) => known.some(isNamed(name)))) {
			const shared = await this.#rest.send({
				path: `/orgs/${encodeURIComponent(owner)}/labels`,
				query: { limit: pageSize },
			});
			// A user who is no organization has none: 404.
			if (shared.status === 200) known.push(...this.#rest.parse<Label[]>(shared));
		}
		const ids: number[] = [];
		for (const name of names) {
			const label = known.find(isNamed(name)) ?? (await this.#makeLabel(name));
			if (label) ids.push(label.id);
		}
		return ids;
	}

	async #labels(): Promise<Label[]> {
		return await this.#all<Label>('list the labels', '/labels');
	}

	/** Gitea takes a second label of the same name for another one. */
	async #makeLabel(name: string): Promise<Label | undefined> {
		const body = { name, color: '#ededed' };
		const make = { method: 'POST', path: this.#path('/labels'), body };
		const answer = await this.#rest.sayOnce(`make the label ${name}`, make, async () =>
			(await this.#labels()).some(isNamed(name)),
		);
		if (answer !== undefined) return this.#rest.parse<Label>(answer);
		return (await this.#labels()).find(isNamed(name));
	}

	async #all<T>(doing: string, path: string, query: HttpRequest['query'] = {}): Promise<T[]> {
		const all: T[] = [];
		for (let page = 1; ; page++) {
			const { items, isLast } = await this.#page<T>(doing, path, page, query);
			all.push(...items);
			if (isLast) return all;
		}
	}

	/** A server may be set to give fewer at once than it is asked for, and says what comes next. */
	async #page<T>(
		doing: string,
		path: string,
		page: number,
		query: HttpRequest['query'],
	): Promise<{ items: T[]; isLast: boolean }> {
		const response = await this.#rest.send({
			path: this.#path(path),
			query: { ...query, page, limit: pageSize },
		});
		if (response.status >= 300) throw this.#rest.refused(doing, response);
		const items = this.#rest.parse<T[]>(response);
		const { link } = response.headers;
		const hasNext = link === undefined ? items.length >= pageSize : /rel="?next/.test(String(link));
		return { items, isLast: !hasNext };
	}

	#path(path = ''): string {
		const { owner, name } = this.#connection.repository;
		return `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}${path}`;
	}
}

function isNamed(wanted: string): (label: Label) => boolean {
	return ({ name }) => name === wanted;
}

function wordsIn(answer: unknown): string {
	const { message } = answer as { message?: unknown };
	return typeof message === 'string' ? message : '';
}
