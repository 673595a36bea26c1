import { variableOf } from '../../shared/ci/command-inputs.ts';
import { type AnyStep, type Input, kindOf, type Output } from '../../shared/step/declare.ts';
import { describeInput } from '../../shared/step/help.ts';
import { asText, exampleValues, imageOf, inputsOf, writtenFrom } from './values.ts';
import { yaml } from './yaml.ts';

/**
 * A Task: params are arguments, secrets are keys of one Secret.
 * https://tekton.dev/docs/pipelines/tasks/
 */
export function tektonTask(step: AnyStep): string {
	const inputs = inputsOf(step);
	const plain = inputs.filter(([, { secret }]) => !secret);
	const secrets = inputs.filter(([, { secret }]) => secret);
	const task = {
		apiVersion: 'tekton.dev/v1',
		kind: 'Task',
		metadata: {
			name: `lockstep-${step.name}`,
			annotations: { 'tekton.dev/categories': 'Deployment', 'tekton.dev/tags': 'gitops' },
		},
		spec: {
			description: `${step.title}.`,
			params: [
				...plain.map(([name, declared]) => paramOf(name, declared)),
				{
					name: 'secret',
					type: 'string',
					description: `Secret with any of the keys ${secrets.map(([name]) => name).join(', ')}.`,
					default: 'lockstep',
				},
			],
			workspaces: [
				{ name: 'source', description: 'A checkout, where files of it are read.', optional: true },
			],
			results: Object.entries(step.outputs as Record<string, Output>).map(([name, { text }]) => ({
				name,
				type: 'string',
				description: text,
			})),
			steps: [
				{
					name: step.name,
					image: imageOf(step),
					workingDir: '$(workspaces.source.path)',
					command: ['lockstep', step.name],
					args: ['--ci=tekton', ...plain.map(([name]) => `--${name}=$(params.${name})`)],
					env: secrets.map(([name]) => ({
						name: variableOf(name),
						valueFrom: {
							secretKeyRef: { name: '$(params.secret)', key: name, optional: true },
						},
					})),
				},
			],
		},
	};
	return `# ${writtenFrom(step)}\n${yaml(task)}`;
}

function paramOf(name: string, declared: Input): object {
	const many = ['array', 'record'].includes(kindOf(declared.schema));
	const text = describeInput({ ...declared, required: false }, { withDefault: false });
	return {
		name,
		type: 'string',
		description: many ? `${text} A line each.` : text,
		...(declared.required ? {} : { default: declared.default ?? '' }),
	};
}

/** A run of the Task. */
export function tektonExample(step: AnyStep): string {
	const values = exampleValues(step, { alone: true });
	const run = {
		apiVersion: 'tekton.dev/v1',
		kind: 'TaskRun',
		metadata: { generateName: `${step.name}-` },
		spec: {
			taskRef: { name: `lockstep-${step.name}` },
			params: values
				.filter(({ secret }) => !secret)
				.map(({ name, value }) => ({ name, value: String(asText(value)) })),
		},
	};
	const notes = values
		.filter(({ secret }) => secret)
		.map(({ name }) => `# ${name}: the key ${name} of the Secret lockstep\n`);
	return `${notes.join('')}${yaml(run)}`;
}
