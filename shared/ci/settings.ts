import { badInput } from '../failure/failure.ts';
import type { Environment, InputShape, RawInput } from './host.ts';
import { nearest } from './nearest.ts';

const prefix = 'PLUGIN_';

/** True where a CI, or a person with `docker run -e`, hands over inputs as plugin settings. */
export function hasSettings(env: Environment): boolean {
	return Object.keys(env).some((name) => name.startsWith(prefix));
}

/**
 * The `settings:` of a Drone or Woodpecker step. Drone makes `dry-run` the variable
 * `PLUGIN_DRY-RUN`, Woodpecker `PLUGIN_DRY_RUN`; both are read, on either.
 * @throws Failure (bad input) for a setting that is no input of the step, or that stands there
 * in both ways with different values.
 */
export function readSettings(
	env: Environment,
	shapes: readonly InputShape[],
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
	return inputs;
}
