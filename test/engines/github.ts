import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { skippedStep } from './container-step.ts';
import { type Contexts, fill, holds } from './github/expressions.ts';
import { type JobState, runStep } from './github/step.ts';
import { type GithubRun, githubVariables } from './github/variables.ts';
import { isTriggered, type Job, readWorkflow } from './github/workflow.ts';
import type { PipelineResult, RunPipeline } from './pipeline.ts';

/** Plays a workflow file of GitHub Actions, or of Gitea's where the forge is one. */
export const runGithub: RunPipeline = async (text, event, options) => {
	const workflow = readWorkflow(text);
	if (!isTriggered(workflow, event)) return { status: 'skipped', steps: [] };
	const results: PipelineResult[] = [];
	for (const [id, job] of Object.entries(workflow.jobs)) {
		const folder = join(options.folder, id);
		const run: GithubRun = {
			event,
			workflow: workflow.name,
			job: id,
			workspace: join(folder, event.repository.name),
			temp: join(folder, '_temp'),
			options,
		};
		results.push(await runJob(job, run, textsOf({ ...workflow.env, ...job.env })));
	}
	const failed = results.some(({ status }) => status === 'failure');
	return { status: failed ? 'failure' : 'success', steps: results.flatMap(({ steps }) => steps) };
};

async function runJob(
	job: Job,
	run: GithubRun,
	env: Record<string, string>,
): Promise<PipelineResult> {
	const variables = githubVariables(run);
	const eventFile = variables.GITHUB_EVENT_PATH ?? '';
	await mkdir(run.workspace, { recursive: true });
	await mkdir(dirname(eventFile), { recursive: true });
	await writeFile(eventFile, JSON.stringify(run.event.webhook.payload));
	const state: JobState = { status: 'success', env: {}, path: [], steps: {} };
	const results = [];
	for (const [index, step] of job.steps.entries()) {
		const name = step.name ?? step.id ?? step.uses ?? `Run ${step.run?.split('\n')[0]}`;
		const uses = step.uses ?? 'run';
		const contexts = contextsOf(run, variables, state, env);
		const id = step.id ?? `__${index}`;
		if (!holds(step.if === undefined ? undefined : String(step.if), contexts, state.status)) {
			results.push(skippedStep(name, uses, run.options));
			state.steps[id] = { outputs: {}, outcome: 'skipped', conclusion: 'skipped' };
			continue;
		}
		const stepEnv = filled({ ...env, ...textsOf(step.env ?? {}) }, contexts);
		results.push(
			await runStep({ ...step, id, name }, { run, variables, state, contexts, env: stepEnv }),
		);
	}
	return { status: state.status, steps: results };
}

function contextsOf(
	{ event, options, temp }: GithubRun,
	variables: Record<string, string>,
	state: JobState,
	env: Record<string, string>,
): Contexts {
	const github = Object.entries(variables)
		.filter(([name]) => /^GITHUB_(?!ACTIONS$)/.test(name))
		.map(([name, value]) => [name.slice('GITHUB_'.length).toLowerCase(), value]);
	const { token } = options.credentials;
	return {
		github: { ...Object.fromEntries(github), event: event.webhook.payload, token },
		secrets: { ...options.secrets, GITHUB_TOKEN: token },
		env: { ...env, ...state.env },
		steps: state.steps,
		job: { status: state.status },
		runner: { os: variables.RUNNER_OS, arch: variables.RUNNER_ARCH, temp },
		vars: {},
	};
}

function textsOf(values: Readonly<Record<string, unknown>>): Record<string, string> {
	return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}

/** The values with their expressions filled in. */
function filled(
	values: Readonly<Record<string, string>>,
	contexts: Contexts,
): Record<string, string> {
	return Object.fromEntries(
		Object.entries(values).map(([name, value]) => [name, fill(value, contexts)]),
	);
}
