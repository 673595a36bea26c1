import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure/failure.ts';
import { connectForge } from '../forge/connect.ts';
import { detectForge } from '../forge/detect.ts';
import type { Credentials } from '../git/credentials.ts';
import { Git, gitVariables } from '../git/git.ts';
import { type Relation, relationIn, relationOf } from '../git/history.ts';
import { loginIn, parseRemote, type Remote, repositoryId } from '../git/remote.ts';
import { openRepository } from '../git/repository.ts';
import { readRights } from './app-token.ts';
import type { Context, ForgeInputs } from './forge.ts';
import { apiTokenFor, credentialsFrom, isOnSameHost, remoteFrom, tlsFrom } from './repository.ts';
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
	const url =
		beside?.protocol === 'ssh'
			? beside.url.replace(beside.slug, id.slice(host.length + 1))
			: `${scheme}://${id}.git`;
	return { remote: parseRemote(url), commit };
}

/**
 * How a commit of the source stands to another one there. The workspace is asked first; where
 * its history does not tell, the source repository itself, by its commits alone; where git
 * gets no answer there, the forge that it is on. Undefined where none of them can tell.
 */
export async function relationTo(
	source: Source,
	theirs: string,
	inputs: ForgeInputs,
	context: Context,
): Promise<Relation> {
	return (
		(await inWorkspace(source, theirs, context)) ??
		(await ifPossible(source, context, () => byGit(source, theirs, inputs, context))) ??
		(await ifPossible(source, context, () => byForge(source, theirs, inputs, context)))
	);
}

async function inWorkspace(
	{ commit }: Source,
	theirs: string,
	{ workspace, childEnvironment, signal }: Context,
): Promise<Relation> {
	const folder = join(workspace, '.git');
	if (!existsSync(folder)) return undefined;
	const variables = { ...gitVariables(childEnvironment, {}, []), GIT_NO_LAZY_FETCH: '1' };
	return await relationIn(new Git({ folder, variables, signal }), commit, theirs);
}

async function byGit(
	{ remote, commit }: Source,
	theirs: string,
	inputs: ForgeInputs,
	context: Context,
): Promise<Relation> {
	const { childEnvironment, log, protect, signal } = context;
	const repository = await openRepository({
		remote,
		credentials: await credentialsFor(remote, inputs, context),
		author: { name: inputs.authorName, email: inputs.authorEmail },
		log,
		signal,
		variables: childEnvironment,
		protect,
	});
	try {
		return await relationOf(repository, commit, theirs);
	} finally {
		await repository.close();
	}
}

async function byForge(
	{ remote, commit }: Source,
	theirs: string,
	inputs: ForgeInputs,
	context: Context,
): Promise<Relation> {
	const { event, childEnvironment: environment, log, signal } = context;
	const credentials = await credentialsFor(remote, inputs, context);
	const tls = tlsFrom(credentials);
	const { forge, apiUrl } = isOnSameHost(remote, inputs.repository, context) ? inputs : {};
	const question = { remote, forge, apiUrl, ciForge: event.forge, tls, environment, log, signal };
	const found = await detectForge(question);
	if (found.kind === 'git') return undefined;
	const connected = await connectForge(found.kind, {
		apiUrl: found.apiUrl,
		repository: { owner: remote.owner, name: remote.name },
		token: apiTokenFor(remote, credentials),
		tls,
		environment,
		log,
		signal,
	});
	try {
		return await connected.compare?.(commit, theirs);
	} finally {
		await connected.close();
	}
}

async function ifPossible(
	{ remote }: Source,
	{ log, signal }: Context,
	ask: () => Promise<Relation>,
): Promise<Relation> {
	try {
		return await ask();
	} catch (error) {
		signal.throwIfAborted();
		if (!(error instanceof Failure)) throw error;
		log.debug(`The history of ${remote.url} cannot be asked: ${error.message}`);
		return undefined;
	}
}

/**
 * How to get into the source repository: as the CI itself does, else with what was given for
 * the other repository, if that is on the same host. A token goes to no other host.
 */
async function credentialsFor(
	remote: Remote,
	inputs: ForgeInputs,
	context: Context,
): Promise<Credentials> {
	const { netrc } = context.event;
	if (!isOnSameHost(remote, inputs.repository, context)) return { netrc };
	const hostname = remote.host.replace(/:\d+$/, '');
	const ofCi = netrc !== undefined && (netrc.machine === hostname || netrc.machine === remote.host);
	// An app's token is for one repository; this is another one than the step writes to.
	const own = ofCi
		? { ...inputs, token: undefined, appId: undefined, appPrivateKey: undefined }
		: inputs;
	const { ca, skipVerify, ...made } = await credentialsFrom(remote.url, own, context, readRights);
	const given = { ...made, login: loginIn(inputs.repository) };
	return { ...(ofCi ? { netrc } : given), ca, skipVerify };
}
