/**
 * Kubernetes objects as the JSON that they are. Nothing is dropped or filled in on the way
 * to the server; the interfaces name only what Lockstep reads.
 */
export interface KubernetesObject {
	apiVersion: string;
	kind: string;
	metadata: Metadata;
	spec?: unknown;
	status?: unknown;
	[field: string]: unknown;
}

export interface Metadata {
	name: string;
	namespace?: string;
	uid?: string;
	resourceVersion?: string;
	generation?: number;
	creationTimestamp?: string;
	deletionTimestamp?: string;
	labels?: Record<string, string>;
	annotations?: Record<string, string>;
	ownerReferences?: { kind: string; name: string; uid: string; controller?: boolean }[];
	managedFields?: ManagedFields[];
	[field: string]: unknown;
}

/** Which fields a writer owns; `fieldsV1` nests `f:<name>` and `k:<key>` entries. */
export interface ManagedFields {
	manager?: string;
	operation?: 'Apply' | 'Update';
	apiVersion?: string;
	subresource?: string;
	time?: string;
	fieldsType?: string;
	fieldsV1?: FieldSet;
}

export interface FieldSet {
	[field: string]: FieldSet;
}

export interface Condition {
	type: string;
	status: 'True' | 'False' | 'Unknown';
	reason?: string;
	message?: string;
	lastTransitionTime?: string;
	/** Generation of the object that it is about, where its controller tells. */
	observedGeneration?: number;
}

export interface Container {
	name: string;
	image?: string;
	readinessProbe?: Probe;
	startupProbe?: Probe;
	livenessProbe?: Probe;
	/** `Always` on an init container makes a sidecar of it. */
	restartPolicy?: string;
	[field: string]: unknown;
}

export interface Probe {
	httpGet?: { path?: string; port: number | string; scheme?: string };
	tcpSocket?: { port: number | string };
	grpc?: { port: number; service?: string };
	exec?: { command?: string[] };
}

export interface PodSpec {
	containers?: Container[];
	initContainers?: Container[];
	ephemeralContainers?: Container[];
	nodeName?: string;
	restartPolicy?: string;
	[field: string]: unknown;
}

export interface ContainerState {
	waiting?: { reason?: string; message?: string };
	running?: { startedAt?: string };
	terminated?: {
		exitCode: number;
		signal?: number;
		reason?: string;
		message?: string;
		startedAt?: string;
		finishedAt?: string;
	};
}

export interface ContainerStatus {
	name: string;
	image: string;
	imageID: string;
	ready: boolean;
	started?: boolean;
	restartCount: number;
	state?: ContainerState;
	lastState?: ContainerState;
}

export interface Pod extends KubernetesObject {
	spec?: PodSpec;
	status?: {
		phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
		reason?: string;
		message?: string;
		conditions?: Condition[];
		containerStatuses?: ContainerStatus[];
		initContainerStatuses?: ContainerStatus[];
	};
}

/** An event of the core group. */
export interface Event extends KubernetesObject {
	type?: string;
	reason?: string;
	message?: string;
	count?: number;
	involvedObject?: { kind?: string; name?: string; uid?: string; fieldPath?: string };
	firstTimestamp?: string | null;
	lastTimestamp?: string | null;
	eventTime?: string | null;
	series?: { count?: number; lastObservedTime?: string } | null;
}

/** A list as the server answers it. */
export interface ObjectList<T extends KubernetesObject = KubernetesObject> {
	kind: string;
	apiVersion: string;
	metadata: { resourceVersion?: string; continue?: string };
	items: T[];
}

/** Kinds that hold data, or other objects: what is deleted of these does not come back. */
export const dataKinds: readonly string[] = [
	'Namespace',
	'PersistentVolume',
	'PersistentVolumeClaim',
	'CustomResourceDefinition',
];

/** `Deployment/web`, as messages name an object. */
export function titleOf({ kind, metadata }: Pick<KubernetesObject, 'kind' | 'metadata'>): string {
	return `${kind}/${metadata.name}`;
}

/** The group of an apiVersion: `apps` of `apps/v1`, nothing of `v1`. */
export function groupOf(apiVersion: string): string {
	return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}

/** What tells two objects of a cluster apart, whichever version they are written in. */
export function keyOf({
	apiVersion,
	kind,
	metadata,
}: Pick<KubernetesObject, 'apiVersion' | 'kind'> & {
	metadata: Pick<Metadata, 'name' | 'namespace'>;
}): string {
	return [groupOf(apiVersion), kind, metadata.namespace ?? '', metadata.name].join('/');
}

/** The pod template's spec of a workload, or the pod's own. */
export function podSpecOf(object: KubernetesObject): PodSpec | undefined {
	const spec = readPath(object, podSpecPath(object));
	if (object.kind === 'Pod' || object.kind === 'PodTemplate') return spec as PodSpec | undefined;
	return isRecord(spec) && Array.isArray(spec.containers) ? (spec as PodSpec) : undefined;
}

/** Where an object has the spec of its pods, if it has one. */
export function podSpecPath({ kind }: KubernetesObject): readonly string[] {
	switch (kind) {
		case 'Pod':
			return ['spec'];
		case 'PodTemplate':
			return ['template', 'spec'];
		case 'CronJob':
			return ['spec', 'jobTemplate', 'spec', 'template', 'spec'];
		default:
			return ['spec', 'template', 'spec'];
	}
}

/** All containers of a pod's spec, init containers first: the order in which they start. */
export function containersOf(spec: PodSpec | undefined): Container[] {
	return [...containersIn(spec, 'initContainers'), ...containersIn(spec, 'containers')];
}

/** One list of containers. What no server has checked yet may have anything in its place. */
export function containersIn(
	spec: PodSpec | undefined,
	list: 'initContainers' | 'containers',
): Container[] {
	const containers: unknown = spec?.[list];
	return Array.isArray(containers) ? (containers.filter(isRecord) as unknown as Container[]) : [];
}

/** The condition of a type in an object's status. */
export function conditionOf(object: KubernetesObject, type: string): Condition | undefined {
	const conditions = readPath(object.status, ['conditions']);
	if (!Array.isArray(conditions)) return undefined;
	return (conditions as Condition[]).find((condition) => condition?.type === type);
}

export function isOwnedBy(object: KubernetesObject, uid: string | undefined): boolean {
	return object.metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path of keys, or undefined where there is none. */
export function readPath(value: unknown, path: readonly (string | number)[]): unknown {
	let at = value;
	for (const key of path) {
		if (typeof at !== 'object' || at === null) return undefined;
		at = (at as Record<string | number, unknown>)[key];
	}
	return at;
}
