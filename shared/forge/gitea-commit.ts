import type { FilesToWrite } from '../git/commit-to-branch.ts';

/**
 * What Gitea's `POST /contents` takes for several files in one commit, each guarded by the
 * name of the content that it replaces. The branch's tip is no part of that guard: what
 * others change elsewhere meanwhile is no lost race there.
 */
export function filesBody({ branch, files, message }: FilesToWrite): object {
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
export function adviceOnCommit(said: string): string | undefined {
	// To somebody who may write to the repository, but not to this branch.
	return /protect|user cannot commit to repo/i.test(said)
		? 'the branch is protected: use promotion-pr, or let this user push to it'
		: undefined;
}
