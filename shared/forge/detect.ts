import { badInput, Failure } from '../failure/failure.ts';
import type { Remote } from '../git/remote.ts';
import { HttpClient, type HttpResponse, type TlsOptions } from '../http/client.ts';
import type { Log } from '../log/log.ts';
import type { ForgeKind } from './forge.ts';
import { isAzureHost, isGitHubHost, isHostOf, kindByHost } from './hosts.ts';

export interface ForgeQuestion {
	readonly remote: Pick<Remote, 'url' | 'protocol' | 'host'>;
	/** What the inputs `forge` and `api-url` say. */
	readonly forge?: ForgeKind | undefined;
	readonly apiUrl?: string | undefined;
	/** The forge that the CI works for, where it tells. */
	readonly ciForge?:
		| { kind: Exclude<ForgeKind, 'git'>; url: string; apiUrl?: string | undefined }
		| undefined;
	readonly tls: TlsOptions;
	readonly environment: Readonly<Record<string, string | undefined>>;
	readonly log: Log;
	readonly signal: AbortSignal;
}

export type FoundForge =
	| { readonly kind: 'git' }
	| { readonly kind: Exclude<ForgeKind, 'git'>; readonly apiUrl: string };

/**
 * Which forge a repository is on, and where its API is: by what the inputs say, by the
 * address, by the CI, and only then by asking the server.
 * @throws Failure (bad input) where none of these tells.
 */
export async function detectForge(question: ForgeQuestion): Promise<FoundForge> {
	const { remote, forge, apiUrl } = question;
	if (forge === 'git' || (forge === undefined && remote.protocol === 'file'))
		return { kind: 'git' };
	const ciForge = serves(question.ciForge?.url, remote) ? question.ciForge : undefined;
	const origin = webOrigin(remote, ciForge?.url);
	const kind = forge ?? kindByAddress(remote, apiUrl) ?? ciForge?.kind;
	if (kind === undefined) return await askServer(question, origin);
	const ofCi = ciForge !== undefined && sameFamily(ciForge.kind, kind) ? ciForge.apiUrl : undefined;
	const found = { kind, apiUrl: apiUrl ?? ofCi ?? usualApi(kind, origin, remote) };
	question.log.debug(`${remote.url} is taken to be on ${kind}, whose API is at ${found.apiUrl}`);
	return found;
}

/** A forge that is known by its name alone, or by how its API's address looks. */
function kindByAddress(remote: ForgeQuestion['remote'], apiUrl: string | undefined) {
	const hostname = hostnameOf(remote);
	const known = kindByHost(hostname);
	if (known !== undefined) return known;
	if (/\/_git\//.test(remote.url)) return 'azure';
	if (apiUrl === undefined) return undefined;
	const { hostname: apiHost, pathname } = new URL(apiUrl);
	if (apiHost.startsWith('api.') && isGitHubHost(apiHost.slice('api.'.length))) return 'github';
	if (/\/api\/v3\/?$/.test(pathname)) return 'github';
	if (/\/api\/v4\/?$/.test(pathname)) return 'gitlab';
	if (/\/rest\/api\/[\w.]+\/?$/.test(pathname) || apiHost === 'api.bitbucket.org')
		return 'bitbucket';
	return /\/api\/v1\/?$/.test(pathname) ? 'gitea' : undefined;
}

function usualApi(
	kind: Exclude<ForgeKind, 'git'>,
	origin: string,
	remote: ForgeQuestion['remote'],
): string {
	const { hostname } = new URL(origin);
	if (kind === 'gitlab')
		return `${isHostOf('gitlab.com', hostname) ? 'https://gitlab.com' : origin}/api/v4`;
	if (kind === 'bitbucket')
		return isHostOf('bitbucket.org', hostname)
			? 'https://api.bitbucket.org/2.0'
			: `${bitbucketServer(origin, remote)}/rest/api/latest`;
	if (kind === 'azure') return azureCollection(remote);
	if (kind !== 'github') return `${origin}/api/v1`;
	if (hostname === 'ssh.github.com') return 'https://api.github.com';
	return isGitHubHost(hostname) ? `https://api.${hostname}` : `${origin}/api/v3`;
}

/** Bitbucket's own servers may stand below a path, which is what comes before `/scm/`. */
function bitbucketServer(origin: string, { url, protocol }: ForgeQuestion['remote']): string {
	const path = protocol === 'ssh' ? '' : new URL(url).pathname;
	return origin + (/^(.*?)\/scm\//.exec(path)?.[1] ?? '');
}

/**
 * The organization, or on a server of one's own the collection, that an Azure repository is in:
 * `https://dev.azure.com/org`, `https://org.visualstudio.com`,
 * `https://server/tfs/DefaultCollection`.
 */
function azureCollection({ url, protocol, host }: ForgeQuestion['remote']): string {
	const hostname = hostnameOf({ url, protocol, host });
	if (protocol === 'ssh') {
		// git@ssh.dev.azure.com:v3/org/project/repo
		const [, organization = ''] = /[:/]v3\/([^/]+)\//.exec(url) ?? [];
		if (organization !== '' && isAzureHost(hostname))
			return `https://dev.azure.com/${organization}`;
		throw badInput(
			`${url} does not tell where Azure DevOps' API is; give api-url, such as https://dev.azure.com/org`,
		);
	}
	const { origin, pathname } = new URL(url);
	const before = pathname.slice(0, Math.max(pathname.indexOf('/_git/'), 0)).split('/');
	if (hostname.endsWith('.visualstudio.com')) return origin;
	// Without a project in the path, it has the name of the repository.
	const least = hostname === 'dev.azure.com' ? 2 : before.length - 1;
	return `${origin}${before.slice(0, Math.max(least, 2)).join('/')}`;
}

/** Where people reach the forge: an ssh URL does not tell, but the CI may. */
function webOrigin(remote: ForgeQuestion['remote'], ciUrl: string | undefined): string {
	if (remote.protocol !== 'ssh') return new URL(remote.url).origin;
	return ciUrl === undefined ? `https://${hostnameOf(remote)}` : new URL(ciUrl).origin;
}

function serves(url: string | undefined, remote: ForgeQuestion['remote']): boolean {
	if (url === undefined || !URL.canParse(url)) return false;
	const forge = new URL(url);
	// A forge's ssh has another port than its pages.
	return remote.protocol === 'ssh'
		? forge.hostname === hostnameOf(remote)
		: forge.origin === new URL(remote.url).origin;
}

function hostnameOf({ host }: ForgeQuestion['remote']): string {
	return host.replace(/:\d+$/, '');
}

function sameFamily(a: ForgeKind, b: ForgeKind): boolean {
	const family = (kind: ForgeKind) => (kind === 'forgejo' ? 'gitea' : kind);
	return family(a) === family(b);
}

async function askServer(question: ForgeQuestion, origin: string): Promise<FoundForge> {
	const { apiUrl, tls, environment, log, signal } = question;
	const client = new HttpClient({ baseUrl: origin, tls, environment, log, signal });
	try {
		const gitea = await client.send({ path: '/api/v1/version' });
		const version = versionIn(gitea);
		if (version !== undefined) {
			// Forgejo says which Gitea it answers like: 11.0.1+gitea-1.22.0.
			const kind = version.includes('+gitea-') ? 'forgejo' : 'gitea';
			log.debug(`${origin} is ${kind} ${version}`);
			return { kind, apiUrl: apiUrl ?? `${origin}/api/v1` };
		}
		const github = await client.send({ path: '/api/v3/meta' });
		// A server in private mode tells strangers nothing but that it is GitHub.
		const isGitHub = 'x-github-enterprise-version' in github.headers;
		if (isGitHub || 'x-github-request-id' in github.headers)
			return { kind: 'github', apiUrl: apiUrl ?? `${origin}/api/v3` };
		const gitlab = await client.send({ path: '/api/v4/version' });
		// It tells strangers nothing but that it wants a token.
		if ('x-gitlab-meta' in gitlab.headers || saysUnauthorized(gitlab) || versionIn(gitlab))
			return { kind: 'gitlab', apiUrl: apiUrl ?? `${origin}/api/v4` };
		const server = bitbucketServer(origin, question.remote);
		const properties = `${new URL(server).pathname.replace(/\/$/, '')}/rest/api/latest/application-properties`;
		if (versionIn(await client.send({ path: properties })))
			return { kind: 'bitbucket', apiUrl: apiUrl ?? `${server}/rest/api/latest` };
	} catch (error) {
		// Where an ssh server has its pages, if it has any, was a guess.
		if (question.remote.protocol !== 'ssh' || signal.aborted || !(error instanceof Failure))
			throw error;
		throw notFoundOut(origin, error.message);
	} finally {
		client.close();
	}
	throw notFoundOut(origin, 'it answers neither as Gitea, GitHub, GitLab nor Bitbucket');
}

function notFoundOut(origin: string, why: string): Failure {
	return badInput(
		`What forge ${origin} is cannot be found out (${why}): give forge (git for a server with no forge around it), and api-url if it is not at its usual place`,
	);
}

function saysUnauthorized({ status, text }: HttpResponse): boolean {
	return status === 401 && /^\s*\{\s*"message"/.test(text);
}

function versionIn({ status, text }: HttpResponse): string | undefined {
	if (status !== 200) return undefined;
	try {
		const { version } = JSON.parse(text) as { version?: unknown };
		return typeof version === 'string' ? version : undefined;
	} catch {
		return undefined;
	}
}
