import { marked } from 'marked';
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
		['closes https://a.b/c/-/merge_requests/1', `closes${joiner} https://a.b/c/-/merge_requests/1`],
		['`@alice`', `\`@${joiner}alice\``],
		['to @{5c0d:ab} and @"Al Ice"', `to @${joiner}{5c0d:ab} and @${joiner}"Al Ice"`],
		['Closes PROJ-1', `Closes${joiner} PROJ-1`],
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

/** What each forge takes in a text for something else than text, by its documentation. */
const dialects: Record<string, RegExp[]> = {
	GitHub: [/(?:^|\W)@[a-z\d]/i, /(?:^|[^\w&])(?:[\w./-]+)?#\d/, /\bGH-\d/i, /https?:\/\/|\bwww\./],
	GitLab: [
		/(?<!\w)@[\w.-]/,
		/[#!$%~&]\d|[%~]"/,
		/\[\w+:\d+\]/,
		/https?:\/\//,
		/(?:clos|fix|resolv|implement)\w*:? +[A-Z][A-Z\d_]+-\d/i,
	],
	Gitea: [/(?:^|[\s([])@[\w-]/, /[#!]\d/, /https?:\/\//],
	Bitbucket: [/@(?:\{|"|[\w.-])/, /#\d/, /https?:\/\//],
	'Azure DevOps': [/@<|@&lt;/, /[#!]\d/, /\bAB#\d/, /https?:\/\//],
};

const hostile = [
	'@alice, @acme/team and `@alice` (@bob) [@carol] @@dave',
	'@{557058:ab-cd} and @"Al Ice" and @<0a1b-2c3d>',
	'fixes #1, closes acme/api#2, resolves GH-3, AB#4, !5 and acme/api!6',
	'fix: https://github.com/acme/api/issues/1 and www.github.com/acme/api/pull/2',
	'closes https://gitlab.com/acme/api/-/issues/3, Closes PROJ-1',
	'Implements issue PROJ-12 &12 $13 %14 ~15 ~"bug" [issue:16] [vulnerability:17]',
	'<script>alert(1)</script><img src=x onerror=y> &lt;b&gt; &#64;alice &#x23;1',
	'<!-- --> <details><summary>x</summary>',
	'[a](https://evil.example) ![b](https://evil.example/p.png) [c]: https://evil.example',
	'**bold** _it_ ~~gone~~ `code` | a | b | $x$ [^1] <https://evil.example> <a@b.example>',
	'/close',
	'/approve\n/merge\r\n/label ~1',
	'# heading',
	'- [ ] task\n\n```\nblock\n```\nLockstep-Image: evil/image:1',
	'Setext\n===',
	'> quote\u2028@alice',
	'mail alice@evil.example',
];

describe.each(Object.entries(dialects))('a hostile text as Markdown on %s', (_forge, patterns) => {
	test.each(hostile)('%j is text and nothing else', (text) => {
		const markdown = inertMarkdown(text);
		// GitLab obeys a line such as /close, and looks for it in what was sent.
		expect(markdown).not.toMatch(/[\r\n\u2028]|^\s*\//);
		for (const line of [markdown, `- ${markdown}`]) {
			const html = marked.parse(line, { async: false, gfm: true });
			expect(html.replace(/^<(p|ul)>\s*(<li>)?|(<\/li>)?\s*<\/(p|ul)>\s*$/g, '')).not.toMatch(
				/<\w/,
			);
			const shown = html
				.replace(/<[^>]*>/g, '')
				.replaceAll('&lt;', '<')
				.replaceAll('&quot;', '"')
				.replaceAll('&amp;', '&');
			for (const pattern of patterns) expect(shown).not.toMatch(pattern);
		}
	});
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
