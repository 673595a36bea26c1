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
	shape: 'text' | 'number' | 'flag' | 'list';
}

export type Level = 'debug' | 'info' | 'warn' | 'error';

/** What inputs are read for. */
export interface InputRequest {
	/** The step's name. */
	readonly step: string;
	readonly shapes: readonly InputShape[];
	/** Takes what is odd about the inputs, but no reason to refuse them. */
	warn(message: string): void;
}

/** A way in which a person hands inputs to a step. */
export interface InputForm {
	/** The input as its user wrote it: `--dry-run`, `settings.dry-run`, `with.dry-run`. */
	nameOf(input: string): string;
	/**
	 * The inputs that were given.
	 * @throws Failure (bad input) for one that the step does not have.
	 */
	inputs(request: InputRequest): Promise<Map<string, RawInput>>;
}

/** What a run came to, for the CI to hand on and to show. */
export interface RunResult {
	readonly step: string;
	readonly outputs: ReadonlyMap<string, string>;
	/** Markdown; empty where the step had nothing to show. */
	readonly summary: string;
	readonly succeeded: boolean;
	/**
	 * Writes a file into the outputs folder, and returns its absolute path; undefined where the
	 * workspace may only be read.
	 */
	writeFile(name: string, text: string): Promise<string | undefined>;
	/** Takes what could not be handed on. */
	warn(message: string): void;
}

/**
 * A CI, or the plain command line: what it knows of the run, and where log, outputs and
 * summary go. The only place that knows the difference.
 */
export interface Ci {
	readonly event: CiEvent;
	/** Folder that holds the checked-out repository, absolute. */
	readonly workspace: string;
	/** True where the CI was asked for debugging output. */
	readonly debug: boolean;
	/** The CI's own form of inputs, where it has one and this run uses it. */
	readonly form?: InputForm | undefined;
	/** Writes one message to the log; text in it is never obeyed as a command of the CI's. */
	log(level: Level, message: string, place?: Place): void;
	/**
	 * Shows lines below the log, in the place of those shown before; none takes them away.
	 * Undefined where nobody looks on: on all but a terminal.
	 */
	readonly progress?: (lines: readonly string[]) => void;
	/** Writes a long text to the log, folded below its title where the CI can do so. */
	fold(title: string, text: string): void;
	/**
	 * Has the CI itself hide a secret that the step came by, for the rest of the job. Only where
	 * the CI takes such a command off the log before anybody sees it.
	 */
	mask(secret: string): void;
	/** Hands the outputs to the steps that follow, and shows the summary, in the CI's own form. */
	handOver(result: RunResult): Promise<void> | void;
}

/** A CI, and how this run's inputs were given. */
export type Host = Omit<Ci, 'form'> & InputForm;
