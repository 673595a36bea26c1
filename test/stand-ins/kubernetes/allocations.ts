import { at, isObject, type Json, type JsonObject, type KubeObject } from './objects.ts';

let addresses = 0;
let nodePorts = 0;

/** What the server hands out itself when an object is created: addresses, ports, selectors, a first status. */
export function withAllocations(object: KubeObject): KubeObject {
	switch (object.kind) {
		case 'Service':
			return { ...object, spec: serviceSpec(object), status: { loadBalancer: {} } };
		case 'Namespace':
			return {
				...object,
				metadata: {
					...object.metadata,
					labels: {
						...object.metadata.labels,
						'kubernetes.io/metadata.name': object.metadata.name,
					},
				},
				spec: { finalizers: ['kubernetes'] },
				status: { phase: 'Active' },
			};
		case 'Pod':
			return { ...object, status: { phase: 'Pending', qosClass: 'BestEffort' } };
		case 'PersistentVolumeClaim':
			return { ...object, status: { phase: 'Pending' } };
		case 'Job':
			return withJobLabels({ ...object, spec: jobSpec(object), status: {} });
		case 'Deployment':
		case 'CronJob':
			return { ...object, status: {} };
		case 'DaemonSet':
			return {
				...object,
				status: {
					currentNumberScheduled: 0,
					numberMisscheduled: 0,
					desiredNumberScheduled: 0,
					numberReady: 0,
				},
			};
		case 'StatefulSet':
			return { ...object, status: { replicas: 0, availableReplicas: 0 } };
		case 'ReplicaSet':
			return { ...object, status: { replicas: 0 } };
		default:
			return object;
	}
}

function serviceSpec(service: KubeObject): JsonObject {
	const spec = isObject(service.spec) ? service.spec : {};
	if (spec.type === 'ExternalName') return spec;
	const asked = spec.clusterIP;
	addresses++;
	const address =
		typeof asked === 'string' && asked !== ''
			? asked
			: `10.96.${(addresses >> 8) & 255}.${addresses & 255}`;
	const open = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
	return {
		...spec,
		...(open && Array.isArray(spec.ports) ? { ports: spec.ports.map(withNodePort) } : {}),
		clusterIP: address,
		clusterIPs: [address],
		ipFamilies: ['IPv4'],
		ipFamilyPolicy: 'SingleStack',
	};
}

function withNodePort(port: Json): Json {
	if (!isObject(port) || port.nodePort !== undefined) return port;
	nodePorts++;
	return { ...port, nodePort: 30000 + (nodePorts % 2768) };
}

function jobSpec(job: KubeObject): JsonObject {
	const spec = isObject(job.spec) ? job.spec : {};
	if (spec.manualSelector === true) return spec;
	const own = {
		'batch.kubernetes.io/controller-uid': job.metadata.uid,
		'batch.kubernetes.io/job-name': job.metadata.name,
		'controller-uid': job.metadata.uid,
		'job-name': job.metadata.name,
	};
	const template = isObject(spec.template) ? spec.template : {};
	const labels = at(template, 'metadata', 'labels');
	return {
		...spec,
		manualSelector: false,
		selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': job.metadata.uid } },
		template: {
			...template,
			metadata: {
				...(isObject(template.metadata) ? template.metadata : {}),
				labels: { ...(isObject(labels) ? labels : {}), ...own },
			},
		},
	};
}

/** A Job without labels has those of its pods. */
function withJobLabels(job: KubeObject): KubeObject {
	const labels = at(job, 'spec', 'template', 'metadata', 'labels') as Record<string, string>;
	return { ...job, metadata: { labels, ...job.metadata } };
}
