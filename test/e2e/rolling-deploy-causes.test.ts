import { describe, expect, test } from 'vitest';
import { ClusterDeploy, deployment, log, template } from './cluster-deploy.ts';

const cluster = new ClusterDeploy();

/** Where the image stands in the manifest of {@link deployment}. */
const atImage = /^k\.yaml:5:\d+: Deployment\/web: /;

const probe = (kind: string) => `, ${kind}: {httpGet: {path: /healthz, port: 8080}}`;
const init = 'initContainers: [{name: wait, image: "acme/wait:1"}], ';

interface Cause {
	image: string;
	/** Further fields of the container, and of the pod. */
	container?: string;
	pod?: string;
	exitCode: number;
	reason: RegExp;
}

const causes: Readonly<Record<string, Cause>> = {
	'an image that is not there, at once': {
		image: 'acme/web:fake-err-image-pull',
		exitCode: 1,
		reason: /image acme\/web:fake-err-image-pull cannot be pulled: .*not found/,
	},
	'one that may not be pulled, at once': {
		image: 'acme/web:fake-pull-denied',
		exitCode: 1,
		reason: /cannot be pulled: .*pull access denied/,
	},
	'one that is not on the node and is never pulled, at once': {
		image: 'acme/web:fake-never-pull',
		exitCode: 1,
		reason: /image acme\/web:fake-never-pull is not on the node, and imagePullPolicy is Never/,
	},
	'one whose name is none, at once': {
		image: 'acme/web:fake-invalid-name',
		exitCode: 1,
		reason: /"acme\/web:fake-invalid-name" is no image name/,
	},
	'a back-off of its pull, at once where its event says that it is not there': {
		image: 'acme/web:fake-image-pull-backoff',
		exitCode: 1,
		reason: /image acme\/web:fake-image-pull-backoff cannot be pulled: .*not found/,
	},
	'a registry that does not answer, at the deadline': {
		image: 'acme/web:fake-slow-registry',
		exitCode: 3,
		reason: /not ready within \d+ s: .*cannot be pulled: .*i\/o timeout/,
	},
	'a crash, from the second restart on, with what the container wrote last': {
		image: 'acme/web:fake-crash-loop',
		exitCode: 1,
		reason:
			/container "web" of pod web-\S+ ended with exit code 1, and was restarted \d times; it wrote last: fatal: cannot open configuration/,
	},
	'a crash of a container with a readiness probe': {
		image: 'acme/web:fake-crash-loop',
		container: probe('readinessProbe'),
		exitCode: 1,
		reason: /ended with exit code 1, and was restarted \d times/,
	},
	'too little memory': {
		image: 'acme/web:fake-oom',
		exitCode: 1,
		reason: /was killed for using more memory than its limit \(exit code 137\)/,
	},
	'a ConfigMap that is missing, at once': {
		image: 'acme/web:fake-config-error',
		exitCode: 1,
		reason: /cannot start: configmap "missing" not found/,
	},
	'a readiness probe that fails, at the deadline': {
		image: 'acme/web:fake-never-ready',
		container: probe('readinessProbe'),
		exitCode: 3,
		reason: /readiness probe \(GET \/healthz on port 8080\) does not succeed: .*statuscode: 503/,
	},
	'a startup probe that fails, at the deadline': {
		image: 'acme/web:fake-never-started',
		container: probe('startupProbe'),
		exitCode: 3,
		reason: /startup probe \(GET \/healthz on port 8080\) does not succeed: .*refused/,
	},
	'an init container that crashes, by its name': {
		image: 'acme/web:fake-init-crash',
		pod: init,
		exitCode: 1,
		reason: /init container "wait" of pod web-\S+ ended with exit code 1/,
	},
};

describe.concurrent('a rollout fails with its cause', () => {
	test.each(Object.entries(causes))('%s', async (_cause, { image, container, pod, ...wanted }) => {
		const set = deployment(image, container, pod);
		const run = await cluster.deploy(await cluster.newNamespace(), set, { timeout: '20s' });
		expect(run.exitCode, log(run)).toBe(wanted.exitCode);
		expect(run.outputs).toMatchObject({
			status: 'failed',
			reason: expect.stringMatching(wanted.reason),
		});
		expect(run.outputs.reason).toMatch(atImage);
	});

	test('a configuration that the node has not got yet is no cause', async () => {
		const set = deployment('acme/web:fake-config-late');
		const run = await cluster.deploy(await cluster.newNamespace(), set);
		expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	});

	test('a crash of the old revision is no cause', async () => {
		const namespace = await cluster.newNamespace();
		await cluster.deploy(namespace, deployment('acme/web:fake-crash-loop'));
		const run = await cluster.deploy(namespace, deployment('acme/web:1'));
		expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	});

	test('a Job that gives up, and a Pod that fails', async () => {
		const container = 'restartPolicy: Never, containers: [{name: c, image: "acme/c:fake-exit"}]';
		const job = `apiVersion: batch/v1\nkind: Job\nmetadata: {name: job}\nspec: {backoffLimit: 0, template: {spec: {${container}}}}\n`;
		const pod = `apiVersion: v1\nkind: Pod\nmetadata: {name: pod}\nspec: {${container}}\n`;
		for (const [set, reason] of [
			[job, /Job\/job: it failed: .*(backoff limit|failed)/],
			[pod, /Pod\/pod: it failed/],
		] as const) {
			const run = await cluster.deploy(await cluster.newNamespace(), set);
			expect(run.exitCode, log(run)).toBe(1);
			expect(run.outputs.reason).toMatch(reason);
		}
	});

	test('no progress within the deadline of the Deployment itself', async () => {
		const set = deployment('acme/web:fake-pending').replace(
			'replicas: 2',
			'progressDeadlineSeconds: 3, replicas: 1',
		);
		const run = await cluster.deploy(await cluster.newNamespace(), set);
		expect(run.exitCode, log(run)).toBe(3);
		expect(run.outputs.reason).toContain('no progress within its progressDeadlineSeconds');
	});

	test('no node with room, after a warning', async () => {
		const greedy = deployment('acme/web:1', ', resources: {requests: {cpu: "640"}}');
		const run = await cluster.deploy(await cluster.newNamespace(), greedy, { timeout: '8s' });
		expect(run.exitCode, log(run)).toBe(3);
		expect(log(run)).toMatch(/warning: \S+ Deployment\/web: pod \S+ fits on no node/);
		expect(run.outputs.reason).toMatch(/fits on no node: .*Insufficient cpu/);
	});
});

describe.concurrent('pods that the server refuses are told after a while', () => {
	const statefulSet = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec: {replicas: 1, serviceName: db, selector: {matchLabels: {app: db}}, ${template('db', 'acme/db:1')}}
`;

	test.each([
		['Deployment', deployment('acme/web:1')],
		['StatefulSet', statefulSet],
	])('by a quota, of a %s', async (kind, set) => {
		const namespace = await cluster.newNamespace();
		await cluster.client.create(`/api/v1/namespaces/${namespace}/resourcequotas`, {
			metadata: { name: 'small' },
			spec: { hard: { pods: '0' } },
		});
		const run = await cluster.deploy(namespace, set);
		expect(run.exitCode, log(run)).toBe(1);
		expect(run.outputs.reason).toMatch(
			new RegExp(`${kind}/\\w+: its pods cannot be created: .*exceeded quota: small`),
		);
	});

	test('by the namespace’s pod security', async () => {
		const namespace = await cluster.newNamespace();
		const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
		await cluster.client.patch(`/api/v1/namespaces/${namespace}`, [
			...Object.entries(labels).map(([name, value]) => ({
				op: 'add',
				path: `/metadata/labels/${name.replaceAll('/', '~1')}`,
				value,
			})),
		]);
		const run = await cluster.deploy(namespace, deployment('acme/web:1'));
		expect(run.exitCode, log(run)).toBe(1);
		expect(run.outputs.reason).toMatch(/its pods cannot be created: .*violates PodSecurity/);
	});

	test('by a webhook that does not answer', async () => {
		const namespace = await cluster.newNamespace();
		const webhooks = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
		const name = `${namespace}.example.com`;
		await cluster.client.create(webhooks, {
			metadata: { name },
			webhooks: [
				{
					name,
					clientConfig: { url: 'https://127.0.0.1:1/' },
					rules: [
						{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] },
					],
					namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
					sideEffects: 'None',
					admissionReviewVersions: ['v1'],
				},
			],
		});
		const run = await cluster.deploy(namespace, deployment('acme/web:1'));
		await cluster.client.delete(`${webhooks}/${name}`);
		expect(run.exitCode, log(run)).toBe(1);
		expect(run.outputs.reason).toMatch(/its pods cannot be created: .*failed calling webhook/);
	});
});
