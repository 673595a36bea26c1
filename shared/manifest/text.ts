import { Failure, type Place } from '../failure/failure.ts';

/** A file as a step was given it: its name is for messages and tells JSON from YAML. */
export interface ManifestFile {
	name: string;
	bytes: Uint8Array;
}

/** Replace the characters from start to end (not included) by text. */
export interface Splice {
	start: number;
	end: number;
	text: string;
}

/** Far above any manifest; a parse of that much takes seconds and about 1 GB. */
export const largestFile = 8 * 1024 * 1024;

/** The text of a file, with its byte order mark where it has one, so that encoding gives the same bytes. */
export function decodeText({ name, bytes }: ManifestFile): string {
	if (bytes.length > largestFile) {
		throw new Failure(
			`${name} has ${bytes.length} bytes; files of more than ${largestFile} bytes are not edited.`,
			{ place: { file: name } },
		);
	}
	try {
		return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
	} catch (cause) {
		const utf16 = bytes[0] === 0xff || bytes[0] === 0xfe;
		throw new Failure(
			`${name} is not UTF-8${utf16 ? ' but UTF-16' : ''}; save it as UTF-8 to have it edited.`,
			{ place: { file: name }, cause },
		);
	}
}

export function encodeText(text: string): Uint8Array {
	return new TextEncoder().encode(text);
}

/** Line and column of a character, both from 1. */
export function placeAt(file: string, text: string, offset: number): Place {
	let line = 1;
	let lineStart = text.startsWith('\uFEFF') ? 1 : 0;
	for (let next = text.indexOf('\n'); next !== -1 && next < offset; ) {
		line++;
		lineStart = next + 1;
		next = text.indexOf('\n', lineStart);
	}
	return { file, line, column: Math.max(offset - lineStart, 0) + 1 };
}

/** The line ending of a text: that of its first line. */
export function lineEnding(text: string): '\n' | '\r\n' {
	const newline = text.indexOf('\n');
	return newline > 0 && text[newline - 1] === '\r' ? '\r\n' : '\n';
}

/** Where the line of a character begins. */
export function lineStart(text: string, offset: number): number {
	const start = text.lastIndexOf('\n', offset - 1) + 1;
	return start === 0 && text.startsWith('\uFEFF') ? 1 : start;
}

/** Where the next line begins, or the end of the text. */
export function nextLine(text: string, offset: number): number {
	const newline = text.indexOf('\n', offset);
	return newline === -1 ? text.length : newline + 1;
}

/**
 * The text after the splices; they are given in any order and must not overlap. One that
 * is given twice (a value that two paths lead to) is applied once.
 */
export function applySplices(text: string, splices: readonly Splice[]): string {
	const ordered = [...splices].sort((a, b) => a.start - b.start || a.end - b.end);
	let result = '';
	let done = 0;
	for (const [index, { start, end, text: written }] of ordered.entries()) {
		const before = ordered[index - 1];
		if (before?.start === start && before.end === end && before.text === written) continue;
		if (start < done) throw new Error(`splices overlap at character ${start}`);
		result += text.slice(done, start) + written;
		done = end;
	}
	return result + text.slice(done);
}
