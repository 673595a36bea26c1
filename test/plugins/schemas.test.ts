import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { exampleOf, root, stepNames } from './pages.ts';

function unpacked(file: string): string {
	const packed = readFileSync(join(root, 'test/data/ci-schemas', `${file}.gz`));
	return gunzipSync(packed).toString();
}

function validator(schema: object): ValidateFunction {
	const ajv = new Ajv({
		strict: false,
		allErrors: true,
		validateFormats: false,
		unicodeRegExp: false,
		logger: false,
	});
	ajv.addSchema(ofKubernetes, 'https://json.schemastore.org/kubernetes-definitions.json');
	return ajv.compile(schema);
}

/** What Drone's schema has of Kubernetes', for runners of a kind that no example is for. */
const ofKubernetes = {
	definitions: Object.fromEntries(
		[
			'api.core.v1.HostAlias',
			'api.core.v1.NodeSelectorTerm',
			'api.core.v1.PodDNSConfig',
			'api.core.v1.ResourceRequirements',
			'api.core.v1.Toleration',
			'apimachinery.pkg.apis.meta.v1.ObjectMeta',
		].map((name) => [`io.k8s.${name}`, {}]),
	),
};

const published = (ci: string) => validator(JSON.parse(unpacked(`${ci}.json`)));

/** What the schema has against a value; nothing where it is valid. */
function faults(validate: ValidateFunction, value: unknown): string[] {
	validate(value);
	// Where a schema has alternatives, all of them tell why they are not meant.
	return (validate.errors ?? [])
		.slice(0, 20)
		.map(({ instancePath, message }: ErrorObject) => `${instancePath}: ${message}`);
}

const file = (path: string) => readFileSync(join(root, path), 'utf8');

describe('GitLab', () => {
	const validate = published('gitlab-ci');

	test.each(stepNames)('the component of %s', (step) => {
		const [spec, jobs] = parseAllDocuments(file(`plugins/gitlab/templates/${step}.yml`)).map(
			(document) => document.toJS(),
		);
		// The schema is of the file that GitLab makes of it: names and stages are filled in.
		const filled = JSON.parse(JSON.stringify(jobs).replaceAll(/\$\[\[ inputs\.[\w-]+ \]\]/g, 'x'));
		expect(faults(validate, filled)).toEqual([]);
		expect(faults(validate, spec)).toEqual([]);
		const used = [...JSON.stringify(jobs).matchAll(/\$\[\[ inputs\.([\w-]+) \]\]/g)];
		expect(new Set(used.map(([, name]) => name))).toEqual(new Set(Object.keys(spec.spec.inputs)));
	});

	test.each(stepNames)('the example of %s', (step) => {
		expect(faults(validate, parse(exampleOf(step, 'GitLab')))).toEqual([]);
	});
});

describe('Azure Pipelines', () => {
	const validate = published('azure-pipelines');

	test.each(stepNames)('the template of %s', (step) => {
		const template = file(`plugins/azure/templates/${step}.yml`);
		// The schema is of the file that Azure makes of it: names are filled in.
		const filled = template.replaceAll(/\$\{\{ parameters\.\w+ \}\}/g, 'x');
		expect(faults(validate, parse(filled))).toEqual([]);
		const used = [...template.matchAll(/\$\{\{ parameters\.(\w+) \}\}/g)];
		const names = parse(template).parameters.map(({ name }: { name: string }) => name);
		expect(new Set(used.map(([, name]) => name))).toEqual(new Set(names));
	});

	test.each(stepNames)('the example of %s', (step) => {
		expect(faults(validate, parse(exampleOf(step, 'Azure Pipelines')))).toEqual([]);
	});

	// Of the schema of tasks (azure-pipelines-task-lib, tasks.schema.json) what names are made of.
	test.each(stepNames)('the task of %s has names as tasks have them', (step) => {
		const task = JSON.parse(file(`plugins/azure/tasks/${step}/task.json`));
		expect(task.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
		expect(task.name).toMatch(/^[A-Za-z0-9-]+$/);
		expect(task.friendlyName.length).toBeLessThanOrEqual(40);
		for (const { name, label, type } of task.inputs) {
			expect(name).toMatch(/^[A-Za-z][A-Za-z0-9]*$/);
			expect(label).not.toBe('');
			expect(['boolean', 'multiLine', 'pickList', 'string']).toContain(type);
		}
		for (const { name } of task.OutputVariables) expect(name).toMatch(/^[A-Za-z][A-Za-z0-9]*$/);
	});

	test('every task has an identity of its own, and its bundle in the extension', () => {
		const ids = stepNames.map(
			(step) => JSON.parse(file(`plugins/azure/tasks/${step}/task.json`)).id,
		);
		expect(new Set(ids).size).toBe(stepNames.length);
		const { files, contributions } = JSON.parse(file('plugins/azure/vss-extension.json'));
		expect(contributions.map(({ id }: { id: string }) => id)).toEqual(stepNames);
		for (const { path } of files)
			expect(existsSync(join(root, 'plugins/azure', path)), path).toBe(true);
	});
});

describe('CircleCI', () => {
	const validate = published('circle-ci');

	// The schema is of a configuration; an orb's commands and jobs are as one has them.
	test('the orb', () => {
		const { version, commands, jobs } = parse(file('plugins/circleci/orb.yml'));
		expect(faults(validate, { version, commands, jobs })).toEqual([]);
		expect(Object.keys(commands)).toEqual(stepNames);
	});

	test.each(stepNames)('the example of %s', (step) => {
		expect(faults(validate, parse(exampleOf(step, 'CircleCI')))).toEqual([]);
	});
});

describe('Tekton, by its custom resource definitions', () => {
	/** What the API server knows, which drops a field that the definition does not have. */
	function closed(schema: Record<string, unknown>): Record<string, unknown> {
		const open =
			schema['x-kubernetes-preserve-unknown-fields'] === true || schema.properties === undefined;
		const entries = Object.entries(schema).map(([key, value]) => [
			key,
			Array.isArray(value) || typeof value !== 'object' || value === null
				? value
				: closed(value as Record<string, unknown>),
		]);
		const made = Object.fromEntries(entries);
		const isSchema = typeof schema.type === 'string';
		return isSchema && !open ? { ...made, additionalProperties: false } : made;
	}
	const definition = (kind: string) => {
		const { spec } = parse(unpacked(`tekton-${kind}.yaml`));
		const { schema } = spec.versions.find(({ name }: { name: string }) => name === 'v1');
		return validator(closed(schema.openAPIV3Schema));
	};
	const task = definition('task');
	const run = definition('taskrun');

	test.each(stepNames)('the Task of %s, and its example', (step) => {
		const made = parse(file(`plugins/tekton/${step}.yaml`));
		expect(faults(task, made)).toEqual([]);
		const used = [...JSON.stringify(made.spec.steps).matchAll(/\$\(params\.([\w-]+)\)/g)];
		const names = made.spec.params.map(({ name }: { name: string }) => name);
		expect(new Set(used.map(([, name]) => name))).toEqual(new Set(names));
		expect(faults(run, parse(exampleOf(step, 'Tekton')))).toEqual([]);
	});

	test('a field that they do not have is seen', () => {
		const made = parse(file('plugins/tekton/hold.yaml'));
		made.spec.steps[0].arguments = [];
		expect(faults(task, made)).toEqual(['/spec/steps/0: must NOT have additional properties']);
	});
});

describe.each([
	['Bitbucket', 'bitbucket-pipelines'],
	['Buildkite', 'buildkite'],
	['Drone', 'drone-ci'],
	['Woodpecker', 'woodpecker-ci'],
])('%s', (heading, schema) => {
	const validate = published(schema);
	test.each(stepNames)('the example of %s', (step) => {
		expect(faults(validate, parse(exampleOf(step, heading)))).toEqual([]);
	});
});

test.each(stepNames)('Woodpecker’s index can read the header of %s', (step) => {
	const [, header = ''] =
		/^---\n([\s\S]+?)\n---\n/.exec(file(`plugins/woodpecker/plugins/${step}/docs.md`)) ?? [];
	expect(Object.keys(parse(header))).toEqual([
		'name',
		'icon',
		'description',
		'author',
		'tags',
		'containerImage',
		'containerImageUrl',
		'url',
	]);
});

test.each(stepNames)('the pipe of %s is described as Bitbucket asks for it', (step) => {
	const pipe = parse(file(`plugins/bitbucket/${step}/pipe.yml`));
	expect(pipe).toMatchObject({
		name: expect.any(String),
		image: `ghcr.io/lockstep-ci/lockstep:${step}`,
		description: expect.any(String),
		repository: expect.any(String),
		maintainer: expect.any(Object),
		tags: expect.any(Array),
	});
	for (const { name } of pipe.variables) expect(name).toMatch(/^[A-Z][A-Z_]*$/);
});

test('what a template has npm bring is of its own version', () => {
	const { version } = JSON.parse(file('package.json'));
	const templates = [
		'plugins/circleci/orb.yml',
		'plugins/jenkins/vars/lockstep.groovy',
		...stepNames.map((step) => `plugins/azure/templates/${step}.yml`),
	];
	for (const template of templates) {
		const calls = [...file(template).matchAll(/npx --yes (\S+)/g)].map(([, name]) => name);
		expect(new Set(calls), template).toEqual(new Set([`lockstep@${version}`]));
	}
});
