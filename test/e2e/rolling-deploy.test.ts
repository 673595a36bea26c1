import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { KubernetesClient } from '../../shared/kubernetes/client.ts';
import { type Connection, connectionOf } from '../../shared/kubernetes/kubeconfig.ts';
import type { KubernetesObject } from '../../shared/kubernetes/object.ts';
import { runStep, type StepRun } from '../scenarios/run-step.ts';

const { kubeconfig } = inject('kubernetes');
const unique = randomUUID().slice(0, 8);
const silent = () => undefined;
const ended = new AbortController();
const namespaces: string[] = [];
let connection: Connection;
let client: KubernetesClient;

beforeAll(async () => {
	connection = await connectionOf(
		{ kubeconfig },
		{ environment: {}, folder: '/', protect: silent, nameOf: (input) => input },
	);
	const log = { debug: silent, info: silent, warn: silent, error: silent };
	client = new KubernetesClient(connection, { log, signal: ended.signal, environment: {} });
});
afterAll(async () => {
	for (const name of namespaces) await client.delete(`/api/v1/namespaces/${name}`);
	client.close();
});

/** A namespace of a test's own; in a cluster that others use, none of them is in the way. */
async function newNamespace(): Promise<string> {
	const name = `deploy-${unique}-${namespaces.length}`;
	await client.create('/api/v1/namespaces', { metadata: { name } });
	namespaces.push(name);
	return name;
}

async function deploy(
	namespace: string,
	manifests: string,
	inputs: Record<string, string> = {},
): Promise<StepRun> {
	const cwd = await mkdtemp(join(tmpdir(), 'rolling-deploy-'));
	try {
		await writeFile(join(cwd, 'k.yaml'), manifests);
		const all = { manifests: 'k.yaml', kubeconfig, namespace, ...inputs };
		const args = Object.entries(all).map(([name, value]) => `--${name}=${value}`);
		return await runStep('rolling-deploy', { args, cwd });
	} finally {
		await rm(cwd, { recursive: true });
	}
}

const log = ({ stdout, stderr }: StepRun) => stdout + stderr;

const template = (name: string, image: string, rest = '') =>
	`template: {metadata: {labels: {app: ${name}}}, spec: {terminationGracePeriodSeconds: 1, containers: [{name: ${name}, image: "${image}"${rest}}]}}`;

const deployment = (image: string, rest = '') => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {replicas: 2, selector: {matchLabels: {app: web}}, ${template('web', image, rest)}}
---`;

const configMap = (value: string) => `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: "${value}"}
---`;

test('every kind is installed and waited for, found unchanged, and changed', async () => {
	const namespace = await newNamespace();
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
	namespaces.push(`${namespace}-b`);
	const first = await deploy(namespace, set('acme/web:1'));
	expect(first, log(first)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	expect(first.outputs['image-ids']).toMatch(/"acme\/web@sha256:[0-9a-f]{64}"/);

	const versions = async () =>
		(await client.list(`/apis/apps/v1/namespaces/${namespace}/deployments`)).items.map(
			({ metadata }: KubernetesObject) => metadata.resourceVersion,
		);
	const before = await versions();
	const again = await deploy(namespace, set('acme/web:1'));
	expect(again, log(again)).toMatchObject({ exitCode: 0, outputs: { status: 'unchanged' } });
	expect(await versions()).toEqual(before);

	const next = await deploy(namespace, set('acme/web:2'));
	expect(next, log(next)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	await client.delete(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.${group}`);
});

describe('a rollout fails with its cause', () => {
	test.each([
		[
			'acme/web:fake-err-image-pull',
			1,
			/image acme\/web:fake-err-image-pull cannot be pulled: .*not found/,
		],
		[
			'acme/web:fake-crash-loop',
			1,
			/container "web" of pod web-\S+ ended with exit code 1, and was restarted/,
		],
		['acme/web:fake-config-error', 1, /cannot start: configmap "missing" not found/],
		['acme/web:fake-never-ready', 3, /not ready within \d+ s: .*statuscode: 503/],
	])('%s', async (image, exitCode, reason) => {
		const run = await deploy(await newNamespace(), deployment(image), { timeout: '12s' });
		expect(run.exitCode, log(run)).toBe(exitCode);
		expect(run.outputs).toMatchObject({ status: 'failed', reason: expect.stringMatching(reason) });
	});

	test('a quota', async () => {
		const namespace = await newNamespace();
		await client.create(`/api/v1/namespaces/${namespace}/resourcequotas`, {
			metadata: { name: 'small' },
			spec: { hard: { pods: '0' } },
		});
		const run = await deploy(namespace, deployment('acme/web:1'));
		expect(run.exitCode, log(run)).toBe(1);
		expect(run.outputs.reason).toMatch(/its pods cannot be created: .*exceeded quota: small/);
	});

	test('no node with room', async () => {
		const greedy = deployment('acme/web:1', ', resources: {requests: {cpu: "640"}}');
		const run = await deploy(await newNamespace(), greedy, { timeout: '5s' });
		expect(run.exitCode, log(run)).toBe(3);
		expect(run.outputs.reason).toMatch(/fits on no node: .*Insufficient cpu/);
	});
});

test('going back brings back the whole set, and the next run finds it unchanged', async () => {
	const namespace = await newNamespace();
	await deploy(namespace, configMap('1') + deployment('acme/web:1'));
	const broken = configMap('2') + deployment('acme/web:fake-err-image-pull');
	const run = await deploy(namespace, broken, { 'rollback-on-failure': 'true' });
	expect(run, log(run)).toMatchObject({ exitCode: 1, outputs: { status: 'rolled-back' } });
	const map = await client.get(`/api/v1/namespaces/${namespace}/configmaps/settings`);
	expect(map.data).toEqual({ a: '1' });
	const again = await deploy(namespace, configMap('1') + deployment('acme/web:1'));
	expect(again.outputs.status, log(again)).toBe('unchanged');
	const next = await deploy(namespace, configMap('3') + deployment('acme/web:3'));
	expect(next.outputs.status, log(next)).toBe('deployed');
});

test('a typo, a conflict, a field that is immutable and a missing namespace are told with their place', async () => {
	const namespace = await newNamespace();
	const refusal = async (manifests: string, inputs = {}) => {
		const run = await deploy(namespace, manifests, inputs);
		expect(run.exitCode, log(run)).toBe(1);
		return log(run);
	};
	expect(await refusal(deployment('acme/web:1', ', imagePulPolicy: Always'))).toMatch(
		/k\.yaml:5:\d+: Deployment\/web: the server knows no field \S*imagePulPolicy/,
	);
	expect(await refusal(deployment('acme/web:1'), { namespace: `${namespace}-x` })).toContain(
		`namespace "${namespace}-x" does not exist`,
	);
	await deploy(namespace, configMap('1') + deployment('acme/web:1'));
	await client.apply(
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
	const namespace = await newNamespace();
	const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
	await client.create(accounts, { metadata: { name: 'weak' } });
	const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
	const answer = await client.create<{ status: { token: string } }>(
		`${accounts}/weak/token`,
		request,
	);
	const run = await deploy(namespace, deployment('acme/web:1'), {
		kubeconfig: '',
		server: connection.server,
		'cluster-token': answer.status.token,
		'cluster-ca': connection.tls.ca ?? '',
	});
	expect(run.exitCode, log(run)).toBe(1);
	expect(log(run)).toMatch(/User "\S+:weak" cannot get resource "deployments"/);
	expect(log(run)).not.toContain(answer.status.token);
});
