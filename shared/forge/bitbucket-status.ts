import { createHash } from 'node:crypto';
import type { RunStatus } from './run-status.ts';

const states = { running: 'INPROGRESS', success: 'SUCCESSFUL', failure: 'FAILED' } as const;

/** What Bitbucket Cloud takes for a key, in characters. */
const longestKey = 40;

/**
 * A build status as Bitbucket takes it, on Cloud and on own servers, which both want a link.
 * @param page - what it leads to where the run has no page
 */
export function buildStatus(
	{ state, context, description, runUrl }: RunStatus,
	page: string,
): object {
	const key =
		context.length <= longestKey
			? context
			: createHash('sha256').update(context).digest('hex').slice(0, longestKey);
	return { key, state: states[state], name: context, description, url: runUrl ?? page };
}
