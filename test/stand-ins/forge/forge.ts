import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Accounts, type User } from '../git/accounts.ts';
import { type BareRepositoryOptions, createBareRepository } from '../git/bare-repository.ts';
import {
	type Exchange,
	type RecordedRequest,
	RecordingServer,
	type RequestHook,
} from '../git/exchange.ts';
import { GitService, parseGitPath } from '../git/git-server.ts';
import { AppRegistry, type GitHubApp } from './apps.ts';
import { addReview } from './discussion.ts';
import { type ForgeEvent, pullEvent, pushEvent } from './events.ts';
import { GiteaApi } from './gitea.ts';
import { GithubApi } from './github.ts';
import { GithubGraphql } from './github-graphql.ts';
import { mergePlanned, mergePullRequest } from './merge.ts';
import {
	ForgeModel,
	isProtectedFrom,
	type MergeMethod,
	type Protection,
	type Repository,
	type ReviewState,
} from './model.ts';
import { followBranch, leaveQueue, updatePullRequest } from './pulls.ts';
import { addStatus } from './statuses.ts';

export type { ForgeEvent } from './events.ts';

/** The API of one forge, answered over the model. */
export interface ForgeFront {
	/** What its requests are recorded as. */
	readonly kind: string;
	handle(exchange: Exchange): Promise<void>;
}

export interface ForgeOptions {
	readonly users: readonly User[];
	/** The API in place of GitHub's and Gitea's. */
	readonly front?: (model: ForgeModel) => ForgeFront;
	/** GitHub Apps and where they are installed. */
	readonly apps?: readonly GitHubApp[];
	/** Where the bare repositories are. Default: a temporary folder that `close` removes. */
	readonly root?: string;
	/** Default: a free one. */
	readonly port?: number;
	/** The forge's time. Default: the machine's. */
	readonly now?: () => Date;
}

export interface RepositoryOptions extends BareRepositoryOptions {
	/** Whether anybody may read it without a token. Default false. */
	readonly isPublic?: boolean;
}

/** A forge on 127.0.0.1: git, GitHub's API and Gitea's API over the same bare repositories. */
export class Forge {
	readonly accounts: Accounts;
	readonly #model: ForgeModel;
	readonly #apps: AppRegistry;
	readonly #server: RecordingServer;
	readonly #temporary: string | undefined;
	readonly #listeners: ((event: ForgeEvent) => void)[] = [];
	#events: Promise<void> = Promise.resolve();

	constructor(root: string, options: ForgeOptions) {
		this.#temporary = options.root === undefined ? root : undefined;
		this.accounts = new Accounts(options.users);
		this.#model = new ForgeModel(root, this.accounts, options.now ?? (() => new Date()));
		this.#apps = new AppRegistry(this.#model, options.apps ?? []);
		this.#model.refMoved = async (push) => {
			const repository = this.#model.repositories.get(push.repository);
			if (repository === undefined) return;
			await this.#tell(() => pushEvent(this.#model, repository, push));
			await followBranch(this.#model, push);
		};
		this.#model.pullChanged = (action, repository, pull, sender) => {
			const event = pullEvent(this.#model, action, repository, pull, sender);
			return this.#tell(async () => event);
		};
		const front = options.front?.(this.#model);
		this.#server = new RecordingServer({
			kindOf: front === undefined ? kindOf : (path) => (parseGitPath(path) ? 'git' : front.kind),
			handle: this.#handler(root, front),
		});
	}

	#handler(root: string, front?: ForgeFront): (exchange: Exchange) => Promise<void> {
		const gitService = new GitService({
			root,
			accounts: this.accounts,
			isPublic: (name) => this.#model.repositories.get(name)?.isPublic ?? false,
			protectedRefs: (name, user) => {
				const repository = this.#model.repositories.get(name);
				return [...(repository?.protections.keys() ?? [])]
					.filter((branch) => repository && isProtectedFrom(repository, branch, user))
					.map((branch) => `refs/heads/${branch}`);
			},
			onPush: (event) => this.#model.refMoved(event),
		});
		const github = new GithubApi(this.#model, this.#apps);
		const gitea = new GiteaApi(this.#model);
		const graphql = new GithubGraphql(this.#model);
		return (exchange) => {
			const { kind, path } = exchange.record;
			if (kind === 'git') return gitService.handle(exchange);
			if (front !== undefined) return front.handle(exchange);
			if (kind === 'gitea') return gitea.handle(exchange);
			if (kind === 'graphql') return graphql.handle(exchange);
			return github.handle(exchange, path.startsWith('/api/v3/') ? '/api/v3' : '');
		};
	}

	/** Events are told in the order in which they happened, before their cause is answered. */
	#tell(make: () => Promise<ForgeEvent>): Promise<void> {
		const told = this.#events.then(async () => {
			const event = await make();
			for (const listener of this.#listeners) listener(event);
		});
		this.#events = told.catch(() => undefined);
		return told;
	}

	async listen(port?: number): Promise<void> {
		await this.#server.listen(port);
		this.#model.url = this.#server.url;
	}

	/** As `GITHUB_SERVER_URL` names it. */
	get url(): string {
		return this.#server.url;
	}

	/** As `GITHUB_API_URL` names it. */
	get apiUrl(): string {
		return `${this.url}/api/v3`;
	}

	get giteaApiUrl(): string {
		return `${this.url}/api/v1`;
	}

	/** Gives Gitea a key to sign with what comes by its API. */
	set giteaSigns(signs: boolean) {
		this.#model.giteaSigns = signs;
	}

	/** Every request so far, of git and of both APIs. */
	get requests(): RecordedRequest[] {
		return this.#server.requests;
	}

	set onRequest(hook: RequestHook | undefined) {
		this.#server.onRequest = hook;
	}

	/** Milliseconds that every request waits before it is handled. */
	set latency(milliseconds: number) {
		this.#server.latency = milliseconds;
	}

	/** Makes a repository `owner/name`, with one commit when there are files. */
	async createRepository(name: string, options: RepositoryOptions = {}): Promise<Repository> {
		await createBareRepository(this.repositoryPath(name), options);
		return this.#model.addRepository(
			name,
			options.defaultBranch ?? 'main',
			options.isPublic ?? false,
		);
	}

	/** What the forge knows of a repository: its pull requests, labels, statuses. */
	repository(name: string): Repository {
		const repository = this.#model.repositories.get(name);
		if (repository === undefined) throw new Error(`the forge has no repository ${name}`);
		return repository;
	}

	/** The bare repository's folder. */
	repositoryPath(name: string): string {
		return join(this.#model.root, `${name}.git`);
	}

	cloneUrl(name: string): string {
		return `${this.url}/${name}.git`;
	}

	/** Merges a pull request as this user does on its page. */
	async mergePullRequest(
		name: string,
		number: number,
		by: string,
		method: MergeMethod,
	): Promise<void> {
		const repository = this.repository(name);
		const pull = repository.pull(number);
		await mergePullRequest(this.#model, repository, this.#user(by), pull, { method });
	}

	/** Reviews a pull request as this user does on its page. */
	async review(name: string, number: number, by: string, state: ReviewState): Promise<void> {
		const repository = this.repository(name);
		const pull = repository.pull(number);
		await addReview(this.#model, repository, this.#user(by), pull, state, '');
		await mergePlanned(this.#model, repository);
	}

	/** Reports how a check of a commit went, as a CI does. */
	async report(name: string, commit: string, context: string, state: string): Promise<void> {
		const repository = this.repository(name);
		const status = { state, context, description: undefined, targetUrl: undefined };
		addStatus(this.#model, repository, this.#user('alice'), commit, status);
		await mergePlanned(this.#model, repository);
	}

	/** What becomes of all that stands in a repository's merge queue: merged, or let go for a reason. */
	async settleQueue(name: string, expelled?: string): Promise<void> {
		const repository = this.repository(name);
		for (const pull of repository.pulls) {
			if (pull.queuedBy === undefined) continue;
			const by = this.#user(pull.queuedBy);
			const input = { method: 'merge', fromQueue: true } as const;
			if (expelled !== undefined) leaveQueue(pull, expelled);
			else await mergePullRequest(this.#model, repository, by, pull, input);
		}
	}

	/** Closes a pull request as this user does on its page. */
	async closePullRequest(name: string, number: number, by: string): Promise<void> {
		const repository = this.repository(name);
		const pull = repository.pull(number);
		const user = this.#user(by);
		await updatePullRequest(this.#model, repository, user, pull, { state: 'closed' });
	}

	#user(name: string): User {
		const user = this.accounts.byName(name);
		if (user === undefined) throw new Error(`the forge has no user ${name}`);
		return user;
	}

	protectBranch(name: string, branch: string, protection: Protection = {}): void {
		this.repository(name).protections.set(branch, protection);
	}

	/** Calls the listener for each push and each change of a pull request, from now on. */
	onEvent(listener: (event: ForgeEvent) => void): void {
		this.#listeners.push(listener);
	}

	async close(): Promise<void> {
		await this.#server.close();
		if (this.#temporary) await rm(this.#temporary, { recursive: true, force: true });
	}
}

/** Starts a forge. Its `close` ends it and removes what it made. */
export async function startForge(options: ForgeOptions): Promise<Forge> {
	const root = options.root ?? (await mkdtemp(join(tmpdir(), 'forge-')));
	const forge = new Forge(root, options);
	await forge.listen(options.port);
	return forge;
}

function kindOf(path: string): string {
	if (path.startsWith('/api/v1/')) return 'gitea';
	if (path === '/api/graphql' || path === '/graphql') return 'graphql';
	if (path.startsWith('/api/v3/')) return 'github';
	return parseGitPath(path) ? 'git' : 'github';
}
