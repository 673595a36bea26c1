import { Failure } from '../failure/failure.ts';
import type { CommitsBetween } from '../git/commits-between.ts';
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
} from './forge.ts';
import { openDeployment, writeDeployment, writeStatus } from './gitlab-deployment.ts';
import { autoMerge, cancelAutoMerge, type MergeQuestion, mergeState } from './gitlab-merge.ts';
import { Rest } from './rest.ts';
import type { DeploymentStatus, RunStatus } from './run-status.ts';

interface User {
	id: number;
	username: string;
}

/** A merge request as GitLab's API gives it (docs.gitlab.com/api/merge_requests). */
interface MergeRequest {
	iid: number;
	web_url: string;
	title: string;
	description: string | null;
	state: 'opened' | 'closed' | 'merged' | 'locked';
	sha: string | null;
	source_branch: string;
	target_branch: string;
	source_project_id: number | null;
	target_project_id: number;
	author: User | null;
	labels?: string[];
	assignees: User[] | null;
	reviewers?: User[] | null;
}

interface Comparison {
	commits: { id: string; title: string; author_name: string }[];
}

/** What GitLab takes for a draft in a title; it has no other mark for the API to set. */
const draftMark = /^(?:\s*(?:\[draft\]|\(draft\)|draft:|draft - ))+\s*/i;
const pageSize = 100;

/**
 * GitLab, by plain requests: a dozen of them, where the client on npm (@gitbeaker/rest) comes
 * with all of the API and does not take our certificates and proxies. Merge requests are
 * called pull requests here as on every forge. The repository may be in nested groups.
 */
export class GitLabForge implements Forge {
	readonly kind = 'gitlab';
	readonly title = 'GitLab';
	readonly pages = 'gitlab';
	readonly mark = '!';
	readonly #rest: Rest;
	/** Numbers of the deployments that this process opened, by environment. */
	readonly #deployments = new Map<string, number>();
	readonly #name: string;

	constructor(connection: Connection) {
		const { repository, token } = connection;
		this.#name = `${repository.owner}/${repository.name}`;
		this.#rest = new Rest({
			connection,
			title: this.title,
			repository: this.#name,
			// Personal, project and group tokens are taken as OAuth's are.
			headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
			wordsIn,
		});
	}

	async close(): Promise<void> {
		this.#rest.close();
	}

	async openPullRequests(): Promise<PullRequest[]> {
		const all: PullRequest[] = [];
		for (let page = 1; ; page++) {
			const found = await this.#list({ state: 'opened', page, per_page: pageSize });
			all.push(...found.filter(isOwn).map(toPullRequest));
			if (found.length < pageSize) return all;
		}
	}

	async latestPullRequest(head: string): Promise<PullRequest | undefined> {
		const found = await this.#list({ state: 'all', source_branch: head, per_page: pageSize });
		return found.filter(isOwn).map(toPullRequest)[0];
	}

	async openPullRequest({ head, base, title, body, draft }: NewPullRequest): Promise<Opened> {
		const doing = `open the pull request from ${head} to ${base}`;
		const request: HttpRequest = {
			method: 'POST',
			path: this.#path('/merge_requests'),
			body: {
				source_branch: head,
				target_branch: base,
				title: draft ? `Draft: ${title}` : title,
				description: body,
			},
			// A second one between the same branches is refused.
			idempotent: true,
		};
		return await this.#rest.settle<Opened>(doing, request, async (response) => {
			if (response.status === 201) {
				const made = this.#rest.parse<MergeRequest>(response);
				return { value: { request: toPullRequest(made), created: true } };
			}
			if (response.status === 409) {
				const found = await this.#list({
					state: 'opened',
					source_branch: head,
					target_branch: base,
				});
				const [same] = found.filter(isOwn).map(toPullRequest);
				return same === undefined ? 'again' : { value: { request: same, created: false } };
			}
			// The branch was pushed a moment ago, and a replica may not have it yet.
			const aboutBranches = /branch/i.test(this.#rest.words(response));
			return response.status === 404 || aboutBranches ? 'again' : 'refused';
		});
	}

	async updatePullRequest(
		request: PullRequest,
		{ title, body }: { title: string; body: string },
	): Promise<void> {
		await this.#change(request, `update pull request ${request.number}`, {
			title: request.draft ? `Draft: ${title}` : title,
			description: body,
		});
	}

	async closePullRequest(request: PullRequest, comment: string): Promise<void> {
		await this.comment(request, comment);
		await this.#change(request, `close pull request ${request.number}`, { state_event: 'close' });
	}

	async comment(request: PullRequest, text: string): Promise<void> {
		const doing = `comment on pull request ${request.number}`;
		const path = this.#path(`/merge_requests/${request.number}/notes`);
		await this.#rest.sayOnce(doing, { method: 'POST', path, body: { body: text } }, async () => {
			const query = { order_by: 'created_at', sort: 'desc', per_page: pageSize };
			const notes = await this.#rest.ask<{ body: string }[]>(doing, { path, query });
			return notes.some(({ body }) => body === text);
		});
	}

	async addLabels(request: PullRequest, labels: readonly string[]): Promise<void> {
		const doing = `label pull request ${request.number}`;
		await this.#change(request, doing, { add_labels: labels.join(',') });
	}

	async addAssignees(request: PullRequest, users: readonly string[]): Promise<void> {
		const doing = `assign ${users.join(', ')} to pull request ${request.number}`;
		const ids = await this.#userIds(doing, [...request.assignees, ...users]);
		const { assignees } = await this.#change(request, doing, { assignee_ids: ids });
		this.#checkTaken(doing, users, assignees);
	}

	/** Those who approved; whoever is asked stays in the list of reviewers, which is enough. */
	async reviewersOf(request: PullRequest): Promise<string[]> {
		const { approved_by } = await this.#rest.ask<{ approved_by: { user: User }[] }>(
			`read the approvals of pull request ${request.number}`,
			{ path: this.#path(`/merge_requests/${request.number}/approvals`) },
		);
		return approved_by.map(({ user }) => user.username);
	}

	async askForReview(
		request: PullRequest,
		{ users, teams }: { users: readonly string[]; teams: readonly string[] },
	): Promise<void> {
		const names = [...users, ...teams].join(', ');
		const doing = `ask ${names} for a review of pull request ${request.number}`;
		if (users.length > 0) {
			const ids = await this.#userIds(doing, [...request.requestedReviewers, ...users]);
			const { reviewers } = await this.#change(request, doing, { reviewer_ids: ids });
			this.#checkTaken(doing, users, reviewers);
		}
		if (teams.length > 0)
			throw new Failure(
				`GitLab asks no groups for a review, so ${teams.join(', ')} were not asked for pull request ${request.number} of ${this.#name}; name users as reviewers, or the group in an approval rule of the project`,
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
		return { rest: this.#rest, number, project: this.#path() };
	}

	async writeStatus(status: RunStatus): Promise<void> {
		await writeStatus({ rest: this.#rest, path: this.#path() }, status);
	}

	async writeDeployment(deployment: DeploymentStatus): Promise<void> {
		const project = { rest: this.#rest, path: this.#path() };
		const { environment } = deployment;
		const known = this.#deployments.get(environment);
		if (known !== undefined) await writeDeployment(project, known, deployment);
		else this.#deployments.set(environment, await openDeployment(project, deployment));
	}

	async commitsBetween(
		from: string,
		to: string,
		limit: number,
	): Promise<CommitsBetween | undefined> {
		return await bothSides({ from, to }, async (one, other) => {
			const path = this.#path('/repository/compare');
			const response = await this.#rest.send({ path, query: { from: one, to: other } });
			if (response.status === 404) return undefined;
			if (response.status >= 300) throw this.#rest.refused('compare two commits', response);
			// The oldest comes first.
			const commits = this.#rest.parse<Comparison>(response).commits.reverse();
			const listed = commits.slice(0, limit).map(({ id, title, author_name }) => ({
				commit: id,
				subject: title,
				author: author_name,
			}));
			return { listed, total: commits.length };
		});
	}

	async #list(query: HttpRequest['query']): Promise<MergeRequest[]> {
		return await this.#rest.ask<MergeRequest[]>('list the pull requests', {
			path: this.#path('/merge_requests'),
			query: { order_by: 'created_at', sort: 'desc', ...query },
		});
	}

	async #change(request: PullRequest, doing: string, body: object): Promise<MergeRequest> {
		return await this.#rest.ask<MergeRequest>(doing, {
			method: 'PUT',
			path: this.#path(`/merge_requests/${request.number}`),
			body,
		});
	}

	async #userIds(doing: string, names: readonly string[]): Promise<number[]> {
		const ids: number[] = [];
		for (const username of names) {
			const [user] = await this.#rest.ask<User[]>(doing, { path: '/users', query: { username } });
			if (user === undefined)
				throw new Failure(
					`GitLab refused to ${doing} in ${this.#name}: it knows no user ${username}; check the name`,
				);
			ids.push(user.id);
		}
		return ids;
	}

	/** GitLab leaves out, without a word, whoever may not; without a license it keeps one alone. */
	#checkTaken(doing: string, users: readonly string[], taken: User[] | null | undefined): void {
		const there = new Set((taken ?? []).map(({ username }) => username.toLowerCase()));
		const missing = users.filter((user) => !there.has(user.toLowerCase()));
		if (missing.length > 0)
			throw new Failure(
				`GitLab left out ${missing.join(', ')} where it was to ${doing} in ${this.#name}; name members of the project, and one alone where its license allows no more`,
			);
	}

	#path(path = ''): string {
		return `/projects/${encodeURIComponent(this.#name)}${path}`;
	}
}

function toPullRequest(request: MergeRequest): PullRequest {
	const names = (users: User[] | null | undefined) => (users ?? []).map(({ username }) => username);
	return {
		number: request.iid,
		url: request.web_url,
		title: request.title.replace(draftMark, ''),
		body: (request.description ?? '').replaceAll('\r\n', '\n'),
		draft: draftMark.test(request.title),
		head: request.source_branch,
		headCommit: request.sha ?? '',
		base: request.target_branch,
		// `locked` is one that is being merged at this moment.
		state: request.state === 'opened' || request.state === 'locked' ? 'open' : request.state,
		author: request.author?.username ?? '',
		labels: request.labels ?? [],
		assignees: names(request.assignees),
		requestedReviewers: names(request.reviewers),
		requestedTeams: [],
	};
}

/** A fork may have a branch of the same name; its merge requests are none of the step's. */
function isOwn(request: MergeRequest): boolean {
	return request.source_project_id === request.target_project_id;
}

/** `message` is a text, a list, or lists by field; OAuth's refusals have an `error` instead. */
function wordsIn(answer: unknown): string {
	const { message, error, error_description } = answer as Record<string, unknown>;
	return text(message) || text(error_description) || text(error);
}

function text(value: unknown): string {
	if (typeof value === 'string') return value;
	if (Array.isArray(value)) return value.map(text).join(', ');
	if (typeof value !== 'object' || value === null) return '';
	return Object.entries(value)
		.map(([field, said]) => `${field} ${text(said)}`)
		.join('; ');
}
