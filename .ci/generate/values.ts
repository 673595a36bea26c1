import type { AnyStep, Example, Input } from '../../shared/step/declare.ts';

/** An input of an example: what a pipeline's file has for it. */
export interface ExampleValue {
	readonly name: string;
	readonly secret: boolean;
	/** Nothing for a secret. */
	readonly value: string | boolean | readonly string[];
}

/** The values of a step's example; `alone`: with what it needs where no CI tells of an event. */
export function exampleValues(step: AnyStep, { alone = false } = {}): ExampleValue[] {
	const example = { ...step.example, ...(alone ? step.exampleAlone : {}) } as Example;
	const inputs = step.inputs as Record<string, Input>;
	return Object.entries(example).map(([name, value]) => {
		const { secret } = inputs[name] as Input;
		return { name, secret, value: secret ? '' : (value ?? '') };
	});
}

/** Lists in one text, a line each. */
export function asText(value: ExampleValue['value']): string | boolean {
	return typeof value === 'object' ? value.join('\n') : value;
}

/** A secret's usual name in a CI: `kubeconfig` -> `KUBECONFIG`, `token` -> `LOCKSTEP_TOKEN`. */
export function secretName(input: string): string {
	return input === 'token' ? 'LOCKSTEP_TOKEN' : input.toUpperCase().replaceAll('-', '_');
}

/** The first line of every file that follows from a step's declaration. */
export function writtenFrom(step: AnyStep): string {
	return `Written by npm run generate from actions/${step.name}/step.ts.`;
}

/** Inputs with their names, those that must be given first. */
export function inputsOf(step: AnyStep): [name: string, declared: Input][] {
	return Object.entries(step.inputs as Record<string, Input>).sort(
		([, a], [, b]) => Number(b.required) - Number(a.required),
	);
}

/** The address of this project's files, for CIs that fetch them. */
export const source = 'https://raw.githubusercontent.com/lockstep-ci/lockstep/v1';

/** The image of a step. */
export function imageOf(step: AnyStep): string {
	return `ghcr.io/lockstep-ci/lockstep:${step.name}`;
}

/** The command where there is no image: what a template runs changes with the template alone. */
export function npx(version: string): string {
	return `npx --yes lockstep@${version}`;
}
