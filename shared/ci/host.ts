import type { Place } from '../failure/failure.ts';
import type { CiEvent } from './event.ts';

/** The variables of a process, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a CI hands over for one input: text, or several texts where it can be repeated. */
export type RawInput = string | string[];

/** What a CI has to know of an input to read it. */
export interface InputShape {
	name: string;
	/** `flag`: may stand without a value. `list`: may be given more than once. */
	shape: 'text' | 'flag' | 'list';
}

export type Level = 'debug' | 'info' | 'warn' | 'error';

/**
 * A CI, or the plain command line: where inputs come from and where outputs, log and
 * summary go. The only place that knows the difference.
 */
export interface Host {
	readonly event: CiEvent;
	/** Folder that holds the checked-out repository, absolute. */
	readonly workspace: string;
	/** True where the CI was asked for debugging output. */
	readonly debug: boolean;
	/** The input as its user wrote it: `--dry-run`, `settings.dry-run`, `with.dry-run`. */
	nameOf(input: string): string;
	/**
	 * The inputs that were given.
	 * @throws Failure (bad input) for one that `shapes` does not have.
	 */
	inputs(shapes: readonly InputShape[]): Map<string, RawInput>;
	/** Writes one message to the log; text in it is never obeyed as a command of the CI's. */
	log(level: Level, message: string, place?: Place): void;
	/**
	 * Shows lines below the log, in the place of those shown before; none takes them away.
	 * Undefined where nobody looks on: on all but a terminal.
	 */
	readonly progress?: (lines: readonly string[]) => void;
	/** Hands the outputs to the steps that follow. */
	outputs(values: ReadonlyMap<string, string>): void;
	/** Shows Markdown on the page of the run, where the CI has such a page. */
	summary(markdown: string): void;
}
