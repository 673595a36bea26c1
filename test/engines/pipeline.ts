import type { ForgeEvent } from './webhook.ts';

/** Where a program is that a pipeline names by an image or an action. */
export interface Program {
	/** What the image's entry point is: a program and its first arguments. */
	readonly entry?: readonly [program: string, ...args: string[]];
	/** A folder that comes first on the PATH of `commands:` that run in this image. */
	readonly path?: string;
}

/** Programs by image name without its tag, or by action name without its version. */
export type Programs = Readonly<Record<string, Program>>;

/** What a CI has at hand for one run, besides the pipeline's file and the event. */
export interface PipelineOptions {
	/** An empty folder that the run may fill; the workspace is a folder in it. */
	readonly folder: string;
	/** By name, as a person has put them into the CI. */
	readonly secrets: Readonly<Record<string, string>>;
	/** What the CI itself reads the forge with. */
	readonly credentials: { readonly username: string; readonly token: string };
	readonly forge: {
		readonly kind: 'github' | 'gitea';
		readonly url: string;
		readonly apiUrl: string;
	};
	/** Images and actions that are not Lockstep's own. */
	readonly programs?: Programs;
	/** Counts up with every run of the same pipeline. */
	readonly number?: number;
	readonly onStep?: (step: { readonly name: string; readonly uses: string }) => void;
	readonly onLog?: (line: string) => void;
	readonly onStepEnd?: (step: StepResult) => void;
}

export interface StepResult {
	readonly name: string;
	/** The image or action, or `run` for a script. */
	readonly uses: string;
	readonly status: 'success' | 'failure' | 'skipped';
	readonly exitCode: number | undefined;
	/** What it printed, with secrets hidden as the CI hides them. */
	readonly log: string;
	readonly outputs: Readonly<Record<string, string>>;
}

export interface PipelineResult {
	/** `skipped`: the file's own conditions say that this event is none of its business. */
	readonly status: 'success' | 'failure' | 'skipped';
	readonly steps: readonly StepResult[];
}

/** Plays the text of a pipeline's file for one event, as the CI that it is written for would. */
export type RunPipeline = (
	text: string,
	event: ForgeEvent,
	options: PipelineOptions,
) => Promise<PipelineResult>;
