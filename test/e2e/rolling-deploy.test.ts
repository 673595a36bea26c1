import { randomUUID } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { ClusterDeploy, configMap, deployment, log, template } from './cluster-deploy.ts';

const cluster = new ClusterDeploy();

test('every kind is installed and waited for, found unchanged without a write request, and changed', async () => {
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

	const account = await accountThatMayWriteNothing(namespace);
	const again = await cluster.deploy(namespace, set('acme/web:1'), account);
	expect(again, log(again)).toMatchObject({ exitCode: 0, outputs: { status: 'unchanged' } });

	const next = await cluster.deploy(namespace, set('acme/web:2'));
	expect(next, log(next)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	await cluster.client.delete(
		`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.${group}`,
	);
});

/**
 * An account that may do everything by its rights, and has every request refused that would
 * write, also one that would change nothing.
 */
async function accountThatMayWriteNothing(namespace: string): Promise<Record<string, string>> {
	const token = await cluster.tokenOf(namespace, 'reader', 'cluster-admin');
	const policies = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
	const name = `${namespace}.example.com`;
	const everything = { apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] };
	const operations = ['CREATE', 'UPDATE', 'DELETE'];
	const user = `system:serviceaccount:${namespace}:reader`;
	await cluster.client.create(policies, {
		metadata: { name },
		spec: {
			matchConstraints: { resourceRules: [{ ...everything, operations }] },
			matchConditions: [{ name: 'who', expression: `request.userInfo.username == '${user}'` }],
			validations: [{ expression: 'request.dryRun', message: 'this account writes nothing' }],
		},
	});
	await cluster.client.create(`${policies.replace(/ies$/, 'y')}bindings`, {
		metadata: { name },
		spec: { policyName: name, validationActions: ['Deny'] },
	});
	cluster.onEnd(async () => {
		await cluster.client.delete(`${policies.replace(/ies$/, 'y')}bindings/${name}`);
		await cluster.client.delete(`${policies}/${name}`);
	});
	const account = cluster.accessWith(token);
	await vi.waitFor(
		async () => {
			const run = await cluster.deploy(namespace, configMap(randomUUID(), 'tried'), account);
			expect(log(run)).toContain('this account writes nothing');
		},
		{ timeout: 20_000, interval: 500 },
	);
	return account;
}

test('going back brings back the whole set, and the next run finds it unchanged', async () => {
	const namespace = await cluster.newNamespace();
	const secret = (value: string) =>
		`\napiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: ${value}}\n---`;
	const first = configMap('1') + secret('correct-horse') + deployment('acme/web:1');
	await cluster.deploy(namespace, first);
	const broken =
		configMap('2') +
		configMap('1', 'added') +
		secret('battery-staple') +
		deployment('acme/web:fake-err-image-pull');
	const run = await cluster.deploy(namespace, broken, { 'rollback-on-failure': 'true' });
	expect(run, log(run)).toMatchObject({ exitCode: 1, outputs: { status: 'rolled-back' } });
	const inside = `/api/v1/namespaces/${namespace}`;
	const map = await cluster.client.get(`${inside}/configmaps/settings`);
	expect(map.data).toEqual({ a: '1' });
	expect(await cluster.client.find(`${inside}/configmaps/added`)).toBeUndefined();
	const login = await cluster.client.get(`${inside}/secrets/login`);
	expect(login.data).toEqual({ password: Buffer.from('correct-horse').toString('base64') });
	expect(log(run)).not.toMatch(/correct-horse|battery-staple/);
	const again = await cluster.deploy(namespace, first);
	expect(again.outputs.status, log(again)).toBe('unchanged');
	const next = await cluster.deploy(namespace, configMap('3') + deployment('acme/web:3'));
	expect(next.outputs.status, log(next)).toBe('deployed');
});

test('what client-side apply owned is taken over, and leaves with the manifest', async () => {
	const namespace = await cluster.newNamespace();
	const maps = `/api/v1/namespaces/${namespace}/configmaps`;
	await cluster.client.create(`${maps}?fieldManager=kubectl-client-side-apply`, {
		metadata: { name: 'settings' },
		data: { a: '1', b: '2' },
	});
	const run = await cluster.deploy(namespace, configMap('3'));
	expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	expect((await cluster.client.get(`${maps}/settings`)).data).toEqual({ a: '3' });
});

test('replicas are left to an autoscaler', async () => {
	const namespace = await cluster.newNamespace();
	const scaler = `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {minReplicas: 2, maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
---`;
	await cluster.deploy(namespace, deployment('acme/web:1') + scaler);
	const path = `/apis/apps/v1/namespaces/${namespace}/deployments/web`;
	await cluster.client.patch(`${path}/scale`, [
		{ op: 'replace', path: '/spec/replicas', value: 4 },
	]);
	const run = await cluster.deploy(namespace, deployment('acme/web:2') + scaler);
	expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	expect((await cluster.client.get(path)).spec).toMatchObject({ replicas: 4 });
});

test('versions that are no longer served are rewritten where that is wanted', async () => {
	const namespace = await cluster.newNamespace();
	const old = `${deployment('acme/web:1').replace('apps/v1', 'apps/v1beta1').replace('selector: {matchLabels: {app: web}}, ', '')}
apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: web}
spec: {rules: [{host: web.example.com, http: {paths: [{path: /, backend: {serviceName: web, servicePort: http}}]}}]}
`;
	const refused = await cluster.deploy(namespace, old);
	expect(refused.exitCode).toBe(1);
	expect(log(refused)).toMatch(
		/k\.yaml:2:1: Deployment\/web: the server does not serve apps\/v1beta1/,
	);
	const run = await cluster.deploy(namespace, old, { 'upgrade-apis': 'true' });
	expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	const ingress = await cluster.client.get(
		`/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses/web`,
	);
	expect(JSON.stringify(ingress.spec)).toContain('"service":{"name":"web","port":{"name":"http"}}');
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

test("what the server says of a Secret is told without the Secret's values", async () => {
	const namespace = await cluster.newNamespace();
	const secret = (rest: string) =>
		`apiVersion: v1\nkind: Secret\nmetadata: {name: login}\n${rest}\n`;
	for (const [rest, told, hidden] of [
		[
			'stringData: {pin: 73915}',
			/k\.yaml:4:14: Secret\/login: stringData\.pin: expected string, got \*\*\*/,
			/73915/,
		],
		['data: {pin: "no base64: 73915"}', /Secret\/login: .*base64/, /73915/],
		[
			'type: kubernetes.io/dockerconfigjson\nstringData: {.dockerconfigjson: "73915{"}',
			/Secret\/login: /,
			/73915/,
		],
	] as const) {
		const run = await cluster.deploy(namespace, secret(rest), { 'log-level': 'debug' });
		expect(run.exitCode, log(run)).toBe(1);
		expect(run.outputs.reason).toMatch(told);
		expect(log(run)).not.toMatch(hidden);
	}
});

test('a right that is missing is named, for a token of a service account too', async () => {
	const namespace = await cluster.newNamespace();
	const token = await cluster.tokenOf(namespace, 'weak');
	const run = await cluster.deploy(
		namespace,
		deployment('acme/web:1') + configMap('1'),
		cluster.accessWith(token),
	);
	expect(run.exitCode, log(run)).toBe(1);
	expect(log(run)).toMatch(/User "\S+:weak" cannot get resource "deployments"/);
	expect(run.outputs.reason).toContain(
		`these rights are missing in all: get, create and patch deployments.apps in namespace ${namespace}; get, create and patch configmaps in namespace ${namespace}`,
	);
	expect(log(run)).not.toContain(token);
});
