import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fullNameOf, owner, type RepositoryName, repositoryNames } from '../demo/flow.ts';
import { git, tokenEnvironment } from '../demo/repository-view.ts';
import { type Account, byRepository, type Servers, writableBy } from '../demo/servers.ts';
import type { GiteaAddress } from '../servers/gitea.ts';
import { withLock } from '../servers/lock.ts';

type Forge = Pick<
	Servers,
	| 'forge'
	| 'developer'
	| 'reviewer'
	| 'ciAccounts'
	| 'stepTokens'
	| 'cloneUrl'
	| 'onWebhook'
	| 'close'
> & {
	/** Gitea's API, as its administrator. */
	readonly admin: Api;
	/** As `createRepository`; `prepare` is called when it is there and has no commit yet. */
	createRepository(
		repository: RepositoryName,
		folder: string,
		prepare?: () => Promise<void>,
	): Promise<void>;
};

/**
 * The flow's forge on a real Gitea: its people with their tokens, repositories, and webhooks. The
 * repositories have the names that the examples say, so there is one at a time: another test's
 * waits until this one is closed.
 */
export async function realForge(gitea: GiteaAddress): Promise<Forge> {
	const letGo = await hold(join(tmpdir(), `lockstep-flow-${new URL(gitea.url).port}.lock`));
	try {
		return await openForge(gitea, letGo);
	} catch (error) {
		await letGo();
		throw error;
	}
}

/** Takes a lock, and returns what gives it back. */
async function hold(path: string): Promise<() => Promise<void>> {
	const taken = Promise.withResolvers<void>();
	const over = Promise.withResolvers<void>();
	const work = withLock(
		path,
		() => undefined,
		async () => {
			taken.resolve();
			await over.promise;
		},
	);
	await Promise.race([taken.promise, work]);
	return async () => {
		over.resolve();
		await work;
	};
}

async function openForge(gitea: GiteaAddress, letGo: () => Promise<void>): Promise<Forge> {
	const api = new Api(gitea.url, `token ${gitea.adminToken}`);
	const unique = randomUUID().slice(0, 8);
	await api.post('/orgs', { username: owner, visibility: 'private' }, [422]);
	const accountOf = (name: string) => createAccount(gitea.url, api, `${name}-${unique}`);
	const [developer, reviewer, steps] = [
		await accountOf('alice'),
		await accountOf('bob'),
		await accountOf('lockstep'),
	];
	const ciAccounts = {
		...byRepository(() => steps),
		application: developer,
	};
	const cloneUrl = (name: RepositoryName) => `${gitea.url}/${fullNameOf(name)}.git`;
	const receiver = createServer();
	return {
		admin: api,
		forge: { kind: 'gitea', url: gitea.url, apiUrl: `${gitea.url}/api/v1` },
		developer,
		reviewer,
		ciAccounts,
		stepTokens: byRepository(() => steps.token),
		cloneUrl,
		createRepository: async (name, folder, prepare) => {
			const [, repository] = fullNameOf(name).split('/');
			// An earlier run that was killed may have left it.
			await api.send('DELETE', `/repos/${fullNameOf(name)}`, undefined, [404]);
			await api.post(`/orgs/${owner}/repos`, {
				name: repository,
				default_branch: 'main',
				private: true,
			});
			await prepare?.();
			await pushFirst(folder, cloneUrl(name), gitea.adminToken);
			const collaborator = (account: Account, permission: string) =>
				api.send('PUT', `/repos/${fullNameOf(name)}/collaborators/${account.name}`, { permission });
			const isWritten = Object.values(writableBy).some((names) => names.includes(name));
			await collaborator(steps, isWritten ? 'write' : 'read');
			if (name === 'application') await collaborator(developer, 'write');
			await collaborator(reviewer, name === 'infra-production' ? 'write' : 'read');
			if (name === 'infra-production')
				await api.post(`/repos/${fullNameOf(name)}/branch_protections`, {
					rule_name: 'main',
					enable_push: false,
					required_approvals: 1,
				});
		},
		onWebhook: async (listener) => {
			receiver.on('request', (request, response) => {
				const chunks: Buffer[] = [];
				request.on('data', (chunk: Buffer) => chunks.push(chunk));
				request.on('end', () => {
					const name = String(request.headers['x-gitea-event']);
					const payload = JSON.parse(Buffer.concat(chunks).toString()) as object;
					if (!isFirstPush(name, payload)) listener(name, payload);
					response.end();
				});
			});
			await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
			const { port } = receiver.address() as AddressInfo;
			for (const name of repositoryNames)
				await api.post(`/repos/${fullNameOf(name)}/hooks`, {
					type: 'gitea',
					active: true,
					events: ['push', 'pull_request'],
					config: { url: `http://127.0.0.1:${port}/`, content_type: 'json' },
				});
		},
		close: async () => {
			for (const name of repositoryNames)
				await api.send('DELETE', `/repos/${fullNameOf(name)}`, undefined, [404]);
			receiver.closeAllConnections();
			receiver.close();
			await letGo();
		},
	};
}

/**
 * Gitea tells of a push some moments later, of the one that laid the repository even to a hook
 * that was not there yet; the flow begins after it.
 */
function isFirstPush(name: string, payload: { ref?: string; before?: string }): boolean {
	return name === 'push' && payload.ref === 'refs/heads/main' && /^0+$/.test(payload.before ?? '');
}

/** Makes a user who can log in. */
export async function createAccount(
	url: string,
	admin: Api,
	name: string,
): Promise<Account & { readonly password: string }> {
	const password = randomUUID();
	await admin.post('/admin/users', {
		username: name,
		email: `${name}@example.com`,
		password,
		must_change_password: false,
	});
	const basic = Buffer.from(`${name}:${password}`).toString('base64');
	const own = new Api(url, `Basic ${basic}`);
	const { sha1 } = (await own.post(`/users/${name}/tokens`, { name: 'flow', scopes: ['all'] })) as {
		sha1: string;
	};
	return { name, password, token: sha1 };
}

/** Pushes a folder's files as the first commit of main, which no CI is to act on. */
async function pushFirst(folder: string, url: string, token: string): Promise<void> {
	const identity = ['-c', 'user.name=Fixture', '-c', 'user.email=fixture@example.com'];
	await git(['init', '--quiet', '--initial-branch=main', folder]);
	await git(['-C', folder, 'add', '--force', '--all']);
	await git([
		'-C',
		folder,
		...identity,
		'commit',
		'--quiet',
		'--message=Lay the first files [skip ci]',
	]);
	await git(['-C', folder, 'push', '--quiet', url, 'main'], tokenEnvironment(token));
}

/** Gitea's API, as one user. */
export class Api {
	readonly #url: string;
	readonly #authorization: string;

	constructor(url: string, authorization: string) {
		this.#url = url;
		this.#authorization = authorization;
	}

	/** @param allowed - statuses that are as good as success */
	async send(
		method: string,
		path: string,
		body?: object,
		allowed: readonly number[] = [],
	): Promise<unknown> {
		const response = await fetch(`${this.#url}/api/v1${path}`, {
			method,
			headers: { authorization: this.#authorization, 'content-type': 'application/json' },
			...(body && { body: JSON.stringify(body) }),
		});
		const text = await response.text();
		if (!response.ok && !allowed.includes(response.status))
			throw new Error(`${method} ${path}: ${response.status} ${text}`);
		return text === '' ? undefined : JSON.parse(text);
	}

	post(path: string, body: object, allowed: readonly number[] = []): Promise<unknown> {
		return this.send('POST', path, body, allowed);
	}
}
