import { badInput, Failure } from '../failure/failure.ts';
import { connectForge } from '../forge/connect.ts';
import { detectForge } from '../forge/detect.ts';
import type { Forge } from '../forge/forge.ts';
import type { Rights } from '../forge/github-app.ts';
import { githubTokenAdvice } from '../forge/github-token.ts';
import type { Credentials } from '../git/credentials.ts';
import type { StepContext } from './declare.ts';
import {
	type AccessInputs,
	apiTokenFor,
	credentialsFrom,
	openFrom,
	remoteFrom,
	tlsFrom,
} from './repository.ts';

/** The inputs by which a step gets to the repository and to the forge that it is on. */
export type ForgeInputs = AccessInputs & { readonly repository: string };

export type Context = Pick<
	StepContext,
	'event' | 'log' | 'workspace' | 'childEnvironment' | 'signal' | 'protect' | 'mask' | 'nameOf'
>;

export interface ForgeNeed {
	/** What a token that is made for it has to allow. */
	readonly rights: Rights;
	/** Where a forge's API has to be: what it is for, and what goes without one, for messages. */
	readonly api?: { readonly forWhat: string; readonly without: string };
}

/**
 * Connects to the forge that the input `repository` is on; without one around it the
 * repository itself keeps the requests. The caller closes it.
 * @throws Failure (bad input) where it cannot be found out, or has no API and has to have one.
 */
export async function forgeFrom(
	inputs: ForgeInputs,
	context: Context,
	{ rights, api }: ForgeNeed,
): Promise<Forge> {
	const { event, log, signal, childEnvironment: environment, nameOf } = context;
	const remote = remoteFrom(inputs.repository, context);
	const credentials = await credentialsFrom(inputs.repository, inputs, context, rights);
	const tls = tlsFrom(credentials);
	const found = await detectForge({
		remote,
		forge: inputs.forge,
		apiUrl: inputs.apiUrl,
		ciForge: event.forge,
		tls,
		environment,
		log,
		signal,
	});
	if (found.kind === 'git') {
		if (api !== undefined)
			throw badInput(
				`${api.forWhat} needs a forge, and ${remote.url} is a plain git server: ${api.without}, or name its forge with ${nameOf('forge')} and ${nameOf('api-url')}`,
			);
		const { GitForge } = await import('../forge/git.ts');
		return new GitForge(await openFrom(inputs.repository, inputs, context, { rights }), log);
	}
	return await connectForge(found.kind, {
		apiUrl: found.apiUrl,
		repository: { owner: remote.owner, name: remote.name },
		token: apiTokenFor(remote, credentials),
		username: inputs.username ?? nameInUrl(credentials),
		...(inputs.appId === undefined
			? {}
			: {
					freshToken: async () =>
						(await credentialsFrom(inputs.repository, inputs, context, rights)).token ?? '',
				}),
		tls,
		environment,
		log,
		signal,
		workflowOf: workflowOf(context),
	});
}

/** Who logs in by what stands in the repository's URL, unless that is a token alone. */
function nameInUrl({ token, login }: Credentials): string | undefined {
	return token === undefined && login?.password ? login.username : undefined;
}

/** The repository whose GitHub workflow this is. */
function workflowOf({ event }: Context): string | undefined {
	if (event.forge?.kind !== 'github' || event.repository === undefined) return undefined;
	return `${event.repository.owner}/${event.repository.name}`;
}

/** Says why git was refused where it is for the kind of token, which git's server cannot tell. */
export function withTokenAdvice(error: unknown, inputs: ForgeInputs, context: Context): unknown {
	const { slug, url } = remoteFrom(inputs.repository, context);
	const advice = githubTokenAdvice(inputs.token, workflowOf(context), slug);
	const refused = /may not see it|may not do this|does not take the credentials/;
	if (!(error instanceof Failure) || advice === undefined || !refused.test(error.message))
		return error;
	return new Failure(`${url} refuses the token: ${advice}`, { cause: error });
}
