import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../stand-ins/kubernetes/cluster.ts';
import { deploy, deployment, log } from './rolling-deploy-run.ts';
import type { StepRun } from './run-step.ts';

let cluster: Cluster;
beforeEach(async () => {
	const behaviour = async (image: string) =>
		({ kind: 'ready', after: image.endsWith(':1') ? 1 : 100_000 }) as const;
	cluster = await startCluster({ behaviour });
});
afterEach(() => cluster.close());

const configMap = (value: string) =>
	`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: "${value}"}\n---\n`;

const imageNow = () => JSON.stringify(cluster.get('Deployment', 'default', 'web')?.spec ?? '');
const leases = () => cluster.list('Lease', 'default');

/** Starts a rollout that does not get ready, and ends it when it has been written. */
async function endedBy(
	signal: NodeJS.Signals,
	inputs: Readonly<Record<string, string>>,
): Promise<StepRun> {
	let pid = 0;
	const set = configMap('2') + deployment('acme/web:2');
	const run = deploy(cluster, set, inputs, { onStart: (id) => (pid = id) });
	await cluster.until(() => imageNow().includes('acme/web:2'));
	await cluster.until((it) => it.list('Pod', 'default').length > 2);
	process.kill(pid, signal);
	return await run;
}

describe('a run that is cancelled', () => {
	test('says how far it came, gives its Lease back, and can be run again', async () => {
		await deploy(cluster, configMap('1') + deployment('acme/web:1'));
		const run = await endedBy('SIGTERM', {});
		expect(run, log(run)).toMatchObject({ exitCode: 1, outputs: { status: 'failed' } });
		expect(run.outputs.reason).toBe(
			'Ended by SIGTERM; it is safe to run this step again; it had written 2 of 2 objects (ConfigMap/settings, Deployment/web), and was not done',
		);
		expect(log(run)).toMatch(/Deployment\/web: not waited for any more: \S/);
		expect(leases()).toEqual([]);
		const again = await deploy(cluster, configMap('1') + deployment('acme/web:1'));
		expect(again, log(again)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	});

	test.each(['SIGTERM', 'SIGINT'] as const)(
		'by %s brings back what was there before, where a failure would',
		async (signal) => {
			await deploy(cluster, configMap('1') + deployment('acme/web:1'));
			const run = await endedBy(signal, { 'rollback-on-failure': 'true' });
			expect(run, log(run)).toMatchObject({ exitCode: 1, outputs: { status: 'rolled-back' } });
			expect(run.outputs.reason).toContain(
				`Ended by ${signal}; it is safe to run this step again; what was there before was brought back, and is not waited for`,
			);
			expect(imageNow()).toContain('acme/web:1');
			expect(cluster.get('ConfigMap', 'default', 'settings')?.data).toEqual({ a: '1' });
			expect(leases()).toEqual([]);
			const again = await deploy(cluster, configMap('1') + deployment('acme/web:1'));
			expect(again, log(again)).toMatchObject({ exitCode: 0, outputs: { status: 'unchanged' } });
		},
	);
});

// A Lease is renewed every 10 s.
test('a run whose Lease another has taken over stops, and leaves alone what that one writes', {
	timeout: 30_000,
}, async () => {
	await deploy(cluster, configMap('1') + deployment('acme/web:1'));
	const set = configMap('2') + deployment('acme/web:2');
	const running = deploy(cluster, set, { 'rollback-on-failure': 'true' });
	await cluster.until(() => imageNow().includes('acme/web:2'));
	const [lease] = leases();
	if (lease === undefined) throw new Error('there is no Lease');
	const renewTime = new Date().toISOString().replace('Z', '000Z');
	const spec = { holderIdentity: 'https://ci.example.com/8', leaseDurationSeconds: 60, renewTime };
	cluster.update({ ...lease, spec }, 'other');
	const run = await running;
	expect(run, log(run)).toMatchObject({ exitCode: 1, outputs: { status: 'failed' } });
	expect(run.outputs.reason).toMatch(
		/^Another run, https:\/\/ci\.example\.com\/8, has taken over this set, .*; it had written 2 of 2 objects/,
	);
	expect(imageNow()).toContain('acme/web:2');
	expect(leases()).toMatchObject([{ spec: { holderIdentity: 'https://ci.example.com/8' } }]);
});
