import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../stand-ins/kubernetes/cluster.ts';
import { deploy, deployment, log } from './rolling-deploy-run.ts';

let cluster: Cluster;
let folder: string;
/** The tokens that the server takes now. */
let valid: string[];
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'cluster-access-'));
	valid = ['token-one'];
	cluster = await startCluster({
		behaviour: async () => ({ kind: 'ready', after: 100 }),
		authenticate: (token) => (valid.includes(token) ? { name: 'ci' } : undefined),
	});
});
afterEach(async () => {
	await cluster.close();
	await rm(folder, { recursive: true });
});

const configMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n';

const kubeconfigWith = (user: object, of: object = {}) => {
	const text = JSON.parse(cluster.kubeconfig()) as {
		clusters: { cluster: object }[];
		users: { user: object }[];
	};
	for (const entry of text.users) entry.user = user;
	for (const entry of text.clusters) entry.cluster = { ...entry.cluster, ...of };
	return JSON.stringify(text);
};

describe('credentials that expire in the middle of a wait are renewed', () => {
	/** The server takes another token from the moment on that the rollout has begun. */
	async function expireMeanwhile(user: object): Promise<void> {
		cluster.fault = ({ query }) =>
			query.watch === 'true' ? { kind: 'cut', afterMs: 200 } : undefined;
		const running = deploy(cluster, deployment('acme/web:1'), {
			kubeconfig: kubeconfigWith(user),
		});
		await cluster.until((it) => it.list('Pod', 'default').length > 0);
		await writeFile(join(folder, 'token'), 'token-two');
		valid = ['token-two'];
		const run = await running;
		expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
		expect(log(run)).not.toMatch(/token-(one|two)/);
		const refused = cluster.requests.filter(({ status }) => status === 401);
		expect(refused[0]?.token).toBe('token-one');
		expect(cluster.requests.at(-1)?.token).toBe('token-two');
	}

	beforeEach(() => writeFile(join(folder, 'token'), 'token-one'));

	test('by the plugin of the kubeconfig', async () => {
		const plugin = join(folder, 'plugin');
		const script = `#!/bin/sh\nprintf '{"status":{"token":"%s"}}' "$(cat '${folder}/token')"\n`;
		await writeFile(plugin, script, { mode: 0o755 });
		await expireMeanwhile({
			exec: { apiVersion: 'client.authentication.k8s.io/v1', command: plugin },
		});
	});

	test('by the file that holds the token', async () => {
		await expireMeanwhile({ tokenFile: join(folder, 'token') });
	});
});

describe("the server's certificate", () => {
	const reach = (of: object) =>
		deploy(cluster, configMap, { kubeconfig: kubeconfigWith({ token: 'token-one' }, of) });

	test('is checked against the name that the kubeconfig gives', async () => {
		const right = await reach({ 'tls-server-name': 'kubernetes.default.svc' });
		expect(right.exitCode, log(right)).toBe(0);
		const wrong = await reach({ 'tls-server-name': 'other.example.com' });
		expect(wrong.exitCode).toBe(1);
		expect(log(wrong)).toMatch(/got no answer: .*other\.example\.com/);
	});

	test('is not checked where that is asked for', async () => {
		const unknown = { 'certificate-authority-data': undefined };
		const refused = await reach(unknown);
		expect(refused.exitCode).toBe(1);
		const run = await reach({ ...unknown, 'insecure-skip-tls-verify': true });
		expect(run.exitCode, log(run)).toBe(0);
	});
});

describe('through a proxy', () => {
	let proxy: Server;
	let asked: string[];
	beforeEach(async () => {
		asked = [];
		proxy = createServer().on('connect', (request, near) => {
			asked.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim());
			const { hostname, port } = new URL(`http://${request.url}`);
			const far = connect(Number(port), hostname, () => {
				near.write('HTTP/1.1 200 Connection established\r\n\r\n');
				far.pipe(near).pipe(far);
			});
			for (const socket of [near, far]) socket.on('error', () => undefined);
		});
		await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
	});
	afterEach(() => {
		proxy.closeAllConnections();
		proxy.close();
	});

	const address = (login = '') =>
		`http://${login}127.0.0.1:${(proxy.address() as AddressInfo).port}`;
	const host = () => new URL(cluster.url).host;

	test('of the kubeconfig, whose password is not shown', async () => {
		const of = { 'proxy-url': address('ci:pass-word@') };
		const kubeconfig = kubeconfigWith({ token: 'token-one' }, of);
		const run = await deploy(cluster, configMap, { kubeconfig, 'log-level': 'debug' });
		expect(run.exitCode, log(run)).toBe(0);
		const login = `Basic ${Buffer.from('ci:pass-word').toString('base64')}`;
		expect(new Set(asked)).toEqual(new Set([`${host()} ${login}`]));
		expect(log(run)).not.toContain('pass-word');
	});

	test('of the environment, unless that excludes the server', async () => {
		const kubeconfig = kubeconfigWith({ token: 'token-one' });
		const through = (env: Record<string, string>) =>
			deploy(cluster, configMap, { kubeconfig }, { env });
		const run = await through({ HTTPS_PROXY: address() });
		expect(run.exitCode, log(run)).toBe(0);
		expect(new Set(asked)).toEqual(new Set([host()]));
		asked = [];
		for (const NO_PROXY of ['127.0.0.1', '127.0.0.0/8']) {
			const direct = await through({ HTTPS_PROXY: address(), NO_PROXY });
			expect(direct.exitCode, log(direct)).toBe(0);
		}
		expect(asked).toEqual([]);
	});
});
