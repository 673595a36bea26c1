import { describe, expect, test } from 'vitest';
import { code, codeBlock, inertMarkdown, inertText, link } from '../../shared/forge/markdown.ts';

const joiner = '\u2060';

describe('text from outside in a title or a commit message', () => {
	test.each([
		['by @alice and @acme/team', `by @${joiner}alice and @${joiner}acme/team`],
		['@alice', `@${joiner}alice`],
		['fixes #12', `fixes #${joiner}12`],
		['closes acme/api#12', `closes acme/api#${joiner}12`],
		['see !7 and GH-8', `see !${joiner}7 and GH-${joiner}8`],
		[
			'Fixes: https://github.com/acme/api/issues/1',
			`Fixes${joiner}: https://github.com/acme/api/issues/1`,
		],
		['resolves https://github.com/a/b/pull/1', `resolves${joiner} https://github.com/a/b/pull/1`],
	])('%s has no effect', (text, inert) => {
		expect(inertText(text)).toBe(inert);
	});

	test.each([
		'Bump ghcr.io/acme/api to 1.4.0',
		`Lockstep-Image: ghcr.io/acme/api:1@sha256:${'a'.repeat(64)}`,
		`Lockstep-Source: git.example.com/acme/api@${'b'.repeat(40)}`,
		'Lockstep-Run: https://git.example.com/acme/api/actions/runs/12#summary',
		'a # b, C#, fixed the issue, alice@example.com',
	])('%s stays as it is', (text) => {
		expect(inertText(text)).toBe(text);
	});
});

test('text from outside is no markup, no HTML, and one line', () => {
	expect(inertMarkdown('<img src=x onerror=y>\n# a | *b* [c](d) `e` & ~f~')).toBe(
		'&lt;img src=x onerror=y\\> # a \\| \\*b\\* \\[c\\]\\(d\\) \\`e\\` &amp; \\~f\\~',
	);
	expect(inertMarkdown('# title')).toBe('\\# title');
	expect(inertMarkdown('1. item')).toBe('1\\. item');
});

test.each([
	['a', '`a`'],
	['a`b', '``a`b``'],
	['`a', '`` `a ``'],
	['a ``` b', '````a ``` b````'],
	['a\nb', '`a b`'],
])('%j is %s as code', (text, markdown) => {
	expect(code(text)).toBe(markdown);
});

test('a block of code cannot be ended by what is in it', () => {
	expect(codeBlock('a\n```\n</details>\n', 'diff')).toBe('````diff\na\n```\n</details>\n````');
});

test.each([
	['https://a.example/b', '[x](https://a.example/b)'],
	['https://a.example/b) [y](z', '[x](https://a.example/b%29%20[y]%28z)'],
	['javascript:alert(1)', 'x'],
	['not a link', 'x'],
])('a link to %s is %s', (address, markdown) => {
	expect(link('x', address)).toBe(markdown);
});
