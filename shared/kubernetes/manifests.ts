import { glob, readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, relative, resolve } from 'node:path';
import { text as readStream } from 'node:stream/consumers';
import type * as yaml from 'yaml';
import { badInput, Failure, formatPlace, messageOf, type Place } from '../failure/failure.ts';
import { isRecord, type KubernetesObject, keyOf, titleOf } from './object.ts';
import { isRendered, type Rendering, render } from './render.ts';
import { yamlFault } from './yaml-fault.ts';

/** An object and where it is written. */
export interface Manifest {
	object: KubernetesObject;
	place: Place;
	/** Place of a field, or of the nearest part around it that is written. */
	locate(path: readonly (string | number)[]): Place;
}

export interface ManifestOptions extends Rendering {
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
 * @throws Failure where nothing is found, where something cannot be read (with file, line and
 * column), or where an object stands in the set twice.
 */
export async function readManifests(
	paths: readonly string[],
	options: ManifestOptions,
): Promise<Manifest[]> {
	const sources: { name: string; text: string }[] = [];
	for (const path of paths) sources.push(...(await sourcesOf(path, options)));
	const parser = await import('yaml');
	const manifests = sources.flatMap(({ name, text }) => parseManifests(parser, name, text));
	if (manifests.length === 0)
		throw new Failure(
			`There is no Kubernetes object in ${paths.map((path) => (path === '-' ? standardInput : path)).join(', ')}; an empty set is not deployed`,
		);
	refuseDuplicates(manifests);
	return manifests;
}

async function sourcesOf(
	path: string,
	options: ManifestOptions,
): Promise<{ name: string; text: string }[]> {
	if (path === '-') return [{ name: standardInput, text: await readStream(options.stdin) }];
	const files = await filesOf(path, options);
	if (typeof files === 'string')
		return [{ name: shown(files, options), text: await render(files, options) }];
	return await Promise.all(
		files.map(async (file) => ({
			name: shown(file, options),
			text: await readText(file, options),
		})),
	);
}

/** The files that a path means, or the folder itself where it has to be rendered. */
async function filesOf(path: string, options: ManifestOptions): Promise<string[] | string> {
	const full = resolve(options.folder, path);
	const found = await stat(full).catch(() => undefined);
	if (found?.isDirectory())
		return (await isRendered(full)) ? full : await filesBelow(full, options);
	if (found !== undefined) {
		if (/^kustomization\.ya?ml$|^Chart\.yaml$/.test(full.split('/').at(-1) ?? ''))
			return resolve(full, '..');
		return [full];
	}
	const matches: string[] = [];
	if (/[*?[{]/.test(path))
		for await (const match of glob(path, { cwd: options.folder }))
			matches.push(resolve(options.folder, match));
	if (matches.length === 0)
		throw new Failure(
			`There is no ${path} in ${options.folder}${await namesNear(full)}; check ${options.inputName}`,
		);
	const nested = await Promise.all(
		matches.sort().map(async (match) => {
			if ((await stat(match)).isDirectory()) return [];
			return extensions.includes(extname(match)) ? [match] : [];
		}),
	);
	return nested.flat();
}

async function filesBelow(folder: string, options: ManifestOptions): Promise<string[]> {
	const entries = await readdir(folder, { withFileTypes: true });
	const nested = await Promise.all(
		entries
			.filter(({ name }) => !name.startsWith('.'))
			.sort((a, b) => (a.name < b.name ? -1 : 1))
			.map(async (entry) => {
				const full = join(folder, entry.name);
				const isFolder = entry.isSymbolicLink()
					? (await stat(full)).isDirectory()
					: entry.isDirectory();
				if (!isFolder) return extensions.includes(extname(entry.name)) ? [full] : [];
				if (await isRendered(full))
					throw badInput(
						`${shown(full, options)} is rendered by kustomize or helm and stands among plain manifests; name it by itself in ${options.inputName}`,
					);
				return await filesBelow(full, options);
			}),
	);
	return nested.flat();
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
		throw new Failure(`${shown(file, options)} cannot be read: ${why}`, {
			place: { file: shown(file, options) },
			cause: error,
		});
	}
}

/** As a CI shows files: from the workspace. */
function shown(path: string, { folder }: ManifestOptions): string {
	const name = relative(folder, path);
	return name === '' ? '.' : name.startsWith('..') ? path : name;
}

/**
 * Scalars as kubectl reads them: by YAML 1.1, where 0644 is octal and `yes` a boolean, but
 * without its times and base-60 numbers, and with the octals of YAML 1.2.
 */
function customTags(tags: yaml.Tags): yaml.Tags {
	const octal: yaml.ScalarTag = {
		tag: 'tag:yaml.org,2002:int',
		default: true,
		test: /^[-+]?0[oO][0-7]+$/,
		resolve: (text) => Number.parseInt(text.replace(/0[oO]/, ''), 8),
	};
	const isKept = (tag: yaml.Tags[number]) =>
		typeof tag !== 'object' || (tag.tag !== 'tag:yaml.org,2002:timestamp' && tag.format !== 'TIME');
	return [octal, ...tags.filter(isKept)];
}

/** The objects of one text, lists taken apart. */
export function parseManifests(parser: typeof yaml, file: string, text: string): Manifest[] {
	const source = new Source(parser, file, text);
	return source.documents().flatMap((document, index) => {
		const error = document.errors[0];
		if (error) {
			const place = source.placeOf(error.pos[0]);
			throw new Failure(`The YAML cannot be read: ${yamlFault(error)}`, { place });
		}
		const node = document.contents;
		if (node === null || (parser.isScalar(node) && node.value === null)) return [];
		const value = plainValue(document, source.locate(index, []));
		return objectsIn(value, (path) => source.locate(index, path));
	});
}

/** @throws Failure where an alias has no anchor, or too many stand for too much */
function plainValue(document: yaml.Document.Parsed, place: Place): unknown {
	try {
		return document.toJS({ maxAliasCount: 1000 });
	} catch (error) {
		throw new Failure(`The YAML cannot be read: ${yamlFault(error)}`, { place });
	}
}

type Locate = Manifest['locate'];

/**
 * A text and its nodes. Those weigh many times the text, and after the first reading only
 * the place of a failure needs them: they may be forgotten, and are read again.
 */
class Source {
	readonly #parser: typeof yaml;
	readonly #file: string;
	readonly #text: string;
	readonly #lines: yaml.LineCounter;
	#known: WeakRef<yaml.Document.Parsed[]> | undefined;

	constructor(parser: typeof yaml, file: string, text: string) {
		this.#parser = parser;
		this.#file = file;
		this.#text = text;
		this.#lines = new parser.LineCounter();
	}

	documents(): yaml.Document.Parsed[] {
		const known = this.#known?.deref();
		if (known !== undefined) return known;
		const isFirst = this.#known === undefined;
		const documents = [
			...this.#parser.parseAllDocuments(this.#text, {
				...(isFirst ? { lineCounter: this.#lines } : {}),
				prettyErrors: false,
				logLevel: 'silent',
				version: '1.1',
				customTags,
			}),
		];
		this.#known = new WeakRef(documents);
		return documents;
	}

	placeOf(offset: number): Place {
		const { line, col } = this.#lines.linePos(offset);
		return { file: this.#file, line: Math.max(line, 1), column: Math.max(col, 1) };
	}

	locate(index: number, path: readonly (string | number)[]): Place {
		const { isMap, isSeq, isScalar, isNode } = this.#parser;
		const root = this.documents()[index]?.contents;
		let node: unknown = root;
		let offset = root?.range?.[0] ?? 0;
		for (const key of path) {
			if (!isMap(node) && !isSeq(node)) break;
			const pair = isMap(node)
				? node.items.find((item) => isScalar(item.key) && item.key.value === key)
				: undefined;
			const at = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
			node = pair === undefined ? node.get(key, true) : pair.value;
			const start = at ?? (isNode(node) ? node.range?.[0] : undefined);
			if (start === undefined) break;
			offset = start;
		}
		return this.placeOf(offset);
	}
}

function objectsIn(value: unknown, locate: Locate): Manifest[] {
	const place = locate([]);
	if (!isRecord(value))
		throw new Failure(
			`This is no Kubernetes object; it has to be a map with apiVersion, kind and metadata`,
			{ place },
		);
	const { apiVersion, kind, items } = value;
	if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items))
		return items.flatMap((item, index) =>
			objectsIn(item, (path) => locate(['items', index, ...path])),
		);
	const missing =
		typeof apiVersion !== 'string' || apiVersion === ''
			? 'apiVersion'
			: typeof kind !== 'string' || kind === ''
				? 'kind'
				: !isRecord(value.metadata) || typeof value.metadata.name !== 'string'
					? 'metadata.name'
					: undefined;
	if (missing !== undefined) {
		const what = typeof kind === 'string' && kind !== '' ? `This ${kind}` : 'This object';
		throw new Failure(`${what} has no ${missing} that is a text`, { place });
	}
	return [{ object: value as KubernetesObject, place, locate }];
}

function refuseDuplicates(manifests: readonly Manifest[]): void {
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
