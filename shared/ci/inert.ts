const wordJoiner = '\u2060';

/**
 * `text` with the marks that GitHub, Gitea and Azure read as commands in a log made
 * harmless by an invisible character, so that a commit message or a server's answer cannot
 * set outputs or hide errors. GitHub obeys `::` at the beginning of a line after white
 * space, and `##[` anywhere in it (actions/runner, ActionCommand.cs).
 */
export function inert(text: string): string {
	return text
		.replace(/^(\s*):(?=:)/gm, `$1:${wordJoiner}`)
		.replaceAll('##[', `##${wordJoiner}[`)
		.replaceAll('##vso[', `##vso${wordJoiner}[`);
}
