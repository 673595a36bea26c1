import { timestamp } from '../objects.ts';
import {
	type Condition,
	isActive,
	isReady,
	type Pod,
	type Workload,
	withCondition,
} from '../workloads.ts';
import { randomSuffix } from '../writes.ts';
import { type ControllerContext, podFrom } from './context.ts';

/** ReplicaSet: as many pods as it asks for, and a count of those that are ready and available. */
export function reconcileReplicaSet(set: Workload, context: ControllerContext): void {
	const { objects, events } = context;
	if (set.metadata.deletionTimestamp !== undefined) return;
	const active = objects.owned<Pod>('Pod', set).filter(isActive);
	const missing = set.spec.replicas - active.length;
	let failure: string | undefined;
	for (let n = 0; n < missing && failure === undefined; n++) {
		try {
			const name = `${set.metadata.name}-${randomSuffix()}`;
			const pod = objects.create<Pod>('Pod', podFrom(set.spec.template, set, name));
			events.record(set, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
		} catch (error) {
			failure = (error as Error).message;
			events.record(set, 'Warning', 'FailedCreate', `Error creating: ${failure}`);
			context.requeue(set, 5);
		}
	}
	const surplus = [...active].sort(byWorth).slice(0, Math.max(0, -missing));
	for (const pod of surplus) {
		objects.remove(pod, true);
		events.record(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
	}
	setStatus(set, context, failure);
}

/** The least useful pods first: they go when there are too many. */
function byWorth(a: Pod, b: Pod): number {
	const worth = (pod: Pod) =>
		(pod.spec.nodeName === undefined ? 0 : 1) +
		(pod.status.phase === 'Running' ? 2 : 0) +
		(isReady(pod) ? 4 : 0);
	return (
		worth(a) - worth(b) || Number(b.metadata.resourceVersion) - Number(a.metadata.resourceVersion)
	);
}

function setStatus(set: Workload, context: ControllerContext, failure: string | undefined): void {
	const all = context.objects.owned<Pod>('Pod', set);
	const pods = all.filter(isActive);
	const ending = all.filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
	const ready = pods.filter(isReady);
	const available = pods.filter((pod) => isAvailable(pod, set, context));
	const conditions: Condition[] =
		failure === undefined
			? []
			: withCondition(
					set.status?.conditions ?? [],
					{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: failure },
					timestamp(),
				);
	context.objects.setStatus(set, {
		replicas: pods.length,
		...(pods.length > 0 ? { fullyLabeledReplicas: pods.length } : {}),
		...(ready.length > 0 ? { readyReplicas: ready.length } : {}),
		...(available.length > 0 ? { availableReplicas: available.length } : {}),
		terminatingReplicas: ending.length,
		observedGeneration: set.metadata.generation ?? 1,
		...(conditions.length > 0 ? { conditions } : {}),
	});
}

/** Ready for `minReadySeconds`; looks again when that is not over. */
export function isAvailable(pod: Pod, owner: Workload, context: ControllerContext): boolean {
	const { clock, requeue, readySince } = context;
	const seconds = owner.spec.minReadySeconds ?? 0;
	const { uid } = pod.metadata;
	if (!isReady(pod)) {
		readySince.delete(uid);
		return false;
	}
	const since = readySince.get(uid) ?? Date.now();
	readySince.set(uid, since);
	if (Date.now() - since >= seconds * clock.secondMs) return true;
	requeue(owner, seconds);
	return false;
}
