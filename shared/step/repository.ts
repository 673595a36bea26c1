import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { badInput, messageOf } from '../failure/failure.ts';
import type { Rights } from '../forge/github-app.ts';
import { type Credentials, loginFor } from '../git/credentials.ts';
import { loginIn, parseRemote, type Remote, serverOf } from '../git/remote.ts';
import { openRepository, type Repository } from '../git/repository.ts';
import type { TlsOptions } from '../http/client.ts';
import { type AppInputs, appToken, contentRights } from './app-token.ts';
import type { repositoryInputs } from './common-inputs.ts';
import type { InputValues, StepContext } from './declare.ts';

/** The inputs by which a step gets into a repository. */
export type AccessInputs = Pick<
	InputValues<typeof repositoryInputs>,
	| 'token'
	| 'username'
	| 'sshKey'
	| 'sshKnownHosts'
	| 'caCertificate'
	| 'skipVerify'
	| 'authorName'
	| 'authorEmail'
	| 'signingKey'
> &
	AppInputs;

type Context = Pick<
	StepContext,
	'event' | 'log' | 'workspace' | 'childEnvironment' | 'signal' | 'protect' | 'mask' | 'nameOf'
>;

/**
 * The remote that an input names; `owner/name` is meant on the forge that the CI works for, on
 * Azure Repos as `project/name`.
 */
export function remoteFrom(
	given: string,
	{ event, nameOf, protect }: Context,
	input = 'repository',
): Remote {
	const login = loginIn(given);
	if (login) for (const secret of Object.values(login)) protect(secret);
	const serverUrl =
		event.forge?.url ?? serverOf(event.repository?.url) ?? serverOf(event.repository?.cloneUrl);
	const [, project, name] = /^([\w.-]+)\/([\w.-]+)$/.exec(given.trim()) ?? [];
	const isOnAzure = event.forge?.kind === 'azure' && project !== undefined;
	const url = isOnAzure ? `${serverUrl}/${project}/_git/${name}` : given;
	return parseRemote(url, { serverUrl, inputName: nameOf(input) });
}

/**
 * What the inputs give to get in, besides what git finds on the machine itself.
 * @param rights - what a token that is made for it has to allow
 */
export async function credentialsFrom(
	given: string,
	inputs: AccessInputs,
	context: Context,
	rights = contentRights,
): Promise<Credentials> {
	const ca = await certificateText(inputs.caCertificate, context);
	const tls = tlsFrom({ ca, skipVerify: inputs.skipVerify });
	const made = await appToken(remoteFrom(given, context), inputs, context, { rights, tls });
	return {
		token: made ?? inputs.token,
		username: inputs.username,
		forge: inputs.forge,
		login: loginIn(given),
		netrc: context.event.netrc,
		sshKey: inputs.sshKey,
		sshKnownHosts: inputs.sshKnownHosts,
		ca,
		skipVerify: inputs.skipVerify,
	};
}

/**
 * Opens the repository that an input names. The caller closes it.
 * @param options.owner - the repository that the inputs' credentials are for, where that is
 * another one: its token goes to no other host
 */
export async function openFrom(
	given: string,
	inputs: AccessInputs,
	context: Context,
	options: { input?: string; rights?: Rights; owner?: string } = {},
): Promise<Repository> {
	const { input = 'repository', rights, owner = given } = options;
	const remote = remoteFrom(given, context, input);
	const isOwn = isOnSameHost(remote, owner, context);
	if (!isOwn && inputs.token)
		context.log.info(`The token is for another host, and is not sent to ${remote.host}`);
	const access = isOwn ? inputs : { ...inputs, ...noLogin };
	return await openRepository({
		remote,
		credentials: await credentialsFrom(given, access, context, rights),
		author: { name: inputs.authorName, email: inputs.authorEmail },
		signingKey: inputs.signingKey,
		log: context.log,
		signal: context.signal,
		variables: context.childEnvironment,
		protect: context.protect,
	});
}

const noLogin = {
	token: undefined,
	username: undefined,
	appId: undefined,
	appPrivateKey: undefined,
};

/** Whether a remote is on the host of the repository that an input names. */
export function isOnSameHost({ host }: Remote, repository: string, context: Context): boolean {
	return remoteFrom(repository, context).host === host;
}

/** The token for the API of the forge that a remote is on: what git logs in with. */
export function apiTokenFor(remote: Remote, credentials: Credentials): string | undefined {
	const login = loginFor(remote, credentials);
	if (login === undefined) return undefined;
	return login.password === 'x-oauth-basic' ? login.username : login.password;
}

/** How the forge's API is reached where its certificate is not a public one. */
export function tlsFrom({ ca, skipVerify }: Credentials): TlsOptions {
	return { ...(ca === undefined ? {} : { ca }), skipVerify: skipVerify === true };
}

async function certificateText(
	given: string | undefined,
	{ workspace, nameOf }: Context,
): Promise<string | undefined> {
	if (given === undefined || given.includes('-----BEGIN')) return given;
	try {
		return await readFile(resolve(workspace, given), 'utf8');
	} catch (error) {
		throw badInput(
			`${nameOf('ca-certificate')}: ${given} cannot be read (${messageOf(error)}); give a path in the workspace, or the PEM text`,
			{ cause: error },
		);
	}
}
