import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { clone } from './clone.ts';
import { filter, passes } from './conditions.ts';
import { ended, runContainerStep, skippedStep } from './container-step.ts';
import type { PipelineOptions, PipelineResult, RunPipeline, StepResult } from './pipeline.ts';
import { woodpeckerSettings } from './settings.ts';
import { substitute } from './substitute.ts';
import type { ForgeEvent } from './webhook.ts';
import { type WoodpeckerStep, woodpeckerVariables } from './woodpecker/variables.ts';

const condition = z.strictObject({
	event: z.optional(filter),
	branch: z.optional(filter),
	ref: z.optional(filter),
	repo: z.optional(filter),
	status: z.optional(filter),
});
/** One condition, or several of which one has to hold. */
const when = z.union([condition, z.array(condition)]);
const step = z.strictObject({
	name: z.string(),
	image: z.string(),
	pull: z.optional(z.boolean()),
	backend_options: z.optional(z.strictObject({ docker: z.strictObject({ user: z.string() }) })),
	settings: z.optional(z.record(z.string(), z.unknown())),
	environment: z.optional(z.record(z.string(), z.unknown())),
	commands: z.optional(z.union([z.string(), z.array(z.string())])),
	when: z.optional(when),
	failure: z.optional(z.enum(['fail', 'ignore'])),
});
/** The fields of https://woodpecker-ci.org/docs/usage/workflow-syntax that this engine plays. */
const workflow = z.strictObject({
	/** Anchors for the rest of the file. */
	variables: z.optional(z.unknown()),
	when: z.optional(when),
	clone: z.optional(
		z.strictObject({
			git: z.strictObject({
				image: z.string(),
				settings: z.strictObject({ partial: z.boolean() }),
			}),
		}),
	),
	steps: z.array(step),
});
type When = z.infer<typeof when>;

/** Plays a `.woodpecker.yaml`. */
export const runWoodpecker: RunPipeline = async (text, event, options) => {
	const workspace = join(options.folder, 'src');
	const at = {
		name: '',
		type: 'plugin',
		workflow: 'woodpecker',
		status: 'success',
		workspace,
	} as const;
	const found = workflow.parse(
		parse(substitute(text, woodpeckerVariables(event, at, options)), { merge: true }),
	);
	// Woodpecker starts nothing for a branch or a tag that is gone.
	const willRun = found.steps.some((step) => met(step.when, event));
	if (event.deleted || !willRun || !met(found.when, event)) return { status: 'skipped', steps: [] };
	return await runSteps(found, { event, options, at });
};

interface Run {
	event: ForgeEvent;
	options: PipelineOptions;
	at: WoodpeckerStep;
}

async function runSteps(
	{ clone: ownClone, steps }: z.infer<typeof workflow>,
	{ event, options, at }: Run,
): Promise<PipelineResult> {
	const results: StepResult[] = [
		await cloneStep({ event, options, at }, ownClone?.git.settings.partial === false ? 0 : 1),
	];
	let status: 'success' | 'failure' = 'success';
	for (const { name, image, ...step } of steps) {
		if (!met(step.when, event) || !runsAt(step.when, status, event)) {
			results.push(skippedStep(name, image, options));
			continue;
		}
		// With commands or an environment of its own a step is no plugin any more.
		const isPlugin = step.commands === undefined && step.environment === undefined;
		const type = isPlugin ? 'plugin' : 'commands';
		const env = {
			...woodpeckerVariables(event, { ...at, name, type, status }, options),
			...environmentOf(step.environment, options),
			...(isPlugin && woodpeckerSettings(step.settings ?? {}, options.secrets)),
		};
		const commands = [step.commands ?? []].flat();
		const { workspace } = at;
		const done = await runContainerStep(
			{ name, image, commands, env, workspace, successes: [0] },
			options,
		);
		results.push(done);
		if (done.status === 'failure' && step.failure !== 'ignore') status = 'failure';
	}
	return { status, steps: results };
}

async function cloneStep({ event, options, at }: Run, depth: number): Promise<StepResult> {
	const uses = 'woodpeckerci/plugin-git';
	options.onStep?.({ name: 'clone', uses });
	const { token } = options.credentials;
	const log = await clone(event, { folder: at.workspace, token, depth, keepToken: false });
	return ended({ name: 'clone', uses, status: 'success', exitCode: 0, log, outputs: {} }, options);
}

/** An `environment:` has names and values as settings have, but keeps the names as they are. */
function environmentOf(
	environment: Readonly<Record<string, unknown>> = {},
	{ secrets }: PipelineOptions,
): Record<string, string> {
	const entries = Object.entries(environment).flatMap(([name, value]) =>
		Object.values(woodpeckerSettings({ [name]: value }, secrets)).map((text) => [name, text]),
	);
	return Object.fromEntries(entries) as Record<string, string>;
}

/** True where one of the conditions holds. A tag has no branch to ask for. */
function met(wanted: When | undefined, event: ForgeEvent): boolean {
	return wanted === undefined || matching(wanted, event).length > 0;
}

function runsAt(wanted: When | undefined, status: string, event: ForgeEvent): boolean {
	if (wanted === undefined) return status === 'success';
	return matching(wanted, event).some((one) => passes(one.status ?? 'success', status));
}

function matching(wanted: When, event: ForgeEvent): z.infer<typeof condition>[] {
	return [wanted]
		.flat()
		.filter(
			(one) =>
				passes(one.event, event.kind) &&
				passes(one.ref, event.ref) &&
				passes(one.repo, event.repository.fullName) &&
				(event.branch === undefined || passes(one.branch, event.branch)),
		);
}
