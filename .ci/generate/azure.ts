import { createHash } from 'node:crypto';
import { azureName } from '../../shared/ci/azure.ts';
import { variableOf } from '../../shared/ci/command-inputs.ts';
import { type AnyStep, type Input, kindOf, type Output } from '../../shared/step/declare.ts';
import { choicesOf, describeInput } from '../../shared/step/help.ts';
import { asText, exampleValues, inputsOf, npx, secretName, writtenFrom } from './values.ts';
import { yaml } from './yaml.ts';

/**
 * A template of steps: its parameters become variables of a script.
 * https://learn.microsoft.com/azure/devops/pipelines/process/templates
 */
export function azureTemplate(step: AnyStep, version: string): string {
	const inputs = inputsOf(step);
	const template = {
		parameters: [
			...inputs.map(([name, declared]) => parameterOf(name, declared)),
			{
				name: 'stepName',
				displayName: 'Name of the step, by which later ones reach its outputs.',
				type: 'string',
				default: azureName(step.name),
			},
		],
		steps: [
			{ task: 'NodeTool@0', inputs: { versionSpec: '24.x' } },
			{
				script: `${npx(version)} ${step.name}`,
				name: `\${{ parameters.stepName }}`,
				displayName: step.title,
				env: Object.fromEntries(
					inputs.map(([name]) => [variableOf(name), `\${{ parameters.${azureName(name)} }}`]),
				),
			},
		],
	};
	return `# ${writtenFrom(step)}\n${yaml(template)}`;
}

function parameterOf(name: string, declared: Input): object {
	const isFlag = kindOf(declared.schema) === 'boolean';
	const choices = choicesOf(declared);
	return {
		name: azureName(name),
		displayName: describeInput({ ...declared, required: false }, { withDefault: false }),
		type: isFlag ? 'boolean' : 'string',
		...(declared.required ? {} : { default: declared.default ?? '' }),
		...(choices && { values: declared.default === undefined ? ['', ...choices] : choices }),
	};
}

/**
 * The manifest of a task, which runs the bundle beside it.
 * https://learn.microsoft.com/azure/devops/extend/develop/integrate-build-task
 */
export function azureTask(step: AnyStep, version: string): string {
	const [Major = 0, Minor = 0, Patch = 0] = version.split('.').map(Number);
	const outputs = Object.entries(step.outputs as Record<string, Output>);
	return json({
		$schema:
			'https://raw.githubusercontent.com/Microsoft/azure-pipelines-task-lib/master/tasks.schema.json',
		id: uuidOf(`lockstep/${step.name}`),
		name: `lockstep-${step.name}`,
		friendlyName: `Lockstep: ${step.name}`,
		description: step.title,
		helpMarkDown: `[Inputs and outputs](https://github.com/lockstep-ci/lockstep/blob/v1/plugins/docs/${step.name}.md)`,
		author: 'Lockstep',
		category: 'Deploy',
		visibility: ['Build', 'Release'],
		runsOn: ['Agent'],
		version: { Major, Minor, Patch },
		instanceNameFormat: `Lockstep: ${step.name}`,
		inputs: inputsOf(step).map(([name, declared]) => taskInput(name, declared)),
		OutputVariables: outputs.map(([name, { text }]) => ({
			name: azureName(name),
			description: text,
		})),
		execution: { Node24: { target: 'index.js' } },
	});
}

function taskInput(name: string, declared: Input): object {
	const kind = kindOf(declared.schema);
	const choices = choicesOf(declared);
	const many = kind === 'array' || kind === 'record';
	return {
		name: azureName(name),
		label: name,
		type: kind === 'boolean' ? 'boolean' : choices ? 'pickList' : many ? 'multiLine' : 'string',
		required: declared.required,
		defaultValue: declared.default ?? '',
		helpMarkDown: describeInput({ ...declared, required: false }, { withDefault: false }),
		...(choices && { options: Object.fromEntries(choices.map((choice) => [choice, choice])) }),
	};
}

/**
 * The extension that brings the tasks, for `tfx extension create`: each with its bundle.
 * https://learn.microsoft.com/azure/devops/extend/develop/manifest
 */
export function azureExtension(steps: readonly AnyStep[], version: string): string {
	return json({
		manifestVersion: 1,
		id: 'lockstep',
		publisher: 'lockstep-ci',
		name: 'Lockstep',
		version,
		description: 'Takes a change from a commit to production through git.',
		targets: [{ id: 'Microsoft.VisualStudio.Services' }],
		categories: ['Azure Pipelines'],
		files: steps.flatMap(({ name }) => [
			{ path: `tasks/${name}`, packagePath: name },
			{ path: `../../dist/${name}`, packagePath: name },
			{ path: '../../dist/package.json', packagePath: `${name}/package.json` },
		]),
		contributions: steps.map(({ name }) => ({
			id: name,
			type: 'ms.vss-distributed-task.task',
			targets: ['ms.vss-distributed-task.tasks'],
			properties: { name },
		})),
	});
}

function json(value: unknown): string {
	return `${JSON.stringify(value, null, 2)}\n`;
}

/** The same for the same name, as a task has to have it for ever: a UUID of version 5's form. */
function uuidOf(name: string): string {
	const hex = createHash('sha1').update(name).digest('hex');
	const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
	return [
		hex.slice(0, 8),
		hex.slice(8, 12),
		`5${hex.slice(13, 16)}`,
		variant + hex.slice(17, 20),
		hex.slice(20, 32),
	].join('-');
}

/** The use of the template. */
export function azureExample(step: AnyStep): string {
	const parameters = exampleValues(step).map(({ name, secret, value }) => [
		azureName(name),
		secret ? `$(${secretName(name)})` : asText(value),
	]);
	return yaml({
		resources: {
			repositories: [
				{
					repository: 'lockstep',
					type: 'github',
					name: 'lockstep-ci/lockstep',
					ref: 'refs/tags/v1',
					endpoint: 'github',
				},
			],
		},
		steps: [
			{
				template: `plugins/azure/templates/${step.name}.yml@lockstep`,
				parameters: Object.fromEntries(parameters),
			},
		],
	});
}
