import type { Cluster } from './cluster.ts';
import { at, type JsonObject, type KubeObject } from './objects.ts';

/** An object's condition by its type; empty when it has none. */
export function condition(object: KubeObject | undefined, type: string): JsonObject {
	const found = at(object, 'status', 'conditions');
	const list = (Array.isArray(found) ? found : []) as JsonObject[];
	return list.find((one) => one.type === type) ?? {};
}

/** Whether the last version of a Deployment in `default` has replaced every other, and is available. */
export function isRolledOut(cluster: Cluster, name = 'web'): boolean {
	const object = cluster.get('Deployment', 'default', name);
	const wanted = at(object, 'spec', 'replicas');
	return (
		at(object, 'status', 'observedGeneration') === object?.metadata.generation &&
		condition(object, 'Progressing').reason === 'NewReplicaSetAvailable' &&
		at(object, 'status', 'updatedReplicas') === wanted &&
		at(object, 'status', 'replicas') === wanted
	);
}

/** The statuses of the containers of all pods. */
export function containerStatuses(cluster: Cluster): JsonObject[] {
	return cluster
		.list('Pod')
		.flatMap((pod) => (at(pod, 'status', 'containerStatuses') ?? []) as JsonObject[]);
}

/** The status of a container that waits for this reason, such as `ImagePullBackOff`. */
export function waitingFor(cluster: Cluster, reason: string): JsonObject | undefined {
	return containerStatuses(cluster).find(
		(status) => at(status, 'state', 'waiting', 'reason') === reason,
	);
}
