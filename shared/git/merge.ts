import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../failure/failure.ts';
import { changesBetween } from './changes.ts';
import { allCommits } from './commit-to-branch.ts';
import type { FileChange } from './objects.ts';
import type { Repository } from './repository.ts';
import type { TreeFile } from './tree.ts';

/** What the changes of one side make of the other. */
export interface Merge {
	/** Files of ours that are another thing then. */
	readonly files: readonly (FileChange | TreeFile)[];
	/** Files that both sides changed in ways that exclude each other. */
	readonly conflicts: readonly string[];
}

/** So many commits are looked through for the one that two sides began from, one after the other. */
const depths = [20, 1000, allCommits];

/**
 * The newest commit that two have in common.
 * @throws Failure where their histories have nothing in common.
 */
export async function mergeBase(
	repository: Repository,
	ours: string,
	theirs: string,
): Promise<string> {
	for (const depth of depths) {
		await repository.fetchHistory([ours, theirs], depth);
		const found = await repository.history.try(['merge-base', ours, theirs]);
		if (found.code === 0) return found.stdout.toString().trim();
	}
	throw new Failure(
		`${ours.slice(0, 12)} and ${theirs.slice(0, 12)} of ${repository.remote.url} have no commit in common, so that one cannot be merged into the other`,
	);
}

/** The commits that `theirs` has and `ours` has not, the oldest first; see `mergeBase`. */
export async function commitsOf(
	{ history }: Repository,
	ours: string,
	theirs: string,
): Promise<{ commit: string; parents: string[] }[]> {
	const range = ['--end-of-options', theirs, `^${ours}`];
	const listed = await history.text([
		'rev-list',
		'--reverse',
		'--topo-order',
		'--parents',
		...range,
	]);
	return listed
		.split('\n')
		.filter((line) => line !== '')
		.map((line) => {
			const [commit = '', ...parents] = line.split(' ');
			return { commit, parents };
		});
}

/**
 * Merges by file, as `git merge` does: what one side alone changed is taken from that side; of
 * a file that both changed the lines are merged. A rename is a file less and a file more. Git's
 * own `merge-tree` writes no tree before version 2.38.
 */
export async function merge(
	repository: Repository,
	{ ancestor, ours, theirs }: { ancestor: string; ours: string; theirs: string },
): Promise<Merge> {
	for (const commit of new Set([ancestor, ours, theirs])) await repository.fetchCommit(commit);
	const [ourChanges, theirChanges] = [
		await changesFrom(repository, ancestor, ours),
		await changesFrom(repository, ancestor, theirs),
	];
	const files: (FileChange | TreeFile)[] = [];
	const conflicts: string[] = [];
	for (const [path, theirChange] of theirChanges) {
		const ourChange = ourChanges.get(path);
		if (ourChange === undefined) {
			if (standsInTheWay(path, theirChange, ourChanges)) conflicts.push(path);
			else files.push(theirChange.after ?? { path, bytes: undefined });
		} else if (!isSame(ourChange.after, theirChange.after)) {
			const bytes = await mergeLines(repository, ourChange, theirChange);
			if (bytes === undefined) conflicts.push(path);
			else files.push({ path, bytes });
		}
	}
	await fetchContents(repository, files);
	return { files, conflicts };
}

/** A file before and after; undefined where there was none. */
interface Change {
	readonly before: TreeFile | undefined;
	readonly after: TreeFile | undefined;
}

async function changesFrom(
	repository: Repository,
	ancestor: string,
	commit: string,
): Promise<Map<string, Change>> {
	const raw = await changesBetween(repository, ancestor, commit);
	return new Map(
		[...raw].map(([path, line]) => {
			const [mode = '', newMode = '', oid = '', newOid = ''] = line.replace(/^:/, '').split(' ');
			return [path, { before: fileOf(path, mode, oid), after: fileOf(path, newMode, newOid) }];
		}),
	);
}

function fileOf(path: string, mode: string, oid: string): TreeFile | undefined {
	return /^0+$/.test(mode) ? undefined : { path, mode, oid };
}

function isSame(a: TreeFile | undefined, b: TreeFile | undefined): boolean {
	return a?.oid === b?.oid && a?.mode === b?.mode;
}

/** Whether one side has a folder where the other one made a file. */
function standsInTheWay(
	path: string,
	{ after }: Change,
	others: ReadonlyMap<string, Change>,
): boolean {
	if (after === undefined) return false;
	return [...others].some(
		([other, change]) =>
			change.after !== undefined && (other.startsWith(`${path}/`) || path.startsWith(`${other}/`)),
	);
}

/** What both sides' changes of lines make of a file; undefined where they exclude each other. */
async function mergeLines(
	repository: Repository,
	ours: Change,
	theirs: Change,
): Promise<Uint8Array | undefined> {
	const sides = [ours.after, ours.before, theirs.after];
	const isText = (file: TreeFile | undefined) => /^100/.test(file?.mode ?? '');
	// Which of two modes is meant nobody can tell.
	if (!sides.every(isText) || ours.after?.mode !== theirs.after?.mode) return undefined;
	const folder = await mkdtemp(join(repository.git.folder, 'merge-'));
	const paths: string[] = [];
	for (const [at, file] of sides.entries()) {
		const oid = file?.oid ?? '';
		await repository.transport.fetchObjects([oid]);
		const path = join(folder, String(at));
		await writeFile(path, await repository.git.run(['cat-file', 'blob', oid]));
		paths.push(path);
	}
	const merged = await repository.git.try(['merge-file', '--stdout', ...paths]);
	return merged.code === 0 ? merged.stdout : undefined;
}

/** The contents of files that are taken as they are, all at once: git would ask for each. */
async function fetchContents(
	{ transport }: Repository,
	files: readonly (FileChange | TreeFile)[],
): Promise<void> {
	const submodule = '160000';
	const names = files.flatMap((file) =>
		'oid' in file && file.mode !== submodule ? [file.oid] : [],
	);
	if (names.length > 0) await transport.fetchObjects(names);
}
