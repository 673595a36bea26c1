import { describe, expect, test, vi } from 'vitest';
import type { KubernetesObject } from '../../shared/kubernetes/object.ts';
import { ClusterDeploy, configMap, deployment, log, service } from './cluster-deploy.ts';
import { Road } from './road.ts';

const cluster = new ClusterDeploy();

const slow = (seconds: number) =>
	deployment('acme/web:1').replace(
		'labels:',
		`annotations: {fake/ready-after: ${seconds}s}, labels:`,
	);

async function namesOf(namespace: string, kind: string): Promise<string[]> {
	const { items } = await cluster.client.list(`/api/v1/namespaces/${namespace}/${kind}`);
	return items.map(({ metadata }: KubernetesObject) => metadata.name);
}

test('prune deletes what left the set, and nothing else', async () => {
	const namespace = await cluster.newNamespace();
	const inputs = { prune: 'true', set: 'shop' };
	await cluster.client.create(`/api/v1/namespaces/${namespace}/configmaps`, {
		metadata: { name: 'by-hand' },
	});
	await cluster.deploy(namespace, configMap('1', 'a') + configMap('1', 'b') + service, inputs);
	const dry = await cluster.deploy(namespace, configMap('1', 'a'), {
		...inputs,
		'dry-run': 'true',
	});
	expect(log(dry)).toContain('2 to delete');
	expect(await namesOf(namespace, 'services')).toEqual(['web']);
	const run = await cluster.deploy(namespace, configMap('1', 'a'), inputs);
	expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	expect(await namesOf(namespace, 'configmaps')).toEqual([
		'a',
		'by-hand',
		'kube-root-ca.crt',
		'lockstep-shop',
	]);
	expect(await namesOf(namespace, 'services')).toEqual([]);
	const again = await cluster.deploy(namespace, configMap('1', 'a'), inputs);
	expect(again.outputs.status, log(again)).toBe('unchanged');
});

test('a Job whose image changes is made anew where that is wanted, and goes back with its set', async () => {
	const namespace = await cluster.newNamespace();
	const job = (image: string) => `
apiVersion: batch/v1
kind: Job
metadata: {name: migrate}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: "${image}"}]}}}
---`;
	await cluster.deploy(namespace, job('acme/migrate:1'));
	const refused = await cluster.deploy(namespace, job('acme/migrate:2'));
	expect(refused.exitCode).toBe(1);
	expect(log(refused)).toMatch(
		/Job\/migrate: spec\.template cannot be changed .*replace-immutable/,
	);
	const replace = { 'replace-immutable': 'true' };
	const run = await cluster.deploy(namespace, job('acme/migrate:2'), replace);
	expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	const failed = await cluster.deploy(
		namespace,
		job('acme/migrate:3') + deployment('acme/web:fake-err-image-pull'),
		{ ...replace, 'rollback-on-failure': 'true' },
	);
	expect(failed.outputs.status, log(failed)).toBe('rolled-back');
	const again = await cluster.deploy(namespace, job('acme/migrate:2'), replace);
	expect(again.outputs.status, log(again)).toBe('unchanged');
});

test('of two runs at once for one set the later waits, and finds nothing left to do', async () => {
	const namespace = await cluster.newNamespace();
	const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
	const first = cluster.deploy(namespace, slow(3), { set: 'shop' });
	await vi.waitFor(
		async () => expect(await cluster.client.find(`${leases}/lockstep-shop`)).toBeDefined(),
		10_000,
	);
	const second = await cluster.deploy(namespace, slow(3).replace('replicas: 2', 'replicas: 1'), {
		set: 'shop',
	});
	expect((await first).outputs.status).toBe('deployed');
	expect(log(second)).toContain('Waiting for another run that is at work on this set');
	expect(second.exitCode, log(second)).toBe(0);
	expect((await cluster.client.list(leases)).items).toEqual([]);
});

describe('on a road that breaks', () => {
	test('a watch that is cut goes on', async () => {
		const namespace = await cluster.newNamespace();
		const road = await Road.to(cluster.connection.server);
		const kubeconfig = await cluster.kubeconfigFor(road.url);
		const running = cluster.deploy(namespace, slow(4), { kubeconfig });
		await hasBegun(namespace);
		for (let times = 0; times < 3; times++) {
			await new Promise((resolve) => setTimeout(resolve, 500));
			road.cut();
		}
		const run = await running;
		road.close();
		expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	});

	test('a server that is away for seconds is waited for, and what happened meanwhile is seen', async () => {
		const namespace = await cluster.newNamespace();
		const road = await Road.to(cluster.connection.server);
		const kubeconfig = await cluster.kubeconfigFor(road.url);
		const running = cluster.deploy(namespace, slow(2), { kubeconfig });
		await hasBegun(namespace);
		const before = road.connections;
		await road.block(6000);
		expect(road.connections, 'the step asks again while the server is away').toBeGreaterThan(
			before,
		);
		const run = await running;
		road.close();
		// Whether a watch or a single request met the closed road, and so what is told of it, is chance.
		expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	});

	async function hasBegun(namespace: string): Promise<void> {
		const path = `/apis/apps/v1/namespaces/${namespace}/deployments/web`;
		await vi.waitFor(async () => expect(await cluster.client.find(path)).toBeDefined(), 10_000);
	}
});

test('a run that has the rights of its role alone does its work, and names the one that is missing', async () => {
	const namespace = await cluster.newNamespace();
	const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
	const all = ['get', 'list', 'watch', 'create', 'patch', 'update', 'delete'];
	const rules = [
		{ apiGroups: ['apps'], resources: ['deployments'], verbs: all },
		{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: all },
		{ apiGroups: [''], resources: ['pods', 'events', 'pods/log'], verbs: ['get', 'list', 'watch'] },
		{ apiGroups: ['apps'], resources: ['replicasets'], verbs: ['get', 'list', 'watch'] },
	];
	await cluster.client.create(`${rbac}/roles`, { metadata: { name: 'ci' }, rules });
	const access = cluster.accessWith(await cluster.tokenOf(namespace, 'ci'));
	await cluster.client.create(`${rbac}/rolebindings`, {
		metadata: { name: 'ci' },
		roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'ci' },
		subjects: [{ kind: 'ServiceAccount', name: 'ci', namespace }],
	});
	const run = await cluster.deploy(namespace, deployment('acme/web:1'), access);
	expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	const more = await cluster.deploy(namespace, deployment('acme/web:2') + configMap('1'), access);
	expect(more.exitCode).toBe(1);
	expect(log(more)).toMatch(
		/ConfigMap\/settings: .*"system:serviceaccount:\S+:ci" cannot \w+ resource "configmaps"/,
	);
	expect(log(more)).toContain('nothing was written');
});
