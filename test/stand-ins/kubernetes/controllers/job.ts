import { type KubeObject, timestamp } from '../objects.ts';
import { type Condition, isActive, isReady, type Pod, type PodTemplate } from '../workloads.ts';
import { randomSuffix } from '../writes.ts';
import { type ControllerContext, podFrom } from './context.ts';

export type Job = KubeObject & {
	spec: {
		completions?: number;
		parallelism: number;
		backoffLimit: number;
		suspend?: boolean;
		template: PodTemplate;
	};
	status?: { startTime?: string; conditions?: Condition[] };
};

/** Job: pods until enough have succeeded, or more than `backoffLimit` have failed. */
export function reconcileJob(job: Job, context: ControllerContext): void {
	const { objects, events } = context;
	const { metadata, spec, status } = job;
	if (metadata.deletionTimestamp !== undefined || spec.suspend === true) return;
	if ((status?.conditions ?? []).some(({ type }) => type === 'Complete' || type === 'Failed')) {
		return;
	}
	const pods = objects.owned<Pod>('Pod', job);
	const inPhase = (phase: string) => pods.filter((pod) => pod.status.phase === phase).length;
	const succeeded = inPhase('Succeeded');
	const failed = inPhase('Failed');
	const wanted = spec.completions ?? spec.parallelism;
	const exceeded = failed > spec.backoffLimit;
	const active = pods.filter(isActive);
	if (exceeded) {
		for (const pod of active) objects.remove(pod, true);
	}
	const missing = Math.min(spec.parallelism, wanted - succeeded) - active.length;
	for (let n = 0; n < missing && !exceeded; n++) {
		const name = `${metadata.name}-${randomSuffix()}`;
		objects.create('Pod', podFrom(spec.template, job, name));
		events.record(job, 'Normal', 'SuccessfulCreate', `Created pod: ${name}`);
	}
	const now = timestamp();
	const running = exceeded ? [] : objects.owned<Pod>('Pod', job).filter(isActive);
	const conditions = verdict(succeeded >= wanted, exceeded, now);
	const last = conditions.at(-1);
	objects.setStatus(job, {
		startTime: status?.startTime ?? now,
		...(running.length > 0 ? { active: running.length } : {}),
		ready: running.filter(isReady).length,
		terminating: 0,
		...(succeeded > 0 ? { succeeded } : {}),
		...(failed > 0 ? { failed } : {}),
		uncountedTerminatedPods: {},
		...(last?.type === 'Complete' ? { completionTime: now } : {}),
		...(conditions.length > 0 ? { conditions } : {}),
	});
	if (last?.type === 'Complete') events.record(job, 'Normal', 'Completed', 'Job completed');
	if (last?.type === 'Failed') {
		events.record(job, 'Warning', 'BackoffLimitExceeded', last.message ?? '');
	}
}

function verdict(succeeded: boolean, exceeded: boolean, now: string): Condition[] {
	const conditions = (types: string[], reason: string, message: string) =>
		types.map(
			(type): Condition => ({
				type,
				status: 'True',
				reason,
				message,
				lastTransitionTime: now,
			}),
		);
	if (succeeded) {
		return conditions(
			['SuccessCriteriaMet', 'Complete'],
			'CompletionsReached',
			'Reached expected number of succeeded pods',
		);
	}
	if (!exceeded) return [];
	return conditions(
		['FailureTarget', 'Failed'],
		'BackoffLimitExceeded',
		'Job has reached the specified backoff limit',
	);
}
