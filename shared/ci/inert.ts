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
		.replace(/##(vso)?\[/gi, (mark) => `${mark.slice(0, -1)}${wordJoiner}[`);
}

/**
 * `text` with the marks at the beginning of a line that Buildkite folds its log at made
 * harmless: a diff has such lines, `--- a/file` and `+++ b/file`.
 * https://buildkite.com/docs/pipelines/configure/managing-log-output
 */
export function unfolded(text: string): string {
	return text.replace(/^(?=(?:---|\+\+\+|~~~|\^\^\^) )/gm, wordJoiner);
}

/**
 * `text` with its control characters written out (`\x1b`), all but line ends and tabs: what
 * comes from outside must not clear the screen, colour an error green, or draw a card of
 * Drone's, which is an escape sequence in the log.
 */
export function printable(text: string): string {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
	return text.replace(/(?!\r(?:\n|$)|[\n\t])[\x00-\x1f\x7f-\x9f]/g, (character) => {
		const code = character.charCodeAt(0).toString(16).padStart(2, '0');
		return `\\x${code}`;
	});
}
