import type * as z from 'zod/mini';
import type { CiEvent } from '../ci/event.ts';
import type { Environment } from '../ci/host.ts';
import type { Log } from '../log/log.ts';

/**
 * Milliseconds that a step has to clean up and to say how far it came, from the end of its
 * signal on: GitHub's runner leaves a process that it cancels as long.
 */
export const graceMs = 10_000;

/** One input: what a value of it looks like, and what is said of it on every page. */
export interface Input<T = unknown, Given extends boolean = boolean> {
	readonly schema: z.ZodMiniType<T>;
	/** One or two sentences for people; the first line is what a list of inputs shows. */
	readonly text: string;
	/** Fails with bad input where it is not given. */
	readonly required: boolean;
	/** Taken where it is not given; as a user would write it. */
	readonly default?: string;
	/** Where the value comes from when it is not given, in words: `the tag of the event`. */
	readonly otherwise?: string;
	/** Kept out of everything that the step writes. */
	readonly secret: boolean;
	/** Fails with bad input where it is given, and blank: an empty variable would mean another thing. */
	readonly filled?: boolean;
	/** Only for types: true where `run` can rely on a value. */
	readonly given?: Given;
}

interface InputOptions {
	required?: boolean;
	default?: string;
	otherwise?: string;
	secret?: boolean;
	filled?: boolean;
}

type AlwaysGiven<O extends InputOptions> = O extends { required: true } | { default: string }
	? true
	: false;

/** Declares an input. Its value is optional in `run` unless it is required or has a default. */
export function input<T, const O extends InputOptions>(
	schema: z.ZodMiniType<T>,
	text: string,
	options?: O,
): Input<T, AlwaysGiven<O>> {
	return { schema, text, required: false, secret: false, ...options };
}

/** One output: its type, and what is said of it on every page. */
export interface Output<T = unknown> {
	readonly schema: z.ZodMiniType<T>;
	readonly text: string;
}

/** Declares an output. Lists and objects are handed on as JSON. */
export function output<T>(schema: z.ZodMiniType<T>, text: string): Output<T> {
	return { schema, text };
}

export type Inputs = Readonly<Record<string, Input>>;
export type Outputs = Readonly<Record<string, Output>>;

type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}`
	? `${Head}${Capitalize<CamelCase<Tail>>}`
	: S;

/** The values that `run` gets, by the inputs' names in camel case. */
export type InputValues<I extends Inputs> = {
	readonly [K in keyof I & string as CamelCase<K>]: I[K] extends Input<infer T, infer Given>
		? Given extends true
			? T
			: T | undefined
		: never;
};

/** The values that `run` returns, by the outputs' names in camel case. */
export type OutputValues<O extends Outputs> = {
	[K in keyof O & string as CamelCase<K>]?: O[K] extends Output<infer T> ? T | undefined : never;
};

/** What a step has at hand besides its inputs. */
export interface StepContext<O extends Outputs = Outputs> {
	/** What made this run start. */
	readonly event: CiEvent;
	readonly log: Log;
	/** The folder that relative paths in inputs start from, absolute. */
	readonly workspace: string;
	/** Variables for child processes such as git. */
	readonly childEnvironment: Environment;
	/** Aborted when `timeout` has passed or the process is told to end; the reason is a Failure. */
	readonly signal: AbortSignal;
	/** Keeps a secret that the step itself came by out of everything it writes. */
	protect(secret: string): void;
	/**
	 * Has the CI itself hide a secret that was made here, which it cannot know, for the rest of
	 * the job. Only where the CI takes such a command off the log before anybody sees it.
	 */
	mask(secret: string): void;
	/** Shows a long text, such as a diff, folded below its title where the CI can do so. */
	fold(title: string, text: string): void;
	/** Outputs that are to be handed on even if the step fails from here on. */
	report(outputs: OutputValues<O>): void;
	/**
	 * Shows lines in the place of those shown before, to a person at a terminal. Undefined
	 * elsewhere: a log gets a line for each change.
	 */
	readonly progress: ((lines: readonly string[]) => void) | undefined;
	/** Adds Markdown to the page of the run, where the CI has one. */
	summary(markdown: string): void;
	/** Writes a file into the folder of the outputs, such as a report in another tool's form. */
	writeFile(name: string, text: string): Promise<void>;
	/** What another step of this workspace put out earlier, by output name; `{}` if it did not run. */
	outputsOf(step: string): Promise<Readonly<Record<string, string>>>;
	/** An input's name as this front writes it, for messages: `--file`, `settings.file`. */
	nameOf(input: string): string;
}

/** Values by input, as they stand in a pipeline's YAML. */
export type Example<I extends Inputs = Inputs> = {
	readonly [K in keyof I]?: string | boolean | readonly string[];
};

/** A step, declared: all that its pages, its fronts and its run are made from. */
export interface Step<I extends Inputs = Inputs, O extends Outputs = Outputs> {
	/** Folder, command and plugin name. */
	readonly name: string;
	/** A line in the list of steps. */
	readonly title: string;
	/** A paragraph or more for the step's own page, in Markdown. */
	readonly text: string;
	/** Badge on GitHub's marketplace: a Feather icon and one of GitHub's colours. */
	readonly branding: { readonly icon: string; readonly color: string };
	readonly inputs: I;
	readonly outputs: O;
	/** A use of the step that every page shows in its own CI's form; secrets need no value. */
	readonly example: Example<I>;
	/** What the example needs besides where no CI tells of an event, as on the command line. */
	readonly exampleAlone?: Example<I>;
	/** Groups of inputs of which at most one may be given. */
	readonly exclusive?: readonly (readonly (keyof I & string)[])[];
	run(inputs: InputValues<I>, context: StepContext<O>): Promise<OutputValues<O>>;
}

/** A step whose inputs and outputs are of no interest to the caller's types. */
// biome-ignore lint/suspicious/noExplicitAny: run's parameter types differ from step to step
export type AnyStep = Step<any, any>;

/** Declares a step; see CONTRIBUTING.md. */
export function defineStep<const I extends Inputs, const O extends Outputs>(
	step: Step<I, O>,
): Step<I, O> {
	return step;
}

/** `previous-image` -> `previousImage`. */
export function camelCase(name: string): string {
	return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** What kind of value a schema takes, behind pipes: `string`, `boolean`, `array`, `record`, ... */
export function kindOf(schema: z.ZodMiniType): z.core.$ZodTypeDef['type'] {
	const { def } = schema;
	if (def.type === 'pipe') return kindOf((def as z.core.$ZodPipeDef).in as z.ZodMiniType);
	return def.type;
}
