import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';

import type { GoSource, Toolchain } from './go.ts';
import { buildProgram, findToolchain, moduleFolder } from './go.ts';
import { withLock } from './lock.ts';

/** How to come by a server's program. */
export interface Recipe extends GoSource {
	/** as in `servers start NAME` */
	name: string;
	/** what the program is called on PATH */
	command: string;
	/** folders of a dependency that the built program reads while it runs */
	assets?: { module: string; folders: readonly string[] };
}

export interface Program {
	file: string;
	/** where the recipe's assets are; a program from PATH brings its own */
	assets?: string;
}

/**
 * The server's program: from PATH, from the cache, or built now (and put there). The cache is
 * `${XDG_CACHE_HOME:-~/.cache}/lockstep/<name>-<hash of all that decides what is built>`.
 */
export async function findOrBuild(recipe: Recipe, log: (line: string) => void): Promise<Program> {
	const onPath = await findOnPath(recipe.command);
	if (onPath !== undefined) {
		log(`${recipe.title}: taking ${onPath} instead, which is on PATH.`);
		return { file: onPath };
	}
	const hash = await buildHash(recipe, await findToolchain(recipe));
	const folder = join(cacheFolder(), `${recipe.name}-${hash}`);
	const program = {
		file: join(folder, recipe.command),
		...(recipe.assets && { assets: join(folder, 'assets') }),
	};
	if (!(await exists(program.file))) {
		await mkdir(dirname(folder), { recursive: true });
		await withLock(
			`${folder}.lock`,
			() => log(`${recipe.title}: waiting for another run that is building it.`),
			async () => {
				if (!(await exists(program.file))) {
					await buildInto(folder, recipe, log);
				}
			},
		);
	}
	return program;
}

/** Our folder for what is worth keeping between runs. */
export function cacheFolder(): string {
	return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'lockstep');
}

async function findOnPath(command: string): Promise<string | undefined> {
	for (const folder of (process.env.PATH ?? '').split(delimiter)) {
		const file = join(folder, command);
		try {
			await access(file, constants.X_OK);
			return file;
		} catch {
			// not in this folder
		}
	}
	return undefined;
}

async function exists(file: string): Promise<boolean> {
	return access(file).then(
		() => true,
		() => false,
	);
}

async function buildHash(recipe: Recipe, toolchain: Toolchain): Promise<string> {
	const hash = createHash('sha256');
	const { package: path, arguments: flags, assets } = recipe;
	hash.update(JSON.stringify({ toolchain, path, flags, assets }));
	for (const name of (await readdir(recipe.folder, { recursive: true })).sort()) {
		if (/(^|\/)go\.(mod|sum)$|\.go$/.test(name)) {
			hash.update(`\0${name}\0`).update(await readFile(join(recipe.folder, name)));
		}
	}
	return hash.digest('hex').slice(0, 16);
}

/** Makes the folder appear whole or not at all. Is called under the lock. */
async function buildInto(
	folder: string,
	recipe: Recipe,
	log: (line: string) => void,
): Promise<void> {
	const unfinished = `${folder}.unfinished-`;
	for (const name of await readdir(dirname(folder))) {
		if (name.startsWith(basename(unfinished))) {
			await rm(join(dirname(folder), name), { recursive: true, force: true }); // a killed run's
		}
	}
	const building = await mkdtemp(unfinished);
	try {
		await buildProgram(recipe, join(building, recipe.command), log);
		if (recipe.assets) {
			const source = await moduleFolder(recipe, recipe.assets.module);
			for (const name of recipe.assets.folders) {
				await copyWritable(join(source, name), join(building, 'assets', name));
			}
		}
		await rm(folder, { recursive: true, force: true });
		await rename(building, folder);
	} finally {
		await rm(building, { recursive: true, force: true });
	}
}

/** Copies a folder of the module cache without its write protection, so that it can be deleted. */
async function copyWritable(from: string, to: string): Promise<void> {
	await mkdir(to, { recursive: true });
	for (const entry of await readdir(from, { withFileTypes: true })) {
		const [source, target] = [join(from, entry.name), join(to, entry.name)];
		if (entry.isDirectory()) {
			await copyWritable(source, target);
		} else {
			await writeFile(target, await readFile(source));
		}
	}
}
