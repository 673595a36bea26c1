import type * as yaml from 'yaml';
import type { Failure } from '../failure/failure.ts';
import { broken, nestedTooDeep } from './broken.ts';
import type { Document, Node, Pair, Resolved, Scalar, ScalarStyle, ScalarValue } from './node.ts';
import { textAt } from './node.ts';

/** No manifest nests deeper than a few dozen; recursion over the tree relies on this. */
export const deepestNesting = 200;

type ParsedPair = yaml.Pair<yaml.ParsedNode, yaml.ParsedNode | null>;

/** Turns the parser's tree into ours, resolving aliases in the order of the text. */
export class Reader {
	readonly #parser: typeof yaml;
	readonly #file: string;
	/** The text of the whole file, and where in it the parsed part begins. */
	readonly #text: string;
	readonly #base: number;
	readonly #anchors = new Map<string, Resolved>();
	readonly #open = new Set<string>();

	constructor(parser: typeof yaml, file: string, text: string, base: number) {
		this.#parser = parser;
		this.#file = file;
		this.#text = text;
		this.#base = base;
	}

	document(document: yaml.Document.Parsed): Document {
		const error = document.errors[0];
		if (error) throw this.#failure(error);
		const root = document.contents ? this.#node(document.contents, false, 0) : undefined;
		const kind = textAt(root, 'kind');
		const metadata =
			root?.kind === 'map' ? root.pairs.find(({ key }) => key === 'metadata') : undefined;
		const name = textAt(metadata?.value, 'name');
		return {
			root,
			...(kind && name && { title: `${kind}/${name}` }),
		};
	}

	#failure({ pos, message }: yaml.YAMLError): Failure {
		const tooDeep = message.startsWith('Maximum call stack');
		const why = tooDeep ? nestedTooDeep(deepestNesting) : message;
		return broken(this.#file, this.#text, pos[0] + this.#base, why);
	}

	#range({ range }: yaml.ParsedNode): [start: number, end: number] {
		return [range[0] + this.#base, range[1] + this.#base];
	}

	#node(node: yaml.ParsedNode, inFlow: boolean, depth: number): Node {
		const [start, end] = this.#range(node);
		if (depth > deepestNesting)
			throw broken(this.#file, this.#text, start, nestedTooDeep(deepestNesting));
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
		const items = node.items.map((item) => this.#item(item, flow || inFlow, depth + 1));
		return { kind: 'list', ...about, end: flow ? end : (items.at(-1)?.end ?? end), flow, items };
	}

	/** An item; that of an `!!omap` is a pair, which is the same as a map of one pair. */
	#item(item: unknown, inFlow: boolean, depth: number): Node {
		if (!this.#parser.isPair(item)) return this.#node(item as yaml.ParsedNode, inFlow, depth);
		const pair = this.#pair(item as ParsedPair, inFlow, depth);
		const { keyStart: start, value } = pair;
		return { kind: 'map', start, end: value.end, flow: inFlow, pairs: [pair] };
	}

	#pair(pair: ParsedPair, inFlow: boolean, depth: number): Pair {
		const [keyStart, keyEnd] = this.#range(pair.key);
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
		const key = keyText(pair.key) ?? this.#text.slice(keyStart, keyEnd);
		return { key, keyStart, keyEnd, value };
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

function keyText(key: yaml.ParsedNode): string | undefined {
	const value: unknown = 'value' in key ? key.value : undefined;
	return typeof value === 'string' ? value : undefined;
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
