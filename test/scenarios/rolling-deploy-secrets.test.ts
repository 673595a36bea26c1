import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../stand-ins/kubernetes/cluster.ts';
import { drone, github } from './fronts.ts';
import { deploy, deployment, log } from './rolling-deploy-run.ts';
import type { StepRun } from './run-step.ts';

let cluster: Cluster;
beforeEach(async () => {
	cluster = await startCluster({
		behaviour: async () => ({
			kind: 'crash',
			exitCode: 1,
			after: 1,
			log: 'login battery-staple\n',
		}),
	});
});
afterEach(() => cluster.close());

const base64 = (text: string) => Buffer.from(text).toString('base64');
const secret = (value: string, more = '') =>
	`apiVersion: v1\nkind: Secret\nmetadata: {name: s${more}}\nstringData: {password: ${value}}\n---\n`;

/** Everything that a run writes anywhere. */
const allOf = (run: StepRun) => log(run) + JSON.stringify(run.outputs) + run.githubSummary;

function expectHidden(run: StepRun, ...values: string[]): void {
	for (const value of values) {
		expect(allOf(run)).not.toContain(value);
		expect(allOf(run)).not.toContain(base64(value));
	}
}

const debug = { 'log-level': 'debug' };

test('a dry run shows that a value changes, and neither of the two', async () => {
	await deploy(cluster, secret('correct-horse'));
	const run = await deploy(
		cluster,
		secret('battery-staple'),
		{ ...debug, 'dry-run': 'true' },
		{ front: drone },
	);
	expect(allOf(run)).toContain('data.password: *** (another value)');
	expectHidden(run, 'correct-horse', 'battery-staple');
});

test('what client-side apply noted of a Secret is not shown', async () => {
	const noted = JSON.stringify({ stringData: { password: 'from-long-ago' } });
	const annotation = `, annotations: {kubectl.kubernetes.io/last-applied-configuration: ${JSON.stringify(noted)}}`;
	await deploy(cluster, secret('correct-horse', annotation));
	const run = await deploy(cluster, secret('battery-staple'), { ...debug, 'dry-run': 'true' });
	expectHidden(run, 'correct-horse', 'battery-staple', 'from-long-ago');
});

test('a conflict names the field and its owner alone', async () => {
	const encoded = (value: string) => secret(base64(value)).replace('stringData', 'data');
	await deploy(cluster, encoded('correct-horse'));
	const live = cluster.get('Secret', 'default', 's');
	if (live === undefined) throw new Error('there is no Secret');
	cluster.update({ ...live, data: { password: base64('of-somebody') } }, 'kubectl-edit');
	const run = await deploy(cluster, encoded('battery-staple'), debug, { front: github });
	expect(run.exitCode).toBe(1);
	expect(allOf(run)).toMatch(/password is owned by "kubectl-edit"/);
	expectHidden(run, 'correct-horse', 'battery-staple', 'of-somebody');
});

test('a container that writes a value of its set is shown without it', async () => {
	const run = await deploy(
		cluster,
		secret('battery-staple') + deployment('acme/web:1'),
		{ 'stable-for': '3s' },
		{ front: github },
	);
	expect(allOf(run)).toMatch(/it wrote last: login \*\*\*/);
	expectHidden(run, 'battery-staple');
});

test.each([
	['an alias without its anchor', '*battery-staple'],
	['a reserved character', '@battery-staple'],
	['a rest behind a quoted text', '"battery-staple" battery-staple'],
	['a value in two lines', '|+ battery-staple\n  battery-staple'],
])('YAML that cannot be read for %s is told without the text', async (_what, value) => {
	const run = await deploy(cluster, secret(value), debug);
	expect(run.exitCode).not.toBe(0);
	expect(log(run)).toMatch(/k\.yaml:\d+/);
	expect(log(run)).not.toContain('Lockstep itself failed');
	expect(log(run)).not.toContain('battery');
	const kubeconfig = `users:\n- user:\n    token: ${value}\nclusters: []\n`;
	const other = await deploy(cluster, deployment('a:1'), debug, { files: { kubeconfig } });
	expect(other.exitCode).toBe(2);
	expect(log(other)).not.toContain('battery');
});
