import { readFile } from 'node:fs/promises';
import type * as yaml from 'yaml';
import { Failure } from '../failure/failure.ts';
import { type Manifest, parseManifests } from './manifest-text.ts';
import { groupOf, type KubernetesObject } from './object.ts';
import { type Rendered, type Rendering, render } from './render.ts';

/**
 * What a kustomization or a chart comes to, at the places in the files that it was made from,
 * as far as those are known: nobody can open the text that a program printed.
 * @param definition - the file by which its folder is rendered
 */
export async function renderedManifests(
	definition: string,
	parser: typeof yaml,
	options: Rendering,
): Promise<Manifest[]> {
	const rendered = await render(definition, parser, options);
	const written = new Map<string, Promise<Manifest[]>>();
	const manifests = parseRendered(parser, rendered, options.shown(definition));
	return await Promise.all(
		manifests.map(async ({ object, place: { line = 1 } }) => {
			const file = rendered.fileOf(object, line) ?? definition;
			const place = { file: options.shown(file) };
			const inFile = written.get(file) ?? writtenIn(file, place.file, parser);
			written.set(file, inFile);
			const source = sourceOf(object, await inFile);
			return { place, locate: () => place, ...source, object };
		}),
	);
}

function parseRendered(
	parser: typeof yaml,
	{ program, text }: Rendered,
	definition: string,
): Manifest[] {
	try {
		return parseManifests(parser, definition, text);
	} catch (error) {
		if (!(error instanceof Failure)) throw error;
		throw new Failure(
			`What ${program} makes of it is not to be deployed, from line ${error.place?.line} of its output on: ${error.message}`,
			{ place: { file: definition }, cause: error },
		);
	}
}

/** The objects of a file; none of what is a template and no YAML. */
async function writtenIn(file: string, name: string, parser: typeof yaml): Promise<Manifest[]> {
	const text = await readFile(file, 'utf8');
	try {
		return parseManifests(parser, name, text);
	} catch (error) {
		if (error instanceof Failure) return [];
		throw error;
	}
}

/** What an object was made of: its name may have got a prefix or a suffix. */
function sourceOf(
	{ apiVersion, kind, metadata }: KubernetesObject,
	written: readonly Manifest[],
): Manifest | undefined {
	const nameOf = ({ object }: Manifest) => object.metadata.name;
	return written
		.filter(
			({ object }) => object.kind === kind && groupOf(object.apiVersion) === groupOf(apiVersion),
		)
		.filter((manifest) => metadata.name.includes(nameOf(manifest)))
		.sort((a, b) => nameOf(b).length - nameOf(a).length)[0];
}
