import fc from 'fast-check';
import { all, few, name, some, text, texts } from './drawn-fields.ts';

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
export const port = fc.constantFrom(80, 443, 8080);
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

/** The spec of a pod. */
export const pod = all(
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

/** As a workload has it. */
export const template = all({
	spec: pod,
	metadata: some({ annotations: texts, creationTimestamp: fc.constant(null) }).map((metadata) => ({
		...metadata,
		labels: { app: 'drawn' },
	})),
});
