import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../shared/kubernetes/object.ts';
import { ClusterDeploy, configMap, deployment, log, template } from './cluster-deploy.ts';

const cluster = new ClusterDeploy();

test('every kind is installed and waited for, found unchanged, and changed', async () => {
	const namespace = await cluster.newNamespace();
	const group = `${namespace}.example.com`;
	const set = (image: string) => `${deployment(image)}${configMap('1')}
apiVersion: ${group}/v1
kind: Widget
metadata: {name: w}
spec: {size: 3}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.${group}}
spec:
  group: ${group}
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget}
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec: {replicas: 2, serviceName: db, selector: {matchLabels: {app: db}}, ${template('db', 'acme/db:1')}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec: {selector: {matchLabels: {app: agent}}, ${template('agent', 'acme/agent:1')}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: migrate}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: "acme/migrate:1"}]}}}
---
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {password: correct-horse}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: ${namespace}-b}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: ${namespace}-b}
`;
	cluster.namespaces.push(`${namespace}-b`);
	const first = await cluster.deploy(namespace, set('acme/web:1'));
	expect(first, log(first)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	expect(first.outputs['image-ids']).toMatch(/"acme\/web@sha256:[0-9a-f]{64}"/);

	const versions = async () =>
		(await cluster.client.list(`/apis/apps/v1/namespaces/${namespace}/deployments`)).items.map(
			({ metadata }: KubernetesObject) => metadata.resourceVersion,
		);
	const before = await versions();
	const again = await cluster.deploy(namespace, set('acme/web:1'));
	expect(again, log(again)).toMatchObject({ exitCode: 0, outputs: { status: 'unchanged' } });
	expect(await versions()).toEqual(before);

	const next = await cluster.deploy(namespace, set('acme/web:2'));
	expect(next, log(next)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	await cluster.client.delete(
		`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.${group}`,
	);
});

describe('a rollout fails with its cause', () => {
	test.each([
		[
			'acme/web:fake-err-image-pull',
			1,
			/image acme\/web:fake-err-image-pull cannot be pulled: .*not found/,
		],
		[
			'acme/web:fake-never-pull',
			1,
			/image acme\/web:fake-never-pull is not on the node, and imagePullPolicy is Never/,
		],
		['acme/web:fake-invalid-name', 1, /"acme\/web:fake-invalid-name" is no image name/],
		['acme/web:fake-slow-registry', 3, /cannot be pulled: .*i\/o timeout/],
		[
			'acme/web:fake-crash-loop',
			1,
			/container "web" of pod web-\S+ ended with exit code 1, and was restarted/,
		],
		['acme/web:fake-config-error', 1, /cannot start: configmap "missing" not found/],
		['acme/web:fake-never-ready', 3, /not ready within \d+ s: .*statuscode: 503/],
	])('%s', async (image, exitCode, reason) => {
		const run = await cluster.deploy(await cluster.newNamespace(), deployment(image), {
			timeout: '12s',
		});
		expect(run.exitCode, log(run)).toBe(exitCode);
		expect(run.outputs).toMatchObject({ status: 'failed', reason: expect.stringMatching(reason) });
	});

	test('a probe that does not succeed, readiness and startup', async () => {
		const probe = (kind: string) => `, ${kind}: {httpGet: {path: /healthz, port: 8080}}`;
		for (const [image, kind, reason] of [
			[
				'acme/web:fake-never-ready',
				'readinessProbe',
				/readiness probe \(GET \/healthz on port 8080\) does not succeed: .*503/,
			],
			[
				'acme/web:fake-never-started',
				'startupProbe',
				/startup probe \(GET \/healthz on port 8080\) does not succeed: .*refused/,
			],
		] as const) {
			const set = deployment(image, probe(kind));
			const run = await cluster.deploy(await cluster.newNamespace(), set, { timeout: '6s' });
			expect(run.exitCode, log(run)).toBe(3);
			expect(run.outputs.reason).toMatch(reason);
		}
	});

	test('an init container, by its name', async () => {
		const pod = 'initContainers: [{name: wait, image: "acme/wait:1"}], ';
		const set = deployment('acme/web:fake-init-crash', '', pod);
		const run = await cluster.deploy(await cluster.newNamespace(), set);
		expect(run.exitCode, log(run)).toBe(1);
		expect(run.outputs.reason).toMatch(
			/init container "wait" of pod web-\S+ ended with exit code 1/,
		);
	});

	test('a Job that gives up, and a Pod that fails', async () => {
		const container = 'restartPolicy: Never, containers: [{name: c, image: "acme/c:fake-exit"}]';
		const job = `apiVersion: batch/v1\nkind: Job\nmetadata: {name: job}\nspec: {backoffLimit: 0, template: {spec: {${container}}}}\n`;
		const pod = `apiVersion: v1\nkind: Pod\nmetadata: {name: pod}\nspec: {${container}}\n`;
		for (const [set, reason] of [
			[job, /^Job\/job: it failed: .*(backoff limit|failed)/],
			[pod, /^Pod\/pod: it failed/],
		] as const) {
			const run = await cluster.deploy(await cluster.newNamespace(), set);
			expect(run.exitCode, log(run)).toBe(1);
			expect(run.outputs.reason).toMatch(reason);
		}
	});

	test('the progress deadline of the Deployment itself', async () => {
		const set = deployment('acme/web:fake-pending').replace(
			'replicas: 2',
			'progressDeadlineSeconds: 3, replicas: 1',
		);
		const run = await cluster.deploy(await cluster.newNamespace(), set);
		expect(run.exitCode, log(run)).toBe(3);
		expect(run.outputs.reason).toContain('no progress within its progressDeadlineSeconds');
	});

	test('a quota', async () => {
		const namespace = await cluster.newNamespace();
		await cluster.client.create(`/api/v1/namespaces/${namespace}/resourcequotas`, {
			metadata: { name: 'small' },
			spec: { hard: { pods: '0' } },
		});
		const run = await cluster.deploy(namespace, deployment('acme/web:1'));
		expect(run.exitCode, log(run)).toBe(1);
		expect(run.outputs.reason).toMatch(/its pods cannot be created: .*exceeded quota: small/);
	});

	test('no node with room', async () => {
		const greedy = deployment('acme/web:1', ', resources: {requests: {cpu: "640"}}');
		const run = await cluster.deploy(await cluster.newNamespace(), greedy, { timeout: '5s' });
		expect(run.exitCode, log(run)).toBe(3);
		expect(run.outputs.reason).toMatch(/fits on no node: .*Insufficient cpu/);
	});
});

test('going back brings back the whole set, and the next run finds it unchanged', async () => {
	const namespace = await cluster.newNamespace();
	await cluster.deploy(namespace, configMap('1') + deployment('acme/web:1'));
	const broken = configMap('2') + deployment('acme/web:fake-err-image-pull');
	const run = await cluster.deploy(namespace, broken, { 'rollback-on-failure': 'true' });
	expect(run, log(run)).toMatchObject({ exitCode: 1, outputs: { status: 'rolled-back' } });
	const map = await cluster.client.get(`/api/v1/namespaces/${namespace}/configmaps/settings`);
	expect(map.data).toEqual({ a: '1' });
	const again = await cluster.deploy(namespace, configMap('1') + deployment('acme/web:1'));
	expect(again.outputs.status, log(again)).toBe('unchanged');
	const next = await cluster.deploy(namespace, configMap('3') + deployment('acme/web:3'));
	expect(next.outputs.status, log(next)).toBe('deployed');
});

test('a typo, a conflict, a field that is immutable and a missing namespace are told with their place', async () => {
	const namespace = await cluster.newNamespace();
	const refusal = async (manifests: string, inputs = {}) => {
		const run = await cluster.deploy(namespace, manifests, inputs);
		expect(run.exitCode, log(run)).toBe(1);
		return log(run);
	};
	expect(await refusal(deployment('acme/web:1', ', imagePulPolicy: Always'))).toMatch(
		/k\.yaml:5:\d+: Deployment\/web: the server knows no field \S*imagePulPolicy/,
	);
	expect(await refusal(deployment('acme/web:1'), { namespace: `${namespace}-x` })).toContain(
		`namespace "${namespace}-x" does not exist`,
	);
	await cluster.deploy(namespace, configMap('1') + deployment('acme/web:1'));
	await cluster.client.apply(
		`/api/v1/namespaces/${namespace}/configmaps/settings`,
		{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { a: '9' } },
		{ fieldManager: 'somebody-else', force: true },
	);
	expect(await refusal(configMap('2'))).toMatch(
		/ConfigMap\/settings: \.data\.a is owned by "somebody-else".*force-conflicts/,
	);
	expect(await refusal(deployment('acme/web:1').replaceAll('app: web', 'app: site'))).toMatch(
		/spec\.selector cannot be changed on an object that exists/,
	);
});

test('a right that is missing is named, for a token of a service account too', async () => {
	const namespace = await cluster.newNamespace();
	const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
	await cluster.client.create(accounts, { metadata: { name: 'weak' } });
	const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
	const answer = await cluster.client.create<{ status: { token: string } }>(
		`${accounts}/weak/token`,
		request,
	);
	const run = await cluster.deploy(namespace, deployment('acme/web:1'), {
		kubeconfig: '',
		server: cluster.connection.server,
		'cluster-token': answer.status.token,
		'cluster-ca': cluster.connection.tls.ca ?? '',
	});
	expect(run.exitCode, log(run)).toBe(1);
	expect(log(run)).toMatch(/User "\S+:weak" cannot get resource "deployments"/);
	expect(log(run)).not.toContain(answer.status.token);
});
