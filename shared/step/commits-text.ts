import { code, inertMarkdown, link } from '../forge/markdown.ts';
import { type KnownSite, pagesOf } from '../forge/pages.ts';
import type { CommitList, ListedCommit } from '../git/commits-between.ts';
import type { SourceCommits } from './source-commits.ts';

/** So much of a commit's first line is shown. */
const longestSubject = 120;
/** So many people are named. */
const namedAuthors = 10;

/** In a line, why there is no list of commits; undefined where there is one, or is to be none. */
export function commitsFact(commits: SourceCommits | undefined): string | undefined {
	if (commits === undefined) return undefined;
	if (!commits.known) return `not known, for ${inertMarkdown(commits.why)}`;
	const { added, removed } = commits;
	return added.total + removed.total === 0
		? 'none, both images were built from the same one'
		: undefined;
}

/**
 * The commits that come with an image and those that it takes back, linked, with who wrote
 * them; '' where there are none.
 * @param listed - so many of each at most
 */
export function commitsBlock(
	commits: SourceCommits | undefined,
	listed: number,
	sites: readonly KnownSite[],
): string {
	if (!commits?.known) return '';
	const { repository, from, to, added, removed } = commits;
	const pages = pagesOf(repository, sites);
	const name = code(repository.replace(/^[^/]*\//, ''));
	const part = (list: CommitList, comparison: string, end: string) => {
		if (list.total === 0) return [];
		const head = `${link(counted(list.total), comparison)} of ${name}${end}`;
		const shown = list.listed.slice(0, listed);
		if (shown.length === 0) return [`${head}.`];
		const lines = shown.map((one) => commitLine(one, pages.commit(one.commit)));
		const more = list.total - shown.length;
		return [[`${head}:`, '', ...lines, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n')];
	};
	const authors = authorsOf(commits);
	return [
		...part(added, pages.compare(from, to), authors ? `, by ${inertMarkdown(authors)}` : ''),
		...part(removed, pages.compare(to, from), ' that it takes back'),
	].join('\n\n');
}

/** How many commits come with the image, in words. */
export function countOf(commits: SourceCommits | undefined): string | undefined {
	return commits?.known ? counted(commits.added.total) : undefined;
}

/** Who wrote the commits that come with the image, those with the most first. */
export function authorsOf(commits: SourceCommits | undefined): string | undefined {
	if (!commits?.known) return undefined;
	const counts = new Map<string, number>();
	for (const { author } of commits.added.listed)
		if (author !== '') counts.set(author, (counts.get(author) ?? 0) + 1);
	const names = [...counts].sort(([, a], [, b]) => b - a).map(([name]) => name);
	const more = names.length - namedAuthors;
	const named = more > 0 ? [...names.slice(0, namedAuthors), `${more} more`] : names;
	const last = named.pop();
	if (last === undefined) return undefined;
	return named.length === 0 ? last : `${named.join(', ')} and ${last}`;
}

function commitLine({ commit, subject, author }: ListedCommit, page: string): string {
	const signs = [...subject];
	const cut =
		signs.length > longestSubject ? `${signs.slice(0, longestSubject).join('')}…` : subject;
	const by = author === '' ? '' : ` (${inertMarkdown(author)})`;
	return `- ${link(code(commit.slice(0, 7)), page)} ${inertMarkdown(cut)}${by}`;
}

function counted(total: number): string {
	return total === 1 ? '1 commit' : `${total} commits`;
}
