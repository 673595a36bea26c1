import type { Dirent } from 'node:fs';
import { glob, readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, relative, resolve } from 'node:path';
import { text as readStream } from 'node:stream/consumers';
import type * as yaml from 'yaml';
import { badInput, Failure, formatPlace, messageOf } from '../failure/failure.ts';
import { type Manifest, parseManifests } from './manifest-text.ts';
import { keyOf, titleOf } from './object.ts';
import { definitionIn, isDefinition, type Rendering } from './render.ts';
import { renderedManifests } from './rendered.ts';

export interface ManifestOptions extends Omit<Rendering, 'shown'> {
	/** Folder that paths start from. */
	folder: string;
	/** Read where a path is `-`. */
	stdin: NodeJS.ReadableStream;
	/** What the user calls the input that the paths come from. */
	inputName: string;
}

const extensions = ['.yaml', '.yml', '.json'];
const standardInput = 'standard input';

/**
 * Reads a set of objects: files, folders with all below them, globs, `-` for the standard
 * input, and folders that kustomize or helm render. Lists are taken apart.
 * @throws Failure where nothing is found (bad input), where something cannot be read (with
 * file, line and column), or where an object stands in the set twice.
 */
export async function readManifests(
	paths: readonly string[],
	options: ManifestOptions,
): Promise<Manifest[]> {
	const parser = await import('yaml');
	const manifests: Manifest[] = [];
	const read = new Set<string>();
	for (const path of paths) manifests.push(...(await manifestsOf(path, read, parser, options)));
	if (manifests.length === 0)
		throw badInput(
			`${options.inputName}: there is no Kubernetes object in ${paths.map((path) => (path === '-' ? standardInput : path)).join(', ')}; an empty set is not deployed`,
		);
	refuseDuplicates(manifests);
	return manifests;
}

/** @param read - files that other paths have named before; each is read once */
async function manifestsOf(
	path: string,
	read: Set<string>,
	parser: typeof yaml,
	options: ManifestOptions,
): Promise<Manifest[]> {
	if (path === '-') return parseManifests(parser, standardInput, await readStream(options.stdin));
	const full = resolve(options.folder, path);
	const found = await stat(full).catch(() => undefined);
	const definition = found?.isDirectory()
		? await definitionIn(full)
		: found !== undefined && isDefinition(full)
			? full
			: undefined;
	if (definition !== undefined)
		return await renderedManifests(definition, parser, {
			...options,
			shown: (path) => shown(path, options),
		});
	const named =
		found === undefined
			? await matchesOf(path, options)
			: found.isDirectory()
				? await filesBelow(full, options)
				: [full];
	const files = named.filter((file) => !read.has(file));
	for (const file of files) read.add(file);
	const texts = await Promise.all(files.map((file) => readText(file, options)));
	return files.flatMap((file, index) =>
		parseManifests(parser, shown(file, options), texts[index] ?? ''),
	);
}

/** The files that a glob means. */
async function matchesOf(path: string, options: ManifestOptions): Promise<string[]> {
	const matches: string[] = [];
	if (/[*?[{]/.test(path))
		for await (const match of glob(path, { cwd: options.folder }))
			matches.push(resolve(options.folder, match));
	if (matches.length === 0)
		throw badInput(
			`${options.inputName}: there is no ${path} in ${options.folder}${await namesNear(resolve(options.folder, path))}`,
		);
	const nested = await Promise.all(
		matches.sort().map(async (match) => {
			if ((await stat(match).catch(() => undefined))?.isDirectory()) return [];
			return extensions.includes(extname(match)) ? [match] : [];
		}),
	);
	return nested.flat();
}

async function filesBelow(folder: string, options: ManifestOptions): Promise<string[]> {
	const entries = await entriesOf(folder, options);
	const nested = await Promise.all(
		entries
			.filter(({ name }) => !name.startsWith('.'))
			.sort((a, b) => (a.name < b.name ? -1 : 1))
			.map(async (entry) => {
				const full = join(folder, entry.name);
				const isFolder = entry.isSymbolicLink()
					? // One that leads nowhere is told of as a file that cannot be read.
						(await stat(full).catch(() => undefined))?.isDirectory()
					: entry.isDirectory();
				if (!isFolder) return extensions.includes(extname(entry.name)) ? [full] : [];
				if ((await definitionIn(full)) !== undefined)
					throw badInput(
						`${shown(full, options)} is rendered by kustomize or helm and stands among plain manifests; name it by itself in ${options.inputName}`,
					);
				return await filesBelow(full, options);
			}),
	);
	return nested.flat();
}

async function entriesOf(folder: string, options: ManifestOptions): Promise<Dirent[]> {
	try {
		return await readdir(folder, { withFileTypes: true });
	} catch (error) {
		throw unreadable(folder, messageOf(error), error, options);
	}
}

async function namesNear(path: string): Promise<string> {
	const names = await readdir(resolve(path, '..')).catch(() => []);
	const visible = names.filter((name) => !name.startsWith('.')).slice(0, 10);
	return visible.length > 0 ? `; there are ${visible.join(', ')}` : '';
}

async function readText(file: string, options: ManifestOptions): Promise<string> {
	try {
		return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
	} catch (error) {
		const why = error instanceof TypeError ? 'it is not UTF-8' : messageOf(error);
		throw unreadable(file, why, error, options);
	}
}

function unreadable(path: string, why: string, cause: unknown, options: ManifestOptions): Failure {
	const file = shown(path, options);
	return new Failure(`${file} cannot be read: ${why}`, { place: { file }, cause });
}

/** As a CI shows files: from the workspace. */
function shown(path: string, { folder }: ManifestOptions): string {
	const name = relative(folder, path);
	return name === '' ? '.' : name.startsWith('..') ? path : name;
}

/** @throws Failure where an object stands in a set twice */
export function refuseDuplicates(manifests: readonly Manifest[]): void {
	const seen = new Map<string, Manifest>();
	for (const manifest of manifests) {
		const key = keyOf(manifest.object);
		const earlier = seen.get(key);
		if (earlier !== undefined)
			throw new Failure(
				`${titleOf(manifest.object)} stands in the set twice: at ${formatPlace(earlier.place)} and at ${formatPlace(manifest.place)}; take one away`,
				{ place: manifest.place },
			);
		seen.set(key, manifest);
	}
}
