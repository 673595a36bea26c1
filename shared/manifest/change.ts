import { Failure, formatPlace } from '../failure/failure.ts';
import { isJson, type Source } from './document.ts';
import { indentOf, type NewValue, renderBlock, renderFlow } from './insert.ts';
import { type MapNode, type Node, type Pair, resolve, type Scalar } from './node.ts';
import type { Path } from './path.ts';
import { besideOthers, meaningOf, replaceScalar, type Written } from './scalar.ts';
import { lineEnding, lineStart, nextLine, type Splice } from './text.ts';

/** What a path has to read as afterwards; undefined: it is gone. */
export interface Expectation {
	path: Path;
	value: Written | undefined;
}

/** One intended change: the bytes to splice, and what the proof has to find. */
export interface Change {
	splices: Splice[];
	expect: Expectation[];
}

const nothing: Change = { splices: [], expect: [] };

/** Writes a scalar, in the style that the present one has. */
export function setScalar(source: Source, at: Scalar, path: Path, written: Written): Change {
	const value = { ...written, text: meaningOf(at, written.text) };
	if (written.type === 'string' ? at.value === value.text : at.source === value.text)
		return nothing;
	return { splices: replaceScalar(source, at, written), expect: [{ path, value }] };
}

/** Gives a pair another key and value, in its place and on its line. */
export function renamePair(
	source: Source,
	pair: Pair,
	path: Path,
	key: string,
	written: Written,
): Change {
	const value = resolve(pair.value);
	if (value.kind !== 'scalar' || pair.value.kind === 'alias' || value.style === 'absent') {
		throw cannot(source, pair.value.start, `"${pair.key}" is not a plain value`);
	}
	const quoted = /["']/.exec(source.text[pair.keyStart] ?? '')?.[0] ?? '';
	return {
		splices: [
			{ start: pair.keyStart, end: pair.keyEnd, text: quoted + key + quoted },
			...replaceScalar(source, value, written),
		],
		expect: [
			{ path, value: undefined },
			{
				path: [...path.slice(0, -1), key],
				value: { ...written, text: meaningOf(value, written.text) },
			},
		],
	};
}

/** Takes a pair out of a map, with its line where it has one of its own; comments of others stay. */
export function removePair(source: Source, map: MapNode, pair: Pair, path: Path): Change {
	const { text } = source;
	const index = map.pairs.indexOf(pair);
	const [before, after] = [map.pairs[index - 1], map.pairs[index + 1]];
	const start = lineStart(text, pair.keyStart);
	const end = pair.value.end;
	let splice: Splice;
	if (map.flow) {
		const comma = end + text.slice(end, after?.keyStart).indexOf(',') + 1;
		const gap = text.slice(before?.value.end ?? pair.keyStart, pair.keyStart);
		if (after) {
			const last = text.slice(comma, after.keyStart).trim() === '' ? after.keyStart : comma;
			splice = { start: pair.keyStart, end: last, text: '' };
		} else {
			// With a comment between, the comma before it stays: YAML takes one at the end.
			splice = { start: pair.keyStart - (gap.includes('#') ? 0 : gap.length), end, text: '' };
		}
	} else if (before && text.slice(start, pair.keyStart).trim() === '') {
		const next = text[end - 1] === '\n' ? end : nextLine(text, end);
		const last = next === text.length && text[next - 1] !== '\n';
		// Without a newline at the end of the file, the one before the line goes instead.
		splice = {
			start: last ? text.slice(0, start).replace(/\r?\n$/, '').length : start,
			end: next,
			text: '',
		};
	} else if (after) {
		// A comment on the next lines takes the pair's place: `- # it`.
		const next = nextLine(text, end);
		const rest = text.slice(next, after.keyStart);
		splice = { start: pair.keyStart, end: next + rest.length - rest.trimStart().length, text: '' };
	} else {
		throw cannot(source, pair.keyStart, `"${pair.key}" is all that its map holds`);
	}
	return { splices: [splice], expect: [{ path, value: undefined }] };
}

/** Adds a pair to a map: after its last one, as that one is written. */
export function insertPair(
	source: Source,
	map: MapNode,
	at: Path,
	key: string,
	value: NewValue,
): Change {
	const { text } = source;
	const last = map.pairs.at(-1);
	const expect = leaves([...at, key], value);
	if (map.flow) {
		const json = isJson(source) || text[last?.keyStart ?? 0] === '"';
		const position = last?.value.end ?? map.start + 1;
		const written = flowGap(text, last) + renderFlow({ key, value }, json);
		return { splices: [{ start: position, end: position, text: written }], expect };
	}
	if (!last) throw cannot(source, map.start, 'the map has no entry to write beside');
	const indent = indentOf(text, map);
	if (indent === undefined) throw cannot(source, last.keyStart, 'the indentation cannot be told');
	const lines = renderBlock({ key, value }, indent, lineEnding(text));
	return { splices: [insertLines(text, lastLineEnd(text, last.value), lines)], expect };
}

/** What parts a new pair from the last one: a comma, and a new line where each has its own. */
function flowGap(text: string, last: Pair | undefined): string {
	if (!last) return '';
	const indent = text.slice(lineStart(text, last.keyStart), last.keyStart);
	return indent.trim() === '' && indent !== '' ? `,${lineEnding(text)}${indent}` : ', ';
}

/** Adds an item to a list, after its last one. */
export function insertItem(
	source: Source,
	list: Extract<Node, { kind: 'list' }>,
	at: Path,
	entries: { key: string; value: NewValue }[],
): Change {
	const { text } = source;
	const last = list.items.at(-1);
	const expect = entries.flatMap(({ key, value }) =>
		leaves([...at, list.items.length, key], value),
	);
	if (list.flow) {
		const position = last?.end ?? list.start + 1;
		const json = isJson(source);
		const item = `{${entries.map((entry) => renderFlow(entry, json)).join(', ')}}`;
		return {
			splices: [{ start: position, end: position, text: (last ? ', ' : '') + item }],
			expect,
		};
	}
	const dash = last && text.lastIndexOf('-', last.start - 1);
	if (!last || dash === undefined || text.slice(lineStart(text, dash), dash).trim() !== '') {
		throw cannot(source, list.start, 'the list has no item to write beside');
	}
	const outer = text.slice(lineStart(text, dash), dash);
	const eol = lineEnding(text);
	const body = entries.map((entry) => renderBlock(entry, `${outer}  `, eol)).join(eol);
	const lines = `${outer}- ${body.slice(outer.length + 2)}`;
	return { splices: [insertLines(text, lastLineEnd(text, last), lines)], expect };
}

/** Puts a map, its keys behind `indent`, where nothing is: after `key:` or in an empty document. */
export function fillEmpty(
	source: Source,
	at: Scalar | undefined,
	indent: string,
	path: Path,
	entry: { key: string; value: NewValue },
	position: number,
): Change {
	const { text } = source;
	const expect = leaves([...path, entry.key], entry.value);
	if (!at)
		return {
			splices: [insertLines(text, position, renderBlock(entry, '', lineEnding(text)))],
			expect,
		};
	const gone = { path, value: undefined };
	if (at.inFlow) {
		const written = besideOthers(source, at, `{${renderFlow(entry, isJson(source))}}`);
		return {
			splices: [{ start: at.start, end: at.end, text: written }],
			expect: [gone, ...expect],
		};
	}
	const lines = renderBlock(entry, indent, lineEnding(text));
	// The space before a `~` goes with it.
	const start = text.slice(0, at.start).trimEnd().length;
	const removed = at.end > at.start ? [{ start, end: at.end, text: '' }] : [];
	return {
		splices: [...removed, insertLines(text, lastLineEnd(text, at), lines)],
		expect: [gone, ...expect],
	};
}

function leaves(path: Path, value: NewValue): Expectation[] {
	if ('key' in value) return leaves([...path, value.key], value.value);
	if ('items' in value) {
		return value.items.flatMap((entry) => leaves([...path, 0, entry.key], entry.value));
	}
	return [{ path, value }];
}

function insertLines(text: string, position: number, lines: string): Splice {
	const eol = lineEnding(text);
	const open = position > 0 && text[position - 1] !== '\n' && text !== '\uFEFF';
	return { start: position, end: position, text: open ? eol + lines : lines + eol };
}

/** Where the line ends on which a node's last part stands, its line break included. */
function lastLineEnd(text: string, node: Node): number {
	const { end } = node.kind === 'alias' ? node : lastPart(node);
	return end > 0 && text[end - 1] === '\n' ? end : nextLine(text, end);
}

function lastPart(node: Node): Node {
	if (node.kind === 'map' && !node.flow) {
		const last = node.pairs.at(-1)?.value;
		return last ? lastPart(last) : node;
	}
	if (node.kind === 'list' && !node.flow) {
		const last = node.items.at(-1);
		return last ? lastPart(last) : node;
	}
	return node;
}

function cannot(source: Source, offset: number, why: string): Failure {
	const place = source.placeAt(offset);
	return new Failure(
		`${formatPlace(place)}: cannot be written: ${why}; change the file by hand once`,
		{ place },
	);
}

/** One change out of many. */
export function joinChanges(changes: readonly Change[]): Change {
	return {
		splices: changes.flatMap(({ splices }) => splices),
		expect: changes.flatMap(({ expect }) => expect),
	};
}
