import { afterEach, describe, expect, it } from 'vitest';
import { deploy } from './kubernetes/call.ts';
import { type Cluster, type ClusterOptions, startCluster } from './kubernetes/cluster.ts';
import { at, type JsonObject } from './kubernetes/objects.ts';
import { condition, containerStatuses } from './kubernetes/observe.ts';

const closing: (() => Promise<void>)[] = [];

async function start(options?: ClusterOptions): Promise<Cluster> {
	const cluster = await startCluster({ tls: false, secondMs: 5, ...options });
	closing.push(() => cluster.close());
	return cluster;
}

afterEach(async () => {
	await Promise.all(closing.splice(0).map((close) => close()));
});

const namespace = 'default';

describe('besides Deployments', () => {
	const template = (image: string, more: JsonObject = {}) => ({
		metadata: { labels: { app: 'web' } },
		spec: { ...more, containers: [{ name: 'web', image }] },
	});
	const selector = { matchLabels: { app: 'web' } };
	const workload = (kind: string, image: string, spec: JsonObject): JsonObject => ({
		apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
		kind,
		metadata: { name: 'web' },
		spec: { ...(kind === 'Job' ? {} : { selector }), template: template(image), ...spec },
	});

	it('a StatefulSet replaces its pods from the last, down to the partition', async () => {
		const cluster = await start();
		const set = (image: string, partition: number) =>
			workload('StatefulSet', image, {
				replicas: 3,
				serviceName: 'web',
				updateStrategy: { rollingUpdate: { partition } },
			});
		const status = () => cluster.get('StatefulSet', namespace, 'web')?.status as JsonObject;
		await deploy(cluster, set('acme/app:v1', 0));
		await cluster.until(() => status().readyReplicas === 3 && status().updatedReplicas === 3);
		expect(cluster.list('Pod').map(({ metadata }) => metadata.name)).toEqual([
			'web-0',
			'web-1',
			'web-2',
		]);
		await deploy(cluster, set('acme/app:v2', 2));
		await cluster.until(
			() =>
				status().observedGeneration === 2 &&
				status().updatedReplicas === 1 &&
				status().readyReplicas === 3,
		);
		expect(status().currentRevision).not.toBe(status().updateRevision);
		await deploy(cluster, set('acme/app:v2', 0));
		await cluster.until(() => status().currentRevision === status().updateRevision);
		expect(status()).toMatchObject({ readyReplicas: 3, updatedReplicas: 3, currentReplicas: 3 });
	});

	it('a DaemonSet has a pod on each node that takes pods', async () => {
		const cluster = await start({ nodes: 3 });
		const status = () => cluster.get('DaemonSet', namespace, 'web')?.status as JsonObject;
		await deploy(cluster, workload('DaemonSet', 'acme/app:v1', {}));
		await cluster.until(() => status()?.numberAvailable === 3);
		await deploy(cluster, workload('DaemonSet', 'acme/app:v2', {}));
		await cluster.until(
			() =>
				status().observedGeneration === 2 &&
				status().updatedNumberScheduled === 3 &&
				status().numberAvailable === 3,
		);
		expect(status()).toMatchObject({ desiredNumberScheduled: 3, currentNumberScheduled: 3 });
	});

	it('a Job completes, or fails when its pods have failed too often', async () => {
		const cluster = await start({
			behaviour: async (image) =>
				image.endsWith('bad') ? { kind: 'crash', exitCode: 1 } : { kind: 'ready' },
		});
		const job = (name: string, image: string) => ({
			...workload('Job', image, {
				backoffLimit: 1,
				template: template(image, { restartPolicy: 'Never' }),
			}),
			metadata: { name },
		});
		await deploy(cluster, job('good', 'acme/app:good'));
		await deploy(cluster, job('bad', 'acme/app:bad'));
		const of = (name: string) => cluster.get('Job', namespace, name);
		await cluster.until(() => condition(of('good'), 'Complete').status === 'True');
		expect(of('good')?.status).toMatchObject({ succeeded: 1 });
		await cluster.until(() => condition(of('bad'), 'Failed').status === 'True');
		expect(of('bad')?.status).toMatchObject({ failed: 2 });
		expect(condition(of('bad'), 'Failed')).toMatchObject({
			reason: 'BackoffLimitExceeded',
			message: 'Job has reached the specified backoff limit',
		});
	});

	it('an init container that fails keeps the others from starting', async () => {
		const cluster = await start({
			behaviour: async (image) =>
				image.endsWith('init') ? { kind: 'crash', exitCode: 1 } : { kind: 'ready' },
		});
		const spec = template('acme/app:v1', {
			initContainers: [{ name: 'migrate', image: 'acme/app:init' }],
		});
		await deploy(cluster, workload('Deployment', 'acme/app:v1', { replicas: 1, template: spec }));
		const init = () => {
			const found = at(cluster.list('Pod')[0], 'status', 'initContainerStatuses');
			return Array.isArray(found) ? found[0] : undefined;
		};
		await cluster.until(() => at(init(), 'state', 'waiting', 'reason') === 'CrashLoopBackOff');
		expect(at(containerStatuses(cluster)[0], 'state', 'waiting', 'reason')).toBe('PodInitializing');
	});

	it('a Service of type LoadBalancer gets an address', async () => {
		const cluster = await start();
		await deploy(cluster, {
			apiVersion: 'v1',
			kind: 'Service',
			metadata: { name: 'web' },
			spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80 }] },
		});
		const address = () =>
			at(cluster.get('Service', namespace, 'web'), 'status', 'loadBalancer', 'ingress');
		await cluster.until(() => address() !== undefined);
		expect(address()).toMatchObject([{ ip: expect.stringMatching(/^192\.0\.2\./) }]);
	});
});
