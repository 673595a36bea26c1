import { badInput } from '../failure/failure.ts';
import type { Remote } from '../git/remote.ts';
import { HttpClient, type HttpResponse, type TlsOptions } from '../http/client.ts';
import type { Log } from '../log/log.ts';
import type { ForgeKind } from './forge.ts';

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
	const kind = forge ?? kindByAddress(hostnameOf(remote), apiUrl) ?? ciForge?.kind;
	if (kind === undefined) return await askServer(question, origin);
	const ofCi = ciForge !== undefined && sameFamily(ciForge.kind, kind) ? ciForge.apiUrl : undefined;
	return { kind, apiUrl: apiUrl ?? ofCi ?? usualApi(kind, origin) };
}

/** A forge that is known by its name alone, or by how its API's address looks. */
function kindByAddress(hostname: string, apiUrl: string | undefined) {
	if (isGitHubHost(hostname)) return 'github';
	if (hostname === 'codeberg.org') return 'forgejo';
	if (apiUrl === undefined) return undefined;
	const { hostname: apiHost, pathname } = parseUrl(apiUrl);
	if (apiHost.startsWith('api.') && isGitHubHost(apiHost.slice('api.'.length))) return 'github';
	if (/\/api\/v3\/?$/.test(pathname)) return 'github';
	return /\/api\/v1\/?$/.test(pathname) ? 'gitea' : undefined;
}

/** github.com, its ssh over port 443, and GitHub's own servers for one enterprise each. */
function isGitHubHost(hostname: string): boolean {
	return (
		hostname === 'github.com' || hostname === 'ssh.github.com' || hostname.endsWith('.ghe.com')
	);
}

function usualApi(kind: Exclude<ForgeKind, 'git'>, origin: string): string {
	if (kind !== 'github') return `${origin}/api/v1`;
	const { hostname } = new URL(origin);
	if (hostname === 'ssh.github.com') return 'https://api.github.com';
	return isGitHubHost(hostname) ? `https://api.${hostname}` : `${origin}/api/v3`;
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
	return (a === 'github') === (b === 'github');
}

function parseUrl(text: string): URL {
	if (URL.canParse(text)) return new URL(text);
	throw badInput(`api-url: "${text}" is not a URL; write it as https://git.example.com/api/v1`);
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
	} finally {
		client.close();
	}
	throw badInput(
		`What forge ${origin} is cannot be found out (neither /api/v1/version nor /api/v3/meta answers as one): give forge, and api-url if it is not at its usual place`,
	);
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
