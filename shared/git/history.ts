import { parseTrailers, type Record } from '../record/record.ts';
import type { Git } from './git.ts';
import type { Repository } from './repository.ts';

/** A commit and the record that it carries. */
export interface RecordedCommit {
	readonly commit: string;
	readonly record: Record;
}

/** How far the history of two commits is fetched to tell which is the older one. */
const relatedDepth = 1000;

/** The records of a commit and those before it, the newest first, as far as they are here. */
export async function recordsBefore(
	repository: Repository,
	commit: string,
): Promise<RecordedCommit[]> {
	const known = await repository.knownHistory();
	const log = ['log', '-z', '--format=%H%n%B', '--end-of-options', commit];
	const entries = await (known === 'none' ? repository.git : repository.history).text(log);
	return entries.split('\0').flatMap((entry) => {
		const end = entry.indexOf('\n');
		const record = parseTrailers(entry.slice(end + 1));
		return Object.keys(record).length > 0 ? [{ commit: entry.slice(0, end), record }] : [];
	});
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
	await repository.fetchHistory([theirs], 1);
	// Without partial clones the files of a thousand commits would come along.
	if (!repository.filters) return undefined;
	await repository.fetchHistory([theirs, ours], relatedDepth);
	return await relationIn(repository.history, ours, theirs);
}

async function ancestors(git: Git, commit: string): Promise<Set<string> | undefined> {
	const { code, stdout } = await git.try(['rev-list', '--end-of-options', commit]);
	return code === 0 ? new Set(stdout.toString().split('\n')) : undefined;
}
