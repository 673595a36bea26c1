import type { TlsOptions } from '../http/client.ts';
import type { Log } from '../log/log.ts';
import type { RepositoryName } from './forge.ts';

/** What it takes to talk to a forge about one repository. */
export interface Connection {
	/** Address of the API, such as `https://git.example.com/api/v1`. */
	readonly apiUrl: string;
	readonly repository: RepositoryName;
	/** Undefined: only what anybody may read. */
	readonly token: string | undefined;
	/** Goes with the token where the forge wants to know whose it is. */
	readonly username?: string | undefined;
	/** Where the token is one that ends: that token, or one made anew in time. */
	readonly freshToken?: () => Promise<string>;
	readonly tls: TlsOptions;
	/** Variables that may name a proxy. */
	readonly environment: Readonly<Record<string, string | undefined>>;
	readonly log: Log;
	readonly signal: AbortSignal;
	/** The repository, `owner/name`, whose GitHub workflow this is, for advice about its token. */
	readonly workflowOf?: string | undefined;
}

export const userAgent = 'lockstep';
