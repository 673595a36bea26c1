import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../stand-ins/kubernetes/cluster.ts';
import { github, woodpecker } from './fronts.ts';
import { deploy, deployment, log, service, writes } from './rolling-deploy-run.ts';

let cluster: Cluster;
beforeEach(async () => {
	cluster = await startCluster();
});
afterEach(() => cluster.close());

/** A sound object in front of the broken one: it must not be written. */
const configMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: first}\n---\n';

describe('nothing is written where one of the set', () => {
	test.each([
		[
			'has a field that is not known',
			deployment('acme/web:1', 'replicas: 1', '          imagePulPolicy: Always\n'),
			/k\.yaml:18:11: Deployment\/web: the server knows no field \S*imagePulPolicy/,
		],
		[
			'is in a namespace that does not exist',
			'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: shop\nspec: {ports: [{port: 80}]}\n',
			/k\.yaml:9:3: Service\/web: namespace "shop" does not exist; create it/,
		],
		[
			'is of a version that is not served any more',
			deployment('acme/web:1').replace('apps/v1', 'apps/v1beta1'),
			/k\.yaml:5:1: Deployment\/web: the server does not serve apps\/v1beta1 any more; change apiVersion: apps\/v1 instead of apps\/v1beta1/,
		],
		[
			'is of a version that never was',
			deployment('acme/web:1').replace('apps/v1', 'apps/v9'),
			/Deployment\/web: the server does not serve Deployment in apps\/v9; it serves Deployment in apps\/v1/,
		],
		[
			'is of a kind that is mistyped',
			deployment('acme/web:1').replace('Deployment', 'Deploymnet'),
			/in apps\/v1 it serves .*Deployment/,
		],
		[
			'is of a kind whose definition is not installed',
			'apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n',
			/the definition of that kind is not installed/,
		],
		[
			'names a namespace and is in none',
			'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, namespace: shop}\n',
			/Namespace\/shop names a namespace, and a Namespace is in none/,
		],
	])('%s', async (_what, manifest, message) => {
		const run = await deploy(cluster, configMap + manifest);
		expect(run.exitCode, log(run)).toBe(1);
		expect(log(run)).toMatch(message);
		expect(log(run)).toContain('nothing was written');
		expect(run.outputs.status).toBe('failed');
		expect(writes(cluster)).toEqual([]);
	});

	test('cannot be read', async () => {
		const run = await deploy(cluster, `${configMap}a: [1\nb: 2\n`);
		expect(run.exitCode).toBe(1);
		expect(log(run)).toMatch(/k\.yaml:6:1: The YAML cannot be read/);
		expect(cluster.requests).toEqual([]);
	});

	test('is there twice, once with its namespace and once without', async () => {
		const twice = configMap + configMap.replace('name: first', 'name: first, namespace: default');
		const run = await deploy(cluster, twice);
		expect(run.exitCode).toBe(1);
		expect(log(run)).toMatch(/ConfigMap\/first stands in the set twice: at k\.yaml:1:1 and at k/);
		expect(writes(cluster)).toEqual([]);
	});

	test('is still to be tried out when the time is over', async () => {
		cluster.fault = ({ query }) =>
			query.dryRun ? { kind: 'status', status: 503, retryAfterSeconds: 60 } : undefined;
		const run = await deploy(cluster, configMap + service, { timeout: '1s' });
		expect(run.exitCode, log(run)).toBe(3);
		expect(log(run)).toMatch(/Not done within 1 s; give it more time with timeout$/m);
		expect(writes(cluster)).toEqual([]);
	});

	test('is refused, and all that are get told', async () => {
		const run = await deploy(
			cluster,
			`${deployment('a:1').replace('apps/v1', 'apps/v9')}---\n${service.replace('v1', 'v9')}`,
			{},
			{ front: github },
		);
		expect(run.stdout).toMatch(/::error file=k\.yaml,line=1,.*Deployment\/web/);
		expect(run.stdout).toMatch(/::error file=k\.yaml,line=16,.*Service\/web/);
		expect(run.stdout).toContain('2 objects cannot be applied');
	});
});

test('a conflict names the field and its owner, and can be taken over', async () => {
	await deploy(cluster, deployment('acme/web:1'));
	const live = cluster.get('Deployment', 'default', 'web');
	if (live === undefined) throw new Error('there is no Deployment');
	const text = JSON.stringify(live).replace('acme/web:1', 'acme/web:9');
	cluster.update(JSON.parse(text), 'kubectl-edit');
	const run = await deploy(cluster, deployment('acme/web:2'));
	expect(run.exitCode, log(run)).toBe(1);
	expect(log(run)).toMatch(
		/k\.yaml:12:11: Deployment\/web: \S*containers\[name="web"\]\.image is owned by "kubectl-edit".*force-conflicts/,
	);
	const forced = await deploy(cluster, deployment('acme/web:2'), { 'force-conflicts': 'true' });
	expect(forced.outputs.status, log(forced)).toBe('deployed');
});

test('a field that cannot be changed is told as one', async () => {
	await deploy(cluster, deployment('acme/web:1'));
	const run = await deploy(cluster, deployment('acme/web:1').replaceAll('app: web', 'app: site'));
	expect(run.exitCode, log(run)).toBe(1);
	expect(log(run)).toMatch(/spec\.selector cannot be changed on an object that exists/);
});

describe('a cluster that cannot be reached', () => {
	test('for a wrong token: says so, and does not show it', async () => {
		const kubeconfig = cluster.kubeconfig('wrong-token-123456');
		const run = await deploy(
			cluster,
			deployment('acme/web:1'),
			{ kubeconfig, 'log-level': 'debug' },
			{ front: woodpecker },
		);
		expect(run.exitCode).toBe(1);
		expect(log(run)).toMatch(/does not know this user .*401.*check the token/);
		expect(log(run)).not.toContain('wrong-token-123456');
	});

	test('since nothing listens there: names the address', async () => {
		const args = { server: 'https://127.0.0.1:1', 'cluster-token': 'some-token' };
		const run = await deploy(cluster, deployment('acme/web:1'), { ...args, kubeconfig: '' });
		expect(run.exitCode).toBe(1);
		expect(log(run)).toMatch(/https:\/\/127\.0\.0\.1:1\/apis? got no answer: .*ECONNREFUSED/);
	});

	test('since its authority is not trusted: says what to give', async () => {
		const args = { server: cluster.url, 'cluster-token': cluster.adminToken, kubeconfig: '' };
		const run = await deploy(cluster, deployment('acme/web:1'), args);
		expect(run.exitCode).toBe(1);
		expect(log(run)).toMatch(/certificate.*give the server's authority as an input/);
		const trusted = await deploy(cluster, deployment('acme/web:1'), {
			...args,
			'cluster-ca': Buffer.from(cluster.ca).toString('base64'),
		});
		expect(trusted.exitCode, log(trusted)).toBe(0);
	});
});

describe('bad input', () => {
	test.each([
		['no cluster', { kubeconfig: '' }, /No cluster is given: name one with --kubeconfig/],
		['two clusters', { server: 'https://a' }, /--kubeconfig and --server exclude each other/],
		['a context that is not there', { context: 'prod' }, /no context "prod"; it has stand-in/],
		['a kubeconfig that is none', { kubeconfig: 'a: 1' }, /is no kubeconfig/],
		['a kubeconfig that is not there', { kubeconfig: 'nowhere' }, /no such file/],
		[
			'an image that is none',
			{ images: 'acme/web=UPPER' },
			/--images: "UPPER" is no image reference/,
		],
		[
			'an image that nothing uses',
			{ images: 'acme/w=acme/w:1' },
			/--images: no container of the set uses acme\/w/,
		],
		['a namespace that is none', { namespace: 'Bad_NS' }, /--namespace: "Bad_NS" is not the name/],
		['an input that is not there', { pruned: 'true' }, /pruned/],
		[
			'a manifest that is not there',
			{ manifests: 'k.yaml\nkubernetes/web.yaml' },
			/--manifests: there is no kubernetes\/web\.yaml in /,
		],
		['a glob of nothing', { manifests: 'k/*.yaml' }, /--manifests: there is no k\/\*\.yaml in /],
		['a file without an object', { manifests: '-' }, /no Kubernetes object in standard input/],
		['values that are not there', { values: 'nowhere.yaml' }, /--values: there is no .*nowhere/],
	])('%s is exit code 2, and nothing is asked', async (_what, inputs, message) => {
		const run = await deploy(cluster, deployment('acme/web:1'), inputs);
		expect(run.exitCode, log(run)).toBe(2);
		expect(log(run)).toMatch(message);
		expect(cluster.requests).toEqual([]);
	});
});

test.each(['path', 'text', 'Base64'])('a kubeconfig may be given as its %s', async (form) => {
	const text = cluster.kubeconfig();
	const kubeconfig =
		form === 'path' ? 'kubeconfig' : form === 'text' ? text : Buffer.from(text).toString('base64');
	const run = await deploy(cluster, configMap, { kubeconfig }, { files: { kubeconfig: text } });
	expect(run.exitCode, log(run)).toBe(0);
});

test('the variable KUBECONFIG names the cluster where no input does', async () => {
	const run = await deploy(
		cluster,
		configMap,
		{ kubeconfig: '' },
		{ env: { KUBECONFIG: 'kubeconfig' } },
	);
	expect(run.exitCode, log(run)).toBe(0);
});

test('manifests are read from the standard input', async () => {
	const run = await deploy(cluster, '', { manifests: '-' }, { stdin: configMap });
	expect(run.exitCode, log(run)).toBe(0);
	expect(cluster.get('ConfigMap', 'default', 'first')).toBeDefined();
	const broken = await deploy(cluster, '', { manifests: '-' }, { stdin: 'a: [' });
	expect(log(broken)).toMatch(/standard input:1:\d+: The YAML cannot be read/);
});

test('what is wrong in a kustomization is told at the file that it comes from', async () => {
	const kustomize = `#!/bin/sh
cat <<'END'
apiVersion: v1
kind: ConfigMap
metadata:
  name: pre-web
  namespace: shop
END
! grep -q originAnnotations "$2/kustomization.yaml" || cat <<END
  annotations:
    config.kubernetes.io/origin: |
      path: $PWD/base/web.yaml
END
`;
	const run = await deploy(
		cluster,
		'',
		{ manifests: 'web' },
		{
			front: github,
			files: {
				'web/kustomization.yaml': 'resources: [../base]\n',
				'base/web.yaml': `${configMap}apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n`,
			},
			prepare: async (workspace) => {
				await writeFile(join(workspace, 'kustomize'), kustomize, { mode: 0o755 });
			},
			env: { PATH: '.:/usr/bin:/bin' },
		},
	);
	expect(run.exitCode, log(run)).toBe(1);
	expect(run.stdout).toMatch(
		/::error file=base\/web\.yaml,line=7,.*ConfigMap\/pre-web: namespace "shop" does not exist/,
	);
});

test.each([
	['a chart', 'web/Chart.yaml', /web is a chart, and helm is not on PATH; install it, or render/],
	[
		'a kustomization',
		'web/kustomization.yaml',
		/web is a kustomization, and neither kustomize nor kubectl is on PATH; install one, or render/,
	],
])('%s needs a program, which is named where it is missing', async (_what, file, message) => {
	const run = await deploy(
		cluster,
		'',
		{ manifests: 'web' },
		{ files: { [file]: 'name: web\n' }, env: { PATH: '/nonexistent' } },
	);
	expect(run.exitCode).toBe(1);
	expect(log(run)).toMatch(message);
	expect(cluster.requests).toEqual([]);
});
