import { stringify } from 'yaml';
import type { AnyStep, Example, Input } from '../../shared/step/declare.ts';

/** The example as a step of a GitHub workflow. */
export function githubExample(step: AnyStep): string {
	const values = valuesOf(step, (name) => `\${{ secrets.${secretName(name)} }}`);
	return yaml([
		{
			uses: `lockstep-ci/lockstep/actions/${step.name}@v1`,
			with: mapValues(values, (value) => (Array.isArray(value) ? value.join('\n') : value)),
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
	return {
		name: step.name,
		image: `ghcr.io/lockstep-ci/lockstep:${step.name}`,
		settings: valuesOf(step, (name) => ({ from_secret: secretName(name).toLowerCase() })),
	};
}

/** The example as a command. */
export function cliExample(step: AnyStep): string {
	const values = valuesOf(step, (name) => `"$${secretName(name)}"`, quote);
	const args = Object.entries(values).flatMap(([name, value]) =>
		value === true ? [`--${name}`] : [value].flat().map((item) => `--${name} ${String(item)}`),
	);
	return [`npx lockstep ${step.name}`, ...args].join(' \\\n  ');
}

type Values = Record<string, unknown>;

function valuesOf(
	step: AnyStep,
	secret: (name: string) => unknown,
	plain: (value: string) => string = (value) => value,
): Values {
	return mapValues(step.example as Example, (value, name) => {
		const { secret: isSecret } = (step.inputs as Record<string, Input>)[name] as Input;
		if (isSecret) return secret(name);
		if (typeof value === 'string') return plain(value);
		return typeof value === 'boolean' ? value : (value ?? []).map((item) => plain(item));
	});
}

function mapValues<T>(
	object: Readonly<Record<string, T>>,
	change: (value: T, name: string) => unknown,
): Values {
	return Object.fromEntries(
		Object.entries(object).map(([name, value]) => [name, change(value, name)]),
	);
}

/** A secret's usual name: `kubeconfig` -> `KUBECONFIG`, `token` -> `LOCKSTEP_TOKEN`. */
function secretName(input: string): string {
	return input === 'token' ? 'LOCKSTEP_TOKEN' : input.toUpperCase().replaceAll('-', '_');
}

function quote(value: string): string {
	return /^[\w./:@%+,=-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

function yaml(value: unknown): string {
	return stringify(value, { lineWidth: 0 });
}
