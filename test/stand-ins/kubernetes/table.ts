import type { Kind } from './kinds.ts';
import { at, type Json, type JsonObject, type KubeObject } from './objects.ts';

type Column = [name: string, cell: (object: KubeObject) => Json];

/** The list as `kubectl get` asks for it: `as=Table`. */
export function tableOf(kind: Kind, objects: KubeObject[], revision: number): JsonObject {
	const columns: Column[] = [
		['Name', ({ metadata }) => metadata.name],
		...(columnsOf[kind.kind] ?? []),
		['Age', ({ metadata }) => age(metadata.creationTimestamp)],
	];
	return {
		kind: 'Table',
		apiVersion: 'meta.k8s.io/v1',
		metadata: { resourceVersion: String(revision) },
		columnDefinitions: columns.map(([name]) => ({
			name,
			type: 'string',
			format: name === 'Name' ? 'name' : '',
			description: '',
			priority: 0,
		})),
		rows: objects.map((object) => ({
			cells: columns.map(([, cell]) => cell(object)),
			object: {
				kind: 'PartialObjectMetadata',
				apiVersion: 'meta.k8s.io/v1',
				metadata: object.metadata,
			},
		})),
	};
}

function age(since: string): string {
	const seconds = Math.max(0, Math.round((Date.now() - Date.parse(since)) / 1000));
	return seconds < 120 ? `${seconds}s` : `${Math.floor(seconds / 60)}m`;
}

function status(object: KubeObject, field: string): Json {
	return at(object, 'status', field) ?? 0;
}

function ready(object: KubeObject): string {
	return `${status(object, 'readyReplicas')}/${at(object, 'spec', 'replicas') ?? 0}`;
}

const columnsOf: Record<string, Column[]> = {
	Deployment: [
		['Ready', ready],
		['Up-to-date', (object) => status(object, 'updatedReplicas')],
		['Available', (object) => status(object, 'availableReplicas')],
	],
	ReplicaSet: [
		['Desired', (object) => at(object, 'spec', 'replicas') ?? 0],
		['Current', (object) => status(object, 'replicas')],
		['Ready', (object) => status(object, 'readyReplicas')],
	],
	StatefulSet: [['Ready', ready]],
	DaemonSet: [
		['Desired', (object) => status(object, 'desiredNumberScheduled')],
		['Ready', (object) => status(object, 'numberReady')],
	],
	Pod: [
		['Ready', (pod) => containers(pod).ready],
		['Status', (pod) => containers(pod).status],
		['Restarts', (pod) => containers(pod).restarts],
	],
	Service: [
		['Type', (object) => at(object, 'spec', 'type') ?? ''],
		['Cluster-IP', (object) => at(object, 'spec', 'clusterIP') ?? '<none>'],
	],
	ConfigMap: [['Data', (object) => Object.keys(at(object, 'data') ?? {}).length]],
	Namespace: [['Status', (object) => at(object, 'status', 'phase') ?? '']],
	Event: [
		['Type', (event) => at(event, 'type') ?? ''],
		['Reason', (event) => at(event, 'reason') ?? ''],
		['Message', (event) => at(event, 'message') ?? ''],
	],
};

function containers(pod: KubeObject): { ready: string; status: string; restarts: number } {
	const found = at(pod, 'status', 'containerStatuses');
	const list = Array.isArray(found) ? found : [];
	const waiting = list
		.map((one) => at(one, 'state', 'waiting', 'reason') ?? at(one, 'state', 'terminated', 'reason'))
		.find((reason) => typeof reason === 'string');
	return {
		ready: `${list.filter((one) => at(one, 'ready') === true).length}/${list.length}`,
		status: String(waiting ?? at(pod, 'status', 'phase') ?? ''),
		restarts: list.reduce<number>((sum, one) => sum + Number(at(one, 'restartCount') ?? 0), 0),
	};
}
