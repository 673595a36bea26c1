import { oneLine } from '../record/record.ts';

const wordJoiner = '\u2060';

/**
 * Text from outside made fit for a title or a commit's message: it mentions nobody, closes
 * no issue and refers to none, by an invisible character in the place that forges look at.
 * Image references and `owner/name@commit` stay as they are, byte for byte.
 *
 * Mentions: `@name`, `@team/name`, Bitbucket's `@{id}` and `@"full name"`, Azure's `@<id>`.
 * References: `#1`, `!1`, `GH-1`. What closes: the words of GitHub, GitLab and Gitea before an
 * address, or before a key of Jira's, which GitLab obeys as well.
 */
export function inertText(text: string): string {
	return text
		.replace(/(^|\W)@(?=[\w{"<&])/g, `$1@${wordJoiner}`)
		.replace(/([#!])(?=\d)/g, `$1${wordJoiner}`)
		.replace(/\b(GH-)(?=\d)/gi, `$1${wordJoiner}`)
		.replace(
			/\b(clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?|reopen(?:s|ed)?)(?=:?\s+(?:\S*\/(?:issues|pulls?|merge_requests)\/\d|(?:issues?\s+)?[A-Z][A-Z\d_]+-\d))/gi,
			`$1${wordJoiner}`,
		);
}

/**
 * Text from outside as Markdown text: besides, nothing in it is markup, HTML or an address
 * that becomes a link (on GitHub a bare one is told to the issue that it leads to), no
 * reference of GitLab's own (`&1`, `$1`, `%1`, `~1`, `[issue:1]`), and it stays in one line.
 */
export function inertMarkdown(text: string): string {
	const inert = inertText(oneLine(text))
		.replace(/([&$%~])(?=[\d"])/g, `$1${wordJoiner}`)
		.replace(/\[(?=\w+:)/g, `[${wordJoiner}`)
		.replace(/\b(\w+:)(?=\/\/)/g, `$1${wordJoiner}`)
		.replace(/\b(www)(?=\.)/gi, `$1${wordJoiner}`)
		.replace(/(?<=\w)@(?=[\w-]+\.)/g, `@${wordJoiner}`);
	return inert
		.replaceAll('&', '&amp;')
		.replaceAll('<', '&lt;')
		.replace(/[\\`*_[\]()~|>]/g, '\\$&')
		.replace(/^[-+#=/]/, '\\$&')
		.replace(/^(\d+)([.)])/, '$1\\$2');
}

/** Text from outside as code in a line: forges look for no mentions and references in code. */
export function code(text: string): string {
	const line = oneLine(text);
	const fence = '`'.repeat(longestRun(line) + 1);
	const space = /^`|`$|^ .* $/.test(line) ? ' ' : '';
	return `${fence}${space}${line}${space}${fence}`;
}

/** Lines from outside as a block of code. */
export function codeBlock(text: string, language: string): string {
	const fence = '`'.repeat(Math.max(3, longestRun(text) + 1));
	return `${fence}${language}\n${text.replace(/\r\n?/g, '\n').replace(/\n$/, '')}\n${fence}`;
}

/** A link, or the label alone where the address is not one of the web. */
export function link(label: string, address: string): string {
	const url = webAddress(address);
	return url === undefined ? label : `[${label}](${url})`;
}

/** An address of the web as it may stand in Markdown; undefined for any other text. */
export function webAddress(text: string): string | undefined {
	if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
	return new URL(text).href.replace(
		/[<>()\\]/g,
		(character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
	);
}

function longestRun(text: string): number {
	return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}
