import { appendFileSync } from 'node:fs';
import type { RunResult } from './host.ts';

/**
 * `previous-image` of bump-image -> `BUMP_IMAGE_PREVIOUS_IMAGE`: the variable that hands an
 * output to later steps of a job. It has the step's name in front, since plain names such as
 * `BRANCH` or `IMAGE` are what jobs use themselves.
 */
export function outputVariable(step: string, output: string): string {
	return `${step}_${output}`.toUpperCase().replaceAll('-', '_');
}

/** The file of the outputs folder that GitLab takes outputs from. */
export function dotenvOf(step: string): string {
	return `${step}.dotenv`;
}

/** Appends lines to a file that a CI reads when the step has ended. */
export function appendLines(file: string, lines: readonly string[]): void {
	appendFileSync(file, lines.map((line) => `${line}\n`).join(''));
}

interface Limit {
	/** Which CI takes no more, for messages. */
	readonly of: string;
	/** Bytes of all outputs together. */
	readonly bytes: number;
	/** What an output takes of them. */
	size(name: string, value: string): number;
	/** Whether a value may have several lines. */
	readonly lines: boolean;
}

/**
 * The outputs that a CI can take: without those of several lines where it takes a line each,
 * and, where all are too much for it, without the largest. What is left out is told, and stays
 * in the outputs folder.
 */
export function outputsWithin(
	limit: Limit,
	{ step, outputs, warn }: Pick<RunResult, 'step' | 'outputs' | 'warn'>,
): Map<string, string> {
	const leaveOut = (name: string, why: string) =>
		warn(
			`The output ${name} is not handed to ${limit.of}, ${why}; it stands in ${step}.json of the outputs folder`,
		);
	const taken = new Map<string, string>();
	let left = limit.bytes;
	const bySize = [...outputs].sort(([, a], [, b]) => a.length - b.length);
	for (const [name, value] of bySize) {
		const size = limit.size(name, value);
		if (!limit.lines && /[\r\n]/.test(value)) leaveOut(name, 'which takes values of one line');
		else if (size > left) leaveOut(name, `which takes ${limit.bytes} bytes for all outputs`);
		else {
			taken.set(name, value);
			left -= size;
		}
	}
	return new Map([...outputs].filter(([name]) => taken.has(name)));
}

/** Quotes a value so that a shell reads it as it is. */
export function shellQuote(value: string): string {
	return /^[\w./:@%+,=-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
