import { timestamp } from '../objects.ts';
import { type Condition, scaled, type Workload, withCondition } from '../workloads.ts';
import type { ControllerContext, PodCounts } from './context.ts';

/** Counts and conditions: Available, Progressing with its deadline, ReplicaFailure. */
export function setDeploymentStatus(
	deployment: Workload,
	latest: Workload | undefined,
	sets: Workload[],
	context: ControllerContext,
): void {
	const total = (field: string) =>
		sets.reduce((sum, { status }) => sum + Number(status?.[field] ?? 0), 0);
	const counts: PodCounts = {
		replicas: total('replicas'),
		updated: Number(latest?.status?.replicas ?? 0),
		ready: total('readyReplicas'),
		available: total('availableReplicas'),
	};
	const wanted = deployment.spec.replicas;
	const unavailable = Math.max(0, Math.max(counts.replicas, wanted) - counts.available);
	const conditions = conditionsOf(deployment, latest, sets, counts, context);
	context.objects.setStatus(deployment, {
		observedGeneration: deployment.metadata.generation ?? 1,
		...(counts.replicas > 0 ? { replicas: counts.replicas } : {}),
		...(counts.updated > 0 ? { updatedReplicas: counts.updated } : {}),
		...(counts.ready > 0 ? { readyReplicas: counts.ready } : {}),
		...(counts.available > 0 ? { availableReplicas: counts.available } : {}),
		terminatingReplicas: total('terminatingReplicas'),
		...(unavailable > 0 ? { unavailableReplicas: unavailable } : {}),
		conditions,
	});
}

function conditionsOf(
	deployment: Workload,
	latest: Workload | undefined,
	sets: Workload[],
	counts: PodCounts,
	context: ControllerContext,
): Condition[] {
	const before = deployment.status?.conditions ?? [];
	const now = timestamp();
	const set = (list: Condition[], condition: Condition): Condition[] => {
		const old = list.find(({ type }) => type === condition.type);
		const same =
			old?.status === condition.status &&
			old.reason === condition.reason &&
			old.message === condition.message;
		return same ? list : withCondition(list, { ...condition, lastUpdateTime: now }, now);
	};
	const { rollingUpdate = {} } = deployment.spec.strategy as {
		rollingUpdate?: Record<string, string | number>;
	};
	const wanted = deployment.spec.replicas;
	const minimum = wanted - scaled(rollingUpdate.maxUnavailable, wanted, Math.floor);
	const enough = counts.available >= minimum;
	const available = set(before, {
		type: 'Available',
		status: enough ? 'True' : 'False',
		reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
		message: enough
			? 'Deployment has minimum availability.'
			: 'Deployment does not have minimum availability.',
	});
	const failure = (latest === undefined ? [] : [latest, ...sets])
		.flatMap(({ status }) => status?.conditions ?? [])
		.find(({ type }) => type === 'ReplicaFailure');
	const rest = available.filter(({ type }) => type !== 'ReplicaFailure');
	const judged =
		failure === undefined ? rest : set(available, { ...failure, type: 'ReplicaFailure' });
	const state = progressing(deployment, latest, counts, context);
	return state === undefined ? judged : set(judged, { type: 'Progressing', ...state });
}

function progressing(
	deployment: Workload,
	latest: Workload | undefined,
	counts: PodCounts,
	{ clock, requeue, rollouts }: ControllerContext,
): Omit<Condition, 'type'> | undefined {
	const { uid } = deployment.metadata;
	if (deployment.spec.paused === true) {
		rollouts.delete(uid);
		return { status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' };
	}
	const name = latest?.metadata.name;
	const what =
		name === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${name}"`;
	const deadlineMs = Number(deployment.spec.progressDeadlineSeconds) * clock.secondMs;
	const last = rollouts.get(uid);
	const wanted = deployment.spec.replicas;
	const complete =
		counts.updated === wanted && counts.replicas === wanted && counts.available === wanted;
	if (complete) {
		rollouts.set(uid, { at: Date.now(), counts, set: name });
		return {
			status: 'True',
			reason: 'NewReplicaSetAvailable',
			message: `${what} has successfully progressed.`,
		};
	}
	const started = last === undefined || last.set !== name;
	const old = deployment.status?.conditions?.find(({ type }) => type === 'Progressing');
	// A rollout that was complete and lost pods since then has no deadline.
	if (!started && old?.reason === 'NewReplicaSetAvailable' && counts.replicas === counts.updated) {
		return undefined;
	}
	const moved =
		!started &&
		(counts.updated > last.counts.updated ||
			counts.ready > last.counts.ready ||
			counts.available > last.counts.available ||
			counts.replicas - counts.updated < last.counts.replicas - last.counts.updated);
	if (started || moved) {
		rollouts.set(uid, { at: Date.now(), counts, set: name });
		requeue(deployment, deadlineMs / clock.secondMs + 1);
		return started && name !== undefined
			? {
					status: 'True',
					reason: 'NewReplicaSetCreated',
					message: `Created new replica set "${name}"`,
				}
			: { status: 'True', reason: 'ReplicaSetUpdated', message: `${what} is progressing.` };
	}
	rollouts.set(uid, { ...last, counts });
	if (Date.now() - last.at < deadlineMs) return undefined;
	return {
		status: 'False',
		reason: 'ProgressDeadlineExceeded',
		message: `${what} has timed out progressing.`,
	};
}
