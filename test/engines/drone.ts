import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import * as z from 'zod/mini';
import { clone } from './clone.ts';
import { filter, passes } from './conditions.ts';
import { ended, runContainerStep, skippedStep } from './container-step.ts';
import { droneVariables } from './drone/variables.ts';
import type { PipelineOptions, PipelineResult, RunPipeline, StepResult } from './pipeline.ts';
import { droneSettings, secretName } from './settings.ts';
import { substitute } from './substitute.ts';
import type { ForgeEvent } from './webhook.ts';

const conditions = z.strictObject({
	branch: z.optional(filter),
	event: z.optional(filter),
	ref: z.optional(filter),
	repo: z.optional(filter),
	status: z.optional(filter),
});
const step = z.strictObject({
	name: z.string(),
	image: z.string(),
	user: z.optional(z.string()),
	pull: z.optional(z.enum(['always', 'if-not-exists', 'never'])),
	settings: z.optional(z.record(z.string(), z.unknown())),
	environment: z.optional(z.record(z.string(), z.unknown())),
	commands: z.optional(z.array(z.string())),
	when: z.optional(conditions),
	failure: z.optional(z.literal('ignore')),
});
/** A step that exits with it ends the pipeline as successful. */
const stopHere = 78;

/** The fields of https://docs.drone.io/yaml/docker/ that this engine plays; others are refused. */
const pipeline = z.strictObject({
	kind: z.literal('pipeline'),
	type: z.literal('docker'),
	name: z.string(),
	clone: z.optional(z.strictObject({ depth: z.optional(z.int()) })),
	trigger: z.optional(conditions),
	concurrency: z.optional(z.strictObject({ limit: z.int() })),
	steps: z.array(step),
});
type Pipeline = z.infer<typeof pipeline>;
type Conditions = z.infer<typeof conditions>;

/** Plays a `.drone.yml`: every pipeline in it whose trigger takes the event, one after the other. */
export const runDrone: RunPipeline = async (text, event, options) => {
	const workspace = join(options.folder, 'src');
	// Drone starts nothing for a branch or a tag that is gone.
	if (event.deleted) return { status: 'skipped', steps: [] };
	const pipelines = readPipelines(text, event, options).filter(({ trigger }) =>
		met(trigger, event),
	);
	const results: PipelineResult[] = [];
	for (const [index, found] of pipelines.entries()) {
		const folder = index === 0 ? workspace : `${workspace}-${index + 1}`;
		results.push(await runStage(found, { event, options, workspace: folder, number: index + 1 }));
	}
	const failed = results.some(({ status }) => status === 'failure');
	return {
		status: results.length === 0 ? 'skipped' : failed ? 'failure' : 'success',
		steps: results.flatMap(({ steps }) => steps),
	};
};

/** Drone reads YAML 1.1, where `yes` and `on` are booleans, after the variables are filled in. */
function readPipelines(text: string, event: ForgeEvent, options: PipelineOptions): Pipeline[] {
	const stage = { name: '', number: 1, status: 'success' as const, workspace: '/drone/src' };
	const known = Object.entries(droneVariables(event, stage, options)).map(([name, value]) => [
		name,
		value.includes('\n') ? JSON.stringify(value) : value,
	]);
	const filled = substitute(text, Object.fromEntries(known) as Record<string, string>);
	return parseAllDocuments(filled, { version: '1.1' }).map((document) => {
		for (const error of document.errors) throw error;
		return pipeline.parse(document.toJS());
	});
}

interface Stage {
	event: ForgeEvent;
	options: PipelineOptions;
	workspace: string;
	number: number;
}

async function runStage(found: Pipeline, stage: Stage): Promise<PipelineResult> {
	const { event, options, workspace } = stage;
	const steps: StepResult[] = [await cloneStep(found, stage)];
	let status: 'success' | 'failure' = 'success';
	let stopped = false;
	for (const [index, { name, image, ...step }] of found.steps.entries()) {
		if (stopped || !met(step.when, event) || !passes(step.when?.status ?? 'success', status)) {
			steps.push(skippedStep(name, image, options));
			continue;
		}
		const variables = droneVariables(
			event,
			{
				name: found.name,
				number: stage.number,
				status,
				workspace,
				step: { name, number: index + 2 },
			},
			options,
		);
		const env = {
			...variables,
			...environmentOf(step.environment, options),
			...droneSettings(step.settings ?? {}, options.secrets),
		};
		const commands = step.commands ?? [];
		const done = await runContainerStep(
			{ name, image, commands, env, workspace, successes: [0, stopHere] },
			options,
		);
		steps.push(done);
		if (done.exitCode === stopHere) stopped = true;
		else if (done.status === 'failure' && step.failure !== 'ignore') status = 'failure';
	}
	return { status, steps };
}

async function cloneStep(
	found: Pipeline,
	{ event, options, workspace }: Stage,
): Promise<StepResult> {
	const uses = 'drone/git';
	options.onStep?.({ name: 'clone', uses });
	const { token } = options.credentials;
	const depth = found.clone?.depth ?? 0;
	const log = await clone(event, { folder: workspace, token, depth, keepToken: false });
	return ended({ name: 'clone', uses, status: 'success', exitCode: 0, log, outputs: {} }, options);
}

function environmentOf(
	environment: Readonly<Record<string, unknown>> = {},
	{ secrets }: PipelineOptions,
): Record<string, string> {
	const texts = Object.entries(environment).map(([name, value]) => {
		const secret = secretName(value);
		return [name, secret === undefined ? String(value) : secrets[secret]];
	});
	return Object.fromEntries(texts.filter(([, value]) => value !== undefined)) as Record<
		string,
		string
	>;
}

/** True where an event is what `trigger` or `when` ask for. A tag has no branch to ask for. */
function met(wanted: Conditions | undefined, event: ForgeEvent): boolean {
	if (wanted === undefined) return true;
	return (
		passes(wanted.event, event.kind) &&
		passes(wanted.ref, event.ref) &&
		passes(wanted.repo, event.repository.fullName) &&
		(event.branch === undefined || passes(wanted.branch, event.branch))
	);
}
