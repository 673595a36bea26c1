import { globSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';

// GitHub's parser imports its schema without saying that it is JSON, which only bundlers take.
registerHooks({
	load: (url, context, next) =>
		url.endsWith('.json')
			? next(url, { ...context, importAttributes: { type: 'json' } })
			: next(url, context),
});
const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await import(
	'@actions/workflow-parser'
);

const { parseAction } = await import('@actions/workflow-parser/actions/index');

const folder = join(import.meta.dirname, '../../actions');
const workflows = [
	'application/.github/workflows/staging.yml',
	'application/.github/workflows/release.yml',
	...['staging', 'qa', 'production'].map((name) => `infra-${name}/.github/workflows/deploy.yml`),
];

test.each(workflows)("%s is valid by GitHub's own schema", async (name) => {
	const file = join(folder, 'examples', name);
	const content = readFileSync(file, 'utf8');
	const { context, value } = parseWorkflow({ name: file, content }, new NoOperationTraceWriter());
	expect(context.errors.getErrors()).toEqual([]);
	const template = value && (await convertWorkflowTemplate(context, value));
	expect(template?.errors ?? []).toEqual([]);
	expect(template?.jobs).toHaveLength(1);
});

/** The actions of the steps, and what the examples make of them. */
const actions = globSync('**/action.yml', { cwd: folder });

test.each(actions)("%s is valid by GitHub's own schema", (name) => {
	const content = readFileSync(join(folder, name), 'utf8');
	const { context, value } = parseAction({ name, content }, new NoOperationTraceWriter());
	expect(context.errors.getErrors()).toEqual([]);
	expect(value).toBeDefined();
});

test('an action with a field that GitHub does not know is not', () => {
	const content = "name: x\ndescription: y\nruns: { using: composite, steps: [{ use: './z' }] }\n";
	const { context } = parseAction({ name: 'x', content }, new NoOperationTraceWriter());
	expect(context.errors.getErrors()).not.toEqual([]);
});
