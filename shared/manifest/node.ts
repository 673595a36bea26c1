/**
 * What a document says and where each part of it stands. Offsets are characters of the
 * file's text; `end` is not included. A plain model of our own, so that only document.ts
 * depends on the parser.
 */
export type Node = Scalar | MapNode | ListNode | Alias;

interface Positioned {
	readonly start: number;
	readonly end: number;
	readonly anchor?: string;
	readonly tag?: string;
}

export type ScalarValue = string | number | boolean | null;
/** `absent` is a key without `:`, as in `{a}`. */
export type ScalarStyle = 'plain' | 'single' | 'double' | 'literal' | 'folded' | 'empty' | 'absent';

export interface Scalar extends Positioned {
	readonly kind: 'scalar';
	readonly style: ScalarStyle;
	/** As YAML 1.2 reads it (1.1 where the document says so). */
	readonly value: ScalarValue;
	/** The characters of the file. */
	readonly source: string;
	readonly inFlow: boolean;
}

export interface Pair {
	/** The key as a path names it: the text that a quoted key means, otherwise what is written. */
	readonly key: string;
	readonly keyStart: number;
	readonly keyEnd: number;
	readonly value: Node;
}

export interface MapNode extends Positioned {
	readonly kind: 'map';
	readonly flow: boolean;
	readonly pairs: readonly Pair[];
}

export interface ListNode extends Positioned {
	readonly kind: 'list';
	readonly flow: boolean;
	readonly items: readonly Node[];
}

export interface Alias extends Positioned {
	readonly kind: 'alias';
	readonly name: string;
	readonly target: Exclude<Node, Alias>;
}

export type Resolved = Exclude<Node, Alias>;

/** One document of a file; an empty one has no root. */
export interface Document {
	readonly root: Node | undefined;
	/** `Deployment/web` where the document is such an object. */
	readonly title?: string;
}

/** The node itself, or the one that an alias stands for. */
export function resolve(node: Node): Resolved {
	return node.kind === 'alias' ? node.target : node;
}

export function pairOf(node: Node | undefined, key: string): Pair | undefined {
	const map = node && resolve(node);
	return map?.kind === 'map' ? map.pairs.find((pair) => pair.key === key) : undefined;
}

export function child(node: Node | undefined, key: string): Node | undefined {
	return pairOf(node, key)?.value;
}

/** The value at a key where it is a scalar, through an alias too. */
export function scalarAt(node: Node | undefined, key: string): Scalar | undefined {
	const value = child(node, key);
	const resolved = value && resolve(value);
	return resolved?.kind === 'scalar' ? resolved : undefined;
}

/** What a scalar means as text: a plain `1.20` is `1.20`, nothing at all is ''. */
export function textOf(scalar: Scalar): string {
	if (typeof scalar.value === 'string') return scalar.value;
	return scalar.value === null ? '' : scalar.source;
}

export function textAt(node: Node | undefined, key: string): string | undefined {
	const scalar = scalarAt(node, key);
	return scalar && textOf(scalar);
}
