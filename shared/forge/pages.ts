import { isAzureHost, kindByHost, webHost } from './hosts.ts';

/** How a forge makes the addresses of its pages for people. */
export type PageStyle = 'github' | 'gitlab' | 'bitbucket-cloud' | 'bitbucket-server' | 'azure';

/** A server whose pages are known. */
export interface KnownSite {
	/** Where it is for people: `https://git.example.com`, with the port where there is one. */
	readonly url: string;
	readonly style: PageStyle;
}

/** The pages of one repository. */
export interface Pages {
	commit(commit: string): string;
	/** What the second commit has that the first one has not. */
	compare(from: string, to: string): string;
}

/**
 * The pages of a repository that the record names, `host/owner/name`. What is on no known site
 * is taken to have them where GitHub and Gitea do; GitLab sends on from there.
 */
export function pagesOf(repository: string, sites: readonly KnownSite[] = []): Pages {
	const [host = '', ...path] = repository.split('/');
	const { url, style } = siteOf(host, sites);
	return styles[style](url, path);
}

function siteOf(host: string, sites: readonly KnownSite[]): KnownSite {
	const hostname = host.replace(/:\d+$/, '');
	const known =
		sites.find(({ url }) => new URL(url).host === host) ??
		// The record may name the port of the forge's ssh.
		sites.find(({ url }) => new URL(url).hostname === hostname);
	if (known !== undefined) return { ...known, url: new URL(known.url).origin };
	const kind = kindByHost(hostname);
	if (kind === undefined) return { url: `https://${host}`, style: 'github' };
	return { url: `https://${webHost(hostname)}`, style: styleOf[kind] };
}

/** What is known by its host alone is no server of one's own. */
const styleOf = {
	github: 'github',
	gitea: 'github',
	forgejo: 'github',
	gitlab: 'gitlab',
	bitbucket: 'bitbucket-cloud',
	azure: 'azure',
} as const;

const styles: Readonly<Record<PageStyle, (url: string, path: readonly string[]) => Pages>> = {
	github: (url, path) => {
		const place = at(url, path);
		return {
			commit: (commit) => `${place}/commit/${commit}`,
			compare: (from, to) => `${place}/compare/${from}...${to}`,
		};
	},
	gitlab: (url, path) => {
		const place = `${at(url, path)}/-`;
		return {
			commit: (commit) => `${place}/commit/${commit}`,
			compare: (from, to) => `${place}/compare/${from}...${to}`,
		};
	},
	'bitbucket-cloud': (url, path) => {
		const place = at(url, path);
		return {
			commit: (commit) => `${place}/commits/${commit}`,
			compare: (from, to) => `${place}/branches/compare/${to}%0D${from}`,
		};
	},
	'bitbucket-server': (url, path) => {
		// https has /scm/project/name, below the path of the server; ssh has /project/name.
		const [project = '', name = ''] = path.slice(-2);
		const server = path.slice(0, Math.max(path.lastIndexOf('scm'), 0));
		const place = at(url, [...server, 'projects', project, 'repos', name]);
		return {
			commit: (commit) => `${place}/commits/${commit}`,
			compare: (from, to) => `${place}/compare/commits?targetBranch=${from}&sourceBranch=${to}`,
		};
	},
	azure: (url, path) => {
		const place = azurePlace(url, path);
		return {
			commit: (commit) => `${place}/commit/${commit}`,
			compare: (from, to) =>
				`${place}/branchCompare?baseVersion=GC${from}&targetVersion=GC${to}&_a=commits`,
		};
	},
};

function at(url: string, path: readonly string[]): string {
	return [url, ...path.map(encodeURIComponent)].join('/');
}

/** Microsoft's ssh has `v3/organization/project/name` where https has `_git` before the name. */
function azurePlace(url: string, path: readonly string[]): string {
	const [v3, organization = '', project = '', name = ''] = path;
	const { hostname } = new URL(url);
	if (v3 !== 'v3' || !isAzureHost(hostname)) return at(url, path);
	return hostname.endsWith('.visualstudio.com')
		? at(`https://${organization}.visualstudio.com`, [project, '_git', name])
		: at(url, [organization, project, '_git', name]);
}
