import { describe, expect, it } from 'vitest';
import { editPattern } from '../../shared/manifest/edit.ts';
import { file, textOf } from './files.ts';

describe('a version by regular expression', () => {
	it.each([
		['.env', 'A=1\r\nVERSION=1.2.3\r\n', '^VERSION=(?<version>.*)$', 'A=1\r\nVERSION=v2\r\n'],
		['terraform.tfvars', 'tag = "1.2.3" # c\n', 'tag = "(?<version>[^"]*)"', 'tag = "v2" # c\n'],
		['VERSION', '1.2.3', '^(?<version>\\S+)', 'v2'],
		['twice.txt', 'v=1 w=1 v=1', '[vw]=(?<version>\\w+)', 'v=v2 w=v2 v=v2'],
		['bom.txt', '\uFEFFv=1\n', '^\\uFEFF?v=(?<version>.+)', '\uFEFFv=v2\n'],
		['ahead.txt', 'v1 v3', 'v(?<version>1)(?= v3)', undefined],
	])('in %s', (name, before, pattern, after) => {
		if (after === undefined)
			expect(() => editPattern(file(before, name), pattern, '2')).toThrow(
				'would not find "2" again',
			);
		else expect(textOf(editPattern(file(before, name), pattern, 'v2'))).toBe(after);
	});

	it('says where it was and what', () => {
		const { uses, changed } = editPattern(file('a\nv=1\n', 'x'), 'v=(?<version>.*)', '2');
		expect({ uses, changed }).toEqual({
			uses: [{ place: { file: 'x', line: 2, column: 3 }, path: 'line 2', from: '1', to: '2' }],
			changed: true,
		});
	});

	it('different versions are an error unless all is given', () => {
		const input = file('a=1\nb=2\n', 'x');
		expect(() => editPattern(input, '=(?<version>.*)', '3')).toThrow(
			'finds different versions in x: 1, 2; narrow it, or give all',
		);
		expect(textOf(editPattern(input, '=(?<version>.*)', '3', { all: true }))).toBe('a=3\nb=3\n');
	});

	it('a version that the pattern would not find again is not written', () => {
		expect(() => editPattern(file('v=1.2\n', 'x'), 'v=(?<version>[0-9.]+)', 'main')).toThrow(
			'nothing was written',
		);
	});

	it.each([
		['a(', '1', 'is no regular expression'],
		['a=(.*)', '1', 'no group named version'],
		['a=(?<version>.*)', '1\n2', 'no line breaks'],
	])('%s with %j is bad input', (pattern, version, message) => {
		expect(() => editPattern(file('a=1', 'x'), pattern, version)).toThrow(
			expect.objectContaining({ exitCode: 2, message: expect.stringContaining(message) }),
		);
	});

	it('a pattern that would take years is bad input', () => {
		const text = `v=${'a'.repeat(60)}!\n`;
		expect(() =>
			editPattern(file(text, 'x'), 'v=(?<version>(a+)+)$', '1', { name: '--pattern' }),
		).toThrow(
			expect.objectContaining({
				exitCode: 2,
				message: expect.stringMatching(/^--pattern: .* takes longer than 5 s in x; write it/),
			}),
		);
	}, 60_000);

	it('finding nothing is an error', () => {
		expect(() => editPattern(file('a=1', 'x'), 'b=(?<version>.*)', '1')).toThrow(
			'finds nothing in x',
		);
	});
});
