import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure/failure.ts';
import { connectForge } from '../forge/connect.ts';
import { detectForge } from '../forge/detect.ts';
import type { Forge } from '../forge/forge.ts';
import type { Credentials } from '../git/credentials.ts';
import { Git, gitVariables } from '../git/git.ts';
import { loginIn, type Remote } from '../git/remote.ts';
import { openRepository, type Repository } from '../git/repository.ts';
import { readRights } from './app-token.ts';
import type { Context, ForgeInputs } from './forge.ts';
import { apiTokenFor, credentialsFrom, isOnSameHost, tlsFrom } from './repository.ts';

/** One question about commits of a source, in each of the ways to put it. */
export interface HistoryQuestion<T> {
	/** Asks a repository on this machine. */
	readonly inWorkspace: (git: Git) => Promise<T | undefined>;
	/** Asks the source repository itself, of which nothing has been fetched yet. */
	readonly ofRemote: (repository: Repository) => Promise<T | undefined>;
	readonly ofForge: (forge: Forge) => Promise<T | undefined> | undefined;
}

/**
 * Asks about the history of the source: the workspace first; where that does not tell, the
 * source repository itself; where git gets no answer there, the forge that it is on.
 * Undefined where none of them can tell.
 */
export async function askSource<T>(
	remote: Remote,
	question: HistoryQuestion<T>,
	inputs: ForgeInputs,
	context: Context,
): Promise<T | undefined> {
	return (
		(await workspaceTells(question, context)) ??
		(await ifPossible(remote, context, () => byGit(remote, question, inputs, context))) ??
		(await ifPossible(remote, context, () => byForge(remote, question, inputs, context)))
	);
}

async function workspaceTells<T>(
	{ inWorkspace }: HistoryQuestion<T>,
	{ workspace, childEnvironment, signal }: Context,
): Promise<T | undefined> {
	const folder = join(workspace, '.git');
	if (!existsSync(folder)) return undefined;
	const variables = { ...gitVariables(childEnvironment, {}, []), GIT_NO_LAZY_FETCH: '1' };
	return await inWorkspace(new Git({ folder, variables, signal }));
}

async function byGit<T>(
	remote: Remote,
	{ ofRemote }: HistoryQuestion<T>,
	inputs: ForgeInputs,
	context: Context,
): Promise<T | undefined> {
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
		return await ofRemote(repository);
	} finally {
		await repository.close();
	}
}

async function byForge<T>(
	remote: Remote,
	{ ofForge }: HistoryQuestion<T>,
	inputs: ForgeInputs,
	context: Context,
): Promise<T | undefined> {
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
		return await ofForge(connected);
	} finally {
		await connected.close();
	}
}

async function ifPossible<T>(
	remote: Remote,
	{ log, signal }: Context,
	ask: () => Promise<T | undefined>,
): Promise<T | undefined> {
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
