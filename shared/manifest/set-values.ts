import { Failure, formatPlace, type Place } from '../failure/failure.ts';
import {
	type Change,
	fillEmpty,
	insertItem,
	insertPair,
	joinChanges,
	setScalar,
} from './change.ts';
import { isJson, readDocuments, type Source } from './document.ts';
import type { NewValue } from './insert.ts';
import { jsonErrorOffset } from './json.ts';
import { type MapNode, type Node, resolve, type Scalar, type ScalarValue, textOf } from './node.ts';
import {
	type Found,
	follow,
	formatPath,
	type Path,
	parsePath,
	roots,
	type SetPath,
	type Step,
} from './path.ts';
import { applyProven } from './proof.ts';
import { type EditedUse, type EditResult, edited } from './result.ts';
import { asNew, keepType, readAs, type Written } from './scalar.ts';
import { decodeText, lineStart, type ManifestFile } from './text.ts';

/** One value to set. Text takes the type of the present value; see keepType and asNew. */
export interface Assignment {
	path: string;
	value: ScalarValue;
	/** The text was given in quotes: a string, even where it is new and reads as a number. */
	quoted?: boolean;
}

export interface SetOptions {
	/** Create keys, and list items chosen by `[name=api]`, that are missing. */
	createMissing?: boolean;
}

interface Target {
	assignment: Assignment;
	path: SetPath;
}

/**
 * Sets values of a YAML or JSON file by their paths, and proves that nothing else
 * changed. A value that other places share through an anchor is set only when all of
 * their paths are given.
 */
export async function setValues(
	file: ManifestFile,
	assignments: readonly Assignment[],
	options: SetOptions = {},
): Promise<EditResult> {
	const before = decodeText(file);
	let source = await readDocuments(file.name, before);
	const targets = assignments.map((assignment) => ({
		assignment,
		path: parsePath(assignment.path),
	}));
	const missing = targets.filter((target) => !locate(source, target, options).found);
	const present = targets.filter((target) => !missing.includes(target));

	const set = present.map((target) => setPresent(source, target, options));
	const created: EditedUse[] = [];
	let text = await applyProven(source, joinChanges(set.map(({ change }) => change)));
	// Each creation may hold the next one's parent, so each is read again.
	for (const target of missing) {
		source = await readDocuments(file.name, text);
		const { change, use } = createMissing(source, target, options);
		text = await applyProven(source, change);
		created.push(use);
	}
	return edited(file, before, text, {
		uses: [...set.map(({ use }) => use), ...created],
		notes: set.flatMap(({ notes }) => notes),
	});
}

/**
 * What values of a file say, by their paths.
 * @throws Failure for a path that is not there, or is no value.
 */
export async function readValues(file: ManifestFile, paths: readonly string[]): Promise<string[]> {
	const source = await readDocuments(file.name, decodeText(file));
	return paths.map((path) => {
		const target = { assignment: { path, value: null }, path: parsePath(path) };
		return textOf(scalarThere(source, target, {}).node);
	});
}

/** The value at a path, and the path in full. */
function scalarThere(
	source: Source,
	target: Target,
	options: SetOptions,
): { node: Scalar; path: Path } {
	const found = locate(source, target, options);
	if (!found.found) throw new Error('a present path is found');
	const node = resolve(found.node);
	if (node.kind === 'scalar') return { node, path: found.path };
	throw failAt(
		source,
		found.node,
		`${formatPath(source, found.path)} is a ${node.kind}; name a value in it`,
	);
}

function setPresent(
	source: Source,
	target: Target,
	options: SetOptions,
): { change: Change; use: EditedUse; notes: string[] } {
	const { node, path } = scalarThere(source, target, options);
	const written = writtenOver(source, node, target.assignment);
	const shown = formatPath(source, path);
	return {
		change: setScalar(source, node, path, written),
		use: { place: placeOf(source, node), path: shown, from: textOf(node), to: written.text },
		notes: typeNotes(node, written, shown),
	};
}

function writtenOver(source: Source, node: Scalar, { value, quoted }: Assignment): Written {
	const isEmpty = node.value === null && (node.style === 'plain' || node.style === 'empty');
	const written = isEmpty ? asNew(value, quoted) : keepType(node, value);
	// YAML has numbers and booleans that are none to JSON, such as 01 and False.
	return isJson(source) && jsonErrorOffset(written.text) !== undefined
		? { ...written, type: 'string' }
		: written;
}

function typeNotes(node: Scalar, { text, type }: Written, shown: string): string[] {
	const was = node.style === 'plain' ? readAs(node.source).core : 'string';
	if (type === 'as is' || was === 'string' || was === 'null') return [];
	return [`${shown} was the ${was} ${node.source} and is now the string ${JSON.stringify(text)}`];
}

/** Finds the one document in which the path exists; a path that is missing goes as far as it can. */
function locate(source: Source, { path }: Target, { createMissing }: SetOptions): Found {
	const all = roots(source.documents);
	const named = path.document;
	const candidates = all.filter((candidate) =>
		named === undefined
			? candidate.path.length === 1
			: candidate.title === named ||
				(candidate.path.length === 1 && named === `#${Number(candidate.path[0]) + 1}`),
	);
	const titles = all.map(({ title }) => title).join(', ');
	if (named !== undefined && candidates.length !== 1) {
		const why = candidates.length === 0 ? 'has no document' : 'has more than one document';
		throw new Failure(`${source.file} ${why} ${named}; documents there: ${titles || 'none'}`);
	}
	const tried = candidates.map((candidate) => follow(candidate.root, candidate.path, path.steps));
	const found = tried.filter((result) => result.found);
	if (found.length > 1) {
		const places = found.map((result) => formatPath(source, result.path)).join(', ');
		throw new Failure(
			`${source.file}: ${path.text} is in more than one document: ${places}; write the one that is meant`,
		);
	}
	const result =
		found[0] ??
		tried.reduce(further, { found: false, parent: undefined, path: [0], missing: path.steps });
	if (result.found || (createMissing && candidates.length < 2 && !result.why)) return result;
	throw notThere(source, path, result, createMissing ? titles : undefined);
}

function further(best: Found, next: Found): Found {
	return next.path.length > best.path.length || (!best.found && !best.parent) ? next : best;
}

function notThere(
	source: Source,
	{ text }: SetPath,
	{ path, why, parent }: Extract<Found, { found: false }>,
	titles: string | undefined,
): Failure {
	const node = parent && resolve(parent);
	const deepest =
		path.length > 1
			? `the deepest part that is there is ${formatPath(source, path)}`
			: 'no part of it is there';
	const keys =
		node?.kind === 'map'
			? ` (keys ${
					node.pairs
						.slice(0, 20)
						.map(({ key }) => key)
						.join(', ') || 'none'
				})`
			: '';
	const isText = node?.kind === 'scalar' && path.length === 1 && node.value !== null;
	const hint =
		why ??
		(isText
			? 'the file is text without keys, which is changed by pattern'
			: titles
				? `write the document that it is to be created in, one of ${titles}`
				: 'give create-missing to have it created');
	return failAt(source, parent, `${text} is not there: ${deepest}${keys}; ${hint}`);
}

function createMissing(
	source: Source,
	target: Target,
	options: SetOptions,
): { change: Change; use: EditedUse } {
	const found = locate(source, target, options);
	const written = asNew(target.assignment.value, target.assignment.quoted);
	// An earlier creation may have made it.
	if (found.found) return setPresent(source, target, options);
	const { parent, path, missing } = found;
	const [first, ...rest] = missing;
	const use = {
		place: placeOf(source, parent),
		path: target.path.text,
		from: '',
		to: written.text,
	};
	const node = parent && resolve(parent);
	if (!first || (node && parent?.kind === 'alias')) {
		throw failAt(
			source,
			parent,
			`${target.path.text} would be created in a value that an alias shares`,
		);
	}
	if (node?.kind === 'list' && first.kind === 'where') {
		const entries = [whereEntry(first), ...entryOf(target, rest, written)];
		return { change: insertItem(source, node, path, entries), use };
	}
	const [entry] = entryOf(target, missing, written);
	if (!entry) throw failAt(source, parent, `${target.path.text} cannot be created`);
	if (node?.kind === 'map')
		return { change: insertPair(source, node as MapNode, path, entry.key, entry.value), use };
	if (!node)
		return { change: fillEmpty(source, undefined, '', path, entry, source.text.length), use };
	if (node.kind === 'scalar' && node.value === null && !node.anchor && !node.tag) {
		const start = lineStart(source.text, node.start);
		const above = /^ *(?:- +)*/.exec(source.text.slice(start, node.start))?.[0].length ?? 0;
		const indent = ' '.repeat(path.length === 1 ? 0 : above + 2);
		return { change: fillEmpty(source, node, indent, path, entry, node.end), use };
	}
	throw failAt(
		source,
		parent,
		`${formatPath(source, path)} is a ${node.kind}, so ${target.path.text} cannot be created in it`,
	);
}

function whereEntry({ key, value }: Extract<Step, { kind: 'where' }>): {
	key: string;
	value: NewValue;
} {
	return { key, value: { text: value, type: 'string' } };
}

/** The steps that are missing as maps and lists of one entry around the value. */
function entryOf(
	target: Target,
	steps: readonly Step[],
	written: Written,
): { key: string; value: NewValue }[] {
	const [step, ...rest] = steps;
	if (!step) return [];
	if (step.kind !== 'key')
		throw new Failure(`${target.path.text} cannot be created: write keys for what is new`);
	const [next, ...after] = rest;
	if (!next) return [{ key: step.key, value: written }];
	if (next.kind === 'where') {
		return [
			{ key: step.key, value: { items: [whereEntry(next), ...entryOf(target, after, written)] } },
		];
	}
	const [inner] = entryOf(target, rest, written);
	return inner ? [{ key: step.key, value: inner }] : [];
}

function placeOf({ placeAt }: Source, node: Node | undefined): Place {
	return placeAt(node?.start ?? 0);
}

function failAt(source: Source, node: Node | undefined, why: string): Failure {
	const place = placeOf(source, node);
	return new Failure(`${formatPlace(place)}: ${why}`, { place });
}
