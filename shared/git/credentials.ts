import type { GitConfig } from './git.ts';
import type { Login, Remote } from './remote.ts';
import type { Variables } from './run-program.ts';
import { secretFile } from './secret-file.ts';

/** What a step was given to get into a repository; what is missing git finds itself. */
export interface Credentials {
	readonly token?: string | undefined;
	/** Goes with the token. Default: what the forge takes. */
	readonly username?: string | undefined;
	/** What the server is, where that is told: `gitlab`. */
	readonly forge?: string | undefined;
	/** What stood in the repository's URL. */
	readonly login?: Login | undefined;
	/** The CI's own; used where its machine is the remote's host. */
	readonly netrc?: { machine: string; username: string; password: string } | undefined;
	/** Text of a private key. */
	readonly sshKey?: string | undefined;
	/** Lines of a known_hosts file. */
	readonly sshKnownHosts?: string | undefined;
	/** The server's certificate authority: an absolute path or PEM text. */
	readonly ca?: string | undefined;
	readonly skipVerify?: boolean | undefined;
}

/** How a git gets in: settings and variables for that process alone. */
export interface Access {
	readonly config: GitConfig;
	readonly variables: Variables;
	/** What must not be seen in anything that is written. */
	readonly secrets: readonly string[];
	/** Nothing was given to log in with over HTTP. */
	readonly isAnonymous?: boolean;
}

/**
 * Turns credentials into what git is started with. A secret is passed in the environment or
 * in a file of mode 0600 in `folder`, never in argv, a URL or a repository's configuration.
 */
export async function accessTo(
	remote: Remote,
	credentials: Credentials,
	folder: string,
): Promise<Access> {
	if (remote.protocol === 'ssh') return await sshAccess(credentials, folder);
	if (remote.protocol === 'file') return { config: [uploadFiltered], variables: {}, secrets: [] };
	const login = loginFor(remote, credentials);
	const config: [string, string][] = [];
	const secrets: string[] = [];
	const origin = `${remote.protocol}://${remote.host}/`;
	if (login) {
		const basic = Buffer.from(`${login.username}:${login.password}`).toString('base64');
		// Whatever header a checkout left for this host is emptied first: two of them is an error.
		config.push([`http.${origin}.extraHeader`, '']);
		config.push([`http.${origin}.extraHeader`, `Authorization: Basic ${basic}`]);
		config.push(['credential.helper', '']);
		// Git would send the header on to whatever host an answer leads to.
		config.push([`http.${origin}.followRedirects`, 'false']);
		secrets.push(basic, login.password === 'x-oauth-basic' ? login.username : login.password);
	}
	if (credentials.skipVerify) config.push([`http.${origin}.sslVerify`, 'false']);
	if (credentials.ca !== undefined)
		config.push([`http.${origin}.sslCAInfo`, await caFile(credentials.ca, folder)]);
	return { config, variables: {}, secrets, isAnonymous: login === undefined };
}

/**
 * On this machine git is its own server, which knows partial clones but offers them only where
 * the repository's configuration says so. Without them history is not asked for.
 */
const uploadFiltered = [
	'remote.origin.uploadPack',
	'git -c uploadpack.allowFilter=true upload-pack',
] as const;

/**
 * Who logs in over HTTP: the explicit token, else what stands in the URL, else the CI's netrc
 * if it is for this host. Undefined: git asks ~/.netrc and the credential helpers.
 */
export function loginFor(remote: Remote, credentials: Credentials): Login | undefined {
	const { token, username, login, netrc, forge } = credentials;
	if (token) return { username: username || usualUsername(remote, forge), password: token.trim() };
	if (login)
		return login.password === '' ? { username: login.username, password: 'x-oauth-basic' } : login;
	const hostname = remote.host.replace(/:\d+$/, '');
	if (netrc && (netrc.machine === remote.host || netrc.machine === hostname))
		return { username: netrc.username, password: netrc.password };
	return undefined;
}

/**
 * GitHub, Gitea and Forgejo take `x-access-token`, Azure takes any name; GitLab wants its own
 * with a token of OAuth's, and Bitbucket with that of a repository, project or workspace.
 */
function usualUsername({ host }: Remote, forge: string | undefined): string {
	const hostname = host.replace(/:\d+$/, '');
	if (forge === 'gitlab' || hostname === 'gitlab.com') return 'oauth2';
	if (forge === 'bitbucket' || hostname === 'bitbucket.org') return 'x-token-auth';
	return 'x-access-token';
}

async function sshAccess(credentials: Credentials, folder: string): Promise<Access> {
	const { sshKey, sshKnownHosts } = credentials;
	if (!sshKey && !sshKnownHosts) return { config: [], variables: {}, secrets: [] };
	const options = ['-o BatchMode=yes', '-o StrictHostKeyChecking=yes'];
	if (sshKey) {
		const file = await secretFile(folder, 'ssh-key', sshKey);
		options.push(`-i ${shellQuote(file)}`, '-o IdentitiesOnly=yes', '-o IdentityAgent=none');
	}
	if (sshKnownHosts) {
		const file = await secretFile(folder, 'known_hosts', sshKnownHosts);
		options.push(`-o UserKnownHostsFile=${shellQuote(file)}`, '-o GlobalKnownHostsFile=/dev/null');
	}
	return {
		config: [],
		variables: { GIT_SSH_COMMAND: `ssh ${options.join(' ')}`, GIT_SSH_VARIANT: 'ssh' },
		secrets: sshKey ? [sshKey] : [],
	};
}

async function caFile(ca: string, folder: string): Promise<string> {
	return ca.includes('-----BEGIN') ? await secretFile(folder, 'ca.pem', ca) : ca;
}

function shellQuote(text: string): string {
	return `'${text.replaceAll("'", `'\\''`)}'`;
}
