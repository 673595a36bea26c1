import { badInput, type Failure } from '../failure/failure.ts';
import type { Source } from './document.ts';
import type { Document, Node, ScalarValue } from './node.ts';
import { resolve, textAt } from './node.ts';

/** The way to a node: the document's index, then keys and indexes. */
export type Path = readonly (string | number)[];

export function pathKey(path: Path): string {
	return JSON.stringify(path);
}

/**
 * A path as people write it, and as `set` takes it: `containers[name=api].image`, with
 * `Deployment/web:` before it in a file of several documents.
 */
export function formatPath({ documents }: Pick<Source, 'documents'>, path: Path): string {
	const [index, ...steps] = path;
	const document = documents[Number(index)];
	let node = document?.root;
	let text = '';
	for (const step of steps) {
		const parent = node && resolve(node);
		if (parent?.kind === 'list') {
			node = parent.items[Number(step)];
			text += `[${selectorFor(parent.items, node) ?? step}]`;
		} else {
			node =
				parent?.kind === 'map' ? parent.pairs.find(({ key }) => key === step)?.value : undefined;
			text += (text && '.') + formatKey(String(step));
		}
	}
	const among = documents.length > 1 || !document ? `${selectorOf(documents, Number(index))}:` : '';
	return among + (text || (among ? '' : 'the document'));
}

/** A document by its kind and name where they choose it, otherwise by its number. */
function selectorOf(documents: readonly Document[], index: number): string {
	const title = documents[index]?.title;
	const same = documents.filter((document) => document.title === title);
	return title && same.length === 1 && selector.test(`${title}:`) ? title : `#${index + 1}`;
}

function formatKey(key: string): string {
	return /^[\w$/@-]+$/.test(key) ? key : JSON.stringify(key);
}

function selectorFor(items: readonly Node[], item: Node | undefined): string | undefined {
	const name = textAt(item, 'name');
	if (!name || !/^[\w./-]+$/.test(name)) return undefined;
	const same = items.filter((other) => textAt(other, 'name') === name);
	return same.length === 1 ? `name=${name}` : undefined;
}

export type Step =
	| { kind: 'key'; key: string }
	| { kind: 'index'; index: number }
	| { kind: 'where'; key: string; value: string };

export interface SetPath {
	text: string;
	/** `Deployment/web` or `#2`: which document, or item of a List, is meant. */
	document?: string;
	steps: readonly Step[];
}

const selector = /^([A-Z][A-Za-z0-9]*\/[^\s:[\]"'=]+|#[1-9][0-9]*):/;
const bareKey = /(?:\\.|[^\s.[\]"'=\\])+/y;
const quotedKey = /"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'/y;
const bracket =
	/\[\s*(?:([0-9]+)|((?:"(?:[^"\\]|\\.)*")|(?:'(?:[^']|'')*'))|([^\]=\s"']+)\s*=\s*((?:"(?:[^"\\]|\\.)*")|(?:'(?:[^']|'')*')|[^\]"']*?))\s*\]/y;

/**
 * Reads a path such as `Deployment/web:spec.containers[name=api].image`. Steps: keys
 * separated by `.`, `"quoted.keys"` (or `quoted\.keys`), `[0]`, `[name=api]`. A file's
 * document is chosen by `Kind/name:` or by its number, `#2:`.
 */
export function parsePath(text: string): SetPath {
	const { path, rest } = readPath(text);
	if (rest !== '') throw notAPath(text, text.length - rest.length);
	return path;
}

/**
 * Reads one line of `set`, `path=value`. A value in double quotes is a string even where
 * it reads as a number, for a key that is new.
 */
export function parseAssignment(line: string): {
	path: string;
	value: ScalarValue;
	quoted: boolean;
} {
	const { path, rest } = readPath(line.trim());
	const assigned = /^\s*=\s*([\s\S]*)$/.exec(rest);
	if (!assigned) throw badInput(`"${line}" is not path=value`);
	const value = assigned[1] ?? '';
	const quoted = /^"(?:[^"\\]|\\.)*"$|^'(?:[^']|'')*'$/.test(value);
	return { path: path.text, value: quoted ? unquote(value) : value, quoted };
}

function readPath(text: string): { path: SetPath; rest: string } {
	const document = selector.exec(text)?.[1];
	let offset = document === undefined ? 0 : document.length + 1;
	const start = offset;
	const steps: Step[] = [];
	const take = (pattern: RegExp): RegExpExecArray | null => {
		pattern.lastIndex = offset;
		const match = pattern.exec(text);
		if (match) offset = pattern.lastIndex;
		return match;
	};
	for (;;) {
		const inBrackets = take(bracket);
		if (inBrackets) {
			steps.push(bracketStep(inBrackets));
		} else if (offset === start || text[offset] === '.') {
			if (offset > start) offset++;
			const quoted = take(quotedKey);
			const key = quoted ? unquote(quoted[0]) : take(bareKey)?.[0].replace(/\\(.)/g, '$1');
			if (key === undefined) throw notAPath(text, offset);
			steps.push({ kind: 'key', key });
		} else {
			break;
		}
	}
	const path = { text: text.slice(0, offset), ...(document && { document }), steps };
	return { path, rest: text.slice(offset) };
}

function bracketStep([, index, quoted, key, value]: RegExpExecArray): Step {
	if (index !== undefined) return { kind: 'index', index: Number(index) };
	if (quoted !== undefined) return { kind: 'key', key: unquote(quoted) };
	return { kind: 'where', key: key ?? '', value: unquote(value ?? '') };
}

function unquote(text: string): string {
	if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
	if (!text.startsWith('"')) return text;
	return text.slice(1, -1).replace(/\\(.)/g, '$1');
}

function notAPath(text: string, offset: number): Failure {
	return badInput(
		`"${text}" is not a path: character ${offset + 1} is not expected; write keys as a.b, "quoted.keys", [0] or [name=api]`,
	);
}

/** What a path came to: the node, or how far it went. */
export type Found =
	| { found: true; node: Node; path: Path }
	| { found: false; parent: Node | undefined; path: Path; missing: readonly Step[]; why?: string };

/** Follows the steps of a path below a node, through aliases. */
export function follow(root: Node | undefined, at: Path, steps: readonly Step[]): Found {
	let node = root;
	let path = at;
	for (const [depth, step] of steps.entries()) {
		const next = node && take(node, step);
		if (!node || !next || 'why' in next) {
			const why = next && 'why' in next ? { why: next.why } : {};
			return { found: false, parent: node, path, missing: steps.slice(depth), ...why };
		}
		node = next.node;
		path = [...path, next.step];
	}
	if (!node) return { found: false, parent: undefined, path, missing: [] };
	return { found: true, node, path };
}

type Taken = { node: Node; step: string | number } | { why: string } | undefined;

function take(node: Node, step: Step): Taken {
	const parent = resolve(node);
	if (parent.kind === 'map' && step.kind === 'key') {
		const pair = parent.pairs.find(({ key }) => key === step.key);
		return pair && { node: pair.value, step: pair.key };
	}
	if (parent.kind !== 'list') return undefined;
	if (step.kind === 'where') {
		const matching = parent.items.flatMap((item, index) =>
			textAt(item, step.key) === step.value ? [{ node: item, step: index }] : [],
		);
		if (matching.length > 1)
			return { why: `${matching.length} items have ${step.key}=${step.value}` };
		return matching[0];
	}
	const index =
		step.kind === 'index' ? step.index : /^[0-9]+$/.test(step.key) ? Number(step.key) : -1;
	const item = parent.items[index];
	return item && { node: item, step: index };
}

/** The documents, and the items of a `List`, that a path may begin in. */
export function roots(
	documents: readonly Document[],
): { root: Node | undefined; path: Path; title: string }[] {
	return documents.flatMap(({ root, title }, index) => {
		const whole = { root, path: [index], title: title ?? `#${index + 1}` };
		const list = root && resolve(root);
		const items =
			list?.kind === 'map' && /List$/.test(textAt(list, 'kind') ?? '')
				? list.pairs.find(({ key }) => key === 'items')?.value
				: undefined;
		const listed = items && resolve(items);
		if (listed?.kind !== 'list') return [whole];
		return [
			whole,
			...listed.items.map((item, position) => ({
				root: item,
				path: [index, 'items', position],
				title: `${textAt(item, 'kind') ?? ''}/${nameOf(item) ?? ''}`,
			})),
		];
	});
}

function nameOf(item: Node): string | undefined {
	const map = resolve(item);
	const metadata = map.kind === 'map' ? map.pairs.find(({ key }) => key === 'metadata') : undefined;
	return textAt(metadata?.value, 'name');
}
