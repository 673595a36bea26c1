import type { Octokit } from '@octokit/rest';
import type { CommitList, CommitsBetween, ListedCommit } from '../git/commits-between.ts';
import { subjectOf } from './commit-list.ts';

const pageSize = 100;

/**
 * What lies between two commits. GitHub gives the oldest first, in pages, so that the newest
 * are on the last ones.
 */
export async function commitsBetween(
	octokit: Octokit,
	where: { owner: string; repo: string },
	{ from, to }: { from: string; to: string },
	limit: number,
): Promise<CommitsBetween> {
	const read = async (range: string, page: number) => {
		const request = { ...where, basehead: range, per_page: pageSize, page };
		return (await octokit.rest.repos.compareCommitsWithBasehead(request)).data;
	};
	const list = async (range: string): Promise<CommitList & { behind: number }> => {
		const first = await read(range, 1);
		const total = first.total_commits;
		const listed: ListedCommit[] = [];
		for (let page = Math.ceil(total / pageSize); page > 0 && listed.length < limit; page--) {
			const { commits } = page === 1 ? first : await read(range, page);
			listed.push(...commits.map(toListed).reverse());
		}
		return { listed: listed.slice(0, limit), total, behind: first.behind_by };
	};
	const { behind, ...added } = await list(`${from}...${to}`);
	const { listed, total } = behind === 0 ? { listed: [], total: 0 } : await list(`${to}...${from}`);
	return { added, removed: { listed, total } };
}

function toListed({
	sha,
	commit,
}: {
	sha: string;
	commit: { message: string; author: { name?: string } | null };
}): ListedCommit {
	return { commit: sha, subject: subjectOf(commit.message), author: commit.author?.name ?? '' };
}
