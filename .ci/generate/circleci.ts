import { variableOf } from '../../shared/ci/command-inputs.ts';
import { type AnyStep, type Input, kindOf } from '../../shared/step/declare.ts';
import { choicesOf, describeInput } from '../../shared/step/help.ts';
import { secretsNote } from './gitlab.ts';
import { asText, exampleValues, imageOf, inputsOf, npx } from './values.ts';
import { yaml } from './yaml.ts';

/**
 * The orb: for each step a command, and a job that runs it in the step's image.
 * https://circleci.com/docs/orbs/author/orb-concepts/
 */
export function circleciOrb(steps: readonly AnyStep[], version: string): string {
	const orb = {
		version: 2.1,
		description: 'Takes a change from a commit to production through git.',
		display: { source_url: 'https://github.com/lockstep-ci/lockstep' },
		commands: Object.fromEntries(steps.map((step) => [step.name, commandOf(step, version)])),
		jobs: Object.fromEntries(steps.map((step) => [step.name, jobOf(step)])),
	};
	return `# Written by npm run generate from actions/*/step.ts.\n${yaml(orb)}`;
}

/**
 * Texts go by `environment`, which no shell reads; flags and secrets, which are names of
 * variables, by the script.
 */
function commandOf(step: AnyStep, version: string): object {
	const inputs = inputsOf(step);
	const isText = ([, { schema, secret }]: [string, Input]) =>
		!secret && kindOf(schema) !== 'boolean';
	const script = inputs
		.filter((entry) => !isText(entry))
		.map(([name, { secret }]) => {
			const parameter = `<< parameters.${name} >>`;
			return `export ${variableOf(name)}=${secret ? `"\${${parameter}}"` : parameter}`;
		});
	return {
		description: `${step.title}. Needs node 24 and git, as the job of this name has them.`,
		parameters: parametersOf(step),
		steps: [
			{
				run: {
					name: step.name,
					environment: Object.fromEntries(
						inputs.filter(isText).map(([name]) => [variableOf(name), `<< parameters.${name} >>`]),
					),
					command: `${[...script, callOf(step, version)].join('\n')}\n`,
				},
			},
		],
	};
}

/** The image has the command; elsewhere npm brings it. */
function callOf({ name }: AnyStep, version: string): string {
	return `if command -v lockstep; then lockstep ${name}; else ${npx(version)} ${name}; fi`;
}

function jobOf(step: AnyStep): object {
	const parameters = inputsOf(step).map(([name]) => [name, `<< parameters.${name} >>`]);
	return {
		description: `${step.title}.`,
		docker: [{ image: imageOf(step) }],
		parameters: parametersOf(step),
		steps: ['checkout', { [step.name]: Object.fromEntries(parameters) }],
	};
}

function parametersOf(step: AnyStep): object {
	return Object.fromEntries(
		inputsOf(step).map(([name, declared]) => [name, parameterOf(name, declared)]),
	);
}

function parameterOf(name: string, declared: Input): object {
	const { required, secret } = declared;
	const description = describeInput({ ...declared, required: false }, { withDefault: false });
	if (secret)
		return {
			description: `${description} The name of a variable that holds it.`,
			type: 'env_var_name',
			default: variableOf(name),
		};
	const initial = declared.default ?? '';
	if (kindOf(declared.schema) === 'boolean')
		return { description, type: 'boolean', default: initial === 'true' };
	const choices = choicesOf(declared);
	if (choices && declared.default !== undefined)
		return { description, type: 'enum', enum: choices, default: initial };
	return { description, type: 'string', ...(required ? {} : { default: initial }) };
}

/** The use of the orb's job. */
export function circleciExample(step: AnyStep): string {
	const values = exampleValues(step);
	const parameters = values
		.filter(({ secret }) => !secret)
		.map(({ name, value }) => [name, asText(value)]);
	const config = {
		version: 2.1,
		orbs: { lockstep: 'lockstep-ci/lockstep@1' },
		workflows: {
			deploy: { jobs: [{ [`lockstep/${step.name}`]: Object.fromEntries(parameters) }] },
		},
	};
	return `${secretsNote(values)}${yaml(config)}`;
}
