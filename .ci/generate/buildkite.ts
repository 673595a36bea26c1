import { variableOf } from '../../shared/ci/command-inputs.ts';
import type { AnyStep } from '../../shared/step/declare.ts';
import { asText, exampleValues } from './values.ts';
import { yaml } from './yaml.ts';

/** A step of Buildkite's that calls the command; secrets are those of the cluster. */
export function buildkiteExample(step: AnyStep): string {
	const values = exampleValues(step);
	const secrets = values.filter(({ secret }) => secret).map(({ name }) => variableOf(name));
	const env = values
		.filter(({ secret }) => !secret)
		.map(({ name, value }) => [variableOf(name), String(asText(value))]);
	return yaml({
		steps: [
			{
				label: step.name,
				command: `npx --yes lockstep ${step.name}`,
				env: Object.fromEntries(env),
				...(secrets.length > 0 && { secrets }),
			},
		],
	});
}
