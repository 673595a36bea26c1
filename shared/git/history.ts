import { parseTrailers, type Record } from '../record/record.ts';
import type { Git } from './git.ts';
import type { Repository } from './repository.ts';

/** A commit and the record that it carries. */
export interface RecordedCommit {
	readonly commit: string;
	readonly record: Record;
	/** When it was committed: since when what it says stands there. */
	readonly at: Date;
}

/** What `git log` has to be asked for, that `recordsIn` reads. */
export const recordFormat = ['-z', '--format=%H%n%ct%n%B'];

/** The commits with a record in what a log with `recordFormat` says, in its order. */
export function recordsIn(log: string): RecordedCommit[] {
	return log.split('\0').flatMap((entry) => {
		const [commit = '', seconds = ''] = entry.split('\n', 2);
		const record = parseTrailers(entry.slice(commit.length + seconds.length + 2));
		if (Object.keys(record).length === 0) return [];
		return [{ commit, record, at: new Date(Number(seconds) * 1000) }];
	});
}

/** How far the history of two commits is fetched to tell which is the older one. */
const relatedDepth = 1000;

/** The records of a commit and those before it, the newest first, as far as they are here. */
export async function recordsBefore(
	repository: Repository,
	commit: string,
): Promise<RecordedCommit[]> {
	const log = ['log', ...recordFormat, '--end-of-options', commit];
	return recordsIn(await viewOf(repository).text(log));
}

/** That of the two views which sees more: without partial clones there is but one. */
function viewOf(repository: Repository): Git {
	return repository.hasHistory ? repository.history : repository.git;
}

/** A commit and the one before it on the branch's own line. */
export interface Step {
	readonly commit: string;
	readonly parent: string;
}

/**
 * The commits on a branch's own line, the newest first, that changed one of the files, out of
 * so many that are fetched with their trees. A merge counts as one change.
 */
export async function changesOf(
	repository: Repository,
	{ tip, paths, depth }: { tip: string; paths: readonly string[]; depth: number },
): Promise<Step[]> {
	await repository.deepen(tip, depth);
	const log = ['log', '--first-parent', '--format=%H %P', '--end-of-options', tip, '--', ...paths];
	const lines = await repository.git.text(['--literal-pathspecs', ...log]);
	return lines.split('\n').flatMap((line) => {
		const [commit, parent] = line.split(' ');
		// What has no parent here is the first commit of all, or the last that was fetched.
		return commit && parent ? [{ commit, parent }] : [];
	});
}

/**
 * Where a commit came into a branch's own line: itself, or the merge that brought it. Undefined
 * where the history that is here does not tell.
 */
export async function entryOf(
	repository: Repository,
	tip: string,
	commit: string,
): Promise<Step | undefined> {
	const view = viewOf(repository);
	const [line, after] = await Promise.all([
		view.text(['rev-list', '--first-parent', '--parents', '--end-of-options', tip]),
		view.text(['rev-list', '--ancestry-path', '--end-of-options', `${commit}..${tip}`]),
	]);
	const has = new Set(after.split('\n')).add(commit);
	const own = line.split('\n').map((entry) => entry.split(' '));
	const [entry, parent] = own.findLast(([one = '']) => has.has(one)) ?? [];
	return entry && parent ? { commit: entry, parent } : undefined;
}

/**
 * How `ours` stands to `theirs`: `older` when theirs comes after it, `newer` when it comes
 * after theirs, `apart` when neither does; undefined where the history that is here does not
 * tell.
 */
export type Relation = 'same' | 'older' | 'newer' | 'apart' | undefined;

/** Asks a repository on this machine; nothing is fetched. */
export async function relationIn(git: Git, ours: string, theirs: string): Promise<Relation> {
	if (ours === theirs) return 'same';
	const [beforeTheirs, beforeOurs] = await Promise.all([
		ancestors(git, theirs),
		ancestors(git, ours),
	]);
	if (beforeTheirs?.has(ours)) return 'older';
	if (beforeOurs?.has(theirs)) return 'newer';
	if (beforeOurs === undefined || beforeTheirs === undefined) return undefined;
	const shallow = await git.try(['rev-parse', '--is-shallow-repository']);
	return shallow.stdout.toString().trim() === 'false' ? 'apart' : undefined;
}

/** Asks a remote, by the commits alone: no trees and no files are fetched. */
export async function relationOf(
	repository: Repository,
	ours: string,
	theirs: string,
): Promise<Relation> {
	if (ours === theirs) return 'same';
	if (!(await fetchBoth(repository, ours, theirs))) return undefined;
	return await relationIn(repository.history, ours, theirs);
}

/** Fetches two commits and those before them; false where the server sends no commits alone. */
export async function fetchBoth(
	repository: Repository,
	one: string,
	other: string,
): Promise<boolean> {
	await repository.fetchHistory([other], 1);
	// Without partial clones the files of a thousand commits would come along.
	if (!repository.filters) return false;
	await repository.fetchHistory([other, one], relatedDepth);
	return true;
}

async function ancestors(git: Git, commit: string): Promise<Set<string> | undefined> {
	const { code, stdout } = await git.try(['rev-list', '--end-of-options', commit]);
	return code === 0 ? new Set(stdout.toString().split('\n')) : undefined;
}
