import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { clone, containerVariables } from '../clone.ts';
import { ended } from '../container-step.ts';
import { type Executed, execute } from '../execute.ts';
import { findAction } from '../images.ts';
import type { StepResult } from '../pipeline.ts';
import { makeCommandFiles, readPairs, shownLine } from './commands.ts';
import { type Contexts, fill, type JobStatus } from './expressions.ts';
import { type GithubRun, stepVariables } from './variables.ts';
import type { Step } from './workflow.ts';

type Texts = Record<string, string>;

/** What a job's steps leave for those that follow. */
export interface JobState {
	status: JobStatus;
	/** By `GITHUB_ENV`. */
	env: Texts;
	/** By `GITHUB_PATH`, the newest first. */
	path: string[];
	steps: Record<
		string,
		{ outputs: Texts; outcome: StepResult['status']; conclusion: StepResult['status'] }
	>;
}

export interface StepSurroundings {
	readonly run: GithubRun;
	/** The runner's variables that are the same for all steps. */
	readonly variables: Texts;
	readonly state: JobState;
	readonly contexts: Contexts;
	readonly env: Texts;
}

type NamedStep = Step & { id: string; name: string };

/** Runs one step, and keeps in the job's state what it leaves for those that follow. */
export async function runStep(step: NamedStep, around: StepSurroundings): Promise<StepResult> {
	const { run, state } = around;
	const { id, name } = step;
	const uses = step.uses ?? 'run';
	run.options.onStep?.({ name, uses });
	const files = join(run.temp, '_runner_file_commands', id);
	await makeCommandFiles(files);
	const { exitCode, log } = await perform(step, around, files);
	const outputs = await readPairs(join(files, 'output'));
	Object.assign(state.env, await readPairs(join(files, 'env')));
	const paths = (await readFile(join(files, 'path'), 'utf8'))
		.split('\n')
		.filter((line) => line !== '');
	state.path.unshift(...paths.reverse());
	const status = exitCode === 0 ? 'success' : 'failure';
	const conclusion = step['continue-on-error'] === true ? 'success' : status;
	state.steps[id] = { outputs, outcome: status, conclusion };
	if (conclusion === 'failure') state.status = 'failure';
	return ended({ name, uses, status, exitCode, log, outputs }, run.options);
}

async function perform(
	step: NamedStep,
	around: StepSurroundings,
	files: string,
): Promise<Executed> {
	const { run, contexts } = around;
	const given = Object.entries(step.with ?? {}).map(([name, value]) => [
		name,
		fill(String(value), contexts),
	]);
	const inputs = Object.fromEntries(given) as Texts;
	if (step.uses?.startsWith('actions/checkout@')) return await checkout(run, inputs);
	if (step.uses !== undefined) {
		const action = await findAction(step.uses, run.options.programs);
		const defaults = Object.entries(action.defaults).map(([name, value]) => [
			name,
			fill(value, contexts),
		]);
		const known = Object.fromEntries(defaults) as Texts;
		const unknown = Object.keys(inputs).filter((name) => !(name in known));
		const warnings = unknown.map((name) => `Warning: Unexpected input '${name}'`);
		for (const line of warnings) run.options.onLog?.(line);
		const env = inputVariables({ ...known, ...inputs });
		const done = await start(action.entry, step, around, { env, files });
		return { ...done, log: [...warnings, done.log].join('\n') };
	}
	const script = join(run.temp, `${step.id}.sh`);
	await writeFile(script, `${fill(step.run ?? '', contexts)}\n`);
	const shell = existsSync('/bin/bash') ? '/bin/bash' : '/bin/sh';
	const strict = step.shell === 'bash' ? ['--noprofile', '--norc', '-eo', 'pipefail'] : ['-e'];
	return await start([shell, ...strict, script], step, around, { env: {}, files });
}

async function start(
	command: readonly [string, ...string[]],
	step: NamedStep,
	{ run, variables, state, env }: StepSurroundings,
	own: { env: Texts; files: string },
): Promise<Executed> {
	const container = containerVariables(run.temp);
	const { options } = run;
	const done = await execute({
		command,
		cwd: run.workspace,
		env: {
			...container,
			PATH: [...state.path, container.PATH].join(delimiter),
			...variables,
			...stepVariables(run, { id: step.id, action: step.uses ?? '', files: own.files }),
			...state.env,
			...env,
			...own.env,
		},
		secrets: [...Object.values(options.secrets), options.credentials.token],
		onLog: (line) => options.onLog?.(shownLine(line)),
	});
	return { ...done, log: done.log.split('\n').map(shownLine).join('\n') };
}

/** `INPUT_` and the name in capitals; spaces become `_`, hyphens stay. */
function inputVariables(inputs: Texts): Texts {
	return Object.fromEntries(
		Object.entries(inputs).map(([name, value]) => [
			`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
			value,
		]),
	);
}

/** What `actions/checkout` does, for the inputs that are used here. */
async function checkout(run: GithubRun, inputs: Texts): Promise<Executed> {
	const { token = run.options.credentials.token, 'fetch-depth': depth = '1', ...others } = inputs;
	const { 'persist-credentials': persist = 'true', ...unknown } = others;
	if (Object.keys(unknown).length > 0)
		throw new Error(`The stand-in for actions/checkout has no ${Object.keys(unknown).join(', ')}`);
	const log = await clone(run.event, {
		folder: run.workspace,
		token,
		depth: Number(depth),
		keepToken: persist === 'true',
	});
	return { exitCode: 0, log };
}
