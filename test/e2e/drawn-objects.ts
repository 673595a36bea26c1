import fc from 'fast-check';
import type { KubernetesObject } from '../../shared/kubernetes/object.ts';
import { all, few, name, some, text, texts } from './drawn-fields.ts';
import { pod, port, template } from './drawn-pods.ts';

/** What an object has beside its name. */
export interface Fields {
	metadata?: Record<string, unknown>;
	[field: string]: unknown;
}

/** A kind of which objects are drawn. */
export interface Kind {
	apiVersion: string;
	kind: string;
	plural: string;
	fields: fc.Arbitrary<Fields>;
	objectOf(name: string, namespace: string, fields: Fields): KubernetesObject;
}

function kindOf(
	apiVersion: string,
	kind: string,
	plural: string,
	fields: fc.Arbitrary<Fields>,
): Kind {
	return {
		apiVersion,
		kind,
		plural,
		fields: fc
			.record({ rest: fields, metadata: some({ labels: texts, annotations: texts }) })
			.map(({ rest, metadata }) => ({ ...rest, ...(metadata ? { metadata } : {}) })),
		objectOf: (name, namespace, { metadata, ...rest }) => ({
			apiVersion,
			kind,
			metadata: { ...metadata, name, namespace },
			...rest,
		}),
	};
}

const intOrText = fc.constantFrom<unknown[]>(1, '25%', '1', 0);
const selector = fc.constant({ matchLabels: { app: 'drawn' } });

const deployment = all(
	{ replicas: fc.constant(0), selector, template },
	some({
		strategy: fc.constantFrom<unknown[]>(
			{ type: 'Recreate' },
			{ rollingUpdate: { maxSurge: '25%' } },
			{ rollingUpdate: { maxUnavailable: 0, maxSurge: 1 }, type: 'RollingUpdate' },
		),
		paused: fc.boolean(),
		minReadySeconds: fc.constantFrom(0, 1),
		revisionHistoryLimit: fc.constantFrom(0, 10),
	}),
);

const service = some({
	selector: texts,
	type: fc.constantFrom('ClusterIP', 'NodePort'),
	clusterIP: fc.constantFrom('', 'None'),
	ports: few(
		all(
			{ port },
			some({
				name,
				protocol: fc.constantFrom('TCP', 'UDP'),
				targetPort: fc.constantFrom<unknown[]>(80, 'http', '80'),
			}),
		),
		({ port: number, protocol }) => [number, protocol],
	),
	sessionAffinity: fc.constantFrom('None', 'ClientIP'),
	externalIPs: fc.constantFrom([], ['10.1.1.1']),
	publishNotReadyAddresses: fc.boolean(),
});

const ingress = all(
	{
		rules: fc.array(
			all(
				{ host: fc.constantFrom('a.example.com', 'b.example.com') },
				some({
					http: fc.constant({
						paths: [
							{
								path: '/',
								pathType: 'Prefix',
								backend: { service: { name: 'a', port: { number: 80 } } },
							},
						],
					}),
				}),
			),
			{ minLength: 1, maxLength: 2 },
		),
	},
	some({
		tls: fc.constantFrom([], [{ hosts: ['a.example.com'], secretName: 'a' }]),
		ingressClassName: name,
	}),
);

const cronJob = all(
	{ schedule: fc.constantFrom('0 0 1 1 *', '1 1 1 1 *') },
	some({
		suspend: fc.boolean(),
		concurrencyPolicy: fc.constantFrom('Allow', 'Forbid'),
		successfulJobsHistoryLimit: fc.constantFrom(0, 3),
	}),
);

const autoscaler = all(
	{
		maxReplicas: fc.constantFrom(1, 3),
		scaleTargetRef: fc.constant({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'absent' }),
	},
	some({
		minReplicas: fc.constantFrom(1),
		metrics: fc.constantFrom(
			[],
			[
				{
					type: 'Resource',
					resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
				},
			],
		),
	}),
);

const budget = all({ selector }, some({ minAvailable: intOrText }));

const policy = some({
	podSelector: fc.constantFrom({}, { matchLabels: { app: 'a' } }),
	policyTypes: fc.constantFrom([], ['Ingress']),
	ingress: fc.constantFrom<unknown[]>([], [{}], [{ ports: [{ port: 80 }] }]),
});

const claim = all(
	{
		accessModes: fc.constant(['ReadWriteOnce']),
		resources: fc.constantFrom(
			{ requests: { storage: '1Gi' } },
			{ requests: { storage: '1024Mi' } },
		),
	},
	some({ storageClassName: fc.constantFrom('', 'a'), volumeMode: fc.constant('Filesystem') }),
);

const role = some({
	rules: fc.array(
		all(
			{ verbs: fc.constantFrom(['get'], ['get', 'list'], []) },
			some({ apiGroups: fc.constantFrom([''], ['apps']), resources: fc.constantFrom(['pods']) }),
		),
		{ maxLength: 2 },
	),
});

const inSpec = (spec: fc.Arbitrary<unknown>): fc.Arbitrary<Fields> => fc.record({ spec });

/** Kinds with all that server-side apply tells apart: lists by key, whole lists, defaults. */
export const drawnKinds: readonly Kind[] = [
	kindOf('apps/v1', 'Deployment', 'deployments', inSpec(deployment)),
	kindOf('v1', 'Service', 'services', inSpec(service)),
	kindOf(
		'v1',
		'ConfigMap',
		'configmaps',
		some({
			data: texts,
			binaryData: fc.dictionary(name, fc.constantFrom('', 'YQ==')),
			immutable: fc.constant(false),
		}),
	),
	kindOf(
		'v1',
		'Secret',
		'secrets',
		some({
			data: fc.dictionary(name, fc.constantFrom('', 'YQ==')),
			stringData: texts,
			type: fc.constantFrom('Opaque'),
		}),
	),
	kindOf(
		'v1',
		'ServiceAccount',
		'serviceaccounts',
		some({
			imagePullSecrets: few(all({ name }), ({ name: key }) => key),
			automountServiceAccountToken: fc.boolean(),
		}),
	),
	kindOf('networking.k8s.io/v1', 'Ingress', 'ingresses', inSpec(ingress)),
	kindOf('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', inSpec(policy)),
	kindOf(
		'autoscaling/v2',
		'HorizontalPodAutoscaler',
		'horizontalpodautoscalers',
		inSpec(autoscaler),
	),
	kindOf('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', inSpec(budget)),
	kindOf('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', inSpec(claim)),
	kindOf('rbac.authorization.k8s.io/v1', 'Role', 'roles', role),
	kindOf(
		'batch/v1',
		'CronJob',
		'cronjobs',
		fc.tuple(cronJob, pod).map(([spec, inside]) => ({
			spec: {
				...spec,
				jobTemplate: { spec: { template: { spec: { ...inside, restartPolicy: 'Never' } } } },
			},
		})),
	),
];

/** A custom kind with what only a schema of one's own can ask for. */
export function widgetDefinition(group: string) {
	const object = { type: 'object' };
	const string = { type: 'string' };
	const properties = {
		size: { type: 'integer', default: 3 },
		title: { ...string, nullable: true },
		free: { ...object, 'x-kubernetes-preserve-unknown-fields': true },
		map: { ...object, additionalProperties: string },
		whole: { ...object, 'x-kubernetes-map-type': 'atomic', additionalProperties: string },
		list: { type: 'array', items: string },
		set: { type: 'array', 'x-kubernetes-list-type': 'set', items: string },
		ports: {
			type: 'array',
			'x-kubernetes-list-type': 'map',
			'x-kubernetes-list-map-keys': ['port', 'protocol'],
			items: {
				...object,
				required: ['port'],
				properties: {
					port: { type: 'integer' },
					protocol: { ...string, default: 'UDP' },
					note: string,
					deep: { ...object, properties: { level: { type: 'integer', default: 1 } } },
				},
			},
		},
	};
	const schema = {
		openAPIV3Schema: { ...object, properties: { spec: { ...object, properties } } },
	};
	const anything = fc.jsonValue({ maxDepth: 2 });
	const spec = some({
		size: fc.constantFrom(0, 3, 4),
		title: fc.oneof(text, fc.constant(null)),
		free: fc.dictionary(name, anything, { maxKeys: 2 }),
		map: texts,
		whole: texts,
		list: fc.array(text, { maxLength: 2 }),
		set: fc.uniqueArray(text, { maxLength: 3 }),
		ports: few(
			all(
				{ port },
				some({
					protocol: fc.constantFrom('TCP', 'UDP'),
					note: text,
					deep: fc.constantFrom({}, { level: 1 }, { level: 2 }),
				}),
			),
			({ port: number, protocol }) => [number, protocol],
		),
	});
	return {
		kind: kindOf(`${group}/v1`, 'Drawn', 'drawns', inSpec(spec)),
		object: {
			apiVersion: 'apiextensions.k8s.io/v1',
			kind: 'CustomResourceDefinition',
			metadata: { name: `drawns.${group}` },
			spec: {
				group,
				scope: 'Namespaced',
				names: { plural: 'drawns', singular: 'drawn', kind: 'Drawn' },
				versions: [{ name: 'v1', served: true, storage: true, schema }],
			},
		},
	};
}
