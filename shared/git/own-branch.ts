import { Failure } from '../failure/failure.ts';
import { parseTrailers, type Record } from '../record/record.ts';
import { changesBetween } from './changes.ts';
import { type CommitText, readCommit } from './objects.ts';
import type { Repository } from './repository.ts';
import { beneathUpdates } from './updated-branch.ts';

/** The step's branch as the remote has it. */
export interface PresentBranch {
	readonly tip: string;
	/** The commit of the base that the branch stands on. */
	readonly parent: string | undefined;
	/** What the branch changes in that: by path, the objects before and after. */
	readonly changes: ReadonlyMap<string, string>;
	/** That of the step's own commit, as the three that follow. */
	readonly message: string;
	readonly authorEmail: string;
	/** `{}` where it is somebody else's commit. */
	readonly record: Record;
	/** When it was made. */
	readonly at: Date;
	/** Undefined where the tip is this step's own work, else what it is, for a message. */
	readonly foreign: string | undefined;
}

/**
 * The remote's branch of this name, with the commits that it consists of; undefined where
 * there is none.
 * @param base - a commit of the branch that it is to be merged into, which has been fetched
 */
export async function readBranch(
	repository: Repository,
	branch: string,
	ours: OwnCommits,
	base: string,
): Promise<PresentBranch | undefined> {
	const local = 'refs/lockstep/own';
	const { code } = await repository.transport.fetch(
		['--depth=2', '--filter=blob:none', '--', 'origin', `+refs/heads/${branch}:${local}`],
		(said) => /couldn't find remote ref/i.test(said),
	);
	if (code !== 0) return undefined;
	const tip = await repository.git.text(['rev-parse', '--verify', local]);
	const commit = await readCommit(repository.git, tip);
	const updated = await beneathUpdates(repository, { tip, base });
	const own = updated?.own ?? commit;
	const parent = updated?.onto ?? commit.parents[0];
	return {
		tip,
		parent,
		changes: parent === undefined ? new Map() : await changesBetween(repository, parent, tip),
		message: own.message,
		authorEmail: own.author.email,
		record: parseTrailers(own.message),
		at: own.committer.at,
		foreign: isOwn(own, ours)
			? undefined
			: `${tip.slice(0, 12)} "${commit.message.split('\n')[0]}" by ${commit.committer.name}`,
	};
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
 * or rebased has another committer. Of what it writes by its API, GitHub is the committer; so
 * is a Gitea with a key, by a name of its own.
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
