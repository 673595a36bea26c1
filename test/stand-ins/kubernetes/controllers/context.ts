import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { EventRecorder } from '../events.ts';
import { isObject, type Json, type KubeObject } from '../objects.ts';
import { ObjectsClient } from '../objects-client.ts';
import type { PodTemplate } from '../workloads.ts';

export interface PodCounts {
	replicas: number;
	updated: number;
	ready: number;
	available: number;
}

export interface ControllerContext {
	objects: ObjectsClient;
	clock: Clock;
	events: EventRecorder;
	/** Looks at the object again after so many of the cluster's seconds. */
	requeue: (object: KubeObject, seconds: number) => void;
	/** When each Deployment last made progress, and with which ReplicaSet; by uid, in milliseconds. */
	rollouts: Map<string, { at: number; counts: PodCounts; set: string | undefined }>;
	/** Since when each pod is ready; by uid, in milliseconds. */
	readySince: Map<string, number>;
}

/** A pod from a workload's template. */
export function podFrom(
	template: PodTemplate,
	owner: KubeObject,
	name: string,
	labels: Record<string, string> = {},
) {
	const { metadata, spec } = template;
	return {
		metadata: {
			name,
			namespace: owner.metadata.namespace ?? 'default',
			labels: { ...metadata?.labels, ...labels },
			...(metadata?.annotations === undefined ? {} : { annotations: metadata.annotations }),
			ownerReferences: [ObjectsClient.ownerReference(owner)],
		},
		spec,
	};
}

/** A short name for a template, the same for the same content. */
export function hashOf(template: Json): string {
	const letters = 'bcdfghjklmnpqrstvwxz2456789';
	const digest = createHash('sha256').update(canonical(template)).digest();
	return [...digest.subarray(0, 10)].map((byte) => letters[byte % letters.length]).join('');
}

function canonical(value: Json): string {
	if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
	if (!isObject(value)) return JSON.stringify(value);
	const fields = Object.keys(value).sort();
	return `{${fields.map((field) => `${field}:${canonical(value[field] ?? null)}`).join(',')}}`;
}
