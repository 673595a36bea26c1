import { afterEach, beforeEach, expect, test } from 'vitest';
import { KubernetesClient } from '../../shared/kubernetes/client.ts';
import { connectionOf } from '../../shared/kubernetes/kubeconfig.ts';
import { type Target, waitFor } from '../../shared/kubernetes/wait.ts';
import { type Cluster, startCluster } from '../stand-ins/kubernetes/cluster.ts';

let cluster: Cluster;
let client: KubernetesClient;
let lines: string[];
let ending: AbortController;
beforeEach(async () => {
	cluster = await startCluster({
		behaviour: async () => ({ kind: 'never-ready', probe: 'Readiness probe failed: 503' }),
	});
	lines = [];
	ending = new AbortController();
	const connection = await connectionOf(
		{ kubeconfig: cluster.kubeconfig() },
		{ environment: {}, folder: '/', protect: () => undefined, nameOf: (input) => input },
	);
	client = new KubernetesClient(connection, { log, signal: ending.signal, environment: {} });
});
afterEach(async () => {
	client.close();
	await cluster.close();
});

const tell = (line: string) => lines.push(line);
const log = { debug: () => undefined, info: tell, warn: tell, error: tell };

/** A Deployment that never gets ready, as it is waited for. */
async function unready(name: string): Promise<Target> {
	const containers = [{ name: 'c', image: 'acme/web:1' }];
	const labels = { app: name };
	cluster.create('Deployment', {
		metadata: { name, namespace: 'default' },
		spec: {
			replicas: 1,
			selector: { matchLabels: labels },
			template: { metadata: { labels }, spec: { containers } },
		},
	});
	return {
		object: await client.get(`/apis/apps/v1/namespaces/default/deployments/${name}`),
		resource: {
			apiVersion: 'apps/v1',
			kind: 'Deployment',
			plural: 'deployments',
			namespaced: true,
			verbs: [],
		},
	};
}

const patience = { stable: 0, timeout: 3000, remindEvery: 300 };

test('where nothing changes the log is reminded of what is missing, and why', async () => {
	const options = { client, log, signal: ending.signal, ...patience };
	const [outcome] = await waitFor([await unready('web')], options);
	expect(outcome).toMatchObject({ state: 'timed-out' });
	const reminders = lines.filter((line) => line.includes('still waiting'));
	expect(reminders.length).toBeGreaterThan(1);
	expect(reminders.at(-1)).toMatch(
		/^Deployment\/web: still waiting after \d s: 1 of 1 updated, 0 ready, 0 available; container "c" of pod \S+ runs, but is not ready: Readiness probe failed: 503$/,
	);
	expect(
		lines.filter((line) => line === 'Deployment/web: 1 of 1 updated, 0 ready, 0 available'),
	).toHaveLength(1);
});

test('at a terminal every object has one line, and the log has none until it ends', async () => {
	const shown: (readonly string[])[] = [];
	const progress = (now: readonly string[]) => shown.push(now);
	const options = { client, log, progress, signal: ending.signal, ...patience };
	const targets = [await unready('web'), await unready('api')];
	const outcomes = await waitFor(targets, options);
	expect(outcomes.map(({ state }) => state)).toEqual(['timed-out', 'timed-out']);
	expect(shown.at(-2)).toEqual([
		expect.stringMatching(/^Deployment\/web: 1 of 1 updated, .* \(\d s\); container "c"/),
		expect.stringMatching(/^Deployment\/api: 1 of 1 updated, .* \(\d s\); container "c"/),
	]);
	expect(shown.at(-1)).toEqual([]);
	expect(lines).toEqual([]);
});

test('a wait that is ended says where it stands', async () => {
	const options = { client, log, signal: ending.signal, ...patience };
	const waiting = waitFor([await unready('web')], options);
	await cluster.until((it) => it.list('Pod', 'default').length > 0);
	setTimeout(() => ending.abort(new Error('ended')), 500);
	await expect(waiting).rejects.toThrow('ended');
	expect(lines.at(-1)).toMatch(/^Deployment\/web: not waited for any more: 1 of 1 updated/);
});
