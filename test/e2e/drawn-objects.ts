import fc from 'fast-check';
import type { KubernetesObject } from '../../shared/kubernetes/object.ts';

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

/** Each of the fields or none, and now and then one as generators leave it: empty or null. */
function some<T>(
	fields: { [K in keyof T]: fc.Arbitrary<T[K]> },
): fc.Arbitrary<Record<string, unknown>> {
	const entries = Object.entries(fields) as [string, fc.Arbitrary<unknown>][];
	return fc.record(
		Object.fromEntries(
			entries.map(([name, value]) => [
				name,
				fc.oneof({ weight: 12, arbitrary: value }, fc.constantFrom(null, {}, [], '')),
			]),
		),
		{ requiredKeys: [] },
	) as fc.Arbitrary<Record<string, unknown>>;
}

/** All of the fields, and `more` or not. */
function all(
	fields: Record<string, fc.Arbitrary<unknown>>,
	more: fc.Arbitrary<Record<string, unknown>> = fc.constant({}),
): fc.Arbitrary<Record<string, unknown>> {
	return fc.tuple(fc.record(fields), more).map(([needed, rest]) => ({ ...rest, ...needed }));
}

const few = <T>(item: fc.Arbitrary<T>, key: (item: T) => unknown): fc.Arbitrary<T[]> =>
	fc.uniqueArray(item, { maxLength: 3, selector: (each) => JSON.stringify(key(each)) });

const name = fc.constantFrom('a', 'b', 'c');
const text = fc.constantFrom('', 'a', 'b', '1', 'true', 'ä\n');
const texts = fc.dictionary(name, text, { maxKeys: 3 });
const quantity = fc.constantFrom<unknown[]>(
	'1',
	1,
	'1000m',
	'1.5',
	'0.1',
	'100Mi',
	'1Gi',
	'1024Mi',
	0,
);
const port = fc.constantFrom(80, 443, 8080);
const intOrText = fc.constantFrom<unknown[]>(1, '25%', '1', 0);
const selector = fc.constant({ matchLabels: { app: 'drawn' } });
const probe = some({
	httpGet: all(
		{ port: fc.constantFrom<unknown[]>(80, 'http') },
		some({ path: text, scheme: fc.constantFrom('HTTP', 'HTTPS') }),
	),
	periodSeconds: fc.constantFrom(1, 10),
	initialDelaySeconds: fc.constantFrom(0, 5),
});

const container = all(
	{ name, image: fc.constantFrom('acme/a:1', 'acme/b') },
	some({
		command: fc.array(text, { maxLength: 2 }),
		args: fc.array(text, { maxLength: 2 }),
		env: few(
			all(
				{ name },
				fc.oneof(
					some({ value: text }),
					fc.constant({ valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }),
				),
			),
			({ name: key }) => key,
		),
		ports: few(
			all(
				{ containerPort: port },
				some({ protocol: fc.constantFrom('TCP', 'UDP'), name: fc.constantFrom('http') }),
			),
			({ containerPort, protocol }) => [containerPort, protocol],
		),
		resources: some({
			limits: fc.dictionary(fc.constantFrom('cpu', 'memory'), quantity),
			requests: fc.dictionary(fc.constantFrom('cpu', 'memory'), quantity),
		}),
		imagePullPolicy: fc.constantFrom('Always', 'IfNotPresent'),
		readinessProbe: probe,
		securityContext: some({
			runAsNonRoot: fc.boolean(),
			capabilities: some({ drop: fc.constant(['ALL']) }),
		}),
		volumeMounts: few(
			all({ name, mountPath: fc.constantFrom('/a', '/b') }, some({ readOnly: fc.boolean() })),
			({ mountPath }) => mountPath,
		),
		tty: fc.boolean(),
	}),
);

const volume = all(
	{ name },
	fc.oneof(
		fc.constant({ emptyDir: {} }),
		fc.constant({ emptyDir: { sizeLimit: '1024Mi' } }),
		fc.constant({ configMap: { name: 'c', items: [{ key: 'a', path: 'b' }] } }),
		fc.constant({ secret: { secretName: 's', defaultMode: 0o400 } }),
		fc.constant({ projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }),
	),
);

const pod = all(
	{ containers: few(container, ({ name: key }) => key) },
	some({
		initContainers: few(container, ({ name: key }) => `init-${String(key)}`),
		volumes: few(volume, ({ name: key }) => key),
		nodeSelector: texts,
		tolerations: fc.array(
			some({ key: name, operator: fc.constant('Exists'), effect: fc.constant('NoSchedule') }),
			{ maxLength: 2 },
		),
		securityContext: some({ runAsUser: fc.constantFrom(0, 1000), fsGroup: fc.constantFrom(0, 1) }),
		terminationGracePeriodSeconds: fc.constantFrom(0, 30),
		hostNetwork: fc.constant(false),
		serviceAccountName: name,
		imagePullSecrets: few(all({ name }), ({ name: key }) => key),
		topologySpreadConstraints: fc.constantFrom<unknown[]>(
			[],
			[
				{
					maxSkew: 1,
					topologyKey: 'zone',
					whenUnsatisfiable: 'DoNotSchedule',
					labelSelector: { matchLabels: { app: 'drawn' } },
				},
			],
		),
		affinity: fc.constantFrom(
			{},
			{ podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
		),
	}),
);

const template = all({
	spec: pod,
	metadata: some({ annotations: texts, creationTimestamp: fc.constant(null) }).map((metadata) => ({
		...metadata,
		labels: { app: 'drawn' },
	})),
});

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
