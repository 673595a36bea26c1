import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../failure/failure.ts';
import { Git, gitVariables } from '../git/git.ts';
import { type RecordedCommit, recordFormat, recordsIn } from '../git/history.ts';
import type { StepContext } from './declare.ts';

/** How far back the workspace's history is read. */
const deepest = 1000;

/**
 * The commits with a record in the history of what is checked out in the workspace, the
 * newest first: how a step that follows a push finds out what was pushed. Empty where the
 * workspace is no repository; a shallow clone has no more than was cloned.
 */
export async function recordsInWorkspace(
	context: Pick<StepContext, 'workspace' | 'childEnvironment' | 'signal' | 'log'>,
): Promise<RecordedCommit[]> {
	const { workspace, childEnvironment, signal, log } = context;
	const folder = join(workspace, '.git');
	if (!existsSync(folder)) return [];
	const git = new Git({
		folder,
		variables: gitVariables(childEnvironment, {}, []),
		signal,
	});
	try {
		const filter = ['--extended-regexp', '--regexp-ignore-case', '--grep=^Lockstep-'];
		const args = ['log', `--max-count=${deepest}`, ...filter, ...recordFormat, 'HEAD', '--'];
		const { code, stdout, stderr } = await git.try(args);
		if (code !== 0) log.debug(`The workspace's history cannot be read: ${stderr.trim()}`);
		return recordsIn(stdout.toString());
	} catch (error) {
		signal.throwIfAborted();
		log.debug(`The workspace is no git repository: ${messageOf(error)}`);
		return [];
	}
}

/** The two parts of `host/owner/name@<full commit>`. */
export function splitSource(source: string): { repository: string; commit: string } | undefined {
	const match = /^(.+)@([0-9a-f]{40}|[0-9a-f]{64})$/.exec(source);
	return match?.[1] && match[2] ? { repository: match[1], commit: match[2] } : undefined;
}
