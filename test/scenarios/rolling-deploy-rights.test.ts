import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Rule } from '../stand-ins/kubernetes/access.ts';
import { type Cluster, startCluster } from '../stand-ins/kubernetes/cluster.ts';
import { deploy, deployment, log, service, writes } from './rolling-deploy-run.ts';

let cluster: Cluster;
beforeEach(async () => {
	cluster = await startCluster();
});
afterEach(() => cluster.close());

const configMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: first}\n---\n';

/** Runs as an account that has these rights alone. */
const deployAs = (rules: Rule[], manifests: string, inputs = {}) => {
	cluster.allow('weak-token', 'ci-deployer', rules);
	const kubeconfig = cluster.kubeconfig('weak-token');
	return deploy(cluster, manifests, inputs, { files: { kubeconfig } });
};

const everything = (...verbs: string[]): Rule => ({ apiGroups: ['*'], resources: ['*'], verbs });

test('a right that is missing is named, and all others with it', async () => {
	const run = await deployAs(
		[everything('get', 'list', 'watch')],
		configMap + deployment('acme/web:1') + service,
	);
	expect(run.exitCode).toBe(1);
	expect(log(run)).toMatch(/the right to apply it is missing: .*ci-deployer.*patch.*configmaps/);
	expect(run.outputs.reason).toContain(
		'these rights are missing in all: create and patch configmaps in namespace default; create and patch deployments.apps in namespace default; create and patch services in namespace default',
	);
	expect(writes(cluster)).toEqual([]);
});

test('the right to wait is asked for before anything is written', async () => {
	const blind = [everything('get', 'patch', 'create')];
	const run = await deployAs(blind, deployment('acme/web:1'));
	expect(run.exitCode).toBe(1);
	expect(log(run)).toMatch(
		/Rights that this run needs are missing: list and watch deployments\.apps in namespace default; grant them to "ci-deployer", or do without --wait or --rollback-on-failure or --replace-immutable,/,
	);
	expect(writes(cluster)).toEqual([]);
	const patient = await deployAs(blind, deployment('acme/web:1'), { wait: 'false' });
	expect(patient, log(patient)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
});

test('without the right to watch it is asked again and again how far the rollout is', async () => {
	const run = await deployAs([everything('get', 'list', 'patch', 'create')], deployment('a/web:1'));
	expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	expect(log(run)).toContain('There is no right to watch deployments.apps in namespace default');
});

test('the rights to go back are asked for before anything is written', async () => {
	const rules = [everything('get', 'list', 'watch', 'patch', 'create')];
	await deployAs(rules, configMap);
	const changed = configMap.replace('{name: first}', '{name: first, labels: {a: b}}');
	const before = writes(cluster).length;
	const run = await deployAs(rules, changed + deployment('acme/web:1'), {
		'rollback-on-failure': 'true',
	});
	expect(run.exitCode, log(run)).toBe(1);
	expect(run.outputs.reason).toContain(
		'missing: update configmaps in namespace default; delete deployments.apps in namespace default; grant them to "ci-deployer"',
	);
	expect(writes(cluster).slice(before)).toEqual([]);
});

test('without the right to see pods a rollout is waited for, with a warning', async () => {
	cluster.allow('narrow-token', 'ci-deployer', [
		{
			apiGroups: ['apps'],
			resources: ['deployments'],
			verbs: ['get', 'list', 'create', 'patch', 'watch'],
		},
	]);
	const kubeconfig = cluster.kubeconfig('narrow-token');
	const run = await deploy(cluster, deployment('acme/web:1'), {}, { files: { kubeconfig } });
	expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	expect(log(run)).toMatch(/warning: Rights are missing .*pods/);
});
