import type {
	ContainerStatus,
	Event,
	KubernetesObject,
	Pod,
	PodSpec,
} from '../../shared/kubernetes/object.ts';

export const image = 'registry.example.com/acme/web:1.2.3';
export const deployment: KubernetesObject = {
	apiVersion: 'apps/v1',
	kind: 'Deployment',
	metadata: { name: 'web', namespace: 'shop', uid: 'uid-web' },
};

export interface PodParts {
	status?: Partial<ContainerStatus>;
	spec?: PodSpec;
	init?: boolean;
	conditions?: object[];
	phase?: string;
}

/** A pod with one container, or init container, of which the status is told. */
export function podWith({
	status,
	spec,
	init = false,
	conditions = [],
	phase = 'Pending',
}: PodParts): Pod {
	const full = {
		name: 'web',
		image,
		imageID: '',
		ready: false,
		restartCount: 0,
		...status,
	};
	return {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name: 'web-abc', namespace: 'shop', uid: 'uid-pod' },
		spec: spec ?? { [init ? 'initContainers' : 'containers']: [{ name: 'web', image }] },
		status: {
			phase,
			conditions,
			...(status === undefined
				? {}
				: { [init ? 'initContainerStatuses' : 'containerStatuses']: [full] }),
		},
	} as Pod;
}

/** A warning about a pod; `time` in ms since 1970. */
export function eventOf(reason: string, message: string, uid = 'uid-pod', time = 0): Event {
	return {
		apiVersion: 'v1',
		kind: 'Event',
		metadata: { name: `${reason}-${time}`, namespace: 'shop' },
		type: 'Warning',
		reason,
		message,
		involvedObject: { kind: 'Pod', name: 'web-abc', uid },
		lastTimestamp: new Date(time).toISOString(),
	};
}

export const waitingFor = (reason: string, message = '') => ({
	state: { waiting: { reason, message } },
});
export const ended = (exitCode: number, reason = 'Error') => ({ terminated: { exitCode, reason } });

export const never = Number.POSITIVE_INFINITY;
