import { badInput } from '../failure/failure.ts';
import { readArguments } from './arguments.ts';
import { readConfigFile } from './config-file.ts';
import type { Environment, InputForm, InputRequest, InputShape, RawInput } from './host.ts';
import { nearest } from './nearest.ts';

const prefix = 'LOCKSTEP_';
/** Variables with the prefix that are no inputs. */
const reserved = ['LOCKSTEP_CI', 'LOCKSTEP_CONFIG'];

/** `dry-run` -> `LOCKSTEP_DRY_RUN`. */
export function variableOf(input: string): string {
	return prefix + input.toUpperCase().replaceAll('-', '_');
}

/** True where there is any input among the variables, or a file of inputs. */
export function hasInputVariables(env: Environment): boolean {
	return Object.entries(env).some(
		([name, value]) => name.startsWith(prefix) && name !== 'LOCKSTEP_CI' && value?.trim(),
	);
}

/**
 * The inputs of a step that is called as a command, in a terminal or in any CI's script. First
 * that counts: an argument, the variable `LOCKSTEP_<INPUT>`, the section of the step in the file
 * that `--config` or `LOCKSTEP_CONFIG` names. An empty variable is none.
 * @param workspace - what a relative path of the file starts from
 */
export function commandInputs(
	env: Environment,
	args: readonly string[],
	workspace: string,
): InputForm {
	const origins = new Map<string, string>();
	return {
		nameOf: (input) => origins.get(input) ?? `--${input}`,
		async inputs(request) {
			const given = readArguments(args, [...request.shapes, { name: 'config', shape: 'text' }]);
			const config = text(given.get('config')) ?? env.LOCKSTEP_CONFIG;
			given.delete('config');
			for (const name of given.keys()) origins.set(name, `--${name}`);
			const add = (input: string, value: RawInput, origin: string) => {
				if (given.has(input)) return;
				given.set(input, value);
				origins.set(input, origin);
			};
			for (const [input, value] of readVariables(env, request))
				add(input, value, variableOf(input));
			if (config)
				for (const [input, value] of await readConfigFile(config, workspace, request))
					add(input, value, `${input} in ${config}`);
			return given;
		},
	};
}

/**
 * A variable may be meant for another step of the job, so one that the step does not have is no
 * error; but one that is nearly an input's gets a warning.
 */
function readVariables(env: Environment, { shapes, warn }: InputRequest): Map<string, string> {
	const inputs = new Map<string, string>();
	const names = new Map(shapes.map(({ name }) => [variableOf(name), name]));
	for (const [variable, value] of Object.entries(env)) {
		if (!variable.startsWith(prefix) || reserved.includes(variable) || !value?.trim()) continue;
		const input = names.get(variable);
		if (input !== undefined) inputs.set(input, value);
		else {
			const hint = nearest(
				variable.slice(prefix.length),
				shapes.map(({ name }) => name),
			);
			if (hint !== '') warn(`The variable ${variable} is no input of this step${hint}`);
		}
	}
	return inputs;
}

function text(raw: RawInput | undefined): string | undefined {
	return typeof raw === 'string' ? raw : undefined;
}

/**
 * Takes `--ci NAME` out of the arguments: it says which CI this is, and is no input.
 * @throws Failure (bad input) where it has no value.
 */
export function takeCi(args: readonly string[]): { ci: string | undefined; rest: string[] } {
	const shapes: InputShape[] = [{ name: 'ci', shape: 'text' }];
	const at = args.findIndex((arg) => arg === '--ci' || arg.startsWith('--ci='));
	if (at === -1) return { ci: undefined, rest: [...args] };
	const length = args[at] === '--ci' ? 2 : 1;
	const ci = text(readArguments(args.slice(at, at + length), shapes).get('ci'));
	const rest = args.toSpliced(at, length);
	if (rest.some((arg) => arg === '--ci' || arg.startsWith('--ci=')))
		throw badInput('--ci is given more than once; give it once');
	return { ci, rest };
}
