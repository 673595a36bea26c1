import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { badInput } from '../failure/failure.ts';

/** A repository that git reaches: where it is, never how one gets in. */
export interface Remote {
	/** What git is given; holds no credentials. */
	readonly url: string;
	readonly protocol: 'https' | 'http' | 'ssh' | 'file';
	/** With the port where the URL names one; `localhost` for files. */
	readonly host: string;
	/** All of the path before the name: `group/subgroup` on GitLab; may be ''. */
	readonly owner: string;
	readonly name: string;
	/** `owner/name`. */
	readonly slug: string;
}

/** A user name and a password (or token) that stood in a URL. */
export interface Login {
	readonly username: string;
	readonly password: string;
}

export interface RemoteOptions {
	/** The forge that `owner/name` is meant on, such as `https://git.example.com`. Default GitHub. */
	serverUrl?: string | undefined;
	/** What the text is called in messages: `--repository`. */
	inputName?: string;
}

/**
 * Reads `owner/name`, an https, http, ssh or file URL, ssh's short form
 * (`git@host:owner/name.git`) or an absolute path.
 * @throws Failure (bad input) for anything else; credentials in it are not told.
 */
export function parseRemote(text: string, options: RemoteOptions = {}): Remote {
	const input = options.inputName ?? 'repository';
	const given = text.trim();
	// biome-ignore lint/suspicious/noControlCharactersInRegex: a control character may end a line of git's
	if (given === '' || given.startsWith('-') || /[\u0000-\u0020\u007f]/.test(given))
		throw badInput(
			`${input}: ${JSON.stringify(withoutLogin(given))} is no repository; give owner/name or a clone URL`,
		);
	if (isAbsolute(given)) return fileRemote(given);
	if (/^[a-z][a-z0-9+.-]*:\/\//i.test(given)) return urlRemote(given, input);
	// git's own rule: a colon before the first slash is ssh's short form.
	const short = /^(?:([^@/:]+)@)?(\[[^\]]+\]|[^/:@[]+):(?!\/\/|:)(.+)$/.exec(given);
	if (short) {
		const [, user, host = '', path = ''] = short;
		if (host.startsWith('-')) throw badInput(`${input}: "${host}" is no host name`);
		return remote(`${user ? `${user}@` : ''}${host}:${path}`, 'ssh', host, path);
	}
	if (/^[\w.-]+(\/[\w.-]+)+$/.test(given) && !given.split('/').includes('..')) {
		const server = options.serverUrl?.replace(/\/+$/, '') ?? 'https://github.com';
		return urlRemote(`${server}/${given.replace(/\.git$/, '')}.git`, input);
	}
	throw badInput(
		`${input}: ${JSON.stringify(withoutLogin(given))} is no repository; give owner/name, an https, ssh or file URL, or an absolute path`,
	);
}

/** The credentials that stand in an http(s) URL; a token alone may stand as the user name. */
export function loginIn(text: string): Login | undefined {
	if (!/^https?:\/\//i.test(text.trim()) || !URL.canParse(text.trim())) return undefined;
	const { username, password } = new URL(text.trim());
	if (username === '' && password === '') return undefined;
	return { username: decode(username), password: decode(password) };
}

/** `host/owner/name`, as the record names a repository. */
export function repositoryId({ host, slug }: Pick<Remote, 'host' | 'slug'>): string {
	return `${host}/${slug}`;
}

/** The origin of a forge, from the address of a page or a clone URL on it. */
export function serverOf(url: string | undefined): string | undefined {
	if (url === undefined || !/^https?:\/\//i.test(url) || !URL.canParse(url)) return undefined;
	return new URL(url).origin;
}

function urlRemote(text: string, input: string): Remote {
	if (!URL.canParse(text))
		throw badInput(`${input}: ${JSON.stringify(withoutLogin(text))} is no URL; check it`);
	const url = new URL(text);
	const protocol = url.protocol.replace(/^git\+|:$/g, '');
	if (protocol === 'file') return fileRemote(decode(url.pathname));
	if (url.hostname.startsWith('-')) throw badInput(`${input}: "${url.hostname}" is no host name`);
	if (protocol === 'ssh') {
		const user = url.username ? `${url.username}@` : '';
		return remote(`ssh://${user}${url.host}${url.pathname}`, 'ssh', url.host, url.pathname);
	}
	if (protocol !== 'https' && protocol !== 'http')
		throw badInput(`${input}: "${protocol}://" is not supported; use https, http, ssh or file`);
	const path = url.pathname.replace(/\/+$/, '');
	return remote(`${url.origin}${path}`, protocol, url.host, decode(path));
}

function fileRemote(path: string): Remote {
	return remote(pathToFileURL(path).href.replace(/\/+$/, ''), 'file', 'localhost', path);
}

function remote(url: string, protocol: Remote['protocol'], host: string, path: string): Remote {
	const parts = path
		.replace(/\/+$/, '')
		.replace(/(?<=[^/])\.git$/, '')
		.split('/')
		.filter((part) => part !== '' && part !== '~');
	const name = parts.pop();
	if (name === undefined) throw badInput(`repository: ${url} names no repository; give its path`);
	// A path on this machine has no owner; its last folder stands for one.
	const owner = protocol === 'file' ? (parts.at(-1) ?? '') : parts.join('/');
	return { url, protocol, host, owner, name, slug: owner ? `${owner}/${name}` : name };
}

function withoutLogin(text: string): string {
	return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1');
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}
