import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../stand-ins/kubernetes/cluster.ts';
import { fronts, github } from './fronts.ts';
import { deploy, deployment, log, service, writes } from './rolling-deploy-run.ts';

const digest = (letter: string) => `acme/web@sha256:${letter.repeat(64)}`;

let cluster: Cluster;
beforeEach(async () => {
	cluster = await startCluster({
		behaviour: async (image) =>
			image.endsWith(':gone')
				? { kind: 'missing', message: 'not found' }
				: { kind: 'ready', imageID: digest(image.endsWith(':2') ? 'b' : 'a') },
	});
});
afterEach(() => cluster.close());

const imageOf = () =>
	cluster
		.list('Pod', 'default')
		.map(({ spec }) => (spec as { containers: { image: string }[] }).containers[0]?.image);

describe.each(Object.entries(fronts))('on %s', (_name, front) => {
	test('a set is installed, found unchanged, and rolled to another image', async () => {
		const first = await deploy(cluster, deployment('acme/web:1') + service, {}, { front });
		expect(first, log(first)).toMatchObject({ exitCode: 0 });
		expect(first.outputs).toMatchObject({
			status: 'deployed',
			images: '["acme/web:1"]',
			'image-ids': JSON.stringify([digest('a')]),
		});
		expect(JSON.parse(first.outputs.objects ?? '')).toMatchObject([
			{ kind: 'Deployment', name: 'web', namespace: 'default', change: 'created', state: 'ready' },
			{ kind: 'Service', name: 'web', change: 'created', file: 'k.yaml', line: 15 },
		]);
		expect(imageOf()).toEqual(['acme/web:1', 'acme/web:1']);

		const before = writes(cluster).length;
		const asked = cluster.requests.length;
		const again = await deploy(cluster, deployment('acme/web:1') + service, {}, { front });
		expect(again).toMatchObject({ exitCode: 0, outputs: { status: 'unchanged' } });
		// What is certain to be there is not even tried out.
		expect(cluster.requests.slice(asked).filter(({ method }) => method !== 'GET')).toEqual([]);

		const next = await deploy(cluster, deployment('acme/web:2') + service, {}, { front });
		expect(next.outputs).toMatchObject({
			status: 'deployed',
			'image-ids': JSON.stringify([digest('b')]),
		});
		expect(writes(cluster).slice(before)).toEqual([
			'PATCH /apis/apps/v1/namespaces/default/deployments/web',
		]);
	});
});

test('the page of the run has a line for each object, with the images', async () => {
	await deploy(cluster, deployment('acme/web:1') + service);
	const { githubSummary } = await deploy(
		cluster,
		deployment('acme/web:2') + service,
		{},
		{ front: github },
	);
	expect(githubSummary).toMatch(
		/\| Deployment\/web \| changed \| acme\/web:1 → acme\/web:2 \| yes \| [\d.]+ \|/,
	);
	expect(githubSummary).toMatch(/\| Service\/web \| unchanged \|\s+\| yes \|/);
});

test('a dry run shows what would change, and writes nothing', async () => {
	await deploy(cluster, deployment('acme/web:1'));
	const before = writes(cluster).length;
	const run = await deploy(cluster, deployment('acme/web:2') + service, { 'dry-run': 'true' });
	expect(run.exitCode, log(run)).toBe(0);
	expect(log(run)).toContain('- spec.template.spec.containers[web].image: acme/web:1');
	expect(log(run)).toContain('+ spec.template.spec.containers[web].image: acme/web:2');
	expect(log(run)).toContain('Service/web is new');
	expect(writes(cluster).slice(before)).toEqual([]);
	expect(run.outputs.status).toBeUndefined();
	expect(run.outputs.images).toBeUndefined();
});

test('images are put in the place of those that the files name', async () => {
	const run = await deploy(cluster, deployment('acme/web:1'), { images: 'acme/web=acme/web:2' });
	expect(run.outputs.images).toBe('["acme/web:2"]');
	expect(imageOf()).toEqual(['acme/web:2', 'acme/web:2']);
});

test('a namespace, a definition and what needs them may come in one set', async () => {
	const set = `
apiVersion: example.com/v1
kind: Widget
metadata: {name: w, namespace: shop}
spec: {size: 3}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: shop}
data: {a: "1"}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
`;
	const run = await deploy(cluster, set);
	expect(run.exitCode, log(run)).toBe(0);
	expect(cluster.get('Widget', 'shop', 'w')).toMatchObject({ spec: { size: 3 } });
	expect(writes(cluster)).toEqual([
		'PATCH /api/v1/namespaces/shop',
		'PATCH /api/v1/namespaces/shop/configmaps/c',
		'PATCH /apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com',
		'PATCH /apis/example.com/v1/namespaces/shop/widgets/w',
	]);
});

test('versions that are no longer served are rewritten where that is wanted', async () => {
	const old = `apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: web, annotations: {kubernetes.io/ingress.class: nginx}}
spec: {rules: [{host: web.example.com, http: {paths: [{path: /, backend: {serviceName: web, servicePort: 80}}]}}]}
`;
	const refused = await deploy(cluster, old);
	expect(refused.exitCode).toBe(1);
	expect(log(refused)).toContain('set --upgrade-apis');
	expect(writes(cluster)).toEqual([]);
	const run = await deploy(cluster, old, { 'upgrade-apis': 'true' });
	expect(run.exitCode, log(run)).toBe(0);
	expect(cluster.get('Ingress', 'default', 'web')).toMatchObject({
		apiVersion: 'networking.k8s.io/v1',
		spec: {
			ingressClassName: 'nginx',
			rules: [
				{
					http: {
						paths: [
							{
								path: '/',
								pathType: 'ImplementationSpecific',
								backend: { service: { name: 'web', port: { number: 80 } } },
							},
						],
					},
				},
			],
		},
	});
});

test('what client-side apply owned is taken over, and leaves with the manifest', async () => {
	const manager = 'kubectl-client-side-apply';
	cluster.create(
		'ConfigMap',
		{ metadata: { name: 'c', namespace: 'default' }, data: { a: '1', b: '1' } },
		manager,
	);
	const configMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: "2"}\n';
	const run = await deploy(cluster, configMap);
	expect(run.exitCode, log(run)).toBe(0);
	expect(cluster.get('ConfigMap', 'default', 'c')?.data).toEqual({ a: '2' });
	const again = await deploy(cluster, configMap);
	expect(again.outputs.status).toBe('unchanged');
});

test('replicas are left to an autoscaler', async () => {
	const autoscaler = `---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 1, maxReplicas: 5}
`;
	await deploy(cluster, deployment('acme/web:1', 'replicas: 2'));
	const live = cluster.get('Deployment', 'default', 'web');
	if (live === undefined) throw new Error('there is no Deployment');
	cluster.update({ ...live, spec: { ...(live.spec as object), replicas: 3 } }, 'autoscaler');
	const run = await deploy(cluster, deployment('acme/web:2', 'replicas: 2') + autoscaler);
	expect(run.exitCode, log(run)).toBe(0);
	expect(cluster.get('Deployment', 'default', 'web')?.spec).toMatchObject({ replicas: 3 });
});

describe('going back on failure', () => {
	const configMap = (value: number) =>
		`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: "${value}"}\n---\n`;

	test('brings back the whole set, ConfigMaps too, and still fails', async () => {
		await deploy(cluster, configMap(1) + deployment('acme/web:1'));
		const run = await deploy(cluster, configMap(2) + deployment('acme/web:gone') + service, {
			'rollback-on-failure': 'true',
		});
		expect(run.exitCode, log(run)).toBe(1);
		expect(run.outputs).toMatchObject({
			status: 'rolled-back',
			reason: expect.stringMatching(
				/acme\/web:gone cannot be pulled.*what was there before is back$/,
			),
		});
		expect(cluster.get('ConfigMap', 'default', 'c')?.data).toEqual({ a: '1' });
		expect(cluster.get('Service', 'default', 'web')).toBeUndefined();
		expect(new Set(imageOf())).toEqual(new Set(['acme/web:1']));
		const again = await deploy(cluster, configMap(1) + deployment('acme/web:1'));
		expect(again.outputs.status).toBe('unchanged');
	});

	test('without it the failed state stays', async () => {
		await deploy(cluster, deployment('acme/web:1'));
		const run = await deploy(cluster, deployment('acme/web:gone'));
		expect(run).toMatchObject({ exitCode: 1, outputs: { status: 'failed' } });
		expect(imageOf()).toContain('acme/web:gone');
	});
});

describe('warnings', () => {
	test('stand at their line of the manifest, and are silenced by their key', async () => {
		const set = deployment('acme/web:latest');
		const inputs = { 'dry-run': 'true' };
		const run = await deploy(cluster, set, inputs, { front: github });
		expect(run.stdout).toMatch(/^::warning file=k\.yaml,line=12,.*can be another one tomorrow/m);
		expect(run.stdout).toContain('has no readinessProbe');
		const silence = 'latest-tag, no-readiness-probe';
		const silenced = await deploy(cluster, set, { ...inputs, silence }, { front: github });
		expect(silenced.stdout).not.toContain('::warning');
	});

	test('are about what the run changes alone', async () => {
		expect(log(await deploy(cluster, deployment('acme/web:1')))).toContain('no readinessProbe');
		expect(log(await deploy(cluster, deployment('acme/web:1')))).not.toContain('no readinessProbe');
	});
});
