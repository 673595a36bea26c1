import { variableOf } from '../../shared/ci/command-inputs.ts';
import type { AnyStep } from '../../shared/step/declare.ts';
import { asText, type ExampleValue, exampleValues, imageOf, secretName } from './values.ts';
import { yaml } from './yaml.ts';

/** The example as a step of a GitHub workflow. */
export function githubExample(step: AnyStep): string {
	const inputs = exampleValues(step).map(({ name, secret, value }) => [
		name,
		secret ? `\${{ secrets.${secretName(name)} }}` : asText(value),
	]);
	return yaml([
		{
			uses: `lockstep-ci/lockstep/actions/${step.name}@v1`,
			with: Object.fromEntries(inputs),
		},
	]);
}

/** The example as a pipeline of Drone's. */
export function droneExample(step: AnyStep): string {
	return yaml({ kind: 'pipeline', type: 'docker', name: 'default', steps: [pluginStep(step)] });
}

/** The example as a workflow of Woodpecker's. */
export function woodpeckerExample(step: AnyStep): string {
	return yaml({ steps: [pluginStep(step)] });
}

function pluginStep(step: AnyStep): object {
	const settings = exampleValues(step).map(({ name, secret, value }) => [
		name,
		secret ? { from_secret: secretName(name).toLowerCase() } : value,
	]);
	return { name: step.name, image: imageOf(step), settings: Object.fromEntries(settings) };
}

/** The example as a command. Secrets are variables, which no list of processes shows. */
export function cliExample(step: AnyStep): string {
	const values = exampleValues(step, { alone: true });
	const exports = secretsOf(values).map((name) => `export ${variableOf(name)}  # ${name}\n`);
	return exports.join('') + lines([`npx lockstep ${step.name}`, ...argumentsOf(values)]);
}

/** The example as a container. */
export function containerExample(step: AnyStep): string {
	const values = exampleValues(step, { alone: true });
	return lines([
		'docker run --rm -v "$PWD:/workspace"',
		...secretsOf(values).map((name) => `-e ${variableOf(name)}`),
		imageOf(step),
		...argumentsOf(values),
	]);
}

function secretsOf(values: readonly ExampleValue[]): string[] {
	return values.filter(({ secret }) => secret).map(({ name }) => name);
}

function argumentsOf(values: readonly ExampleValue[]): string[] {
	return values.flatMap(({ name, secret, value }) => {
		if (secret) return [];
		if (typeof value === 'boolean') return [value ? `--${name}` : `--no-${name}`];
		return [value].flat().map((item) => `--${name} ${quote(item)}`);
	});
}

function lines(parts: readonly string[]): string {
	return parts.join(' \\\n  ');
}

function quote(value: string): string {
	return /^[\w./:@%+,=-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
