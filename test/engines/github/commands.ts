import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandFiles } from './variables.ts';

/** Makes the empty files that a step writes its commands to. */
export async function makeCommandFiles(folder: string): Promise<void> {
	await mkdir(folder, { recursive: true });
	for (const name of commandFiles) await writeFile(join(folder, name.toLowerCase()), '');
}

/** What a step wrote to `GITHUB_OUTPUT` or `GITHUB_ENV`: `name=value`, or `name<<END` and lines. */
export async function readPairs(file: string): Promise<Record<string, string>> {
	const lines = (await readFile(file, 'utf8')).split(/\r?\n/);
	const pairs: Record<string, string> = {};
	for (let at = 0; at < lines.length; at++) {
		const line = lines[at] ?? '';
		const [, name = '', sign, rest = ''] = /^([^=<]+)(<<|=)(.*)$/s.exec(line) ?? [];
		if (sign === '=') pairs[name] = rest;
		else if (sign === '<<') {
			const end = lines.indexOf(rest, at + 1);
			if (end === -1) throw new Error(`${file}: ${name} has no end ${rest}`);
			pairs[name] = lines.slice(at + 1, end).join('\n');
			at = end;
		} else if (line !== '') throw new Error(`${file}: "${line}" is no command`);
	}
	return pairs;
}

/** A line of a log as the run's page shows it: `::error file=a::b%0Ac` is `Error: b`, `c`. */
export function shownLine(line: string): string {
	const [, command, text = ''] = /^\s*::(\w[\w-]*)[^:]*::(.*)$/.exec(line) ?? [];
	if (command === undefined) return line;
	const message = text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
	const label = { error: 'Error: ', warning: 'Warning: ', notice: 'Notice: ', debug: 'Debug: ' }[
		command
	];
	return label === undefined ? line : `${label}${message}`;
}
