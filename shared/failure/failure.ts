/**
 * What a step exits with. The numbers are part of the contract: Drone, for one, ends a
 * pipeline as successful when a step exits with 78.
 */
export const exitCode = { done: 0, failed: 1, badInput: 2, timedOut: 3, stopHere: 78 } as const;
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** A place in a file that a person can open: line and column count from 1. */
export interface Place {
	file: string;
	line?: number;
	column?: number;
}

/** `file:line:column`, as editors and CIs understand it. */
export function formatPlace({ file, line, column }: Place): string {
	return [file, line, column].filter((part) => part !== undefined).join(':');
}

/**
 * A message with its place in front, as a log shows it: a person has to see where, once.
 * Most messages name their place themselves, in the sentence or at its beginning.
 */
export function messageAt(message: string, place: Place | undefined): string {
	if (place === undefined) return message;
	const where = formatPlace(place);
	const literal = where.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
	const named = new RegExp(`(?<![\\w./-])${literal}(?![\\w/-]|\\.\\w)`).test(message);
	return named ? message : `${where}: ${message}`;
}

interface FailureOptions {
	exitCode?: ExitCode;
	place?: Place;
	cause?: unknown;
}

/**
 * An end that the step foresaw. The message is one sentence for the person who reads the
 * log: what went wrong, where, and what to do about it. Anything else that is thrown is a
 * defect of Lockstep itself and is reported as one.
 */
export class Failure extends Error {
	override readonly name: string = 'Failure';
	readonly exitCode: ExitCode;
	readonly place: Place | undefined;

	constructor(message: string, options: FailureOptions = {}) {
		super(message, options.cause === undefined ? undefined : { cause: options.cause });
		this.exitCode = options.exitCode ?? exitCode.failed;
		this.place = options.place;
	}
}

/** The input is wrong: exit code 2, and nothing has been touched. */
export function badInput(message: string, options: Omit<FailureOptions, 'exitCode'> = {}): Failure {
	return new Failure(message, { ...options, exitCode: exitCode.badInput });
}

/** The time given for it ran out: exit code 3. */
export function timedOut(message: string, options: Omit<FailureOptions, 'exitCode'> = {}): Failure {
	return new Failure(message, { ...options, exitCode: exitCode.timedOut });
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
	return thrown instanceof Error ? thrown.message : String(thrown);
}
