import type * as yaml from 'yaml';
import { nestedTooDeep } from './broken.ts';

/** A parse takes about 1 kB for each part; every part ends with one of the separators below. */
const mostSeparators = 500_000;

/**
 * Finds what the parser would need seconds and gigabytes for before it gave up: nesting
 * deeper than `deepest`, or more parts than any manifest has. Undefined: it may be parsed.
 */
export function findExcess(
	parser: typeof yaml,
	text: string,
	deepest: number,
): { offset: number; why: string } | undefined {
	const why = nestedTooDeep(deepest);
	const onOneLine = new RegExp(`(?:[-?][ \\t]+){${deepest}}`).exec(text);
	if (onOneLine) return { offset: onOneLine.index, why };
	const { separators, depth } = countSeparators(text);
	if (separators > mostSeparators) {
		return { offset: 0, why: `it has more than ${mostSeparators} lines and commas` };
	}
	const offset = depth > deepest ? deeperThan(parser, text, deepest) : undefined;
	return offset === undefined ? undefined : { offset, why };
}

/** An upper bound: brackets in strings and comments count as well. */
function countSeparators(text: string): { separators: number; depth: number } {
	let [separators, open, depth] = [0, 0, 0];
	for (let index = 0; index < text.length; index++) {
		switch (text[index]) {
			case '[':
			case '{':
				open++;
				if (open > depth) depth = open;
				separators++;
				break;
			case ']':
			case '}':
				if (open > 0) open--;
				break;
			case ':':
				if (text[index + 1] === ' ') separators++;
				break;
			case '\n':
			case ',':
			case '&':
			case '!':
				separators++;
		}
	}
	return { separators, depth };
}

/** Tokens that stand for no text: the lexer's marks for a document, a flow's end and a scalar. */
const lexerMarks = new Set(['\u0002', '\u0018', '\u001f']);

/** Where brackets nest too deep, told exactly by the parser's own lexer. */
function deeperThan(parser: typeof yaml, text: string, deepest: number): number | undefined {
	let [offset, open] = [0, 0];
	for (const token of new parser.Lexer().lex(text)) {
		if (token === '[' || token === '{') open++;
		if (token === ']' || token === '}') open--;
		if (open > deepest) return offset;
		if (!lexerMarks.has(token)) offset += token.length;
	}
	return undefined;
}
