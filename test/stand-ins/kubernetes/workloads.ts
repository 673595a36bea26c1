import type { Json, JsonObject, KubeObject } from './objects.ts';

/** The parts of pods and workloads that controllers and the kubelet read. */
export type Container = {
	name: string;
	image: string;
	imagePullPolicy?: string;
	restartPolicy?: string;
	env?: JsonObject[];
	envFrom?: JsonObject[];
	readinessProbe?: JsonObject;
	resources?: JsonObject;
};

export type PodSpec = {
	nodeName?: string;
	nodeSelector?: Record<string, string>;
	restartPolicy: string;
	containers: Container[];
	initContainers?: Container[];
	volumes?: JsonObject[];
};

export type Condition = {
	type: string;
	status: 'True' | 'False' | 'Unknown';
	reason?: string;
	message?: string;
	lastTransitionTime?: string;
	lastUpdateTime?: string;
};

export type PodStatus = {
	phase: string;
	conditions?: Condition[];
	containerStatuses?: JsonObject[];
	[field: string]: Json;
};

export type Pod = KubeObject & { spec: PodSpec; status: PodStatus };

export type PodTemplate = {
	metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
	spec: PodSpec;
};

export type Selector = { matchLabels?: Record<string, string> };

export type Workload = KubeObject & {
	spec: {
		replicas: number;
		minReadySeconds?: number;
		selector: Selector;
		template: PodTemplate;
		[field: string]: Json;
	};
	status?: JsonObject & { conditions?: Condition[] };
};

export function isReady(pod: Pod): boolean {
	return (pod.status.conditions ?? []).some(
		({ type, status }) => type === 'Ready' && status === 'True',
	);
}

/** A pod that counts: neither on its way out nor ended. */
export function isActive({ metadata, status }: Pod): boolean {
	return (
		metadata.deletionTimestamp === undefined &&
		status.phase !== 'Succeeded' &&
		status.phase !== 'Failed'
	);
}

/** The list with a condition set; one whose status stays keeps its time of transition. */
export function withCondition(list: Condition[], condition: Condition, now: string): Condition[] {
	const old = list.find(({ type }) => type === condition.type);
	const lastTransitionTime =
		old?.status === condition.status ? (old.lastTransitionTime ?? now) : now;
	return [
		...list.filter(({ type }) => type !== condition.type),
		{ ...condition, lastTransitionTime },
	];
}

/** An absolute number or a percentage of the whole. */
export function scaled(value: Json | undefined, whole: number, round: (x: number) => number) {
	if (typeof value === 'string' && value.endsWith('%')) {
		return round((Number.parseInt(value, 10) * whole) / 100);
	}
	return Number(value ?? 0);
}
