import { expect, test } from 'vitest';
import { inert, printable } from '../../shared/ci/inert.ts';

test.each([
	['::set-output name=a::b'],
	['  ::error::x'],
	['one\n::add-path::/tmp'],
	['before ##[error]x'],
	['##vso[task.setvariable variable=a]b'],
])('%j is no command any more, and reads the same', (text) => {
	const made = inert(text);
	for (const line of made.split('\n')) {
		expect(line.trimStart()).not.toMatch(/^::/);
		expect(line).not.toContain('##[');
		expect(line).not.toContain('##vso[');
	}
	expect(made.replaceAll('\u2060', '')).toBe(text);
});

test('text without commands is left alone', () => {
	expect(inert('a::b, c: d, #1 [x]')).toBe('a::b, c: d, #1 [x]');
});

test.each([
	['\x1b[2Jgone', '\\x1b[2Jgone'],
	['\x1b]1338;e30=\x1b]0m', '\\x1b]1338;e30=\\x1b]0m'],
	['failed\rdone', 'failed\\x0ddone'],
	['\x9b31m', '\\x9b31m'],
])('%j is shown, not obeyed by a terminal', (text, shown) => {
	expect(printable(text)).toBe(shown);
});

test('line ends of both kinds, tabs and letters of all scripts stay', () => {
	const text = 'a\r\n\tb\nü ☃ 日本\r';
	expect(printable(text)).toBe(text);
});
