import type { Forge } from '../forge/forge.ts';
import type { Git } from '../git/git.ts';
import { type Relation, relationIn, relationOf } from '../git/history.ts';
import { parseRemote, type Remote, repositoryId } from '../git/remote.ts';
import type { Repository } from '../git/repository.ts';
import type { Context, ForgeInputs } from './forge.ts';
import { remoteFrom } from './repository.ts';
import { askSource } from './source-history.ts';
import { splitSource } from './workspace-history.ts';

/** A commit and the repository that it is in. */
export interface Source {
	readonly remote: Remote;
	readonly commit: string;
}

/**
 * The commit that a record names (`host/owner/name@<full commit>`), in its repository as that
 * is reached from here: as the CI's own, or as the one that is written to where it is on the
 * same host, else by https. Undefined where the record names none, or one that is a folder.
 */
export function recordedSource(
	recorded: string | undefined,
	{ repository: target }: ForgeInputs,
	context: Context,
): Source | undefined {
	const told = splitSource(recorded ?? '');
	if (told === undefined) return undefined;
	const { repository: id, commit } = told;
	const { repository: own } = context.event;
	const near = [own?.cloneUrl, own?.url, target].flatMap((url) =>
		url === undefined ? [] : remoteFrom(url, context),
	);
	const same = near.find((remote) => repositoryId(remote) === id);
	if (same !== undefined) return { remote: same, commit };
	const host = id.slice(0, id.indexOf('/'));
	const beside = near.find((remote) => remote.host === host);
	if (beside === undefined ? host === 'localhost' : beside.protocol === 'file') return undefined;
	const scheme = beside?.protocol === 'http' ? 'http' : 'https';
	// Azure DevOps knows no repository by another name than its own.
	const isAzure = id.includes('/_git/');
	const url =
		beside?.protocol === 'ssh'
			? beside.url.replace(beside.slug, id.slice(host.length + 1))
			: `${scheme}://${id.split('/').map(encodeURI).join('/')}${isAzure ? '' : '.git'}`;
	return { remote: parseRemote(url), commit };
}

/** How a commit of the source stands to another one there; undefined where nobody can tell. */
export async function relationTo(
	{ remote, commit }: Source,
	theirs: string,
	inputs: ForgeInputs,
	context: Context,
): Promise<Relation> {
	const question = {
		inWorkspace: (git: Git) => relationIn(git, commit, theirs),
		ofRemote: (repository: Repository) => relationOf(repository, commit, theirs),
		ofForge: (forge: Forge) => forge.compare?.(commit, theirs),
	};
	return await askSource<NonNullable<Relation>>(remote, question, inputs, context);
}
