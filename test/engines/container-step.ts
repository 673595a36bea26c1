import { containerVariables } from './clone.ts';
import { execute } from './execute.ts';
import { programOfImage } from './images.ts';
import type { PipelineOptions, StepResult } from './pipeline.ts';

/** A step of Drone's or Woodpecker's: an image, with or without commands to run in it. */
export interface ContainerStep {
	readonly name: string;
	readonly image: string;
	readonly commands: readonly string[];
	readonly env: Readonly<Record<string, string>>;
	readonly workspace: string;
	/** Exit codes that the CI takes for success. */
	readonly successes: readonly number[];
}

/** Runs a step as a process of this machine in the place of a container. */
export async function runContainerStep(
	step: ContainerStep,
	options: PipelineOptions,
): Promise<StepResult> {
	const { name, image } = step;
	options.onStep?.({ name, uses: image });
	const program = programOfImage(image, options.programs);
	const container = containerVariables(options.folder);
	const command = step.commands.length > 0 ? shell(step.commands) : program.entry;
	if (command === undefined) throw new Error(`The stand-in for ${image} has no entry point`);
	const { exitCode, log } = await execute({
		command,
		cwd: step.workspace,
		env: {
			...container,
			...(program.path && { PATH: `${program.path}:${container.PATH}` }),
			...step.env,
		},
		secrets: [...Object.values(options.secrets), options.credentials.token],
		onLog: options.onLog,
	});
	const status = step.successes.includes(exitCode) ? 'success' : 'failure';
	return ended({ name, uses: image, status, exitCode, log, outputs: {} }, options);
}

/** Both CIs write the commands into a script that stops at the first failure and shows each. */
function shell(commands: readonly string[]): [string, ...string[]] {
	const script = commands.flatMap((command) => [`echo + ${quote(command)}`, command]);
	return ['/bin/sh', '-e', '-c', script.join('\n')];
}

function quote(text: string): string {
	return `'${text.replaceAll("'", `'\\''`)}'`;
}

export function skippedStep(name: string, uses: string, options: PipelineOptions): StepResult {
	return ended(
		{ name, uses, status: 'skipped', exitCode: undefined, log: '', outputs: {} },
		options,
	);
}

export function ended(step: StepResult, options: PipelineOptions): StepResult {
	options.onStepEnd?.(step);
	return step;
}
