import { at, isObject, type Json, type JsonObject } from './objects.ts';

/**
 * The values that the server fills in before it stores an object of a built-in kind, so far as a
 * client, a controller or a comparison sees them. The input is left as it is.
 */
export function withDefaults(kind: string, object: JsonObject): JsonObject {
	const spec = object.spec;
	const change = specDefaults[kind];
	if (change === undefined) return object;
	return { ...object, spec: change(isObject(spec) ? spec : {}) };
}

const strategy = { maxUnavailable: '25%', maxSurge: '25%' };

const specDefaults: Record<string, (spec: JsonObject) => JsonObject> = {
	Deployment: (spec) => ({
		replicas: 1,
		revisionHistoryLimit: 10,
		progressDeadlineSeconds: 600,
		...spec,
		strategy: rolling(spec.strategy, strategy),
		template: template(spec.template),
	}),
	ReplicaSet: (spec) => ({ replicas: 1, ...spec, template: template(spec.template) }),
	StatefulSet: (spec) => ({
		replicas: 1,
		revisionHistoryLimit: 10,
		podManagementPolicy: 'OrderedReady',
		persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
		...spec,
		updateStrategy: rolling(spec.updateStrategy, { partition: 0 }),
		template: template(spec.template),
	}),
	DaemonSet: (spec) => ({
		revisionHistoryLimit: 10,
		...spec,
		updateStrategy: rolling(spec.updateStrategy, { maxUnavailable: 1, maxSurge: 0 }),
		template: template(spec.template),
	}),
	Job: jobSpec,
	CronJob: (spec) => {
		const job = isObject(spec.jobTemplate) ? spec.jobTemplate : {};
		return {
			concurrencyPolicy: 'Allow',
			suspend: false,
			successfulJobsHistoryLimit: 3,
			failedJobsHistoryLimit: 1,
			...spec,
			jobTemplate: { ...job, spec: cronJobSpec(isObject(job.spec) ? job.spec : {}) },
		};
	},
	Pod: podSpec,
	Service: (spec) => ({
		type: 'ClusterIP',
		sessionAffinity: 'None',
		...(spec.type === 'ExternalName' ? {} : { internalTrafficPolicy: 'Cluster' }),
		...(spec.type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
		...(spec.type === 'LoadBalancer' || spec.type === 'NodePort'
			? { externalTrafficPolicy: 'Cluster' }
			: {}),
		...spec,
		...(Array.isArray(spec.ports) ? { ports: spec.ports.map((port) => servicePort(port)) } : {}),
	}),
	PersistentVolumeClaim: (spec) => ({ volumeMode: 'Filesystem', ...spec }),
};

function jobSpec(spec: JsonObject): JsonObject {
	const once = spec.completions === undefined && spec.parallelism === undefined;
	return {
		...(once ? { completions: 1 } : {}),
		parallelism: 1,
		backoffLimit: 6,
		completionMode: 'NonIndexed',
		suspend: false,
		podReplacementPolicy: 'TerminatingOrFailed',
		...spec,
		template: template(spec.template),
	};
}

function cronJobSpec(spec: JsonObject): JsonObject {
	return { ...spec, template: template(spec.template) };
}

function rolling(given: Json | undefined, values: JsonObject): JsonObject {
	const chosen: JsonObject = { type: 'RollingUpdate', ...(isObject(given) ? given : {}) };
	if (chosen.type !== 'RollingUpdate') return chosen;
	const own = isObject(chosen.rollingUpdate) ? chosen.rollingUpdate : {};
	return { ...chosen, rollingUpdate: { ...values, ...own } };
}

function template(given: Json | undefined): JsonObject {
	const own = isObject(given) ? given : {};
	return { ...own, spec: podSpec(isObject(own.spec) ? own.spec : {}) };
}

function podSpec(spec: JsonObject): JsonObject {
	const containers = (list: Json | undefined) =>
		Array.isArray(list) ? list.map((container) => containerSpec(container)) : [];
	return {
		restartPolicy: 'Always',
		terminationGracePeriodSeconds: 30,
		dnsPolicy: 'ClusterFirst',
		securityContext: {},
		schedulerName: 'default-scheduler',
		...spec,
		...(spec.serviceAccountName === undefined ? {} : { serviceAccount: spec.serviceAccountName }),
		...(Array.isArray(spec.volumes) ? { volumes: spec.volumes.map(volume) } : {}),
		...(spec.initContainers === undefined
			? {}
			: { initContainers: containers(spec.initContainers) }),
		containers: containers(spec.containers),
	};
}

function containerSpec(given: Json): Json {
	if (!isObject(given)) return given;
	const image = String(given.image ?? '');
	const name = image.slice(image.lastIndexOf('/') + 1);
	const moving = !name.includes('@') && (!name.includes(':') || name.endsWith(':latest'));
	const filled: JsonObject = {
		imagePullPolicy: moving ? 'Always' : 'IfNotPresent',
		terminationMessagePath: '/dev/termination-log',
		terminationMessagePolicy: 'File',
		resources: {},
		...given,
	};
	if (Array.isArray(given.ports)) {
		filled.ports = given.ports.map((port) =>
			isObject(port) ? { protocol: 'TCP', ...port } : port,
		);
	}
	for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
		if (isObject(given[probe])) filled[probe] = probeSpec(given[probe]);
	}
	if (Array.isArray(given.env)) filled.env = given.env.map(envVar);
	return filled;
}

function probeSpec(given: JsonObject): JsonObject {
	const probe: JsonObject = {
		timeoutSeconds: 1,
		periodSeconds: 10,
		successThreshold: 1,
		failureThreshold: 3,
		...given,
	};
	if (isObject(given.httpGet)) probe.httpGet = { path: '/', scheme: 'HTTP', ...given.httpGet };
	return probe;
}

function envVar(given: Json): Json {
	const field = at(given, 'valueFrom', 'fieldRef');
	if (!isObject(given) || !isObject(field)) return given;
	return { ...given, valueFrom: { fieldRef: { apiVersion: 'v1', ...field } } };
}

function volume(given: Json): Json {
	if (!isObject(given)) return given;
	for (const source of ['configMap', 'secret', 'projected', 'downwardAPI']) {
		if (isObject(given[source])) {
			return { ...given, [source]: { defaultMode: 420, ...given[source] } };
		}
	}
	return given;
}

function servicePort(given: Json): Json {
	if (!isObject(given)) return given;
	return { protocol: 'TCP', ...given, targetPort: given.targetPort ?? given.port ?? 0 };
}
