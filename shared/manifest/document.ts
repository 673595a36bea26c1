import type * as yaml from 'yaml';
import type { Place } from '../failure/failure.ts';
import { broken } from './broken.ts';
import { findExcess } from './excess.ts';
import { jsonErrorOffset } from './json.ts';
import type { Document } from './node.ts';
import { deepestNesting, Reader } from './reader.ts';
import { placesIn } from './text.ts';

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
 * Parsing costs nearly all of an edit: where a text has several parts, `known` may give
 * the document of a part that need not be read again.
 */
export async function readDocuments(
	file: string,
	text: string,
	known: (part: string, index: number) => Document | undefined = () => undefined,
): Promise<Source> {
	if (isJson({ file })) checkJson(file, text);
	const parser = await import('yaml');
	const tooMuch = findExcess(parser, text, deepestNesting);
	if (tooMuch) throw broken(file, text, tooMuch.offset, tooMuch.why);
	const parts = splitDocuments(text);
	const documents = parts.flatMap(({ start, text: part }, index) => {
		const document = parts.length > 1 ? known(part, index) : undefined;
		return document ?? parse(parser, file, text, start, part);
	});
	return { file, text, placeAt: placesIn(file, text), documents };
}

/**
 * Loads the parser of YAML and has it read something, by which it is compiled. Both take
 * longer than most edits, and can be done while there is something else to wait for.
 */
export async function loadParser(): Promise<void> {
	await readDocuments('', 'kind: "Deployment" # a comment\nlist:\n  - a: 1\n');
}

/** Whether a file has to be JSON to the letter. */
export function isJson({ file }: Pick<Source, 'file'>): boolean {
	return /\.json$/i.test(file);
}

function parse(
	parser: typeof yaml,
	file: string,
	text: string,
	start: number,
	part: string,
): Document[] {
	const parsed = parser.parseAllDocuments(part, {
		prettyErrors: false,
		logLevel: 'silent',
		merge: true,
		uniqueKeys: false, // The parser compares each key with each other one; ours costs a set.
	});
	return [...parsed].map((document) => new Reader(parser, file, text, start).document(document));
}

/**
 * The parts of a text that `---` begins, which it does wherever it stands at the start of
 * a line (yaml.org/spec/1.2.2, 9.1.2). With directives or `...` the text is one part.
 */
export function splitDocuments(text: string): { start: number; text: string }[] {
	const marks = /^(?:%|\.\.\.)/m.test(text) ? [] : [...text.matchAll(/^---(?=[ \t\r\n]|$)/gm)];
	const starts = marks.map(({ index }) => index);
	// What is before the first mark is a document of its own, unless it is comments alone.
	const head = text.slice(0, starts[0]).replace(/^\uFEFF/, '');
	if (head.split('\n').every((line) => /^\s*(?:#|$)/.test(line))) starts.shift();
	return [0, ...starts].map((start, index) => ({ start, text: text.slice(start, starts[index]) }));
}

function checkJson(file: string, text: string): void {
	const offset = jsonErrorOffset(text);
	if (offset === undefined) return;
	const found =
		offset < text.length ? `unexpected ${JSON.stringify(text[offset])}` : 'it ends too early';
	throw broken(file, text, offset, `not JSON: ${found}`);
}
