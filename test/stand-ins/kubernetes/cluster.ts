import type { Rule, User } from './access.ts';
import type { Certificate } from './authority.ts';
import { alwaysReady, type Behaviour } from './behaviour.ts';
import { Catalog } from './catalog.ts';
import { Clock } from './clock.ts';
import { startControllers } from './controllers/manager.ts';
import { listen } from './http-server.ts';
import { startKubelet } from './kubelet.ts';
import { type JsonObject, type KubeObject, timestamp } from './objects.ts';
import { ObjectsClient } from './objects-client.ts';
import { podQuota } from './quota.ts';
import type { FaultHook, RecordedRequest } from './recording.ts';
import type { PodServer } from './service-proxy.ts';
import { StatusError } from './status-error.ts';
import { Store } from './store.ts';
import type { Pod } from './workloads.ts';
import { Writes } from './writes.ts';

export interface ClusterOptions {
	/** What the images do; by default every one is there and ready. */
	behaviour?: Behaviour;
	/** HTTPS with an authority of its own, unless false. */
	tls?: boolean;
	/** How long one of the cluster's seconds lasts, in milliseconds: back-offs, deadlines, start times. Default 20. */
	secondMs?: number;
	nodes?: number;
	/** Says whose a token is that `allow` does not know, as a webhook would. */
	authenticate?: (token: string) => User | undefined;
	/** What a ready pod answers to a GET through its Service's proxy; by default 200 `ok`. */
	serve?: PodServer;
	/** Made at the start besides `default` and the system's own. */
	namespaces?: string[];
}

export interface Cluster {
	/** `https://127.0.0.1:PORT` */
	url: string;
	/** The authority to trust, as PEM; empty over plain HTTP. */
	ca: string;
	/** A token that may do everything. */
	adminToken: string;
	/** Every request so far, in order of arrival. */
	requests: RecordedRequest[];
	/** Set to let requests fail; set to undefined to stop that. */
	fault: FaultHook | undefined;
	/** Makes a token valid, for a user with these rights (all, when none are given). */
	allow(token: string, name: string, rules?: Rule[]): void;
	/** A kubeconfig for a token, the admin's by default. `namespace` is its context's. */
	kubeconfig(token?: string, namespace?: string): string;
	/** Reads an object past the API, so that no request is recorded. */
	get(kind: string, namespace: string | undefined, name: string): KubeObject | undefined;
	list(kind: string, namespace?: string): KubeObject[];
	/** Writes an object past the API, as another manager would. */
	create(kind: string, object: JsonObject, manager?: string): KubeObject;
	/** Replaces an object past the API, as another manager would. */
	update(object: KubeObject, manager: string): KubeObject;
	/** Forgets the history: watches from older revisions get 410 Gone. */
	compact(): void;
	/** Resolves as soon as the condition holds; it is tried after each change. */
	until(condition: (cluster: Cluster) => boolean): Promise<void>;
	close(): Promise<void>;
}

/** Starts a Kubernetes API server with its controllers and nodes, in this process, on a free port of 127.0.0.1. */
export async function startCluster({
	behaviour = alwaysReady,
	tls = true,
	secondMs = 20,
	nodes = 1,
	authenticate = () => undefined,
	serve = () => ({ status: 200, body: 'ok' }),
	namespaces = [],
}: ClusterOptions = {}): Promise<Cluster> {
	const store = new Store();
	const catalog = new Catalog();
	const writes = new Writes(store);
	const clock = new Clock(secondMs);
	const client = new ObjectsClient(store, writes, catalog, 'cluster');
	writes.admission = podQuota(store);
	const stopControllers = startControllers(store, client, catalog, clock);
	const kubelet = startKubelet(store, { client, clock, behaviour, cores: 4 });
	for (const name of ['default', 'kube-system', 'kube-public', ...namespaces]) {
		client.create('Namespace', { metadata: { name } });
	}
	for (let n = 1; n <= nodes; n++) addNode(client, `node-${n}`);

	const adminToken = 'admin-token';
	const users = new Map<string, User>([[adminToken, { name: 'kubernetes-admin' }]]);
	const requests: RecordedRequest[] = [];
	const readLog = (namespace: string, name: string, query: URLSearchParams) => {
		const pod = client.get<Pod>('Pod', namespace, name);
		if (pod === undefined) throw StatusError.notFound('pods', '', name);
		return kubelet.logs.read(pod, query);
	};
	const certificate: Certificate | undefined = tls
		? await (await import('./authority.ts')).issueCertificate()
		: undefined;
	const { server, port } = await listen(
		{
			api: {
				store,
				writes,
				catalog,
				readLog,
				bookmarkMs: 1000,
				serve,
				read: (kind, namespace, name) => client.get(kind, namespace, name),
				readAll: (kind, namespace) => client.list(kind, namespace),
			},
			userOf: (token) => users.get(token) ?? authenticate(token),
			requests,
			fault: (request) => cluster.fault?.(request),
		},
		certificate,
	);
	const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;

	const cluster: Cluster = {
		url,
		ca: certificate?.ca ?? '',
		adminToken,
		requests,
		fault: undefined,
		allow: (token, name, rules) => {
			users.set(token, { name, ...(rules === undefined ? {} : { rules }) });
		},
		kubeconfig: (token = adminToken, namespace) =>
			kubeconfigText({ url, ca: certificate?.ca, token, namespace }),
		get: (kind, namespace, name) => client.get(kind, namespace, name),
		list: (kind, namespace) => client.list(kind, namespace),
		create: (kind, object, manager = 'kubectl-create') => client.as(manager).create(kind, object),
		update: (object, manager) => client.as(manager).update(object),
		compact: () => store.compact(),
		until: (condition) =>
			new Promise((resolve) => {
				if (condition(cluster)) {
					resolve();
					return;
				}
				const stop = store.listen(() => {
					if (!condition(cluster)) return;
					stop();
					resolve();
				});
			}),
		close: async () => {
			clock.stop();
			stopControllers();
			kubelet.stop();
			const closed = new Promise<void>((resolve) => server.close(() => resolve()));
			server.closeAllConnections();
			await closed;
		},
	};
	return cluster;
}

function addNode(client: ObjectsClient, name: string): void {
	const now = timestamp();
	const node = client.create('Node', {
		metadata: {
			name,
			labels: {
				'kubernetes.io/hostname': name,
				'kubernetes.io/os': 'linux',
				'kubernetes.io/arch': 'amd64',
			},
		},
		spec: {},
	});
	client.setStatus(node, {
		capacity: { cpu: '4', memory: '8Gi', pods: '110' },
		allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
		conditions: [
			{
				type: 'Ready',
				status: 'True',
				reason: 'KubeletReady',
				lastHeartbeatTime: now,
				lastTransitionTime: now,
			},
		],
		nodeInfo: { kubeletVersion: 'v1.35.4', operatingSystem: 'linux', architecture: 'amd64' },
	});
}

/** A kubeconfig with one context; JSON, which every reader of YAML takes. */
function kubeconfigText({
	url,
	ca,
	token,
	namespace,
}: {
	url: string;
	ca: string | undefined;
	token: string;
	namespace: string | undefined;
}): string {
	const authority =
		ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') };
	const config = {
		apiVersion: 'v1',
		kind: 'Config',
		clusters: [{ name: 'stand-in', cluster: { server: url, ...authority } }],
		users: [{ name: 'user', user: { token } }],
		contexts: [
			{
				name: 'stand-in',
				context: {
					cluster: 'stand-in',
					user: 'user',
					...(namespace === undefined ? {} : { namespace }),
				},
			},
		],
		'current-context': 'stand-in',
	};
	return `${JSON.stringify(config, null, 2)}\n`;
}
