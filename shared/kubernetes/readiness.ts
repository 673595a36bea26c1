import {
	type Condition,
	conditionOf,
	groupOf,
	isRecord,
	type KubernetesObject,
	readPath,
} from './object.ts';

/** Whether an object has reached what its spec asks for. */
export type Readiness =
	| { state: 'ready'; detail: string }
	| { state: 'waiting'; detail: string }
	/** `timedOut`: the server gave up on it after the object's own deadline. */
	| { state: 'failed'; detail: string; timedOut?: boolean };

/** What an object itself does not say. */
export interface ReadinessContext {
	/** Pods of a DaemonSet on nodes that are cordoned or not ready; they do not count. */
	excusedPods?: number;
	/** A claim's volume is bound when a pod uses it, not before. */
	bindsOnUse?: boolean;
}

/**
 * The rules of kubectl's `rollout status` and of kstatus, and stricter where those call
 * 'current' what does not run: a started Job, a failed Pod, a LoadBalancer without address.
 */
export function readinessOf(object: KubernetesObject, context: ReadinessContext = {}): Readiness {
	if (object.metadata.deletionTimestamp) return waiting('it is being deleted');
	const rule = ruleFor(object);
	return rule(object, context);
}

type Rule = (object: KubernetesObject, context: ReadinessContext) => Readiness;

function ruleFor({ apiVersion, kind }: KubernetesObject): Rule {
	return rules[`${groupOf(apiVersion)}/${kind}`] ?? conditions;
}

const rules: Readonly<Record<string, Rule>> = {
	'apps/Deployment': deployment,
	'apps/StatefulSet': statefulSet,
	'apps/DaemonSet': daemonSet,
	'apps/ReplicaSet': replicaSet,
	'batch/Job': job,
	'/Pod': pod,
	'/PersistentVolumeClaim': claim,
	'/Service': service,
	'apiextensions.k8s.io/CustomResourceDefinition': definition,
};

function ready(detail: string): Readiness {
	return { state: 'ready', detail };
}

function waiting(detail: string): Readiness {
	return { state: 'waiting', detail };
}

/** Numbers of a status that are not there are 0. */
function numbersOf(object: KubernetesObject, ...names: string[]): number[] {
	return names.map((name) => Number(readPath(object.status, [name]) ?? 0));
}

/** Workloads of apps/v1 always tell which generation their status is about. */
function isObserved(object: KubernetesObject): boolean {
	const [observed = 0] = numbersOf(object, 'observedGeneration');
	return (object.metadata.generation ?? 0) <= observed;
}

/** What a status of the generation before is told as. */
export const notSeenYet = 'its controller has not seen the change yet';
const notObserved = waiting(notSeenYet);

function replicasOf({ spec }: KubernetesObject): number {
	return Number(readPath(spec, ['replicas']) ?? 1);
}

function deployment(object: KubernetesObject): Readiness {
	// Conditions of the generation before say nothing of this one.
	if (!isObserved(object)) return notObserved;
	const wanted = replicasOf(object);
	const [total = 0, updated = 0, readyOnes = 0, available = 0] = numbersOf(
		object,
		'replicas',
		'updatedReplicas',
		'readyReplicas',
		'availableReplicas',
	);
	const old = total - updated;
	const detail = `${updated} of ${wanted} updated, ${readyOnes} ready, ${available} available${old > 0 ? `, ${old} old` : ''}`;
	const progressing = conditionOf(object, 'Progressing');
	if (progressing?.status === 'False' && progressing.reason === 'ProgressDeadlineExceeded')
		return {
			state: 'failed',
			detail: `no progress within its progressDeadlineSeconds (${detail})`,
			timedOut: true,
		};
	const isComplete =
		updated >= wanted && total <= updated && available >= updated && readyOnes >= wanted;
	if (isComplete) return ready(detail);
	return waiting(readPath(object.spec, ['paused']) === true ? `${detail}; it is paused` : detail);
}

function statefulSet(object: KubernetesObject): Readiness {
	if (!isObserved(object)) return notObserved;
	if (readPath(object.spec, ['updateStrategy', 'type']) === 'OnDelete')
		return ready('its pods are updated when they are deleted');
	const wanted = replicasOf(object);
	const [readyOnes = 0, updated = 0] = numbersOf(object, 'readyReplicas', 'updatedReplicas');
	const detail = `${updated} of ${wanted} updated, ${readyOnes} ready`;
	if (readyOnes < wanted) return waiting(detail);
	const partition = Number(
		readPath(object.spec, ['updateStrategy', 'rollingUpdate', 'partition']) ?? 0,
	);
	if (partition > 0) return updated >= wanted - partition ? ready(detail) : waiting(detail);
	const current = readPath(object.status, ['currentRevision']);
	return current === readPath(object.status, ['updateRevision']) ? ready(detail) : waiting(detail);
}

function daemonSet(object: KubernetesObject, { excusedPods = 0 }: ReadinessContext): Readiness {
	if (!isObserved(object)) return notObserved;
	if (readPath(object.spec, ['updateStrategy', 'type']) === 'OnDelete')
		return ready('its pods are updated when they are deleted');
	const [desired = 0, ...counts] = numbersOf(
		object,
		'desiredNumberScheduled',
		'currentNumberScheduled',
		'updatedNumberScheduled',
		'numberReady',
		'numberAvailable',
	);
	const wanted = Math.max(desired - excusedPods, 0);
	const [, updated, readyOnes, available] = counts;
	const detail = `${updated} of ${desired} updated, ${readyOnes} ready, ${available} available${excusedPods > 0 ? `; ${excusedPods} on nodes that are cordoned or not ready do not count` : ''}`;
	return counts.every((count) => count >= wanted) ? ready(detail) : waiting(detail);
}

function replicaSet(object: KubernetesObject): Readiness {
	if (!isObserved(object)) return notObserved;
	const wanted = replicasOf(object);
	const [total = 0, readyOnes = 0, available = 0] = numbersOf(
		object,
		'replicas',
		'readyReplicas',
		'availableReplicas',
	);
	const detail = `${readyOnes} of ${wanted} ready`;
	const isComplete = total === wanted && readyOnes >= wanted && available >= wanted;
	return isComplete ? ready(detail) : waiting(detail);
}

function job(object: KubernetesObject): Readiness {
	const [active = 0, succeeded = 0, failed = 0] = numbersOf(
		object,
		'active',
		'succeeded',
		'failed',
	);
	const failure = conditionOf(object, 'Failed');
	if (failure?.status === 'True')
		return {
			state: 'failed',
			detail: `it failed: ${failure.message || failure.reason || 'no reason is given'}`,
		};
	const wanted = Number(readPath(object.spec, ['completions']) ?? 1);
	const detail = `${succeeded} of ${wanted} succeeded, ${active} active, ${failed} failed`;
	if (conditionOf(object, 'Complete')?.status === 'True') return ready(detail);
	if (readPath(object.spec, ['suspend']) === true) return ready('it is suspended');
	return waiting(detail);
}

function pod(object: KubernetesObject): Readiness {
	const phase = String(readPath(object.status, ['phase']) ?? 'Pending');
	if (phase === 'Succeeded') return ready(phase);
	if (phase === 'Failed') {
		const why = readPath(object.status, ['message']) ?? readPath(object.status, ['reason']);
		return { state: 'failed', detail: `it failed${why ? `: ${String(why)}` : ''}` };
	}
	return conditionOf(object, 'Ready')?.status === 'True' ? ready(phase) : waiting(phase);
}

function claim(object: KubernetesObject, { bindsOnUse }: ReadinessContext): Readiness {
	const phase = String(readPath(object.status, ['phase']) ?? 'Pending');
	if (phase === 'Bound') return ready(phase);
	if (phase === 'Lost') return { state: 'failed', detail: 'its volume is lost' };
	return bindsOnUse === true ? ready('it is bound when a pod uses it') : waiting(phase);
}

function service(object: KubernetesObject): Readiness {
	if (readPath(object.spec, ['type']) !== 'LoadBalancer') return ready('it exists');
	const addresses = readPath(object.status, ['loadBalancer', 'ingress']);
	const [first] = Array.isArray(addresses) ? addresses : [];
	if (!isRecord(first)) return waiting('its load balancer has no address yet');
	return ready(`its address is ${String(first.hostname ?? first.ip)}`);
}

function definition(object: KubernetesObject): Readiness {
	const names = conditionOf(object, 'NamesAccepted');
	if (names?.status === 'False')
		return {
			state: 'failed',
			detail: `its names are not accepted: ${names.message ?? names.reason}`,
		};
	const isEstablished = conditionOf(object, 'Established')?.status === 'True';
	return isEstablished ? ready('established') : waiting('it is not established yet');
}

/** Any other kind, by the conditions that controllers agree on. */
function conditions(object: KubernetesObject): Readiness {
	const observed = readPath(object.status, ['observedGeneration']);
	if (typeof observed === 'number' && observed < (object.metadata.generation ?? 0))
		return notObserved;
	const stalled = conditionOf(object, 'Stalled');
	if (stalled?.status === 'True' && !isOutdated(stalled, object))
		return { state: 'failed', detail: `it is stalled: ${stalled.message || stalled.reason}` };
	const reconciling = conditionOf(object, 'Reconciling');
	if (reconciling?.status === 'True')
		return waiting(`reconciling: ${reconciling.message || reconciling.reason}`);
	const isReady = conditionOf(object, 'Ready');
	if (isReady !== undefined && isOutdated(isReady, object)) return notObserved;
	if (isReady === undefined || isReady.status === 'True') return ready('it exists');
	return waiting(`not ready: ${isReady.message || isReady.reason || isReady.status}`);
}

/** Some controllers note the generation in each condition, and nowhere else (cert-manager). */
function isOutdated({ observedGeneration }: Condition, { metadata }: KubernetesObject): boolean {
	return observedGeneration !== undefined && observedGeneration < (metadata.generation ?? 0);
}
