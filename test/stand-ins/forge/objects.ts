import type { Signature } from '../git/bare-repository.ts';
import { git, gitOnce, tryGitOnce } from '../git/git.ts';

/** A commit as it is stored. */
export interface Commit {
	readonly sha: string;
	readonly tree: string;
	readonly parents: string[];
	readonly author: Signature;
	readonly committer: Signature;
	readonly message: string;
}

/** One file between two trees. */
export interface ChangedFile {
	readonly path: string;
	readonly status: 'added' | 'removed' | 'modified';
	readonly blob: string;
	readonly additions: number;
	readonly deletions: number;
	readonly patch: string;
}

export interface TreeEntry {
	readonly mode: string;
	readonly type: string;
	readonly sha: string;
	readonly size: number | undefined;
	readonly path: string;
}

const fields = ['%H', '%T', '%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%B'];

/** Commits as `git log` walks them: newest first unless `args` says otherwise. */
export async function readCommits(repository: string, args: readonly string[]): Promise<Commit[]> {
	const out = await gitOnce(repository, ['log', '-z', `--format=${fields.join('%x00')}`, ...args]);
	const values = out.split('\0');
	const commits: Commit[] = [];
	for (let at = 0; at + fields.length <= values.length; at += fields.length) {
		const [
			sha = '',
			tree = '',
			parents = '',
			an = '',
			ae = '',
			ad = '',
			cn = '',
			ce = '',
			cd = '',
			message = '',
		] = values.slice(at, at + fields.length);
		commits.push({
			sha,
			tree,
			parents: parents === '' ? [] : parents.split(' '),
			author: { name: an, email: ae, date: new Date(ad) },
			committer: { name: cn, email: ce, date: new Date(cd) },
			message: message.replace(/\n+$/, ''),
		});
	}
	return commits;
}

export async function readCommit(repository: string, sha: string): Promise<Commit> {
	const [commit] = await readCommits(repository, ['--max-count=1', sha]);
	if (commit === undefined) throw new Error(`no commit ${sha} in ${repository}`);
	return commit;
}

/** The files that differ between two commits or trees; `from` undefined: all that `to` has. */
export async function changedFiles(
	repository: string,
	from: string | undefined,
	to: string,
): Promise<ChangedFile[]> {
	const range = [from ?? (await git(repository, ['hash-object', '-t', 'tree', '--stdin'])), to];
	const [summary, patches] = await Promise.all([
		gitOnce(repository, ['diff-tree', '-r', '-z', '--abbrev=40', '--raw', '--numstat', ...range]),
		gitOnce(repository, ['diff-tree', '-r', '--patch', ...range]),
	]);
	const records = summary.split('\0');
	const counts = new Map<string, [number, number]>();
	for (const record of records) {
		const [, added, removed, path] = /^(\d+|-)\t(\d+|-)\t(.+)$/s.exec(record) ?? [];
		if (path !== undefined) counts.set(path, [Number(added) || 0, Number(removed) || 0]);
	}
	const sections = patches.split(/^diff --git .*\n/m).slice(1);
	const files: ChangedFile[] = [];
	for (const [at, record] of records.entries()) {
		const [, before, after, letter] = /^:\d+ \d+ (\w+) (\w+) (\w)$/.exec(record) ?? [];
		if (letter === undefined) continue;
		const path = records[at + 1] ?? '';
		const [additions, deletions] = counts.get(path) ?? [0, 0];
		files.push({
			path,
			status: letter === 'A' ? 'added' : letter === 'D' ? 'removed' : 'modified',
			blob: (letter === 'D' ? before : after) ?? '',
			additions,
			deletions,
			patch: (sections[files.length] ?? '').replace(/^[\s\S]*?(?=^@@)/m, '').replace(/\n$/, ''),
		});
	}
	return files;
}

/** What stands at a path: the entry itself, or with a trailing slash a folder's entries. */
export async function listTree(
	repository: string,
	commit: string,
	path: string,
): Promise<TreeEntry[]> {
	const operand = path === '' ? [] : ['--', path];
	const out = await gitOnce(repository, ['ls-tree', '-z', '--long', commit, ...operand]);
	return out.split('\0').flatMap((line) => {
		const match = /^(\d+) (\w+) (\w+) +(\d+|-)\t(.+)$/s.exec(line);
		if (!match) return [];
		const [, mode = '', type = '', sha = '', size = '', name = ''] = match;
		return [{ mode, type, sha, size: size === '-' ? undefined : Number(size), path: name }];
	});
}

export async function readBlob(repository: string, sha: string): Promise<Buffer> {
	const { code, stdout, stderr } = await tryGitOnce(repository, ['cat-file', 'blob', sha]);
	if (code !== 0) throw new Error(`git cat-file ${sha}: ${stderr}`);
	return stdout;
}

export async function mergeBase(
	repository: string,
	one: string,
	other: string,
): Promise<string | undefined> {
	const { code, stdout } = await tryGitOnce(repository, ['merge-base', one, other]);
	return code === 0 ? stdout.toString().trim() : undefined;
}

export async function isAncestor(
	repository: string,
	ancestor: string,
	descendant: string,
): Promise<boolean> {
	const args = ['merge-base', '--is-ancestor', ancestor, descendant];
	return (await tryGitOnce(repository, args)).code === 0;
}

export async function countCommits(repository: string, range: string): Promise<number> {
	return Number(await gitOnce(repository, ['rev-list', '--count', range]));
}

/** The tree of a true three-way merge; undefined when it conflicts. */
export async function mergeTrees(
	repository: string,
	ours: string,
	theirs: string,
): Promise<string | undefined> {
	const args = ['merge-tree', '--write-tree', '--no-messages', ours, theirs];
	const { code, stdout, stderr } = await tryGitOnce(repository, args);
	if (code > 1) throw new Error(`git merge-tree: ${stderr}`);
	return code === 0 ? stdout.toString().trim() : undefined;
}

export async function commitTree(
	repository: string,
	tree: string,
	parents: readonly string[],
	message: string,
	author: Signature,
	committer: Signature,
): Promise<string> {
	const args = ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-F', '-'];
	const env = {
		GIT_AUTHOR_NAME: author.name,
		GIT_AUTHOR_EMAIL: author.email,
		GIT_AUTHOR_DATE: author.date.toISOString(),
		GIT_COMMITTER_NAME: committer.name,
		GIT_COMMITTER_EMAIL: committer.email,
		GIT_COMMITTER_DATE: committer.date.toISOString(),
	};
	return git(repository, args, { input: `${message.trimEnd()}\n`, env });
}

/** Copies `base..head` commit by commit onto `base`; undefined when one of them conflicts. */
export async function rebase(
	repository: string,
	base: string,
	head: string,
	committer: Signature,
): Promise<string | undefined> {
	const commits = await readCommits(repository, ['--reverse', '--no-merges', `${base}..${head}`]);
	let tip = base;
	for (const commit of commits) {
		const parent = commit.parents[0];
		const tipTree = await git(repository, ['rev-parse', `${tip}^{tree}`]);
		// A commit with the tip's tree but the copied commit's parent makes that parent the merge
		// base: git 2.39 has no way to name one.
		const ours = await commitTree(
			repository,
			tipTree,
			parent === undefined ? [] : [parent],
			'',
			committer,
			committer,
		);
		const tree = await mergeTrees(repository, ours, commit.sha);
		if (tree === undefined) return undefined;
		if (tree === tipTree) continue;
		tip = await commitTree(repository, tree, [tip], commit.message, commit.author, committer);
	}
	return tip;
}
