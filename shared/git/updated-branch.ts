import { changesBetween } from './changes.ts';
import { merge } from './merge.ts';
import { type CommitText, readCommit } from './objects.ts';
import { type Repository, recentCommits } from './repository.ts';

/** So many merges of the base are looked through for the step's own commit. */
const mostUpdates = 8;

/**
 * The commit below merges that brought a branch up to date with its base, as a forge's button
 * makes them, and the commit of the base that the newest brought. Each has to be what comes of
 * its parents by itself, the second of which is in the base; undefined where the tip is no
 * merge, or there is more in one of them.
 */
export async function beneathUpdates(
	repository: Repository,
	{ tip, base }: { tip: string; base: string },
): Promise<{ own: CommitText; onto: string } | undefined> {
	let { parents } = await readCommit(repository.git, tip);
	const [, onto] = parents;
	if (onto === undefined) return undefined;
	// Where files cannot be left out they come along, so that fewer commits have to do.
	await repository.fetchHistory([tip, base], repository.filters ? recentCommits : 20);
	for (let [merges, commit] = [0, tip]; merges < mostUpdates; merges++) {
		const [ours, theirs, ...more] = parents;
		if (!ours || !theirs || more.length > 0) return undefined;
		if (!(await isInBase(repository, theirs, base))) return undefined;
		const below = await readCommit(repository.history, ours);
		const ancestor = below.parents.at(-1);
		if (ancestor === undefined) return undefined;
		if (!(await isPlainMerge(repository, commit, { ancestor, ours, theirs }))) return undefined;
		if (below.parents.length === 1) return { own: below, onto };
		({ parents } = below);
		commit = ours;
	}
	return undefined;
}

async function isInBase({ history }: Repository, commit: string, base: string): Promise<boolean> {
	return (await history.try(['merge-base', '--is-ancestor', commit, base])).code === 0;
}

/** Whether a merge has what comes of its sides by itself, and nothing else. */
async function isPlainMerge(
	repository: Repository,
	commit: string,
	sides: { ancestor: string; ours: string; theirs: string },
): Promise<boolean> {
	const { files, conflicts } = await merge(repository, sides);
	await repository.fetchCommit(commit);
	const changes = await changesBetween(repository, sides.ours, commit);
	if (conflicts.length > 0 || files.length !== changes.size) return false;
	for (const file of files) {
		// `:<mode> <mode> <object> <object> <letter>`
		const [, mode, , object = ''] = changes.get(file.path)?.split(' ') ?? [];
		if ('oid' in file) {
			if (object !== file.oid || mode !== file.mode) return false;
		} else if (file.bytes === undefined) {
			if (!/^0+$/.test(object)) return false;
		} else if (object !== (await repository.git.text(['hash-object', '--stdin'], file.bytes)))
			return false;
	}
	return true;
}
