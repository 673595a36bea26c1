import { posix } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import type { ForgeEvent } from '../webhook.ts';

const globs = z.array(z.string());
const value = z.union([z.string(), z.number(), z.boolean()]);
const values = z.record(z.string(), value);
const step = z.strictObject({
	id: z.optional(z.string()),
	name: z.optional(z.string()),
	if: z.optional(z.union([z.string(), z.boolean()])),
	uses: z.optional(z.string()),
	with: z.optional(values),
	run: z.optional(z.string()),
	shell: z.optional(z.literal('bash')),
	env: z.optional(values),
	'continue-on-error': z.optional(z.boolean()),
});
const permissions = z.record(z.string(), z.enum(['read', 'write', 'none']));
const concurrency = z.union([
	z.string(),
	z.strictObject({ group: z.string(), 'cancel-in-progress': z.optional(z.boolean()) }),
]);
const job = z.strictObject({
	name: z.optional(z.string()),
	'runs-on': z.string(),
	environment: z.optional(z.string()),
	permissions: z.optional(permissions),
	concurrency: z.optional(concurrency),
	'timeout-minutes': z.optional(z.number()),
	env: z.optional(values),
	steps: z.array(step),
});
/** The fields of GitHub's workflow syntax that this engine plays; others are refused. */
const workflow = z.strictObject({
	name: z.string(),
	on: z.strictObject({
		push: z.optional(
			z.nullable(z.strictObject({ branches: z.optional(globs), tags: z.optional(globs) })),
		),
		pull_request: z.optional(
			z.nullable(z.strictObject({ branches: z.optional(globs), types: z.optional(globs) })),
		),
	}),
	permissions: z.optional(permissions),
	concurrency: z.optional(concurrency),
	env: z.optional(values),
	jobs: z.record(z.string(), job),
});
export type Workflow = z.infer<typeof workflow>;
export type Job = z.infer<typeof job>;
export type Step = z.infer<typeof step>;

export function readWorkflow(text: string): Workflow {
	return workflow.parse(parse(text));
}

/** Whether a workflow's `on:` asks for an event. */
export function isTriggered({ on }: Workflow, event: ForgeEvent): boolean {
	if (event.deleted) return false;
	if (event.kind === 'pull_request') {
		if (on.pull_request === undefined) return false;
		const { branches = ['**'], types = ['opened', 'synchronize', 'reopened'] } =
			on.pull_request ?? {};
		return types.includes(event.action ?? '') && matches(branches, event.branch ?? '');
	}
	if (on.push === undefined) return false;
	const { branches, tags } = on.push ?? {};
	// With a filter for the one kind of reference alone, the other kind starts nothing.
	if (branches === undefined && tags === undefined) return true;
	if (event.tag !== undefined) return matches(tags ?? [], event.tag);
	return matches(branches ?? [], event.branch ?? '');
}

/** GitHub's filter patterns: the last one that matches decides, and `!` takes out. */
function matches(patterns: readonly string[], name: string): boolean {
	return patterns.reduce((taken, pattern) => {
		const glob = pattern.replace(/^!/, '');
		return posix.matchesGlob(name, glob) ? glob === pattern : taken;
	}, false);
}
