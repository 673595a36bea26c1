import { setTimeout as sleep } from 'node:timers/promises';
import { Octokit } from '@octokit/rest';
import { Failure, messageOf } from '../failure/failure.ts';
import type { FilesToWrite, WriteOutcome } from '../git/commit-to-branch.ts';
import type { CommitsBetween } from '../git/commits-between.ts';
import type { Relation } from '../git/history.ts';
import { HttpClient } from '../http/client.ts';
import { type Connection, userAgent } from './connection.ts';
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
import { commitFiles } from './github-commit.ts';
import { commitsBetween } from './github-compare.ts';
import { GitHubDeployments } from './github-deployment.ts';
import { isRequestError, type RequestError, triesAfter, wordsOf } from './github-error.ts';
import { autoMerge, cancelAutoMerge, type MergeQuestion, mergeState } from './github-merge.ts';
import { type ListedPull, toPullRequest } from './github-pull-request.ts';
import { githubTokenAdvice } from './github-token.ts';
import { githubFetch } from './github-transport.ts';
import { refused } from './refusal.ts';
import type { DeploymentStatus, RunStatus } from './run-status.ts';

/** Tries of a comment whose answer gets lost, and the first pause before any second try in ms. */
const settling = { attempts: 5, pause: 500 };

/** GitHub tells how the second commit stands to the first. */
const relations = {
	identical: 'same',
	ahead: 'older',
	behind: 'newer',
	diverged: 'apart',
} as const;

/** The user that everything belongs to that is done with a workflow's own GITHUB_TOKEN. */
const workflowBot = 'github-actions[bot]';

/** github.com and GitHub Enterprise, by octokit. Import this file when it is needed, for its size. */
export class GitHubForge implements Forge {
	readonly kind = 'github';
	readonly title = 'GitHub';
	readonly pages = 'github';
	readonly #connection: Connection;
	readonly #client: HttpClient;
	readonly #octokit: Octokit;
	readonly #where: { owner: string; repo: string };
	/** Pull requests opened by this process, which GitHub's replicas may not know yet. */
	readonly #fresh = new Set<number>();
	readonly #deployments: GitHubDeployments;
	#warned = false;

	constructor(connection: Connection) {
		const { apiUrl, repository, token, tls, environment, log, signal } = connection;
		this.#connection = connection;
		this.#where = { owner: repository.owner, repo: repository.name };
		const baseUrl = apiUrl.replace(/\/+$/, '');
		this.#client = new HttpClient({
			baseUrl: new URL(baseUrl).origin,
			tls,
			environment,
			log,
			signal,
		});
		const quiet = () => undefined;
		this.#octokit = new Octokit({
			baseUrl,
			userAgent,
			...(token === undefined ? {} : { auth: token }),
			request: { fetch: githubFetch(this.#client, connection) },
			log: { debug: quiet, info: (text: string) => log.debug(text), warn: quiet, error: quiet },
		});
		this.#deployments = new GitHubDeployments({
			octokit: this.#octokit,
			where: this.#where,
			isLost: (error) => !isRequestError(error) || error.status >= 500,
			pause: (attempt) => this.#pause(attempt),
		});
	}

	async close(): Promise<void> {
		this.#client.close();
	}

	async openPullRequests(): Promise<PullRequest[]> {
		const pulls = await this.#ask('list the pull requests', () =>
			this.#octokit.paginate(this.#octokit.rest.pulls.list, {
				...this.#where,
				state: 'open',
				per_page: 100,
			}),
		);
		return pulls.filter((pull) => this.#isOwn(pull)).map(toPullRequest);
	}

	async latestPullRequest(head: string): Promise<PullRequest | undefined> {
		const [pull] = await this.#pullsFrom(head, 'all');
		return pull;
	}

	async openPullRequest(request: NewPullRequest): Promise<Opened> {
		const doing = `open the pull request from ${request.head} to ${request.base}`;
		for (let attempt = 1; ; attempt++) {
			try {
				const { data } = await this.#octokit.rest.pulls.create({ ...this.#where, ...request });
				this.#fresh.add(data.number);
				const opened = toPullRequest(data);
				this.#noteAuthor(opened.author);
				return { request: opened, created: true };
			} catch (error) {
				if (!isRequestError(error, 422)) throw this.#failure(doing, error);
				if (/already exists/i.test(wordsOf(error))) {
					const open = await this.#pullsFrom(request.head, 'open');
					const same = open.find((pull) => pull.base === request.base);
					if (same !== undefined) return { request: same, created: false };
				}
				if (attempt >= triesAfter(error)) throw this.#failure(doing, error);
				await this.#pause(attempt);
			}
		}
	}

	async updatePullRequest(
		request: PullRequest,
		change: { title: string; body: string },
	): Promise<void> {
		await this.#ask(`update pull request ${request.number}`, () =>
			this.#octokit.rest.pulls.update({ ...this.#where, pull_number: request.number, ...change }),
		);
		this.#noteAuthor(request.author);
	}

	async closePullRequest(request: PullRequest, comment: string): Promise<void> {
		await this.comment(request, comment);
		await this.#ask(`close pull request ${request.number}`, () =>
			this.#octokit.rest.pulls.update({
				...this.#where,
				pull_number: request.number,
				state: 'closed',
			}),
		);
	}

	async comment(request: PullRequest, text: string): Promise<void> {
		const issue = { ...this.#where, issue_number: request.number };
		const doing = `comment on pull request ${request.number}`;
		for (let attempt = 1; ; attempt++) {
			try {
				await this.#octokit.rest.issues.createComment({ ...issue, body: text });
				return;
			} catch (error) {
				const lost = isRequestError(error) ? error.status >= 500 : true;
				if (!lost || attempt === settling.attempts) throw this.#failure(doing, error);
			}
			// The answer got lost, and perhaps only the answer.
			await this.#pause(attempt);
			const comments = await this.#ask(doing, () =>
				this.#octokit.paginate(this.#octokit.rest.issues.listComments, {
					...issue,
					per_page: 100,
				}),
			);
			if (comments.some(({ body }) => body === text)) return;
		}
	}

	async addLabels(request: PullRequest, labels: readonly string[]): Promise<void> {
		await this.#askOf(request, 'label it', () =>
			this.#octokit.rest.issues.addLabels({
				...this.#where,
				issue_number: request.number,
				labels: [...labels],
			}),
		);
	}

	async addAssignees(request: PullRequest, users: readonly string[]): Promise<void> {
		const { data } = await this.#askOf(request, 'assign it', () =>
			this.#octokit.rest.issues.addAssignees({
				...this.#where,
				issue_number: request.number,
				assignees: [...users],
			}),
		);
		// GitHub leaves out, without a word, whoever cannot be assigned.
		const assigned = new Set(data.assignees?.map(({ login }) => login.toLowerCase()));
		const missing = users.filter((user) => !assigned.has(user.toLowerCase()));
		if (missing.length > 0)
			throw new Failure(
				`GitHub did not assign ${missing.join(', ')} to pull request ${request.number} of ${this.#name}; name users who may write to that repository`,
			);
	}

	async reviewersOf(request: PullRequest): Promise<string[]> {
		const reviews = await this.#ask(`read the reviews of pull request ${request.number}`, () =>
			this.#octokit.paginate(this.#octokit.rest.pulls.listReviews, {
				...this.#where,
				pull_number: request.number,
				per_page: 100,
			}),
		);
		return reviews.flatMap(({ user }) => (user === null ? [] : [user.login]));
	}

	async askForReview(
		request: PullRequest,
		{ users, teams }: { users: readonly string[]; teams: readonly string[] },
	): Promise<void> {
		await this.#askOf(request, `ask ${[...users, ...teams].join(', ')} for a review`, () =>
			this.#octokit.rest.pulls.requestReviewers({
				...this.#where,
				pull_number: request.number,
				reviewers: [...users],
				// Elsewhere on GitHub a team is written with its organization: @acme/operations.
				team_reviewers: teams.map((team) => team.replace(/^.*\//, '')),
			}),
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
		return {
			octokit: this.#octokit,
			owner: this.#where.owner,
			name: this.#where.repo,
			number,
			failure: (doing, error) => this.#failure(doing, error),
			pause: (attempt) => this.#pause(attempt),
		};
	}

	async compare(ours: string, theirs: string): Promise<Relation> {
		const request = { ...this.#where, basehead: `${ours}...${theirs}`, per_page: 1 };
		try {
			const { data } = await this.#octokit.rest.repos.compareCommitsWithBasehead(request);
			return relations[data.status];
		} catch (error) {
			if (isRequestError(error, 404)) return undefined;
			throw this.#failure('compare two commits', error);
		}
	}

	async commitsBetween(
		from: string,
		to: string,
		limit: number,
	): Promise<CommitsBetween | undefined> {
		try {
			return await commitsBetween(this.#octokit, this.#where, { from, to }, limit);
		} catch (error) {
			if (isRequestError(error, 404)) return undefined;
			throw this.#failure('compare two commits', error);
		}
	}

	async writeStatus(status: RunStatus): Promise<void> {
		await this.#ask('write a commit status', () => this.#deployments.writeStatus(status));
	}

	async writeDeployment(deployment: DeploymentStatus): Promise<void> {
		const doing = `write a deployment to ${deployment.environment}`;
		await this.#ask(doing, () => this.#deployments.write(deployment));
	}

	async commitFiles(commit: FilesToWrite): Promise<WriteOutcome> {
		const doing = `commit to ${commit.branch}`;
		return await commitFiles(this.#octokit, commit, {
			repository: this.#name,
			failure: (error) => ({
				failure: this.#failure(doing, error),
				lost: !isRequestError(error) || error.status >= 500,
			}),
		});
	}

	async verificationOf(commit: string): Promise<Verification> {
		const { data } = await this.#ask(`read commit ${commit}`, () =>
			this.#octokit.rest.git.getCommit({ ...this.#where, commit_sha: commit }),
		);
		return data.verification;
	}

	get #name(): string {
		return `${this.#where.owner}/${this.#where.repo}`;
	}

	async #pullsFrom(head: string, state: 'open' | 'all'): Promise<PullRequest[]> {
		const { data } = await this.#ask(`list the pull requests from ${head}`, () =>
			this.#octokit.rest.pulls.list({
				...this.#where,
				state,
				head: `${this.#where.owner}:${head}`,
				sort: 'created',
				direction: 'desc',
			}),
		);
		return data.filter((pull) => this.#isOwn(pull) && pull.head.ref === head).map(toPullRequest);
	}

	/** A fork may have a branch of the same name; its pull requests are none of the step's. */
	#isOwn(pull: ListedPull): boolean {
		return pull.head.repo?.id === pull.base.repo?.id;
	}

	async #ask<T>(doing: string, request: () => Promise<T>): Promise<T> {
		try {
			return await request();
		} catch (error) {
			throw this.#failure(doing, error);
		}
	}

	/** Asks something of a pull request that GitHub may not know everywhere yet. */
	async #askOf<T>(request: PullRequest, doing: string, ask: () => Promise<T>): Promise<T> {
		for (let attempt = 1; ; attempt++) {
			try {
				return await ask();
			} catch (error) {
				if (!this.#fresh.has(request.number) || attempt >= triesAfter(error))
					throw this.#failure(`${doing}, pull request ${request.number},`, error);
			}
			await this.#pause(attempt);
		}
	}

	async #pause(attempt: number): Promise<void> {
		const { signal } = this.#connection;
		const ms = settling.pause * 2 ** (attempt - 1);
		await sleep(ms, undefined, { signal }).catch(() => {
			throw signal.reason;
		});
	}

	#failure(doing: string, error: unknown): unknown {
		// Octokit wraps what our transport throws, such as a Failure for a server out of reach.
		const cause = error instanceof Error ? error.cause : undefined;
		if (cause instanceof Failure) return cause;
		if (!isRequestError(error)) return error;
		return refused({
			forge: this.title,
			doing,
			repository: this.#name,
			status: error.status,
			message: wordsOf(error) || messageOf(error),
			advice: this.#advice(error),
			cause: error,
		});
	}

	#advice(error: RequestError): string | undefined {
		const { token, workflowOf, freshToken } = this.#connection;
		if (/not permitted to create or approve pull requests/i.test(wordsOf(error)))
			return "allow it in the repository's settings (Actions, General, Workflow permissions), or give the token of a GitHub App";
		if (freshToken !== undefined) return undefined;
		const denied = error.status === 403 || error.status === 404;
		return denied ? githubTokenAdvice(token, workflowOf, this.#name) : undefined;
	}

	/** Tells, once, of pull requests that look right and start nothing. */
	#noteAuthor(author: string): void {
		if (author !== workflowBot || this.#warned) return;
		this.#warned = true;
		this.#connection.log.warn(
			`The pull request is made with the workflow's own GITHUB_TOKEN, and GitHub starts no workflows for it: give the token of a GitHub App or a fine-grained token if its checks have to run`,
		);
	}
}
