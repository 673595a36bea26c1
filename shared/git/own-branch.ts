import { Failure } from '../failure/failure.ts';
import { parseTrailers, type Record } from '../record/record.ts';
import { type CommitText, readCommit } from './objects.ts';
import type { Repository } from './repository.ts';

/** The step's branch as the remote has it. */
export interface PresentBranch {
	readonly tip: string;
	/** The commit that the tip was made on. */
	readonly parent: string | undefined;
	/** What the tip changes in its parent: by path, the objects before and after. */
	readonly changes: ReadonlyMap<string, string>;
	readonly message: string;
	readonly authorEmail: string;
	/** The tip's record; `{}` where it is somebody else's commit. */
	readonly record: Record;
	/** Undefined where the tip is this step's own work, else what it is, for a message. */
	readonly foreign: string | undefined;
}

/** The remote's branch of this name, with its tip and the commit before; undefined where there is none. */
export async function readBranch(
	repository: Repository,
	branch: string,
	own: OwnCommits,
): Promise<PresentBranch | undefined> {
	const local = 'refs/lockstep/own';
	const { code } = await repository.transport.fetch(
		['--depth=2', '--filter=blob:none', '--', 'origin', `+refs/heads/${branch}:${local}`],
		(said) => /couldn't find remote ref/i.test(said),
	);
	if (code !== 0) return undefined;
	const tip = await repository.git.text(['rev-parse', '--verify', local]);
	const commit = await readCommit(repository.git, tip);
	const [parent] = commit.parents;
	return {
		tip,
		parent,
		changes: parent === undefined ? new Map() : await changesBetween(repository, parent, tip),
		message: commit.message,
		authorEmail: commit.author.email,
		record: parseTrailers(commit.message),
		foreign: isOwn(commit, own)
			? undefined
			: `${tip.slice(0, 12)} "${commit.message.split('\n')[0]}" by ${commit.committer.name}`,
	};
}

/** By path, the names of the objects before and after. */
export async function changesBetween(
	{ git }: Repository,
	parent: string,
	commit: string,
): Promise<Map<string, string>> {
	const raw = await git.text(['diff-tree', '-r', '-z', '--no-renames', parent, commit]);
	const fields = raw.split('\0');
	const changes = new Map<string, string>();
	// Each change is two fields: `:<mode> <mode> <object> <object> <letter>`, and the path.
	for (let at = 0; at + 1 < fields.length; at += 2)
		changes.set(fields[at + 1] ?? '', fields[at] ?? '');
	return changes;
}

/** Whether two commits change the same files from the same content to the same content. */
export function sameChanges(
	a: ReadonlyMap<string, string>,
	b: ReadonlyMap<string, string>,
): boolean {
	return a.size === b.size && [...a].every(([path, change]) => b.get(path) === change);
}

/** How the step's own commits are known. */
export interface OwnCommits {
	/** Who those are by that it pushes. */
	readonly authorEmail: string;
	/** Whether a forge may have signed them, as a committer of its own. */
	readonly byForge: boolean;
}

/**
 * Whether a commit is as this step makes them: one parent, one person as author and
 * committer, and that person this step's, or with a record. A commit that somebody amended
 * or rebased has another committer; the button that updates a branch makes a merge. Of what
 * it writes by its API, GitHub is the committer; so is a Gitea with a key, by a name of its
 * own.
 */
function isOwn(commit: CommitText, { authorEmail, byForge }: OwnCommits): boolean {
	const { parents, author, committer, message, signed } = commit;
	const onePerson = author.email === committer.email && author.name === committer.name;
	const recorded = Object.keys(parseTrailers(message)).length > 0;
	const ofForge = committer.email === 'noreply@github.com' || (byForge && signed);
	const ours = onePerson ? recorded || author.email === authorEmail : recorded && ofForge;
	return parents.length === 1 && ours;
}

/** The failure for commits of others, which are not thrown away without being told. */
export function foreignCommits(branch: string, foreign: string): Failure {
	return new Failure(
		`${branch} has a commit that this step did not make (${foreign}), and nothing of it is thrown away: merge or close its pull request and delete the branch, or give overwrite`,
	);
}
