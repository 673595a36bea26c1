import { expect, test } from 'vitest';
import { inert } from '../../shared/ci/inert.ts';

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
