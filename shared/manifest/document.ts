import type * as yaml from 'yaml';
import { Failure, formatPlace, type Place } from '../failure/failure.ts';
import { findExcess } from './excess.ts';
import { jsonErrorOffset } from './json.ts';
import type { Document, Node, Pair, Resolved, Scalar, ScalarStyle, ScalarValue } from './node.ts';
import { textAt } from './node.ts';
import { placesIn } from './text.ts';

/** No manifest nests deeper than a few dozen; recursion over the tree relies on this. */
const deepestNesting = 200;

/** A file that is read: its text and what the documents in it say. */
export interface Source {
	readonly file: string;
	readonly text: string;
	readonly placeAt: (offset: number) => Place;
	readonly documents: readonly Document[];
}

/**
 * Reads all documents of a YAML or JSON text. A file whose name ends in `.json` has to be
 * JSON to the letter. Whatever is broken is a Failure that names file, line and column.
 */
export async function readDocuments(file: string, text: string): Promise<Source> {
	if (isJson({ file })) checkJson(file, text);
	const parser = await import('yaml');
	const tooMuch = findExcess(parser, text, deepestNesting);
	if (tooMuch) throw broken(file, text, tooMuch.offset, tooMuch.why);
	const parsed = parser.parseAllDocuments(text, {
		prettyErrors: false,
		logLevel: 'silent',
		merge: true,
		uniqueKeys: false, // The parser compares each key with each other one; ours costs a set.
	});
	const documents = [...parsed].map((document) => {
		const error = document.errors[0];
		if (error) throw broken(file, text, error.pos[0], error.message);
		return new Reader(parser, file, text).document(document);
	});
	return { file, text, placeAt: placesIn(file, text), documents };
}

/** Whether a file has to be JSON to the letter. */
export function isJson({ file }: Pick<Source, 'file'>): boolean {
	return /\.json$/i.test(file);
}

/** Turns the parser's tree into ours, resolving aliases in the order of the text. */
class Reader {
	readonly #parser: typeof yaml;
	readonly #file: string;
	readonly #text: string;
	readonly #anchors = new Map<string, Resolved>();
	readonly #open = new Set<string>();

	constructor(parser: typeof yaml, file: string, text: string) {
		this.#parser = parser;
		this.#file = file;
		this.#text = text;
	}

	document(document: yaml.Document.Parsed): Document {
		const root = document.contents ? this.#node(document.contents, false, 0) : undefined;
		const kind = textAt(root, 'kind');
		const metadata =
			root?.kind === 'map' ? root.pairs.find(({ key }) => key === 'metadata') : undefined;
		const name = textAt(metadata?.value, 'name');
		return {
			root,
			start: document.range[0],
			end: document.range[1],
			...(kind && name && { title: `${kind}/${name}` }),
		};
	}

	#node(node: yaml.ParsedNode, inFlow: boolean, depth: number): Node {
		const [start, end] = node.range;
		if (depth > deepestNesting) throw tooDeep(this.#file, this.#text, start);
		if (this.#parser.isAlias(node)) return this.#alias(node, start, end);
		const about = {
			start,
			...(node.anchor && { anchor: node.anchor }),
			...(node.tag && { tag: node.tag }),
		};
		if (node.anchor) this.#open.add(node.anchor);
		const read = this.#content(node, about, end, inFlow, depth);
		if (node.anchor) {
			this.#open.delete(node.anchor);
			this.#anchors.set(node.anchor, read);
		}
		return read;
	}

	#content(
		node: Exclude<yaml.ParsedNode, yaml.Alias.Parsed>,
		about: { start: number; anchor?: string; tag?: string },
		end: number,
		inFlow: boolean,
		depth: number,
	): Resolved {
		if (this.#parser.isScalar(node)) {
			const source = this.#text.slice(about.start, end);
			const style = source === '' ? 'empty' : scalarStyle(node.type);
			return { kind: 'scalar', ...about, end, style, value: scalarValue(node), source, inFlow };
		}
		const flow = node.flow === true;
		if (this.#parser.isMap(node)) {
			const pairs = node.items.map((pair) => this.#pair(pair, flow || inFlow, depth + 1));
			this.#refuseTwice(pairs);
			return { kind: 'map', ...about, end: flow ? end : lastEnd(pairs, end), flow, pairs };
		}
		const items = node.items.map((item) =>
			this.#node(item as yaml.ParsedNode, flow || inFlow, depth + 1),
		);
		return { kind: 'list', ...about, end: flow ? end : (items.at(-1)?.end ?? end), flow, items };
	}

	#pair(
		pair: yaml.Pair<yaml.ParsedNode, yaml.ParsedNode | null>,
		inFlow: boolean,
		depth: number,
	): Pair {
		const [keyStart, keyEnd] = pair.key.range;
		const absent: Scalar = {
			kind: 'scalar',
			start: keyEnd,
			end: keyEnd,
			style: 'absent',
			value: null,
			source: '',
			inFlow,
		};
		// An anchor on a key may be used further down as a value.
		if (!this.#parser.isAlias(pair.key)) this.#node(pair.key, inFlow, depth);
		const value = pair.value ? this.#node(pair.value, inFlow, depth) : absent;
		return { key: keyText(this.#text, pair.key), keyStart, keyEnd, value };
	}

	#refuseTwice(pairs: readonly Pair[]): void {
		const seen = new Set<string>();
		for (const { key, keyStart } of pairs) {
			if (seen.has(key) && key !== '<<') {
				throw broken(this.#file, this.#text, keyStart, `the key ${key} is given twice`);
			}
			seen.add(key);
		}
	}

	#alias(node: yaml.Alias.Parsed, start: number, end: number): Node {
		const target = this.#anchors.get(node.source);
		if (this.#open.has(node.source)) {
			throw broken(
				this.#file,
				this.#text,
				start,
				`alias *${node.source} stands inside the node that it names`,
			);
		}
		if (!target) {
			throw broken(this.#file, this.#text, start, `alias *${node.source} has no anchor before it`);
		}
		return { kind: 'alias', start, end, name: node.source, target };
	}
}

function lastEnd(pairs: readonly Pair[], otherwise: number): number {
	return pairs.at(-1)?.value.end ?? otherwise;
}

function keyText(text: string, key: yaml.ParsedNode): string {
	const value: unknown = 'value' in key ? key.value : undefined;
	return typeof value === 'string' ? value : text.slice(key.range[0], key.range[1]);
}

function scalarStyle(type: yaml.Scalar.Type | undefined): ScalarStyle {
	switch (type) {
		case 'QUOTE_SINGLE':
			return 'single';
		case 'QUOTE_DOUBLE':
			return 'double';
		case 'BLOCK_LITERAL':
			return 'literal';
		case 'BLOCK_FOLDED':
			return 'folded';
		default:
			return 'plain';
	}
}

function scalarValue(node: yaml.Scalar.Parsed): ScalarValue {
	const { value } = node;
	if (value === null || typeof value === 'string') return value;
	return typeof value === 'number' || typeof value === 'boolean' ? value : node.source;
}

function checkJson(file: string, text: string): void {
	const offset = jsonErrorOffset(text);
	if (offset === undefined) return;
	const found =
		offset < text.length ? `unexpected ${JSON.stringify(text[offset])}` : 'it ends too early';
	throw broken(file, text, offset, `not JSON: ${found}`);
}

function tooDeep(file: string, text: string, offset: number): Failure {
	return broken(file, text, offset, `nested deeper than ${deepestNesting} levels`);
}

function broken(file: string, text: string, offset: number, why: string): Failure {
	const place = placesIn(file, text)(offset);
	const reason = why.startsWith('Maximum call stack')
		? `nested deeper than ${deepestNesting} levels`
		: why;
	return new Failure(`${formatPlace(place)}: cannot be read: ${reason}.`, { place });
}
