import type { CommitList } from '../git/commits-between.ts';
import { subjectOf } from './commit-list.ts';

/** Two commits compared, as Gitea's API gives it (its /swagger.v1.json, `Compare`). */
export interface GiteaComparison {
	total_commits: number;
	/** Of the second what the first has not, the newest first. */
	commits: { sha: string; commit: { message: string; author: { name: string } } }[] | null;
}

export function toCommitList(
	{ total_commits, commits }: GiteaComparison,
	limit: number,
): CommitList {
	const listed = (commits ?? []).slice(0, limit).map(({ sha, commit }) => ({
		commit: sha,
		subject: subjectOf(commit.message),
		author: commit.author.name,
	}));
	return { listed, total: total_commits };
}
