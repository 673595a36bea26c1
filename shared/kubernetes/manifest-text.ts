import type * as yaml from 'yaml';
import { Failure, type Place } from '../failure/failure.ts';
import { isRecord, type KubernetesObject, readPath } from './object.ts';
import { yamlFault } from './yaml-fault.ts';

/** An object and where it is written. */
export interface Manifest {
	object: KubernetesObject;
	place: Place;
	/** Place of a field, or of the nearest part around it that is written. */
	locate(path: readonly (string | number)[]): Place;
}

/**
 * Scalars as kubectl reads them: by YAML 1.1, where 0644 is octal and `yes` a boolean, but
 * without its times and base-60 numbers, with the octals of YAML 1.2, and with fractions that
 * have a digit and are no larger than a number may be: `.` and `e12` are texts.
 */
function customTags(tags: yaml.Tags): yaml.Tags {
	const octal: yaml.ScalarTag = {
		tag: 'tag:yaml.org,2002:int',
		default: true,
		test: /^[-+]?0[oO][0-7]+$/,
		resolve: (text) => Number.parseInt(text.replace(/0[oO]/, ''), 8),
	};
	const fraction: yaml.ScalarTag = {
		tag: 'tag:yaml.org,2002:float',
		default: true,
		test: /^(\.\d+|[-+]?(\d[\d_]*(\.[\d_]*)?|\.\d[\d_]*))([eE][-+]?\d+)?$/,
		resolve(text) {
			const value = Number(text.replaceAll('_', ''));
			return Number.isFinite(value) ? value : text;
		},
	};
	const isKept = (tag: yaml.Tags[number]) =>
		typeof tag !== 'object' || (!/:(timestamp|float)$/.test(tag.tag) && tag.format !== 'TIME');
	return [octal, ...tags.filter(isKept), fraction];
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
	const { apiVersion, kind } = value;
	const items = value.items ?? (kind === 'List' ? [] : undefined);
	if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items))
		return items.flatMap((item, index) =>
			objectsIn(item, (path) => locate(['items', index, ...path])),
		);
	const missing =
		typeof apiVersion !== 'string' || apiVersion === ''
			? 'apiVersion'
			: typeof kind !== 'string' || kind === ''
				? 'kind'
				: !isRecord(value.metadata) || typeof (value.metadata.name || undefined) !== 'string'
					? 'metadata.name'
					: undefined;
	if (missing !== undefined) {
		const what = typeof kind === 'string' && kind !== '' ? `This ${kind}` : 'This object';
		throw new Failure(`${what} has no ${missing} that is a text`, {
			place: locate(missing.split('.')),
		});
	}
	// Of all that may be wrong with a name this alone would make another address of it.
	for (const field of ['name', 'namespace'])
		if (['.', '..'].includes(String(readPath(value, ['metadata', field]))))
			throw new Failure(`The ${field} of this ${kind} may not be of dots alone`, {
				place: locate(['metadata', field]),
			});
	return [{ object: value as KubernetesObject, place, locate }];
}
