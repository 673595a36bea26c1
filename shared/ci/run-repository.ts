import { parseRemote } from '../git/remote.ts';
import { definedOnly } from './defined.ts';
import type { CiRepository } from './event.ts';

interface Known {
	/** Page for people, where the CI names it. */
	url?: string | undefined;
	defaultBranch?: string | undefined;
}

/**
 * The repository at a clone URL, without credentials that stand in it. Of an ssh URL the page
 * for people is where forges have it: at the same path of the host, by https.
 */
export function repositoryAt(
	cloneUrl: string | undefined,
	{ url, defaultBranch }: Known = {},
): CiRepository | undefined {
	if (!cloneUrl) return undefined;
	const remote = remoteAt(cloneUrl);
	if (remote === undefined || remote.owner === '') return undefined;
	const page = {
		https: remote.url,
		http: remote.url,
		ssh: `https://${hostname(remote.host)}/${remote.slug}`,
		file: undefined,
	}[remote.protocol];
	return definedOnly<CiRepository>({
		owner: remote.owner,
		name: remote.name,
		url: url ?? page?.replace(/\.git$/, ''),
		cloneUrl: remote.url,
		defaultBranch,
	});
}

function remoteAt(cloneUrl: string) {
	try {
		return parseRemote(cloneUrl);
	} catch {
		return undefined;
	}
}

function hostname(host: string): string {
	return host.replace(/:\d+$/, '');
}
