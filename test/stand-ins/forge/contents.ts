import type { User } from '../git/accounts.ts';
import { type FileChange, type Signature, writeCommit } from '../git/bare-repository.ts';
import { zeroId } from '../git/git.ts';
import type { ForgeModel, Repository } from './model.ts';
import { listTree, type TreeEntry } from './objects.ts';
import { Refusal } from './refusal.ts';

export interface ContentChange {
	readonly branch: string;
	/** Made from `branch` when given, and the commit goes there. */
	readonly newBranch?: string | undefined;
	/** Whether a new branch may be there already, wherever it is. */
	readonly force?: boolean;
	readonly message: string;
	readonly author?: Signature | undefined;
	/** Whether the forge signs it. */
	readonly signed?: boolean;
	readonly files: readonly FileEdit[];
}

export interface FileEdit {
	readonly path: string;
	readonly content: FileChange;
	/** `create` wants no file there, the others want the blob `sha` there. */
	readonly operation: 'create' | 'update' | 'delete' | 'either';
	readonly sha?: string | undefined;
}

/** The entry of a file or folder; undefined when there is none. */
export async function entryAt(
	repository: Repository,
	commit: string,
	path: string,
): Promise<TreeEntry | undefined> {
	return (await listTree(repository.path, commit, path)).find((entry) => entry.path === path);
}

/** Commits changes of files to a branch, each guarded by the blob that its caller saw. */
export async function changeContents(
	model: ForgeModel,
	repository: Repository,
	user: User,
	change: ContentChange,
): Promise<string> {
	const tip = await repository.branchTip(change.branch);
	if (tip === undefined) throw new Refusal('not-found', `Branch ${change.branch} not found`);
	const files: Record<string, FileChange> = {};
	const executable = new Set<string>();
	for (const edit of change.files) {
		const present = await entryAt(repository, tip, edit.path);
		checkGuard(edit, present?.sha);
		if (present?.mode === '100755') executable.add(edit.path);
		files[edit.path] = edit.content;
	}
	const commit = await writeCommit(repository.path, {
		parent: tip,
		files,
		executable,
		message: change.message,
		author: change.author ?? model.signature(user),
		committer: model.signature(user),
	});
	if (change.signed) repository.signed.add(commit);
	const { newBranch, force = false } = change;
	const taken =
		newBranch !== undefined && force ? await repository.branchTip(newBranch) : undefined;
	const [target, before] =
		newBranch === undefined ? [change.branch, tip] : [newBranch, taken ?? zeroId];
	await model.moveRef(repository, `refs/heads/${target}`, before, commit, user, { force });
	return commit;
}

function checkGuard({ path, operation, sha }: FileEdit, present: string | undefined): void {
	if (present === undefined) {
		if (operation === 'create' || (operation === 'either' && sha === undefined)) return;
		throw new Refusal('not-found', `${path} does not exist`);
	}
	if (operation === 'create') throw new Refusal('exists', `${path} already exists`);
	if (sha === undefined) throw new Refusal('invalid', `Invalid request.\n\n"sha" wasn't supplied.`);
	if (sha !== present) throw new Refusal('stale', `${path} does not match ${sha}`);
}

/** An entry as both APIs show it. */
export function entryView(entry: TreeEntry) {
	return {
		type: entry.type === 'tree' ? 'dir' : entry.mode === '120000' ? 'symlink' : 'file',
		name: entry.path.split('/').at(-1),
		path: entry.path,
		sha: entry.sha,
		size: entry.size ?? 0,
	};
}
