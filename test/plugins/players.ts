import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type Executed, execute } from '../engines/execute.ts';
import { root } from './pages.ts';

/** Where an example is played. */
export interface Stage {
	readonly step: string;
	/** An empty folder. */
	readonly folder: string;
	/** Programs that come first on the PATH: `lockstep`, `npx` and `docker`. */
	readonly bin: string;
	/** The CI's own variables. */
	readonly variables: Readonly<Record<string, string>>;
	/** What a person has put into the CI, by name. */
	readonly secrets: Readonly<Record<string, string>>;
}

/** Plays an example as far as its CI would run it: the least that takes it at its word. */
type Player = (code: string, stage: Stage) => Promise<Executed>;

type Texts = Readonly<Record<string, string>>;

async function shell(script: string, env: Texts, { bin, folder }: Stage): Promise<Executed> {
	return await execute({
		command: ['/bin/sh', '-e', '-c', script],
		cwd: folder,
		env: { HOME: folder, ...env, PATH: `${bin}:${process.env.PATH}` },
		secrets: [],
	});
}

/** Secrets as variables that a CI hands to every job: `LOCKSTEP_TOKEN`, `LOCKSTEP_KUBECONFIG`. */
function secretVariables(secrets: Texts): Texts {
	return Object.fromEntries(
		Object.entries(secrets).map(([name, value]) => [
			name.startsWith('LOCKSTEP_') ? name : `LOCKSTEP_${name}`,
			value,
		]),
	);
}

/** `text` with `$NAME` filled in. */
function expanded(text: string, values: Texts): string {
	return text.replace(/\$(\w+)/g, (_, name: string) => values[name] ?? '');
}

interface GitlabJob {
	variables: Texts;
	script: string[];
}

/**
 * The component is put into the pipeline by gitlab-ci-local; a project's variables then count
 * before a job's. https://docs.gitlab.com/ci/variables/#cicd-variable-precedence
 */
const gitlab: Player = async (code, stage) => {
	const { step, folder, secrets, variables } = stage;
	const template = `plugins/gitlab/templates/${step}.yml`;
	const remote = `remote: https://raw.githubusercontent.com/lockstep-ci/lockstep/v1/${template}`;
	writeFileSync(join(folder, '.gitlab-ci.yml'), code.replace(remote, 'local: component.yml'));
	cpSync(join(root, template), join(folder, 'component.yml'));
	for (const args of [
		['init', '-q', '-b', 'main'],
		['remote', 'add', 'origin', 'https://gitlab.example.com/acme/application.git'],
		['add', '.gitlab-ci.yml', 'component.yml'],
		['-c', 'user.name=a', '-c', 'user.email=a@x.test', 'commit', '-qm', 'a pipeline'],
	])
		execFileSync('git', args, { cwd: folder });
	const local = join(root, 'node_modules/gitlab-ci-local/dist/index.js');
	const preview = execFileSync(process.execPath, [local, '--preview'], {
		cwd: folder,
		env: { HOME: folder, PATH: process.env.PATH },
		stdio: ['ignore', 'pipe', 'pipe'],
	}).toString();
	const pipeline = parse(preview) as Record<string, GitlabJob>;
	const job = pipeline[step];
	if (job === undefined) throw new Error(`There is no job ${step}: ${preview}`);
	const ofJob = Object.entries(job.variables).map(([name, value]) => [
		name,
		expanded(value, secrets),
	]);
	const env = { ...variables, ...Object.fromEntries(ofJob), ...secretVariables(secrets) };
	return await shell(job.script.join('\n'), env, stage);
};

interface AzureTemplate {
	parameters: { name: string; type: string; default?: string }[];
	steps: { script?: string; env?: Texts }[];
}

/**
 * Azure writes a boolean as True or False.
 * https://learn.microsoft.com/azure/devops/pipelines/process/template-parameters
 */
const azure: Player = async (code, stage) => {
	const [use] = parse(code).steps as { template: string; parameters: Record<string, unknown> }[];
	const [path = ''] = use?.template.split('@') ?? [];
	const template = parse(readFileSync(join(root, path), 'utf8')) as AzureTemplate;
	const unknown = Object.keys(use?.parameters ?? {}).filter(
		(name) => !template.parameters.some((parameter) => parameter.name === name),
	);
	if (unknown.length > 0) throw new Error(`Unexpected parameters ${unknown.join(', ')}`);
	const values = template.parameters.map(({ name, type, default: initial }) => {
		const value = use?.parameters[name] ?? initial;
		if (value === undefined) throw new Error(`The parameter ${name} has no value`);
		const text = String(value);
		return [name, type === 'boolean' ? text.replace(/^./, (first) => first.toUpperCase()) : text];
	});
	const parameters = Object.fromEntries(values) as Texts;
	const script = template.steps.find((step) => step.script !== undefined);
	const env = Object.entries(script?.env ?? {}).map(([name, value]) => [
		name,
		value
			.replace(
				/\$\{\{ parameters\.(\w+) \}\}/g,
				(_, parameter: string) => parameters[parameter] ?? '',
			)
			.replace(/\$\((\w+)\)/g, (macro, secret: string) => stage.secrets[secret] ?? macro),
	]);
	return await shell(
		script?.script ?? '',
		{ ...stage.variables, ...Object.fromEntries(env) },
		stage,
	);
};

/** A declarative pipeline of one `environment` and one `sh`. */
const jenkins: Player = async (code, stage) => {
	const environment = /environment \{\n([\s\S]*?)\n {4}\}/.exec(code)?.[1] ?? '';
	const literal = (text: string) =>
		text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
	const env = environment.split('\n').map((line) => {
		const [, name, credentials, value] =
			/^\s*(\w+) = (?:credentials\('([^']+)'\)|'((?:[^'\\]|\\.)*)')$/.exec(line) ?? [];
		if (name === undefined) throw new Error(`No line of an environment: ${line}`);
		const secret = credentials?.toUpperCase().replaceAll('-', '_') ?? '';
		return [name, credentials === undefined ? literal(value ?? '') : stage.secrets[secret]];
	});
	const script = /^\s*sh '(.+)'$/m.exec(code)?.[1] ?? '';
	return await shell(script, { ...stage.variables, ...Object.fromEntries(env) }, stage);
};

/** https://support.atlassian.com/bitbucket-cloud/docs/advanced-techniques-for-writing-pipes/ */
const bitbucket: Player = async (code, stage) => {
	const [{ pipe, variables }] = parse(code).pipelines.default[0].step.script as [
		{ pipe: string; variables: Record<string, string | string[]> },
	];
	if (pipe !== `docker://ghcr.io/lockstep-ci/lockstep:${stage.step}`)
		throw new Error(`Another image: ${pipe}`);
	const env = Object.entries(variables).flatMap(([name, value]): [string, string][] =>
		Array.isArray(value)
			? [
					[`${name}_COUNT`, String(value.length)],
					...value.map((item, index): [string, string] => [`${name}_${index}`, item]),
				]
			: [[name, expanded(String(value), stage.secrets)]],
	);
	const own = { ...stage.variables, BITBUCKET_PIPE_STORAGE_DIR: stage.folder };
	return await shell(`lockstep ${stage.step}`, { ...own, ...Object.fromEntries(env) }, stage);
};

interface OrbJob {
	parameters: Record<string, { type: string; default?: unknown }>;
	steps: (string | Record<string, Record<string, unknown>>)[];
}

/** https://circleci.com/docs/reference/configuration-reference/#using-parameters */
const circleci: Player = async (code, stage) => {
	const { step, secrets } = stage;
	const orb = parse(readFileSync(join(root, 'plugins/circleci/orb.yml'), 'utf8'));
	const [use] = parse(code).workflows.deploy.jobs as [Record<string, Record<string, unknown>>];
	const given = use[`lockstep/${step}`] ?? {};
	const [, call] = withParameters(orb.jobs[step] as OrbJob, given);
	const [{ run }] = withParameters(orb.commands[step], (call as OrbCall)[step] ?? {}) as [
		{ run: { environment: Record<string, unknown>; command: string } },
	];
	const env = Object.entries(run.environment).map(([name, value]) => [name, String(value)]);
	const all = { ...stage.variables, ...secretVariables(secrets), ...Object.fromEntries(env) };
	return await shell(run.command, all, stage);
};

type OrbCall = Record<string, Record<string, unknown>>;

/** The steps of a job or command with its parameters filled in, which keep their type alone. */
function withParameters({ parameters, steps }: OrbJob, given: Record<string, unknown>): unknown[] {
	const unknown = Object.keys(given).filter((name) => parameters[name] === undefined);
	if (unknown.length > 0) throw new Error(`Unexpected arguments ${unknown.join(', ')}`);
	const valueFor = (name: string) => {
		const value = given[name] ?? parameters[name]?.default;
		if (value === undefined) throw new Error(`Missing required argument ${name}`);
		return value;
	};
	const filled = (node: unknown): unknown => {
		if (Array.isArray(node)) return node.map(filled);
		if (typeof node === 'object' && node !== null)
			return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, filled(value)]));
		if (typeof node !== 'string') return node;
		const [, alone] = /^<< parameters\.([\w-]+) >>$/.exec(node) ?? [];
		if (alone !== undefined) return valueFor(alone);
		return node.replace(/<< parameters\.([\w-]+) >>/g, (_, name: string) => String(valueFor(name)));
	};
	return filled(steps) as unknown[];
}

const buildkite: Player = async (code, stage) => {
	const [{ command, env, secrets }] = parse(code).steps as [
		{ command: string; env: Texts; secrets?: string[] },
	];
	const known = secretVariables(stage.secrets);
	const own = (secrets ?? []).map((name) => [name, known[name]]);
	return await shell(command, { ...stage.variables, ...env, ...Object.fromEntries(own) }, stage);
};

interface TektonTask {
	spec: {
		params: { name: string; default?: string }[];
		steps: {
			command: string[];
			args: string[];
			env: { name: string; valueFrom: { secretKeyRef: { key: string } } }[];
		}[];
	};
}

/** A Task's step with its params filled in; the Secret has a key for each secret. */
const tekton: Player = async (code, stage) => {
	const { step, folder, bin, secrets } = stage;
	const run = parse(code);
	const task = parse(readFileSync(join(root, `plugins/tekton/${step}.yaml`), 'utf8')) as TektonTask;
	const given = Object.fromEntries(
		run.spec.params.map(({ name, value }: { name: string; value: string }) => [name, value]),
	) as Texts;
	const values = task.spec.params.map(({ name, default: initial }) => {
		const value = given[name] ?? initial;
		if (value === undefined) throw new Error(`The param ${name} has no value`);
		return [name, value];
	});
	const params = Object.fromEntries(values) as Texts;
	const [{ command, args, env }] = task.spec.steps as [TektonTask['spec']['steps'][number]];
	const keys = Object.fromEntries(
		Object.entries(secretVariables(secrets)).map(([name, value]) => [
			name.replace('LOCKSTEP_', '').toLowerCase().replaceAll('_', '-'),
			value,
		]),
	);
	const ofSecret = env
		.map(({ name, valueFrom }) => [name, keys[valueFrom.secretKeyRef.key]])
		.filter(([, value]) => value !== undefined);
	mkdirSync(join(folder, 'results'));
	const [program = '', ...first] = command;
	return await execute({
		command: [
			join(bin, program),
			...first,
			...args.map((arg) =>
				arg.replace(/\$\(params\.([\w-]+)\)/, (_, name: string) => params[name] ?? ''),
			),
		],
		cwd: folder,
		env: {
			HOME: folder,
			PATH: process.env.PATH ?? '',
			TEKTON_RESULTS_DIR: join(folder, 'results'),
			...Object.fromEntries(ofSecret),
		},
		secrets: [],
	});
};

/** A person's terminal, in which the secrets are variables already. */
const terminal: Player = (code, stage) => shell(code, secretVariables(stage.secrets), stage);

/** By the headings of the pages. */
export const players: Readonly<Record<string, Player>> = {
	GitLab: gitlab,
	'Azure Pipelines': azure,
	Jenkins: jenkins,
	Bitbucket: bitbucket,
	CircleCI: circleci,
	Buildkite: buildkite,
	Tekton: tekton,
	'Any other CI: a container': terminal,
	'A command': terminal,
};
