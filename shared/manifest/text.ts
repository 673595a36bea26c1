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
const largestFile = 8 * 1024 * 1024;

/** The text of a file, with its byte order mark where it has one, so that encoding gives the same bytes. */
export function decodeText({ name, bytes }: ManifestFile): string {
	if (bytes.length > largestFile) {
		throw new Failure(
			`${name} has ${bytes.length} bytes; files of more than ${largestFile} bytes are not edited`,
			{ place: { file: name } },
		);
	}
	try {
		return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
	} catch (cause) {
		const utf16 = bytes[0] === 0xff || bytes[0] === 0xfe;
		throw new Failure(
			`${name} is not UTF-8${utf16 ? ' but UTF-16' : ''}; save it as UTF-8 to have it edited`,
			{ place: { file: name }, cause },
		);
	}
}

export function encodeText(text: string): Uint8Array {
	return new TextEncoder().encode(text);
}

/** Tells line and column of characters, both from 1; the lines are counted once, when first asked. */
export function placesIn(file: string, text: string): (offset: number) => Place {
	let starts: number[] | undefined;
	return (offset) => {
		starts ??= lineStarts(text);
		let [low, high] = [0, starts.length];
		while (high - low > 1) {
			const middle = (low + high) >> 1;
			if ((starts[middle] ?? 0) <= offset) low = middle;
			else high = middle;
		}
		return { file, line: low + 1, column: Math.max(offset - (starts[low] ?? 0), 0) + 1 };
	};
}

function lineStarts(text: string): number[] {
	const starts = [text.startsWith('\uFEFF') ? 1 : 0];
	for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
	return starts;
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
		if (start < done) throw new Failure('Two changes meet in one place; nothing was written');
		result += text.slice(done, start) + written;
		done = end;
	}
	return result + text.slice(done);
}
