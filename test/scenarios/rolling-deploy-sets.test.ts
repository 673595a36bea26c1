import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Cluster, startCluster } from '../stand-ins/kubernetes/cluster.ts';
import { deploy, deployment, log, service, writes } from './rolling-deploy-run.ts';

let cluster: Cluster;
beforeEach(async () => {
	cluster = await startCluster({
		namespaces: ['shop'],
		behaviour: async (image) =>
			image.endsWith(':gone')
				? { kind: 'missing', message: 'not found' }
				: image.includes('migrate')
					? { kind: 'exit', exitCode: 0 }
					: { kind: 'ready' },
	});
});
afterEach(() => cluster.close());

const configMap = (name: string, rest = '') =>
	`---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}${rest}}\n`;
const maps = (namespace = 'default') =>
	cluster
		.list('ConfigMap', namespace)
		.map(({ metadata }) => metadata.name)
		.filter((name) => !name.startsWith('lockstep-'));
const pruning = { prune: 'true', set: 'web' };

describe('prune', () => {
	test('deletes what left the set, and the next run finds nothing to do', async () => {
		await deploy(cluster, configMap('a') + configMap('b') + service, pruning);
		const run = await deploy(cluster, configMap('a'), pruning);
		expect(run.exitCode, log(run)).toBe(0);
		expect(maps()).toEqual(['a']);
		expect(cluster.get('Service', 'default', 'web')).toBeUndefined();
		expect(run.outputs.status).toBe('deployed');
		expect(JSON.parse(run.outputs.objects ?? '')).toContainEqual({
			apiVersion: 'v1',
			kind: 'ConfigMap',
			namespace: 'default',
			name: 'b',
			change: 'pruned',
		});
		const before = writes(cluster).length;
		const again = await deploy(cluster, configMap('a'), pruning);
		expect(again.outputs.status).toBe('unchanged');
		expect(writes(cluster).slice(before)).toEqual([]);
	});

	test('begins in a namespace that the set itself brings, also where the set fails', async () => {
		const namespace = '---\napiVersion: v1\nkind: Namespace\nmetadata: {name: new}\n';
		const inputs = { ...pruning, namespace: 'new' };
		const set = namespace + configMap('a') + configMap('b');
		const failed = await deploy(cluster, `${set}---\n${deployment('acme/web:gone')}`, inputs);
		expect(failed, log(failed)).toMatchObject({ exitCode: 1, outputs: { status: 'failed' } });
		expect(failed.outputs.reason).toContain('acme/web:gone cannot be pulled');
		const run = await deploy(cluster, namespace + configMap('a'), inputs);
		expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
		expect(maps('new')).toEqual(['a']);
		expect(cluster.get('Deployment', 'new', 'web')).toBeUndefined();
	});

	test('is shown by a dry run, which deletes nothing', async () => {
		await deploy(cluster, configMap('a') + configMap('b'), pruning);
		const run = await deploy(cluster, configMap('a'), { ...pruning, 'dry-run': 'true' });
		expect(log(run)).toContain('ConfigMap/b is not in the set any more');
		expect(maps()).toEqual(['a', 'b']);
	});

	test('leaves what the set never brought, and what another set brings', async () => {
		cluster.create('ConfigMap', { metadata: { name: 'by-hand', namespace: 'default' } });
		await deploy(cluster, configMap('other'), { prune: 'true', set: 'other' });
		await deploy(cluster, configMap('before'), { set: 'web' });
		await deploy(cluster, configMap('a'), pruning);
		await deploy(cluster, configMap('b'), pruning);
		expect(maps()).toEqual(['before', 'b', 'by-hand', 'other'].sort());
	});

	test('leaves what somebody else has taken over', async () => {
		await deploy(cluster, configMap('a') + configMap('b'), pruning);
		const live = cluster.get('ConfigMap', 'default', 'b');
		if (live === undefined) throw new Error('there is no ConfigMap');
		cluster.update({ ...live, data: { a: '1' } }, 'hand');
		await deploy(cluster, configMap('a'), pruning);
		expect(maps()).toEqual(['a', 'b']);
	});

	test('leaves what holds data or others until its kind is named, and remembers it', async () => {
		const protectedKinds = {
			Namespace: '',
			Node: '',
			Event: 'involvedObject: {kind: Pod, name: a, namespace: default}\n',
			PersistentVolume:
				'spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /data}}\n',
			PersistentVolumeClaim:
				'spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n',
		};
		const set = Object.entries(protectedKinds).map(
			([kind, rest]) => `---\napiVersion: v1\nkind: ${kind}\nmetadata: {name: kept}\n${rest}`,
		);
		const definition = `---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  {group: example.com, scope: Namespaced, names: {kind: Widget, plural: widgets}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}
`;
		const there = () => [
			...Object.keys(protectedKinds).filter((kind) =>
				cluster.list(kind).some(({ metadata }) => metadata.name === 'kept'),
			),
			...cluster.list('CustomResourceDefinition').map(({ kind }) => kind),
		];
		const kinds = [...Object.keys(protectedKinds), 'CustomResourceDefinition'];
		const first = await deploy(cluster, configMap('a') + set.join('') + definition, {
			...pruning,
			wait: 'false',
		});
		expect(first.exitCode, log(first)).toBe(0);
		await deploy(cluster, configMap('a'), pruning);
		expect(there()).toEqual(kinds);
		const run = await deploy(cluster, configMap('a'), {
			...pruning,
			'prune-kinds': kinds.join('\n'),
		});
		expect(run.exitCode, log(run)).toBe(0);
		expect(there()).toEqual([]);
	});

	test('never deletes in kube-system', async () => {
		const system = configMap('s', ', namespace: kube-system');
		await deploy(cluster, configMap('a') + system, pruning);
		await deploy(cluster, configMap('a'), pruning);
		expect(maps('kube-system')).toEqual(['s']);
	});

	test('waits until the rest is ready: a set that fails loses nothing', async () => {
		await deploy(cluster, configMap('a') + configMap('b'), pruning);
		const run = await deploy(
			cluster,
			`${configMap('a')}---\n${deployment('acme/web:gone')}`,
			pruning,
		);
		expect(run.exitCode).toBe(1);
		expect(maps()).toEqual(['a', 'b']);
		await deploy(cluster, configMap('a'), pruning);
		expect(maps()).toEqual(['a']);
		expect(cluster.get('Deployment', 'default', 'web')).toBeUndefined();
	});

	test('that fails leaves what is deployed, and is made up for by the next run', async () => {
		const rollback = { ...pruning, 'rollback-on-failure': 'true' };
		await deploy(cluster, configMap('a') + configMap('b'), rollback);
		cluster.fault = ({ method, path, query }) =>
			method === 'DELETE' && path.endsWith('/b') && query.dryRun === undefined
				? { kind: 'status', status: 503, retryAfterSeconds: 0 }
				: undefined;
		const run = await deploy(cluster, configMap('a') + configMap('c'), rollback);
		expect(run, log(run)).toMatchObject({ exitCode: 1, outputs: { status: 'failed' } });
		expect(run.outputs.reason).toMatch(/503.*; the set itself is deployed, and what has left it/);
		expect(maps()).toEqual(['a', 'b', 'c']);
		cluster.fault = undefined;
		const again = await deploy(cluster, configMap('a') + configMap('c'), rollback);
		expect(again, log(again)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
		expect(maps()).toEqual(['a', 'c']);
	});

	test.each(['hand-made', 'null', '[{"kind": "ConfigMap"}]'])(
		'refuses an inventory that is none any more: %s',
		async (members) => {
			await deploy(cluster, configMap('a') + configMap('b'), pruning);
			const inventory = cluster.get('ConfigMap', 'default', 'lockstep-web');
			if (inventory === undefined) throw new Error('there is no inventory');
			cluster.update({ ...inventory, data: { members } }, 'hand');
			const run = await deploy(cluster, configMap('a'), pruning);
			expect(run.exitCode).toBe(1);
			expect(run.outputs.reason).toMatch(/^ConfigMap\/lockstep-web .* is no inventory any more; /);
			expect(maps()).toEqual(['a', 'b']);
		},
	);

	test('finds a missing right to delete before anything is written', async () => {
		await deploy(cluster, configMap('a') + configMap('b'), pruning);
		cluster.allow('narrow-token', 'ci-deployer', [
			{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch', 'patch', 'create'] },
		]);
		const kubeconfig = cluster.kubeconfig('narrow-token');
		const before = writes(cluster).length;
		const run = await deploy(cluster, configMap('a') + configMap('c'), pruning, {
			files: { kubeconfig },
		});
		expect(run.exitCode).toBe(1);
		expect(log(run)).toMatch(/"ci-deployer" cannot delete resource "configmaps"/);
		expect(writes(cluster).slice(before)).toEqual([]);
	});
});

describe('a field that cannot be changed', () => {
	const job = (image: string) => `---
apiVersion: batch/v1
kind: Job
metadata: {name: migrate}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: "${image}"}]}}}
`;

	test('is refused, with the way out', async () => {
		await deploy(cluster, job('acme/migrate:1'));
		const run = await deploy(cluster, job('acme/migrate:2'));
		expect(run.exitCode, log(run)).toBe(1);
		expect(log(run)).toMatch(/Job\/migrate: spec\.template cannot be changed .*replace-immutable/);
	});

	test('is made anew where that is wanted', async () => {
		await deploy(cluster, job('acme/migrate:1'));
		const uid = cluster.get('Job', 'default', 'migrate')?.metadata.uid;
		const run = await deploy(cluster, job('acme/migrate:2'), { 'replace-immutable': 'true' });
		expect(run.exitCode, log(run)).toBe(0);
		expect(JSON.parse(run.outputs.objects ?? '')).toMatchObject([{ change: 'replaced' }]);
		expect(cluster.get('Job', 'default', 'migrate')?.metadata.uid).not.toBe(uid);
		const again = await deploy(cluster, job('acme/migrate:2'), { 'replace-immutable': 'true' });
		expect(again.outputs.status).toBe('unchanged');
	});

	test('goes back with the rest of the set', async () => {
		await deploy(cluster, `${job('acme/migrate:1')}---\n${deployment('acme/web:1')}`);
		const run = await deploy(
			cluster,
			`${job('acme/migrate:2')}---\n${deployment('acme/web:gone')}`,
			{
				'replace-immutable': 'true',
				'rollback-on-failure': 'true',
			},
		);
		expect(run.outputs.status, log(run)).toBe('rolled-back');
		const template = JSON.stringify(cluster.get('Job', 'default', 'migrate')?.spec);
		expect(template).toContain('acme/migrate:1');
		const again = await deploy(cluster, `${job('acme/migrate:1')}---\n${deployment('acme/web:1')}`);
		expect(again.outputs.status, log(again)).toBe('unchanged');
	});
});

describe('of two runs for the same set', () => {
	const lease = (holder: string, secondsAgo: number) =>
		cluster.create('Lease', {
			metadata: { name: 'lockstep-web', namespace: 'default' },
			spec: {
				holderIdentity: holder,
				leaseDurationSeconds: 30,
				renewTime: new Date(Date.now() - secondsAgo * 1000).toISOString(),
			},
		});
	const set = { set: 'web' };

	test('the later waits, and plans anew', async () => {
		lease('https://ci.example.com/run/1', 0);
		const running = deploy(cluster, configMap('a'), set);
		await vi.waitFor(() =>
			expect(cluster.requests.some(({ path }) => path.endsWith('lockstep-web'))).toBe(true),
		);
		const held = cluster.get('Lease', 'default', 'lockstep-web');
		if (held === undefined) throw new Error('there is no Lease');
		const spec = { ...(held.spec as object), holderIdentity: '' };
		cluster.update({ ...held, spec } as never, 'ci');
		cluster.create('ConfigMap', { metadata: { name: 'a', namespace: 'default' } });
		const run = await running;
		expect(run.exitCode, log(run)).toBe(0);
		expect(log(run)).toContain(
			'Waiting for another run that is at work on this set: https://ci.example.com/run/1',
		);
		// By its first plan it would have been created.
		expect(run.outputs.status).toBe('unchanged');
	});

	test('the later gives way where that is wanted, having written nothing', async () => {
		lease('https://ci.example.com/run/1', 0);
		const run = await deploy(cluster, configMap('a'), { ...set, 'when-locked': 'fail' });
		expect(run.exitCode).toBe(1);
		expect(log(run)).toMatch(
			/Another run is at work on this set: https:\/\/ci\.example\.com\/run\/1/,
		);
		expect(maps()).toEqual([]);
	});

	test('one that was killed holds up the next no longer than its Lease lasts', async () => {
		lease('https://ci.example.com/run/1', 31);
		const run = await deploy(cluster, configMap('a'), { ...set, 'when-locked': 'fail' });
		expect(run.exitCode, log(run)).toBe(0);
	});

	test('one of them begins to prune a set that is unchanged', async () => {
		await deploy(cluster, configMap('a'), set);
		lease('https://ci.example.com/run/1', 0);
		const inventory = () => cluster.get('ConfigMap', 'default', 'lockstep-web');
		const late = await deploy(cluster, configMap('a'), { ...pruning, 'when-locked': 'fail' });
		expect(log(late)).toContain('Another run is at work on this set');
		expect(inventory()).toBeUndefined();
		const run = await deploy(cluster, configMap('a'), { ...pruning, 'when-locked': 'ignore' });
		expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'unchanged' } });
		expect(inventory()).toBeDefined();
	});

	test('each gives the Lease back, whether it succeeds or fails', async () => {
		await deploy(cluster, configMap('a'), set);
		expect(cluster.list('Lease')).toEqual([]);
		await deploy(cluster, deployment('acme/web:gone'), set);
		expect(cluster.list('Lease')).toEqual([]);
		expect(cluster.requests.filter(({ path }) => path.includes('/leases'))).not.toEqual([]);
	});

	test('one that has nothing to change needs no Lease', async () => {
		await deploy(cluster, configMap('a'), set);
		lease('https://ci.example.com/run/1', 0);
		const run = await deploy(cluster, configMap('a'), { ...set, 'when-locked': 'fail' });
		expect(run.outputs.status, log(run)).toBe('unchanged');
	});

	test('without the right to Leases both go on, with a warning', async () => {
		cluster.allow('narrow-token', 'ci-deployer', [
			{ apiGroups: ['', 'apps'], resources: ['*'], verbs: ['*'] },
		]);
		const kubeconfig = cluster.kubeconfig('narrow-token');
		const run = await deploy(cluster, configMap('a'), set, { files: { kubeconfig } });
		expect(run.exitCode, log(run)).toBe(0);
		expect(log(run)).toMatch(/Two runs at once are not kept apart/);
	});
});

test.each(['1', '3'])('no more than concurrency=%s objects are under way at once', async (most) => {
	const inFlight: number[] = [];
	let open = 0;
	cluster.fault = ({ method }) => {
		if (method !== 'PATCH') return undefined;
		inFlight.push(++open);
		setTimeout(() => open--, 20);
		return { kind: 'delay', ms: 20 };
	};
	const set = Array.from({ length: 9 }, (_, index) => configMap(`m-${index}`)).join('');
	const run = await deploy(cluster, set, { concurrency: most });
	expect(run.exitCode, log(run)).toBe(0);
	// Each is tried out, and then written.
	expect(inFlight).toHaveLength(18);
	expect(Math.max(...inFlight)).toBe(Number(most));
});
