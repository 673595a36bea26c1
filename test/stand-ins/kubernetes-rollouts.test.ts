import { afterEach, describe, expect, it } from 'vitest';
import { askRegistry } from './kubernetes/ask-registry.ts';
import { notFoundMessage } from './kubernetes/behaviour.ts';
import { call, deploy } from './kubernetes/call.ts';
import { type Cluster, type ClusterOptions, startCluster } from './kubernetes/cluster.ts';
import { deployment } from './kubernetes/manifests.ts';
import { at, type JsonObject, type KubeObject } from './kubernetes/objects.ts';
import { condition, containerStatuses, isRolledOut, waitingFor } from './kubernetes/observe.ts';
import { pushImage } from './registry/push-image.ts';
import { startRegistry } from './registry/registry.ts';

const closing: (() => Promise<void>)[] = [];

async function start(options?: ClusterOptions): Promise<Cluster> {
	const cluster = await startCluster({ tls: false, secondMs: 5, ...options });
	closing.push(() => cluster.close());
	return cluster;
}

afterEach(async () => {
	await Promise.all(closing.splice(0).map((close) => close()));
});

function web(cluster: Cluster): KubeObject | undefined {
	return cluster.get('Deployment', 'default', 'web');
}

function reasons(cluster: Cluster): unknown[] {
	return cluster.list('Event').map(({ reason }) => reason);
}

describe('a Deployment', () => {
	it('is rolled out through a ReplicaSet, and says so by its status', async () => {
		const cluster = await start();
		await deploy(cluster, deployment('acme/app:v1'));
		await cluster.until(() => isRolledOut(cluster));
		expect(web(cluster)).toMatchObject({
			metadata: { annotations: { 'deployment.kubernetes.io/revision': '1' } },
			status: { replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 },
		});
		expect(condition(web(cluster), 'Available').status).toBe('True');
		const [set] = cluster.list('ReplicaSet');
		expect(set?.metadata.ownerReferences).toMatchObject([{ kind: 'Deployment', name: 'web' }]);
		const hash = set?.metadata.labels?.['pod-template-hash'];
		for (const pod of cluster.list('Pod')) {
			expect(pod.metadata.labels?.['pod-template-hash']).toBe(hash);
		}
		expect(reasons(cluster)).toEqual(
			expect.arrayContaining(['ScalingReplicaSet', 'Scheduled', 'Pulled', 'Started']),
		);
	});

	it('never has more pods than its surge allows, nor fewer available than it may miss', async () => {
		const cluster = await start();
		const strategy = { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } };
		await deploy(cluster, deployment('acme/app:v1', { replicas: 4, strategy }));
		await cluster.until(() => isRolledOut(cluster));
		const totals: number[] = [];
		const available: number[] = [];
		await deploy(cluster, deployment('acme/app:v2', { replicas: 4, strategy }));
		await cluster.until(() => {
			const sets = cluster.list('ReplicaSet');
			totals.push(sets.reduce((sum, set) => sum + Number(at(set, 'spec', 'replicas')), 0));
			available.push(Number(at(web(cluster), 'status', 'availableReplicas') ?? 0));
			return isRolledOut(cluster);
		});
		expect(Math.max(...totals)).toBe(5);
		expect(Math.min(...available)).toBeGreaterThanOrEqual(3);
	});

	it('goes back to an earlier ReplicaSet when its template is that again', async () => {
		const cluster = await start();
		for (const tag of ['v1', 'v2', 'v1']) {
			await deploy(cluster, deployment(`acme/app:${tag}`));
			await cluster.until(() => isRolledOut(cluster));
		}
		const revisions = cluster
			.list('ReplicaSet')
			.map(({ metadata }) => metadata.annotations?.['deployment.kubernetes.io/revision'])
			.sort();
		expect(revisions).toEqual(['2', '3']);
	});

	it('with Recreate has no new pod before the last old one is gone', async () => {
		const cluster = await start();
		const strategy = { type: 'Recreate' };
		await deploy(cluster, deployment('acme/app:v1', { strategy }));
		await cluster.until(() => isRolledOut(cluster));
		await deploy(cluster, deployment('acme/app:v2', { strategy }));
		const images = new Set<string>();
		await cluster.until(() => {
			const running = cluster.list('Pod').map((pod) => {
				const [container] = at(pod, 'spec', 'containers') as JsonObject[];
				return String(container?.image);
			});
			images.add([...new Set(running)].sort().join(' '));
			return isRolledOut(cluster);
		});
		expect(images).not.toContain('acme/app:v1 acme/app:v2');
	});

	it('that makes no progress in time says so, and keeps its old pods', async () => {
		const cluster = await start({
			behaviour: async (image) => ({ kind: image.endsWith('v2') ? 'never-ready' : 'ready' }),
		});
		await deploy(cluster, deployment('acme/app:v1'));
		await cluster.until(() => isRolledOut(cluster));
		await deploy(cluster, deployment('acme/app:v2', { progressDeadlineSeconds: 10 }));
		await cluster.until(() => condition(web(cluster), 'Progressing').status === 'False');
		expect(condition(web(cluster), 'Progressing')).toMatchObject({
			reason: 'ProgressDeadlineExceeded',
			message: expect.stringMatching(/^ReplicaSet "web-\w+" has timed out progressing\.$/),
		});
		expect(at(web(cluster), 'status', 'availableReplicas')).toBe(2);
		expect(reasons(cluster)).toContain('Unhealthy');
	});

	it('tells of pods that a quota refuses', async () => {
		const cluster = await start();
		const hard = { pods: '1' };
		await deploy(cluster, {
			apiVersion: 'v1',
			kind: 'ResourceQuota',
			metadata: { name: 'few' },
			spec: { hard },
		});
		await deploy(cluster, deployment('acme/app:v1'));
		await cluster.until(() => condition(web(cluster), 'ReplicaFailure').status === 'True');
		expect(condition(web(cluster), 'ReplicaFailure')).toMatchObject({
			reason: 'FailedCreate',
			message: expect.stringContaining(
				'is forbidden: exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1',
			),
		});
	});

	it('tells of pods that fit on no node', async () => {
		const cluster = await start();
		const manifest = deployment('acme/app:v1', { replicas: 1 });
		const [container] = at(manifest, 'spec', 'template', 'spec', 'containers') as JsonObject[];
		if (container !== undefined) container.resources = { requests: { cpu: '64' } };
		await deploy(cluster, manifest);
		await cluster.until(() =>
			cluster.list('Pod').some((pod) => condition(pod, 'PodScheduled').status),
		);
		const [pod] = cluster.list('Pod');
		expect(condition(pod, 'PodScheduled')).toMatchObject({
			reason: 'Unschedulable',
			message: expect.stringContaining('0/1 nodes are available: 1 Insufficient cpu.'),
		});
	});
});

describe('an image', () => {
	it('that its registry does not have is told in the runtime’s words', async () => {
		const message = notFoundMessage('docker.io/acme/app:v1');
		const cluster = await start({ behaviour: async () => ({ kind: 'missing', message }) });
		await deploy(cluster, deployment('acme/app:v1', { replicas: 1 }));
		await cluster.until(() => waitingFor(cluster, 'ErrImagePull') !== undefined);
		expect(at(waitingFor(cluster, 'ErrImagePull'), 'state', 'waiting', 'message')).toBe(
			'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/acme/app:v1": failed to resolve reference "docker.io/acme/app:v1": docker.io/acme/app:v1: not found',
		);
		await cluster.until(() => waitingFor(cluster, 'ImagePullBackOff') !== undefined);
		expect(at(waitingFor(cluster, 'ImagePullBackOff'), 'state', 'waiting', 'message')).toBe(
			`Back-off pulling image "acme/app:v1": ErrImagePull: ${message}`,
		);
		const [pod] = cluster.list('Pod');
		const log = await call(cluster, `/api/v1/namespaces/default/pods/${pod?.metadata.name}/log`);
		expect(log.body.message).toContain('is waiting to start: trying and failing to pull image');
	});

	it('that is pushed later is found at a later pull', async () => {
		let pushed = false;
		const message = notFoundMessage('docker.io/acme/app:v1');
		const cluster = await start({
			behaviour: async () => (pushed ? { kind: 'ready' } : { kind: 'missing', message }),
		});
		await deploy(cluster, deployment('acme/app:v1'));
		await cluster.until(() => waitingFor(cluster, 'ImagePullBackOff') !== undefined);
		pushed = true;
		await cluster.until(() => isRolledOut(cluster));
	});

	it('that crashes is restarted ever more slowly, and its log can be read', async () => {
		const cluster = await start({
			behaviour: async () => ({ kind: 'crash', exitCode: 3, log: 'starting\nno database\n' }),
		});
		await deploy(cluster, deployment('acme/app:v1', { replicas: 1 }));
		await cluster.until(() => waitingFor(cluster, 'CrashLoopBackOff')?.restartCount === 2);
		const [pod] = cluster.list('Pod');
		expect(waitingFor(cluster, 'CrashLoopBackOff')).toMatchObject({
			ready: false,
			lastState: { terminated: { exitCode: 3, reason: 'Error' } },
			state: {
				waiting: {
					message: `back-off 20s restarting failed container=web pod=${pod?.metadata.name}_default(${pod?.metadata.uid})`,
				},
			},
		});
		const path = `/api/v1/namespaces/default/pods/${pod?.metadata.name}/log`;
		expect((await call(cluster, `${path}?tailLines=1`)).text).toBe('no database\n');
		expect((await call(cluster, `${path}?previous=true`)).text).toBe('starting\nno database\n');
		expect(reasons(cluster)).toContain('BackOff');
	});

	it('whose ConfigMap is missing waits for it', async () => {
		const cluster = await start();
		const manifest = deployment('acme/app:v1');
		const [container] = at(manifest, 'spec', 'template', 'spec', 'containers') as JsonObject[];
		if (container !== undefined) container.envFrom = [{ configMapRef: { name: 'settings' } }];
		await deploy(cluster, manifest);
		await cluster.until(() => waitingFor(cluster, 'CreateContainerConfigError') !== undefined);
		expect(
			at(waitingFor(cluster, 'CreateContainerConfigError'), 'state', 'waiting', 'message'),
		).toBe('configmap "settings" not found');
		cluster.create('ConfigMap', { metadata: { name: 'settings', namespace: 'default' }, data: {} });
		await cluster.until(() => isRolledOut(cluster));
	});

	it('is pulled from its registry over HTTP, whose digest the pod reports', async () => {
		const registry = await startRegistry();
		closing.push(() => registry.close());
		const cluster = await start({ behaviour: askRegistry() });
		const name = `${registry.host}/acme/app`;
		const digest = await pushImage(registry, 'acme/app:v1', { platforms: ['linux/amd64'] });
		await deploy(cluster, deployment(`${name}:v1`));
		await cluster.until(() => isRolledOut(cluster));
		expect(new Set(containerStatuses(cluster).map(({ imageID }) => imageID))).toEqual(
			new Set([`${name}@${digest}`]),
		);
		await deploy(cluster, deployment(`${name}:v2`));
		await cluster.until(() => waitingFor(cluster, 'ErrImagePull') !== undefined);
		expect(JSON.stringify(waitingFor(cluster, 'ErrImagePull'))).toContain(`${name}:v2: not found`);
	});

	it('says by its labels how it behaves', async () => {
		const registry = await startRegistry();
		closing.push(() => registry.close());
		const cluster = await start({
			behaviour: askRegistry({ mirrors: { 'docker.io': registry.url } }),
		});
		const labels = {
			'lockstep.test/behaviour': 'crash',
			'lockstep.test/exit-code': '7',
			'lockstep.test/log': 'no database',
		};
		await pushImage(registry, 'acme/app:v1', { labels });
		await deploy(cluster, deployment('acme/app:v1', { replicas: 1 }));
		await cluster.until(() => waitingFor(cluster, 'CrashLoopBackOff') !== undefined);
		const crashed = waitingFor(cluster, 'CrashLoopBackOff');
		expect(at(crashed, 'lastState', 'terminated', 'exitCode')).toBe(7);
	});
});
