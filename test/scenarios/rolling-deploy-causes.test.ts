import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ImageBehaviour } from '../stand-ins/kubernetes/behaviour.ts';
import { type Cluster, startCluster } from '../stand-ins/kubernetes/cluster.ts';
import { github } from './fronts.ts';
import { deploy, deployment, log } from './rolling-deploy-run.ts';

/** Longer than it takes the crashing container to be restarted twice. */
const stable = { 'stable-for': '3s' };

const pullMessage = (image: string) =>
	`rpc error: code = NotFound desc = failed to resolve reference "${image}": ${image}: not found`;

const behaviours: Readonly<Record<string, ImageBehaviour>> = {
	missing: { kind: 'missing', message: pullMessage('acme/web:missing') },
	slow: { kind: 'missing', message: 'dial tcp 192.0.2.1:443: i/o timeout' },
	crash: { kind: 'crash', exitCode: 3, after: 2, log: 'starting\nfatal: no database\n' },
	config: { kind: 'config-error', message: 'configmap "settings" not found' },
	unready: {
		kind: 'never-ready',
		probe: 'Readiness probe failed: HTTP probe failed with statuscode: 503',
	},
	exits: { kind: 'exit', exitCode: 4, after: 1, log: 'cannot migrate\n' },
};

let cluster: Cluster;
beforeEach(async () => {
	cluster = await startCluster({
		behaviour: async (image) => behaviours[image.split(':')[1] ?? ''] ?? { kind: 'ready' },
	});
});
afterEach(() => cluster.close());

describe('a rollout fails at once, with its cause', () => {
	test.each([
		[
			'an image that is not there',
			'acme/web:missing',
			/container "web" cannot start: image acme\/web:missing cannot be pulled: .*not found/,
		],
		[
			'a name that is no image',
			'acme/Web:1',
			/container "web" cannot start: "acme\/Web:1" is no image name/,
		],
		[
			'a ConfigMap that is missing',
			'acme/web:config',
			/container "web" cannot start: configmap "settings" not found/,
		],
		[
			'a container that crashes',
			'acme/web:crash',
			/container "web" of pod web-\S+ ended with exit code 3, and was restarted \d+ times/,
		],
	])('%s', async (_cause, image, reason) => {
		const run = await deploy(cluster, deployment(image), stable);
		expect(run.exitCode, log(run)).toBe(1);
		expect(run.outputs).toMatchObject({ status: 'failed', images: JSON.stringify([image]) });
		expect(run.outputs.reason).toMatch(reason);
		expect(log(run)).toMatch(reason);
		expect(run.outputs.reason).toMatch(/^k\.yaml:\d+:\d+: Deployment\/web: /);
	});
});

test('a crash is told with the last lines that the container wrote', async () => {
	const run = await deploy(cluster, deployment('acme/web:crash'), stable);
	expect(log(run)).toMatch(
		/The last lines of container "web" of pod web-\S+:\n +starting\n +fatal: no database/,
	);
	expect(run.outputs.reason).toMatch(/exit code 3, .*; it wrote last: fatal: no database$/);
	const asked = cluster.requests.filter(({ path }) => path.endsWith('/log'));
	expect(asked).toMatchObject([{ query: { tailLines: '250' } }]);
	expect(log(run)).toMatch(/BackOff: Back-off restarting failed container/);
});

test('the cause is an annotation on the line of the manifest', async () => {
	const run = await deploy(cluster, deployment('acme/web:missing'), {}, { front: github });
	expect(run.stdout).toMatch(
		/^::error file=k\.yaml,line=12,col=\d+::k\.yaml:12:\d+: Deployment\/web: /m,
	);
});

test('the missing image of a set with others is the one that is told', async () => {
	const other = deployment('acme/api:1').replaceAll('web', 'api');
	const run = await deploy(cluster, `${deployment('acme/web:missing')}---\n${other}`);
	expect(run.outputs.reason).toMatch(/^k\.yaml:12:\d+: Deployment\/web: .*acme\/web:missing/);
	expect(run.exitCode).toBe(1);
});

test('an old pod that crashes does not fail the rollout that mends it', async () => {
	const broken = await deploy(cluster, deployment('acme/web:crash'), stable);
	expect(broken.exitCode).toBe(1);
	const mended = await deploy(cluster, deployment('acme/web:1'));
	expect(mended, log(mended)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
});

test('what failed once fails again when nothing has changed', async () => {
	await deploy(cluster, deployment('acme/web:missing'));
	const again = await deploy(cluster, deployment('acme/web:missing'));
	expect(again).toMatchObject({ exitCode: 1, outputs: { status: 'failed' } });
});

describe('at the deadline, with exit code 3', () => {
	const timeout = '3s';

	test('a readiness probe that fails, with its path', async () => {
		const probe = '          readinessProbe: {httpGet: {path: /healthz, port: 8080}}\n';
		const run = await deploy(cluster, deployment('acme/web:unready', 'replicas: 1', probe), {
			timeout,
		});
		expect(run.exitCode, log(run)).toBe(3);
		expect(run.outputs.reason).toMatch(
			/readiness probe \(GET \/healthz on port 8080\) does not succeed: .*statuscode: 503/,
		);
	});

	test('a pod that fits on no node, after a warning', async () => {
		const greedy = '          resources: {requests: {cpu: "64"}}\n';
		const run = await deploy(cluster, deployment('acme/web:1', 'replicas: 1', greedy), { timeout });
		expect(run.exitCode, log(run)).toBe(3);
		expect(log(run)).toMatch(/warning: .*fits on no node/);
		expect(run.outputs.reason).toMatch(/fits on no node: .*Insufficient cpu/);
	});

	test('pods that a quota refuses', async () => {
		cluster.create('ResourceQuota', {
			metadata: { name: 'small', namespace: 'default' },
			spec: { hard: { pods: '0' } },
		});
		const run = await deploy(cluster, deployment('acme/web:1'), { timeout });
		expect(run.exitCode, log(run)).toBe(3);
		expect(run.outputs.reason).toMatch(/its pods cannot be created: .*exceeded quota: small/);
	});

	test("the Deployment's own progressDeadlineSeconds", async () => {
		// The stand-in's seconds are short.
		const spec = 'progressDeadlineSeconds: 20';
		const run = await deploy(cluster, deployment('acme/web:unready', spec));
		expect(run.exitCode, log(run)).toBe(3);
		expect(run.outputs.reason).toContain('no progress within its progressDeadlineSeconds');
	});

	test('a registry that does not answer, which may pass', async () => {
		const run = await deploy(cluster, deployment('acme/web:slow'), { timeout });
		expect(run.exitCode, log(run)).toBe(3);
		expect(run.outputs.reason).toMatch(/i\/o timeout/);
	});
});

test('a Job that gives up fails with what its container wrote', async () => {
	const job = `apiVersion: batch/v1
kind: Job
metadata: {name: migrate}
spec:
  backoffLimit: 0
  template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: "acme/migrate:exits"}]}}
`;
	const run = await deploy(cluster, job);
	expect(run.exitCode, log(run)).toBe(1);
	expect(run.outputs.reason).toMatch(
		/^k\.yaml:6:72: Job\/migrate: it failed: .*exit code 4; it wrote last: cannot migrate$/,
	);
	expect(log(run)).toContain('cannot migrate');
});

test('a load balancer is waited for until it has an address', async () => {
	const service = `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}
`;
	const run = await deploy(cluster, service);
	expect(run.exitCode, log(run)).toBe(0);
	expect(log(run)).toMatch(/no address yet\nService\/web: its address is 192\.0\.2\.\d+/);
});
