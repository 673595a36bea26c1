import { matchesGlob, posix } from 'node:path';
import { badInput, Failure } from '../failure/failure.ts';
import type { Git } from './git.ts';

/** A file of a commit. */
export interface TreeFile {
	readonly path: string;
	/** As git writes it: `100644`, or `100755` for a program. */
	readonly mode: string;
	/** Object name of its content. */
	readonly oid: string;
}

const modes = { link: '120000', submodule: '160000' } as const;

/**
 * A path or glob as a user gives it, as git has it: from the top of the repository, without
 * `./` before it.
 * @throws Failure (bad input) for a path that leads out of the repository.
 */
export function repositoryPath(given: string, inputName = 'file'): string {
	const path = given.replace(/^(\.\/)+/, '');
	const parts = path.split('/');
	if (path === '' || path.startsWith('/') || path.includes('\0') || parts.includes('..'))
		throw badInput(
			`${inputName}: "${given}" is not a path in the repository; give it from the repository's top folder, without ..`,
		);
	return path;
}

function isGlob(path: string): boolean {
	return /[*?[{]/.test(path);
}

/** All files of a commit, in git's order. */
export async function listTree(git: Git, commit: string): Promise<TreeFile[]> {
	const listing = await git.run(['ls-tree', '-r', '-z', '--full-tree', commit]);
	return listing
		.toString()
		.split('\0')
		.filter((entry) => entry !== '')
		.map((entry) => {
			const [, mode = '', oid = '', path = ''] = /^(\d+) \w+ ([0-9a-f]+)\t(.*)$/s.exec(entry) ?? [];
			return { path, mode, oid };
		});
}

/**
 * The files that paths and globs name. A path that is there is that file, whatever
 * characters it has; otherwise `*`, `?`, `[]`, `{}` and `**` match as in node's
 * `path.matchesGlob`.
 * @param where - how the commit is called in messages: `main of https://...`
 * @throws Failure for a path or glob without a file, naming what is there, and for a path
 * that is a folder, a symbolic link or a submodule.
 */
export function selectFiles(
	files: readonly TreeFile[],
	patterns: readonly string[],
	where: string,
): TreeFile[] {
	const byPath = new Map(files.map((file) => [file.path, file]));
	const selected = new Map<string, TreeFile>();
	for (const pattern of patterns) {
		const exact = byPath.get(pattern);
		if (exact) {
			selected.set(pattern, regular(exact, where));
			continue;
		}
		const matches = isGlob(pattern) ? findFiles(files, [pattern]) : [];
		if (matches.length === 0) throw notThere(files, pattern, where);
		for (const file of matches) selected.set(file.path, file);
	}
	return [...selected.values()];
}

/** The files that globs match; links and submodules are passed over. */
export function findFiles(files: readonly TreeFile[], globs: readonly string[]): TreeFile[] {
	// node loads its matcher in 8 ms and matches slowly; most files are in other folders.
	const matchers = globs.map((glob) => ({ glob, folder: fixedFolder(glob) }));
	return files.filter(
		(file) =>
			isRegular(file) &&
			matchers.some(
				({ glob, folder }) => file.path.startsWith(folder) && matchesGlob(file.path, glob),
			),
	);
}

/** The folders that a glob begins with as they stand: `apps/` of `apps/*.yaml`; may be ''. */
function fixedFolder(glob: string): string {
	const plain = /^[^*?[\]{}()!+@\\]*/.exec(glob)?.[0] ?? '';
	const folder = plain.slice(0, plain.lastIndexOf('/') + 1);
	return posix.normalize(folder) === folder ? folder : '';
}

function isRegular({ mode }: TreeFile): boolean {
	return mode !== modes.link && mode !== modes.submodule;
}

function regular(file: TreeFile, where: string): TreeFile {
	if (file.mode === modes.link)
		throw new Failure(
			`${file.path} in ${where} is a symbolic link, which is never followed; name the file that it leads to`,
			{ place: { file: file.path } },
		);
	if (file.mode === modes.submodule)
		throw new Failure(
			`${file.path} in ${where} is a submodule; name its own repository and a file in it`,
			{ place: { file: file.path } },
		);
	return file;
}

function notThere(files: readonly TreeFile[], pattern: string, where: string): Failure {
	if (files.length === 0) return new Failure(`There is no file at all in ${where}`);
	const folder = pattern.replace(/\/+$/, '');
	const inside = files.filter(({ path }) => path.startsWith(`${folder}/`));
	if (inside.length > 0)
		return new Failure(
			`${folder} in ${where} is a folder; name its files, for example with ${folder}/**/*.yaml (it holds ${list(inside)})`,
		);
	const link = files.find(
		({ path, mode }) => mode === modes.link && pattern.startsWith(`${path}/`),
	);
	if (link)
		return new Failure(
			`${pattern} leads through ${link.path}, which is a symbolic link in ${where} and never followed; name the file that it leads to`,
		);
	const what = isGlob(pattern) ? `No file matches ${pattern}` : `There is no file ${pattern}`;
	return new Failure(`${what} in ${where}; it has ${list(nearFirst(files, pattern))}`);
}

/** Files in the folders of `pattern` first, then those of the same kind. */
function nearFirst(files: readonly TreeFile[], pattern: string): TreeFile[] {
	const fixed = pattern.split('/').slice(0, -1);
	const depth = ({ path }: TreeFile) => {
		const parts = path.split('/');
		const differs = fixed.findIndex((part, index) => part !== parts[index]);
		return differs === -1 ? fixed.length : differs;
	};
	const extension = /\.\w+$/.exec(pattern)?.[0] ?? '';
	const kin = ({ path }: TreeFile) => (extension !== '' && path.endsWith(extension) ? 1 : 0);
	return [...files].sort((a, b) => depth(b) - depth(a) || kin(b) - kin(a));
}

function list(files: readonly TreeFile[]): string {
	const shown = files.slice(0, 8).map(({ path }) => path);
	const more = files.length - shown.length;
	return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
