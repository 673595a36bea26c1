import { createHash } from 'node:crypto';
import { Failure } from '../failure/failure.ts';
import {
	type FilesToWrite,
	temporaryBranches,
	type WriteOutcome,
} from '../git/commit-to-branch.ts';
import type { HttpRequest, HttpResponse } from '../http/client.ts';
import type { Rest } from './rest.ts';

/** What it takes to write by the API of one repository. */
interface Writing {
	readonly rest: Rest;
	/** The repository's path in the API. */
	readonly repository: string;
	readonly signal: AbortSignal;
}

/**
 * Commits by Gitea's `POST /contents`, which signs what it writes where it has a key. That
 * minds the files that it replaces, but nothing that others change elsewhere meanwhile, such
 * as a hold. So the commit is made on a branch of its own, and `PUT /branches` puts `branch`
 * on it only where that still is at `parent`. Forgejo and Gitea before 1.26 know no such
 * `PUT`: they commit to `branch` at once.
 * @param swaps - false where the server is known to have no `PUT /branches`
 */
export async function commitFiles(
	writing: Writing,
	commit: FilesToWrite,
	swaps: boolean,
): Promise<WriteOutcome> {
	const swapped = swaps ? await commitAndSwap(writing, commit) : undefined;
	if (swapped !== undefined) return swapped;
	const made = await ask(writing, commit, {
		...{ method: 'POST', path: '/contents', body: filesBody(commit) },
	});
	return made.done ? { pushed: true, commit: commitIn(made.response) } : made.outcome;
}

/** Undefined where the server has no way to swap. */
async function commitAndSwap(
	writing: Writing,
	commit: FilesToWrite,
): Promise<WriteOutcome | undefined> {
	const { branch, parent } = commit;
	const own = ownBranch(commit);
	try {
		// Forced, over what a run that was killed has left there: nobody else has a use for it.
		const aside = { ...filesBody(commit), new_branch: own, force_push: true };
		const made = await ask(writing, commit, { method: 'POST', path: '/contents', body: aside });
		if (!made.done) return { ...made.outcome, sent: false, passing: mayPass(made) };
		const sha = commitIn(made.response);
		const swapped = await ask(writing, commit, {
			method: 'PUT',
			path: `/branches/${escaped(branch)}`,
			body: { old_commit_id: parent, new_commit_id: sha },
			// Sent again after it was done it would be refused: what came of it is asked of git.
			idempotent: false,
		});
		if (swapped.done) return { pushed: true, commit: sha };
		return swapped.status === 405 ? undefined : swapped.outcome;
	} finally {
		// What stays for a fault is overwritten and removed by the next run.
		const path = `${writing.repository}/branches/${escaped(own)}`;
		await writing.rest.send({ method: 'DELETE', path }).catch(() => undefined);
	}
}

type Asked =
	| { readonly done: true; readonly response: HttpResponse }
	| {
			readonly done: false;
			readonly status?: number;
			readonly outcome: Extract<WriteOutcome, { pushed: false }>;
	  };

/**
 * Others who write the same files use that branch too, for a moment; and the branch to write to
 * may be one that they take away and lay anew, which was gone just now.
 */
function mayPass({ outcome }: Extract<Asked, { done: false }>): boolean {
	const passing = /cannot lock ref|already exists|branch does not exist/i;
	return outcome.passing || passing.test(outcome.failure.message);
}

/** Sends a request below the repository's path. */
async function ask(
	{ rest, repository, signal }: Writing,
	{ branch }: FilesToWrite,
	request: HttpRequest,
): Promise<Asked> {
	try {
		const response = await rest.send({ ...request, path: `${repository}${request.path}` });
		const { status } = response;
		if (status < 300) return { done: true, response };
		const advice = adviceOn(rest.words(response));
		const failure = rest.refused(`commit to ${branch}`, response, advice);
		const lost = status >= 500;
		return { done: false, status, outcome: { pushed: false, sent: lost, passing: lost, failure } };
	} catch (failure) {
		signal.throwIfAborted();
		if (!(failure instanceof Failure)) throw failure;
		return { done: false, outcome: { pushed: false, sent: true, passing: true, failure } };
	}
}

/** One for each set of files, so that those who write others at the same time have their own. */
function ownBranch({ branch, files }: FilesToWrite): string {
	const what = JSON.stringify([branch, ...files.map(({ path }) => path)]);
	return `${temporaryBranches}${createHash('sha256').update(what).digest('hex').slice(0, 16)}`;
}

function escaped(branch: string): string {
	return branch.split('/').map(encodeURIComponent).join('/');
}

function commitIn({ text }: HttpResponse): string {
	return (JSON.parse(text) as { commit: { sha: string } }).commit.sha;
}

/** Each file is guarded by the name of the content that it replaces. */
function filesBody({ branch, files, message }: FilesToWrite): object {
	return {
		branch,
		message,
		files: files.map(({ path, bytes, present }) => {
			const sha = present?.oid;
			if (bytes === undefined) return { operation: 'delete', path, sha };
			const content = Buffer.from(bytes).toString('base64');
			return sha === undefined
				? { operation: 'create', path, content }
				: { operation: 'update', path, content, sha };
		}),
	};
}

/** What to do where such a commit was refused, if that is known better than by its status. */
function adviceOn(said: string): string | undefined {
	// To somebody who may write to the repository, but not to this branch.
	return /protect|user cannot commit to repo/i.test(said)
		? 'the branch is protected: use promotion-pr, or let this user push to it'
		: undefined;
}
