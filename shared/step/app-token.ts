import { badInput } from '../failure/failure.ts';
import { detectForge } from '../forge/detect.ts';
import type { InstallationToken, Rights } from '../forge/github-app.ts';
import type { Remote } from '../git/remote.ts';
import type { TlsOptions } from '../http/client.ts';
import type { repositoryInputs } from './common-inputs.ts';
import type { InputValues, StepContext } from './declare.ts';

export type AppInputs = Pick<
	InputValues<typeof repositoryInputs>,
	'token' | 'appId' | 'appPrivateKey' | 'forge' | 'apiUrl'
>;

type Context = Pick<
	StepContext,
	'event' | 'log' | 'childEnvironment' | 'signal' | 'protect' | 'mask' | 'nameOf'
>;

/** What a token of a GitHub App may do where a step writes files, and no more. */
export const contentRights: Rights = { contents: 'write' };

/** The same for a step that only reads files or commits. */
export const readRights: Rights = { contents: 'read' };

/** Tokens by repository and rights; this process makes each once, and anew before it ends. */
const made = new Map<string, Promise<InstallationToken>>();

/** So long before its end a token is not used any more, in ms: a push has to end in time. */
const margin = 10 * 60_000;

/**
 * The token of the GitHub App that the inputs give, for one repository alone; undefined where
 * they give none.
 * @throws Failure (bad input) for half an app, an app beside a token, or a server that is not
 * GitHub.
 */
export async function appToken(
	remote: Remote,
	inputs: AppInputs,
	context: Context,
	{ rights, tls }: { rights: Rights; tls: TlsOptions },
): Promise<string | undefined> {
	const { appId, appPrivateKey } = inputs;
	const { nameOf } = context;
	if (appId === undefined && appPrivateKey === undefined) return undefined;
	if (appId === undefined || appPrivateKey === undefined)
		throw badInput(
			`${nameOf('app-id')} and ${nameOf('app-private-key')} go together; give both, or ${nameOf('token')}`,
		);
	if (inputs.token !== undefined)
		throw badInput(
			`${nameOf('token')} and ${nameOf('app-id')} exclude each other; give one of them`,
		);
	const key = JSON.stringify([remote.url, appId, inputs.apiUrl, rights]);
	const known = await made.get(key);
	if (known && known.expires - margin > Date.now()) return known.token;
	const making = makeToken(remote, { ...inputs, appId, appPrivateKey }, context, { rights, tls });
	made.set(key, making);
	// One that could not be made is asked for anew, and its failure is for who asked now.
	making.catch(() => made.delete(key));
	const { token } = await making;
	context.mask(token);
	return token;
}

async function makeToken(
	remote: Remote,
	{ appId, appPrivateKey, forge, apiUrl }: AppInputs & { appId: string; appPrivateKey: string },
	{ event, log, signal, protect, nameOf, childEnvironment: environment }: Context,
	{ rights, tls }: { rights: Rights; tls: TlsOptions },
): Promise<InstallationToken> {
	const { installationToken, readAppKey } = await import('../forge/github-app.ts');
	const { key, pem } = readAppKey(appPrivateKey, nameOf('app-private-key'));
	protect(pem);
	const question = { remote, forge, apiUrl, ciForge: event.forge, tls, environment, log, signal };
	const found = await detectForge(question);
	if (found.kind !== 'github')
		throw badInput(
			`${nameOf('app-id')} is for GitHub, and ${remote.url} is on ${found.kind === 'git' ? 'a plain git server' : found.kind}; give ${nameOf('token')}`,
		);
	return await installationToken({
		app: { id: appId, key },
		apiUrl: found.apiUrl,
		repository: { owner: remote.owner, name: remote.name },
		rights,
		tls,
		environment,
		protect,
		log,
		signal,
	});
}
