import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Git, type GitOptions } from './git.ts';
import type { Remote } from './remote.ts';

/** Two views of one store of objects; see `layRepository`. */
export interface Views {
	/** Sees a branch's tip without the commits before it. */
	readonly tip: Git;
	/** Sees the commits before it too, of those that have been asked for. */
	readonly history: Git;
	/** Has both name objects as the remote does, before there is any in them. */
	nameObjects(format: ObjectFormat): void;
}

/**
 * Lays a bare repository whose `origin` is the remote, and a second one over the same
 * objects. Which commits are cut off from those before them is a matter of the repository,
 * not of its objects, and a server that is asked to deepen one leaves out the files that the
 * cut-off commit has, even those that are asked for by name. So history is asked for by the
 * second one, in the same request as files.
 *
 * They are laid by hand: four small files each, so no `git init`, which would also copy the
 * machine's template with its hooks; and not asynchronously: to wait would take longer.
 */
export function layRepository(
	folder: string,
	remote: Remote,
	options: Omit<GitOptions, 'folder'>,
): Views {
	const [tip, history] = [join(folder, 'tip.git'), join(folder, 'history.git')];
	const folders = [tip, history];
	for (const view of folders) layView(view, remote);
	const objects = { GIT_OBJECT_DIRECTORY: join(tip, 'objects') };
	return {
		tip: new Git({ ...options, folder: tip }),
		history: new Git({
			...options,
			folder: history,
			variables: { ...options.variables, ...objects },
		}),
		nameObjects(format) {
			for (const view of folders) writeConfig(view, remote, format);
		},
	};
}

function layView(folder: string, remote: Remote): void {
	mkdirSync(join(folder, 'objects'), { recursive: true });
	mkdirSync(join(folder, 'refs'));
	writeFileSync(join(folder, 'HEAD'), 'ref: refs/heads/none\n');
	writeConfig(folder, remote, 'sha1');
}

/** How a repository names its objects; one cannot fetch from one of another format. */
export type ObjectFormat = 'sha1' | 'sha256';

function writeConfig(folder: string, { url }: Remote, format: ObjectFormat): void {
	const quoted = `"${url.replace(/["\\]/g, '\\$&')}"`;
	writeFileSync(
		join(folder, 'config'),
		`[core]
	repositoryFormatVersion = 1
	bare = true
[extensions]
	objectFormat = ${format}
	partialClone = origin
[remote "origin"]
	url = ${quoted}
	promisor = true
	partialCloneFilter = blob:none
`,
	);
}
