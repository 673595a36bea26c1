import { badInput } from '../failure/failure.ts';
import type { Environment, InputForm, InputRequest, RawInput } from './host.ts';
import { nearest } from './nearest.ts';

const prefix = 'PLUGIN_';

/** True where a CI, or a person with `docker run -e`, hands over inputs as plugin settings. */
export function hasSettings(env: Environment): boolean {
	return Object.keys(env).some((name) => name.startsWith(prefix));
}

/** Inputs as plugin settings. */
export function settingsForm(env: Environment): InputForm {
	return {
		nameOf: (input) => `settings.${input}`,
		inputs: async (request) => readSettings(env, request),
	};
}

/**
 * The `settings:` of a Drone or Woodpecker step. Drone makes `dry-run` the variable
 * `PLUGIN_DRY-RUN`, Woodpecker `PLUGIN_DRY_RUN`; both are read, on either.
 * @throws Failure (bad input) for a setting that is no input of the step, or that stands there
 * in both ways with different values.
 */
export function readSettings(
	env: Environment,
	{ shapes, warn }: Pick<InputRequest, 'shapes' | 'warn'>,
): Map<string, RawInput> {
	const inputs = new Map<string, RawInput>();
	const written = new Map<string, string>();
	const names = shapes.map((shape) => shape.name);
	for (const [variable, value] of Object.entries(env)) {
		if (!variable.startsWith(prefix) || value === undefined) continue;
		const name = variable.slice(prefix.length).toLowerCase().replaceAll('_', '-');
		if (!names.includes(name))
			throw badInput(
				`settings.${name} is no input of this step${nearest(name, names)}; take it out of settings`,
			);
		const other = written.get(name);
		if (other !== undefined && inputs.get(name) !== value)
			throw badInput(
				`settings.${name} is given twice, as ${other} and ${variable}; give it once, for - and _ mean the same`,
			);
		written.set(name, variable);
		inputs.set(name, value);
	}
	for (const { name, shape } of shapes)
		if (shape !== 'number' && isRounded(inputs.get(name)))
			warn(
				`settings.${name} is ${inputs.get(name)}, a number to YAML, which drops a zero at its end (1.10 becomes 1.1) and more of the like; put it in quotes`,
			);
	return inputs;
}

/**
 * True where a number with a point, or an exponent, is among the values: the CI has read it as
 * a number and written it anew, unless it stood in quotes, which nobody can tell by now.
 */
function isRounded(raw: RawInput | undefined): boolean {
	return [raw ?? []]
		.flat()
		.flatMap((text) => text.split(','))
		.some((text) => /^\d+(\.\d*[1-9])?(e[+-]?\d+)?$/i.test(text.trim()) && /[.e]/i.test(text));
}
