import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Accounts, allows, gitPermissionOf, type User } from './accounts.ts';
import { type BareRepositoryOptions, createBareRepository } from './bare-repository.ts';
import {
	type Exchange,
	type RecordedRequest,
	RecordingServer,
	type RequestHook,
} from './exchange.ts';
import { zeroId } from './git.ts';
import { runHttpBackend } from './http-backend.ts';

/** One reference that a push moved. `before` or `after` is all zeros when there was none. */
export interface PushEvent {
	/** `owner/name`. */
	readonly repository: string;
	/** In full: `refs/heads/main`. */
	readonly ref: string;
	readonly before: string;
	readonly after: string;
	readonly pusher: string;
}

export interface GitServiceOptions {
	/** The folder of the bare repositories: `<root>/<owner>/<name>.git`. */
	readonly root: string;
	/** Undefined: anybody may read and write. */
	readonly accounts: Accounts | undefined;
	/** Whether anybody may read the repository without a token. */
	readonly isPublic?: (repository: string) => boolean;
	/** Full names of the refs that this user may not push to. */
	readonly protectedRefs?: (repository: string, user: string) => string[];
	/** Awaited before the pusher sees the end of the answer. */
	readonly onPush?: (event: PushEvent) => void | Promise<void>;
}

interface GitPath {
	readonly repository: string;
	readonly operation: string;
}

/**
 * `/<owner>/<name>.git/<operation>`, with or without `.git`, as forges serve it. The owner may be
 * nested groups; Bitbucket's own servers have `scm` before it, and Azure `_git` after it.
 */
export function parseGitPath(path: string): GitPath | undefined {
	const match =
		/^(?:\/scm)?\/((?:[^/]+\/)+?)(?:_git\/)?([^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(
			path,
		);
	if (match === null) return undefined;
	const [, owner = '', name = '', operation = ''] = match;
	return { repository: `${owner}${name}`, operation };
}

/** Git over HTTP: who may come in, git's own backend, and what a push moved. */
export class GitService {
	readonly #options: GitServiceOptions;

	constructor(options: GitServiceOptions) {
		this.#options = options;
	}

	repositoryPath(repository: string): string {
		return join(this.#options.root, `${repository}.git`);
	}

	async handle(exchange: Exchange): Promise<void> {
		const { record } = exchange;
		const path = parseGitPath(record.path);
		if (path === undefined) return refuse(exchange, 404, 'Not Found');
		const service = path.operation === 'info/refs' ? (record.query.service ?? '') : path.operation;
		const writes = service === 'git-receive-pack';
		const refusal = this.#authorize(record, path.repository, writes);
		if (refusal) return refuse(exchange, refusal.status, refusal.text);
		if (!existsSync(join(this.repositoryPath(path.repository), 'HEAD'))) {
			return refuse(exchange, 404, 'Repository not found.');
		}
		const user = record.user ?? 'anonymous';
		const received = join(this.#options.root, `.received-${crypto.randomUUID()}`);
		await runHttpBackend(
			exchange,
			{
				projectRoot: this.#options.root,
				pathInfo: `/${path.repository}.git/${path.operation}`,
				user,
				env: {
					STAND_IN_RECEIVED: received,
					STAND_IN_PROTECTED_REFS:
						this.#options.protectedRefs?.(path.repository, user).join(' ') ?? '',
				},
			},
			async () => {
				if (path.operation === 'git-receive-pack') {
					await this.#report(path.repository, user, received);
				}
			},
		);
	}

	#authorize(
		record: RecordedRequest,
		repository: string,
		writes: boolean,
	): { status: number; text: string } | undefined {
		const { accounts, isPublic } = this.#options;
		if (accounts === undefined) return undefined;
		const open = !writes && (isPublic?.(repository) ?? false);
		if (record.authorization === undefined) {
			return open ? undefined : { status: 401, text: 'Authentication required.' };
		}
		const user = accounts.byToken(record.authorization);
		if (user === undefined) return { status: 401, text: 'Invalid username or token.' };
		record.user = user.name;
		const permission = gitPermissionOf(user, repository);
		if (!open && !allows(permission, 'read')) return { status: 404, text: 'Repository not found.' };
		if (writes && !allows(permission, 'write')) {
			return { status: 403, text: `Permission to ${repository}.git denied to ${user.name}.` };
		}
		return undefined;
	}

	async #report(repository: string, pusher: string, received: string): Promise<void> {
		const lines = await readFile(received, 'utf8').catch(() => '');
		await rm(received, { force: true });
		for (const line of lines.split('\n')) {
			const [before = zeroId, after = zeroId, ref] = line.split(' ');
			if (ref) await this.#options.onPush?.({ repository, ref, before, after, pusher });
		}
	}
}

function refuse(exchange: Exchange, status: number, text: string): void {
	// Unread bytes of a refused push would be taken for the next request on the connection.
	exchange.request.resume();
	const challenge = status === 401 ? { 'www-authenticate': 'Basic realm="git"' } : undefined;
	exchange.answer(status, { 'content-type': 'text/plain', ...challenge }, `${text}\n`);
}

export interface GitServerOptions {
	/** Without them anybody may read and write. */
	readonly users?: readonly User[];
	/** Where the bare repositories are. Default: a temporary folder that `close` removes. */
	readonly root?: string;
	/** Default: a free one. */
	readonly port?: number;
}

/** A plain git server with no forge around it, on 127.0.0.1. */
export class GitServer {
	readonly accounts: Accounts | undefined;
	readonly #service: GitService;
	readonly #server: RecordingServer;
	readonly #listeners: ((event: PushEvent) => void)[] = [];
	readonly #temporary: string | undefined;

	constructor(root: string, options: GitServerOptions) {
		this.#temporary = options.root === undefined ? root : undefined;
		this.accounts = options.users && new Accounts(options.users);
		this.#service = new GitService({
			root,
			accounts: this.accounts,
			onPush: (event) => {
				for (const listener of this.#listeners) listener(event);
			},
		});
		this.#server = new RecordingServer({
			kindOf: () => 'git',
			handle: (exchange) => this.#service.handle(exchange),
		});
	}

	async listen(port?: number): Promise<void> {
		await this.#server.listen(port);
	}

	get url(): string {
		return this.#server.url;
	}

	/** Every request so far. */
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
	async createRepository(name: string, options?: BareRepositoryOptions): Promise<void> {
		await createBareRepository(this.repositoryPath(name), options);
	}

	/** The bare repository's folder. */
	repositoryPath(name: string): string {
		return this.#service.repositoryPath(name);
	}

	cloneUrl(name: string): string {
		return `${this.url}/${name}.git`;
	}

	/** Calls the listener for each reference that a push moves, from now on. */
	onPush(listener: (event: PushEvent) => void): void {
		this.#listeners.push(listener);
	}

	async close(): Promise<void> {
		await this.#server.close();
		if (this.#temporary) await rm(this.#temporary, { recursive: true, force: true });
	}
}

/** Starts a git server. Its `close` ends it and removes what it made. */
export async function startGitServer(options: GitServerOptions = {}): Promise<GitServer> {
	const root = options.root ?? (await mkdtemp(join(tmpdir(), 'git-server-')));
	const server = new GitServer(root, options);
	await server.listen(options.port);
	return server;
}
