import type { Repository } from './repository.ts';

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
