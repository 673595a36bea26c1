import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** What makes an error: the classes, and functions of the sources that are given its words. */
const makers = /\b(?:Failure|badInput|timedOut|broken|cannot|failAt|notAPath|refused)\(/g;

/** The text between a parenthesis and the one that closes it; strings are skipped over. */
function argumentsAt(source: string, start: number): string {
	let depth = 1;
	let quote = '';
	for (let at = start; at < source.length; at++) {
		const letter = source[at] ?? '';
		if (letter === '\\') at++;
		else if (quote !== '') quote = letter === quote ? '' : quote;
		else if (/['"`]/.test(letter)) quote = letter;
		else if (letter === '(') depth++;
		else if (letter === ')' && --depth === 0) return source.slice(start, at);
	}
	return '';
}

/** Each error that the sources write: where, and its call's arguments. */
function errors(): { where: string; words: string }[] {
	return globSync('{shared,actions}/**/*.ts', { cwd: root }).flatMap((file) => {
		const source = readFileSync(join(root, file), 'utf8');
		return [...source.matchAll(makers)].map((match) => ({
			where: `${file}:${source.slice(0, match.index).split('\n').length}`,
			words: argumentsAt(source, match.index + match[0].length),
		}));
	});
}

test('no error ends with a full stop: what follows in a log is not known', () => {
	const all = errors();
	expect(all.length).toBeGreaterThan(200);
	const stopped = all.filter(({ words }) => /[^.'"`]\.['"`](?=\s*(?:[,):?]|$))/.test(words));
	expect(stopped).toEqual([]);
});
