import type { CiEvent } from '../ci/event.ts';
import type { Forge } from '../forge/forge.ts';
import type { KnownSite, PageStyle } from '../forge/pages.ts';
import type { Remote } from '../git/remote.ts';

/**
 * The servers whose pages are known: that of the repository which the step writes to, and the
 * forge that the CI works for. An ssh URL does not tell where the pages are, but the CI may.
 */
export function knownSites(
	{ url, protocol, host }: Remote,
	{ pages }: Pick<Forge, 'pages'>,
	{ forge }: Pick<CiEvent, 'forge'>,
): KnownSite[] {
	const ofCi = forge && { url: forge.url, style: styleOf(forge) };
	const hostname = host.replace(/:\d+$/, '');
	if (pages === undefined || protocol === 'file') return ofCi ? [ofCi] : [];
	const isOfCi = ofCi !== undefined && new URL(ofCi.url).hostname === hostname;
	const web = protocol === 'ssh' ? (isOfCi ? ofCi.url : `https://${hostname}`) : url;
	return [{ url: web, style: pages }, ...(ofCi ? [ofCi] : [])];
}

function styleOf({ kind, url }: NonNullable<CiEvent['forge']>): PageStyle {
	if (kind === 'gitlab' || kind === 'azure') return kind;
	if (kind !== 'bitbucket') return 'github';
	return new URL(url).hostname === 'bitbucket.org' ? 'bitbucket-cloud' : 'bitbucket-server';
}
