import type { Log } from '../log/log.ts';

/** Keys that requests to AWS are signed with. */
export interface AwsCredentials {
	accessKeyId: string;
	secretAccessKey: string;
	sessionToken?: string;
	/** Milliseconds since 1970; undefined for keys that do not expire. */
	expires?: number;
}

export interface AwsSurroundings {
	/** Variables: `AWS_ACCESS_KEY_ID`, `AWS_PROFILE`, `AWS_ROLE_ARN`, `HOME`, ... */
	environment: Readonly<Record<string, string | undefined>>;
	/** Where roles are assumed. */
	region: string;
	log: Log;
	signal: AbortSignal;
	protect: (secret: string) => void;
}

/** The domain of a region's endpoints. */
export function domainOf(region: string): string {
	return `${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}
