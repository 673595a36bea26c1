import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../stand-ins/kubernetes/cluster.ts';
import { deploy, deployment, log, writes } from './rolling-deploy-run.ts';

let cluster: Cluster;
/** Seconds of the cluster until a container is ready. */
let readyAfter: number;
beforeEach(async () => {
	readyAfter = 1;
	cluster = await startCluster({ behaviour: async () => ({ kind: 'ready', after: readyAfter }) });
});
afterEach(() => cluster.close());

const isWatch = ({ query }: { query: Record<string, string> }) => query.watch === 'true';

/** The lists and watches by which the Deployment is waited for. */
const looks = () =>
	cluster.requests.filter(
		({ path, query }) =>
			path === '/apis/apps/v1/namespaces/default/deployments' &&
			query.fieldSelector === 'metadata.name=web',
	);

test('watches that are cut go on where they were', async () => {
	readyAfter = 60;
	cluster.fault = (request) => (isWatch(request) ? { kind: 'cut', afterMs: 100 } : undefined);
	const run = await deploy(cluster, deployment('acme/web:1'));
	expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	expect(looks().filter(isWatch).length).toBeGreaterThan(1);
	expect(looks().filter((request) => !isWatch(request))).toHaveLength(1);
});

test('a watch whose version is too old begins with a list again', async () => {
	readyAfter = 60;
	let cuts = 0;
	cluster.fault = (request) => {
		if (!isWatch(request) || ++cuts > 12) return undefined;
		const name = `unrelated-${cuts}`;
		setTimeout(() => {
			cluster.create('ConfigMap', { metadata: { name, namespace: 'kube-system' } });
			cluster.compact();
		}, 60);
		return { kind: 'cut', afterMs: 50 };
	};
	const run = await deploy(cluster, deployment('acme/web:1'));
	expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	expect(looks().filter((request) => !isWatch(request)).length).toBeGreaterThan(1);
});

test('an API server that is away for a while is waited for', async () => {
	readyAfter = 30;
	let until = 0;
	cluster.fault = (request) => {
		if (isWatch(request) && until === 0) until = Date.now() + 1500;
		return until > Date.now() ? { kind: 'reset' } : undefined;
	};
	const run = await deploy(cluster, deployment('acme/web:1'));
	expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
});

test('a server that is too busy is asked again', async () => {
	const refused = new Set<string>();
	cluster.fault = ({ method, path, query }) => {
		const key = `${method} ${path} ${query.dryRun} ${query.watch}`;
		if (refused.has(key) || isWatch({ query })) return undefined;
		refused.add(key);
		return { kind: 'status', status: refused.size % 2 === 0 ? 429 : 503, retryAfterSeconds: 0 };
	};
	const run = await deploy(cluster, deployment('acme/web:1'));
	expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
	expect(refused.size).toBeGreaterThan(3);
});

const untilWritten = async (): Promise<void> => {
	await cluster.until((it) => it.list('Deployment', 'default').length > 0);
};

test('a run that was killed can be run again, and waits for what the first began', async () => {
	readyAfter = 40;
	let pid = 0;
	const killed = deploy(cluster, deployment('acme/web:1'), {}, { onStart: (id) => (pid = id) });
	await untilWritten();
	process.kill(pid, 'SIGKILL');
	expect((await killed).exitCode).toBeUndefined();
	const before = writes(cluster).length;
	const again = await deploy(cluster, deployment('acme/web:1'));
	expect(again, log(again)).toMatchObject({ exitCode: 0, outputs: { status: 'unchanged' } });
	expect(JSON.parse(again.outputs.objects ?? '')).toMatchObject([{ state: 'ready' }]);
	expect(writes(cluster).slice(before)).toEqual([]);
});

test('a run that is cancelled ends with what it knows', async () => {
	readyAfter = 10_000;
	let pid = 0;
	const run = deploy(cluster, deployment('acme/web:1'), {}, { onStart: (id) => (pid = id) });
	await untilWritten();
	process.kill(pid, 'SIGTERM');
	const cancelled = await run;
	expect(cancelled, log(cancelled)).toMatchObject({ exitCode: 1, outputs: { status: 'failed' } });
	expect(log(cancelled)).toContain('Ended by SIGTERM; it is safe to run this step again');
});
