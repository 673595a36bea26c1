import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { KubernetesClient } from '../../shared/kubernetes/client.ts';
import { connectionOf } from '../../shared/kubernetes/kubeconfig.ts';
import { readinessOf } from '../../shared/kubernetes/readiness.ts';
import { findOrBuild } from '../servers/build.ts';
import { kubectl } from '../servers/kubectl.ts';
import { startServers } from '../servers/start.ts';
import { benchObjects, deployment } from './manifests.ts';
import { type Command, median, peakMemory, ratio, table, timeInTurn } from './measure.ts';
import { dist } from './paths.ts';

const objects = 500;
const rounds = 3;
const delayRounds = 10;
const silent = () => undefined;

interface Place {
	folder: string;
	kubeconfig: string;
	kubectl: string;
	client: KubernetesClient;
}

/** A set applied the first time and again, beside kubectl and beside plain requests. */
export async function benchDeploy(): Promise<void> {
	const { file } = await findOrBuild(kubectl, console.error);
	const servers = await startServers(['kubernetes']);
	const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
	const { kubeconfig } = servers.kubernetes;
	const connection = await connectionOf(
		{ kubeconfig },
		{ environment: {}, folder: '/', protect: silent, nameOf: (input) => input },
	);
	const log = { debug: silent, info: silent, warn: silent, error: silent };
	const signal = new AbortController().signal;
	const client = new KubernetesClient(connection, { log, signal, environment: {} });
	const place = { folder, kubeconfig, kubectl: file, client };
	try {
		await writeSet(folder);
		await benchSet(place);
		await benchDelay(place);
	} finally {
		client.close();
		await servers.stop();
		await rm(folder, { recursive: true });
	}
}

async function writeSet(folder: string): Promise<void> {
	for (const name of ['yaml', 'json']) await mkdir(join(folder, name));
	for (const { kind, name, object } of benchObjects(objects)) {
		await writeFile(join(folder, 'yaml', `${name}-${kind}.yaml`), stringify(object));
		await writeFile(join(folder, 'json', `${name}-${kind}.json`), JSON.stringify(object));
	}
}

type Contender = (place: Place, namespace: string) => Pick<Command, 'program' | 'args'>;

const rollingDeploy =
	(...inputs: string[]): Contender =>
	({ folder, kubeconfig }, namespace) => ({
		program: process.execPath,
		args: [
			join(dist, 'rolling-deploy', 'index.js'),
			`--manifests=${join(folder, 'yaml')}`,
			`--kubeconfig=${kubeconfig}`,
			`--namespace=${namespace}`,
			'--log-level=warn',
			...inputs,
		],
	});

/** `kubectl apply` does not wait for what it has applied. */
const contenders: Readonly<Record<string, Contender>> = {
	'rolling-deploy, not waiting': rollingDeploy('--no-wait'),
	'kubectl 1.35 apply --server-side': ({ folder, kubeconfig, kubectl }, namespace) => ({
		program: kubectl,
		args: [
			`--kubeconfig=${kubeconfig}`,
			`--namespace=${namespace}`,
			'apply',
			'--server-side',
			'-f',
			join(folder, 'yaml'),
		],
	}),
	'rolling-deploy': rollingDeploy(),
	'plain requests, 8 at a time': ({ folder, kubeconfig }, namespace) => ({
		program: process.execPath,
		args: [
			join(import.meta.dirname, 'plain-requests.ts'),
			kubeconfig,
			namespace,
			join(folder, 'json'),
		],
	}),
};

async function benchSet(place: Place): Promise<void> {
	const first: Record<string, Command> = {};
	const again: Record<string, Command> = {};
	let made = 0;
	for (const [name, contender] of Object.entries(contenders)) {
		let namespace = '';
		const common = { cwd: place.folder, env: { PATH: process.env.PATH, HOME: place.folder } };
		const command = (): Command => ({ ...common, program: '', args: [] });
		first[name] = Object.assign(command(), {
			async before(this: Command) {
				namespace = `bench-${made++}`;
				await place.client.create('/api/v1/namespaces', { metadata: { name: namespace } });
				// The account that every namespace gets is made a moment later.
				await new Promise((resolve) => setTimeout(resolve, 500));
				Object.assign(this, contender(place, namespace));
			},
		});
		again[name] = Object.assign(command(), {
			async before(this: Command) {
				Object.assign(this, contender(place, namespace));
			},
		});
	}
	const kubectlName = 'kubectl 1.35 apply --server-side';
	const plainName = 'plain requests, 8 at a time';
	for (const [title, commands] of [
		['the first time', first],
		['again, unchanged', again],
	] as const) {
		const timings = await timeInTurn(commands, rounds);
		const peaks = await peakMemory(commands);
		const rows = [...timings].map(([name, times]) => [
			name,
			`${(median(times) / 1000).toFixed(2)} s`,
			ratio(times, timings.get(kubectlName) ?? []).toFixed(2),
			ratio(times, timings.get(plainName) ?? []).toFixed(2),
			`${((peaks.get(name) ?? Number.NaN) / 1024).toFixed(0)} MB`,
		]);
		const head = ['', 'median', 'to kubectl', 'to plain', 'peak memory'];
		console.log(`\n${objects} objects applied ${title}\n${table(head, rows)}`);
	}
}

/** From the moment that a Deployment is complete to the end of the process that waits for it. */
async function benchDelay(place: Place): Promise<void> {
	const { folder, kubeconfig, client } = place;
	const namespace = 'bench-delay';
	await client.create('/api/v1/namespaces', { metadata: { name: namespace } });
	const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
	const file = join(folder, 'slow.yaml');
	const delays = new Map<string, number[]>();
	const waiters: Record<string, readonly [program: string, args: readonly string[]]> = {
		'rolling-deploy': [
			process.execPath,
			[
				join(dist, 'rolling-deploy', 'index.js'),
				`--manifests=${file}`,
				`--kubeconfig=${kubeconfig}`,
				`--namespace=${namespace}`,
			],
		],
		'kubectl apply, rollout status': [
			'sh',
			[
				'-c',
				`${place.kubectl} apply --server-side -f ${file} && exec ${place.kubectl} rollout status deployment/slow -n ${namespace}`,
			],
		],
	};
	for (let round = 0; round < delayRounds; round++)
		for (const [name, [program, args]] of Object.entries(waiters)) {
			await client.delete(`${path}/slow`);
			await until(async () => (await client.find(`${path}/slow`)) === undefined);
			const annotations = { 'fake/ready-after': '2s' };
			const object = deployment('slow', { app: 'slow' }, 1, annotations);
			await writeFile(file, stringify({ ...object, metadata: { name: 'slow', namespace } }));
			const env = { PATH: process.env.PATH, HOME: folder, KUBECONFIG: kubeconfig };
			const child = spawn(program, args, { cwd: folder, env, stdio: 'ignore' });
			const exited = new Promise<number>((resolve) =>
				child.once('close', () => resolve(performance.now())),
			);
			const complete = await completion(client, path);
			delays.set(name, [...(delays.get(name) ?? []), (await exited) - complete]);
		}
	const rows = [...delays].map(([name, times]) => [
		name,
		`${median(times).toFixed(0)} ms`,
		`${Math.max(...times).toFixed(0)} ms`,
	]);
	console.log(`\nFrom complete to exit\n${table(['', 'median', 'most'], rows)}`);
}

/** When a watch tells of the Deployment as complete. */
async function completion(client: KubernetesClient, path: string): Promise<number> {
	await until(async () => (await client.find(`${path}/slow`)) !== undefined);
	const { metadata } = await client.list(path);
	const ended = new AbortController();
	const query = { resourceVersion: metadata.resourceVersion };
	for await (const { object } of client.watch(path, query, ended.signal))
		if (readinessOf(object).state === 'ready') return performance.now();
	throw new Error('the watch ended');
}

async function until(condition: () => Promise<boolean>): Promise<void> {
	while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}
