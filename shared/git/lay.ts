import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Git, type GitOptions } from './git.ts';
import type { Remote } from './remote.ts';

/** Two views of one store of objects; see `layRepository`. */
export interface Views {
	/** Sees a branch's tip without the commits before it. */
	readonly tip: Git;
	/** Sees the commits before it too, of those that have been asked for. */
	readonly history: Git;
}

/**
 * Lays a bare repository whose `origin` is the remote, and a second one over the same
 * objects. Which commits are cut off from those before them is a matter of the repository,
 * not of its objects, and a server that is asked to deepen one leaves out the files that the
 * cut-off commit has, even those that are asked for by name. So history is asked for by the
 * second one, in the same request as files.
 *
 * They are laid by hand: four small files each, so no `git init`, which would also copy the
 * machine's template with its hooks.
 */
export async function layRepository(
	folder: string,
	remote: Remote,
	options: Omit<GitOptions, 'folder'>,
): Promise<Views> {
	const [tip, history] = [join(folder, 'tip.git'), join(folder, 'history.git')];
	for (const view of [tip, history]) await layView(view, remote);
	const objects = { GIT_OBJECT_DIRECTORY: join(tip, 'objects') };
	return {
		tip: new Git({ ...options, folder: tip }),
		history: new Git({
			...options,
			folder: history,
			variables: { ...options.variables, ...objects },
		}),
	};
}

async function layView(folder: string, { url }: Remote): Promise<void> {
	await mkdir(join(folder, 'objects'), { recursive: true });
	await mkdir(join(folder, 'refs'));
	await writeFile(join(folder, 'HEAD'), 'ref: refs/heads/none\n');
	const quoted = `"${url.replace(/["\\]/g, '\\$&')}"`;
	await writeFile(
		join(folder, 'config'),
		`[core]
	repositoryFormatVersion = 1
	bare = true
[extensions]
	partialClone = origin
[remote "origin"]
	url = ${quoted}
	promisor = true
	partialCloneFilter = blob:none
`,
	);
}
