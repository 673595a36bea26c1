import {
	type Condition,
	type Container,
	type ContainerStatus,
	conditionOf,
	containersOf,
	type Event,
	type KubernetesObject,
	type Pod,
	type Probe,
} from './object.ts';

/** What keeps a rollout from going on. */
export interface Cause {
	/** The same for the same cause in all pods, and from one look to the next. */
	key: string;
	/** Part of a sentence: what is wrong and where. */
	reason: string;
	/** How long it has to last before the rollout has failed; Infinity: until its deadline. */
	graceMs: number;
	/** Worth a warning while it lasts. */
	isWarning?: boolean;
	/** Whose log tells more. */
	container?: { pod: Pod; name: string; previous: boolean };
	/** Where in the pod's spec the cause is written, if it is. */
	field?: readonly string[];
}

/** What is known of a rollout besides the object itself. */
export interface Evidence {
	/** Pods of the new revision alone: an old crashing pod never fails a new rollout. */
	pods: readonly Pod[];
	/** Warnings about those pods and their owners since the rollout began. */
	events: readonly Event[];
}

const second = 1000;
const backOffGrace = 60 * second;
const createGrace = 15 * second;

/** What an image that will never come is told by, from containerd, CRI-O and docker. */
const hopelessPull =
	/not found|manifest unknown|name unknown|does not exist|no such image|denied|unauthorized|forbidden|authentication required|no match(ing manifest)? for platform/i;

/** The causes that are seen in a workload, the gravest first. */
export function diagnose(object: KubernetesObject, evidence: Evidence): Cause[] {
	const causes = [
		...creationCauses(object, evidence),
		...evidence.pods.flatMap((pod) => podCauses(object, pod, evidence.events)),
	];
	const distinct = new Map<string, Cause>();
	for (const cause of causes) if (!distinct.has(cause.key)) distinct.set(cause.key, cause);
	return [...distinct.values()].sort((a, b) => a.graceMs - b.graceMs || rank(a) - rank(b));
}

/** Of two that only count at the deadline the one that names a container says more. */
function rank({ container }: Cause): number {
	return container === undefined ? 1 : 0;
}

/** Pods that the server refuses: by quota, pod security or a webhook. */
function creationCauses(object: KubernetesObject, { events }: Evidence): Cause[] {
	const condition = conditionOf(object, 'ReplicaFailure');
	const event = events.findLast(
		({ reason, involvedObject }) =>
			reason === 'FailedCreate' && involvedObject?.uid === object.metadata.uid,
	);
	const message = condition?.status === 'True' ? condition.message : event?.message;
	if (message === undefined) return [];
	return [
		{
			key: 'FailedCreate',
			reason: `its pods cannot be created: ${clean(message)}`,
			graceMs: createGrace,
		},
	];
}

function podCauses(object: KubernetesObject, pod: Pod, events: readonly Event[]): Cause[] {
	const about = events.filter(({ involvedObject }) => involvedObject?.uid === pod.metadata.uid);
	const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
	const statuses = [
		...initContainerStatuses.map((status) => ({ status, isInit: true })),
		...containerStatuses.map((status) => ({ status, isInit: false })),
	];
	return [
		...schedulingCauses(pod),
		...mountCauses(pod, statuses.length > 0, about),
		...statuses.flatMap(({ status, isInit }) => {
			const container = containersOf(pod.spec).find(({ name }) => name === status.name);
			const seen = { object, pod, status, container, isInit, events: about };
			return [...startCauses(seen), ...crashCauses(seen), ...probeCauses(seen)];
		}),
	];
}

/** One container, and all that is known of it. */
interface Seen {
	object: KubernetesObject;
	pod: Pod;
	status: ContainerStatus;
	container: Container | undefined;
	isInit: boolean;
	events: readonly Event[];
}

function schedulingCauses(pod: Pod): Cause[] {
	const scheduled: Condition | undefined = conditionOf(pod, 'PodScheduled');
	if (scheduled?.status !== 'False' || scheduled.reason !== 'Unschedulable') return [];
	return [
		{
			key: 'Unschedulable',
			reason: `pod ${pod.metadata.name} fits on no node: ${clean(scheduled.message ?? '')}`,
			graceMs: Number.POSITIVE_INFINITY,
			isWarning: true,
		},
	];
}

/** Volumes that cannot be mounted keep a pod in ContainerCreating. */
function mountCauses(pod: Pod, hasStatuses: boolean, events: readonly Event[]): Cause[] {
	const isStarting =
		!hasStatuses ||
		(pod.status?.containerStatuses ?? []).some(({ state }) =>
			['ContainerCreating', 'PodInitializing'].includes(state?.waiting?.reason ?? ''),
		);
	const event = events.findLast(({ reason = '' }) =>
		['FailedMount', 'FailedAttachVolume', 'FailedCreatePodSandBox'].includes(reason),
	);
	if (!isStarting || event === undefined || pod.status?.phase !== 'Pending') return [];
	const isMissing = /(configmap|secret) "[^"]*" not found/.test(event.message ?? '');
	return [
		{
			key: event.reason ?? '',
			reason: `pod ${pod.metadata.name} cannot start: ${clean(event.message ?? '')}`,
			graceMs: isMissing ? backOffGrace : Number.POSITIVE_INFINITY,
		},
	];
}

/** Containers that cannot start: no image, or a ConfigMap or Secret that is missing. */
function startCauses({ pod, status, container, isInit, events }: Seen): Cause[] {
	const { reason = '', message = '' } = status.state?.waiting ?? {};
	const which = nameOf(status, isInit);
	const image = container?.image ?? status.image;
	const cause = (text: string, graceMs: number, field?: string): Cause => ({
		key: `${status.name}: ${graceMs === 0 ? 'cannot start' : reason}`,
		reason: `${which} cannot start: ${text}`,
		graceMs,
		...(field === undefined ? {} : { field: [fieldOf(isInit), status.name, field] }),
	});
	switch (reason) {
		case 'ErrImagePull':
		case 'ImagePullBackOff': {
			const told = [message, ...events.filter(isPullFailure).map((event) => event.message ?? '')];
			const hopeless = told.find((text) => hopelessPull.test(text));
			if (hopeless !== undefined)
				return [cause(`image ${image} cannot be pulled: ${clean(hopeless)}`, 0, 'image')];
			const why = told.findLast((text) => !/^(Back-off .*|Error: \w+)?$/.test(text)) ?? message;
			return [cause(`image ${image} cannot be pulled: ${clean(why)}`, backOffGrace, 'image')];
		}
		case 'ErrImageNeverPull':
			return [cause(`image ${image} is not on the node, and imagePullPolicy is Never`, 0, 'image')];
		case 'InvalidImageName':
			return [cause(`"${image}" is no image name`, 0, 'image')];
		case 'CreateContainerConfigError': {
			const isPassing = /failed to sync \S+ cache/.test(message);
			return [cause(clean(message), isPassing ? Number.POSITIVE_INFINITY : 0, 'env')];
		}
		case 'CreateContainerError':
		case 'RunContainerError':
			return [
				{
					...cause(clean(message), backOffGrace, 'command'),
					container: { pod, name: status.name, previous: false },
				},
			];
		default:
			return [];
	}
}

function isPullFailure({ reason, message }: Event): boolean {
	return reason === 'Failed' && /pull/i.test(message ?? '');
}

/** From the second restart on; a Job restarts pods by its own rules and tells when it gives up. */
function crashCauses({ object, pod, status, isInit, events }: Seen): Cause[] {
	const { state, lastState, restartCount, ready } = status;
	const ended = state?.terminated ?? lastState?.terminated;
	const isRetried = object.kind !== 'Job' && object.kind !== 'Pod';
	const isCrash = isRetried || ended?.exitCode !== 0;
	if (ended === undefined || !isCrash) return [];
	if (isInit && ended.exitCode === 0) return [];
	if (ready || (restartCount === 0 && state?.terminated === undefined)) return [];
	const which = nameOf(status, isInit);
	const live = events.findLast(({ message = '' }) => /^Liveness probe failed/.test(message));
	const restarts =
		restartCount === 0
			? ''
			: `, and was restarted ${restartCount === 1 ? 'once' : `${restartCount} times`}`;
	const how =
		ended.reason === 'OOMKilled'
			? `was killed for using more memory than its limit (exit code ${ended.exitCode})`
			: `ended with exit code ${ended.exitCode}${ended.message ? `: ${clean(ended.message)}` : ''}`;
	const probe = live === undefined ? '' : ` after its probe failed: ${clean(live.message ?? '')}`;
	return [
		{
			key: `${status.name}: crash`,
			reason: `${which} of pod ${pod.metadata.name} ${how}${probe}${restarts}`,
			graceMs: isRetried && restartCount >= crashesAtRestart ? 0 : Number.POSITIVE_INFINITY,
			container: { pod, name: status.name, previous: state?.terminated === undefined },
			field: [fieldOf(isInit), status.name, 'image'],
		},
	];
}

const crashesAtRestart = 2;

/** Containers that run and do not get ready: at the deadline, with the probe that fails. */
function probeCauses({ pod, status, container, isInit, events }: Seen): Cause[] {
	if (status.state?.running === undefined || status.ready) return [];
	const isStarting = container?.startupProbe !== undefined && status.started !== true;
	const kind = isStarting ? 'startup' : 'readiness';
	const probe = isStarting ? container?.startupProbe : container?.readinessProbe;
	const failed = events.findLast(({ message = '' }) =>
		message.toLowerCase().startsWith(`${kind} probe`),
	);
	const why = failed === undefined ? '' : `: ${clean(failed.message ?? '')}`;
	const probed =
		probe === undefined
			? 'is not ready'
			: `its ${kind} probe (${describeProbe(probe)}) does not succeed`;
	return [
		{
			key: `${status.name}: ${kind} probe`,
			reason: `${nameOf(status, isInit)} of pod ${pod.metadata.name} runs, but ${probed}${why}`,
			graceMs: Number.POSITIVE_INFINITY,
			container: { pod, name: status.name, previous: false },
			field: [fieldOf(isInit), status.name, `${kind}Probe`],
		},
	];
}

function nameOf({ name }: ContainerStatus, isInit: boolean): string {
	return `${isInit ? 'init container' : 'container'} "${name}"`;
}

function fieldOf(isInit: boolean): string {
	return isInit ? 'initContainers' : 'containers';
}

function describeProbe({ httpGet, tcpSocket, grpc, exec }: Probe): string {
	if (httpGet) return `GET ${httpGet.path ?? '/'} on port ${httpGet.port}`;
	if (tcpSocket) return `TCP port ${tcpSocket.port}`;
	if (grpc) return `gRPC health on port ${grpc.port}`;
	return `command ${(exec?.command ?? []).join(' ')}`;
}

function clean(text: string): string {
	const longest = 600;
	const line = text.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
	return line.length > longest ? `${line.slice(0, longest)}…` : line;
}

/**
 * When the pods of a rollout have proved that they stay up, in ms since 1970: a container
 * without a readiness probe counts as ready from its first instruction on, so one that crashes
 * a second later would pass for healthy. It has to run for `stableMs`.
 * @returns Infinity where a container does not run at all
 */
export function stableAt(pods: readonly Pod[], stableMs: number): number {
	const times = pods.flatMap((pod) => {
		const probed = new Set(
			(pod.spec?.containers ?? []).filter((c) => c.readinessProbe).map(({ name }) => name),
		);
		return (pod.status?.containerStatuses ?? [])
			.filter(({ name }) => !probed.has(name))
			.map(({ state }) => {
				if (state?.running === undefined) return Number.POSITIVE_INFINITY;
				return Date.parse(state.running.startedAt ?? '') + stableMs || 0;
			});
	});
	return Math.max(0, ...times);
}
