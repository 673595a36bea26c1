import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, inject } from 'vitest';
import { KubernetesClient } from '../../shared/kubernetes/client.ts';
import { type Connection, connectionOf } from '../../shared/kubernetes/kubeconfig.ts';
import { runStep, type StepRun } from '../scenarios/run-step.ts';

const silent = () => undefined;

/** The real cluster as the tests of one file use it; what they leave there goes with them. */
export class ClusterDeploy {
	/** Path of an administrator's kubeconfig. */
	readonly kubeconfig: string = inject('kubernetes').kubeconfig;
	readonly unique: string = randomUUID().slice(0, 8);
	/** Deleted at the end. */
	readonly namespaces: string[] = [];
	#connected: { connection: Connection; client: KubernetesClient } | undefined;
	readonly #folders: string[] = [];
	readonly #endings: (() => Promise<void>)[] = [];

	constructor() {
		beforeAll(() => this.#connect());
		afterAll(async () => {
			for (const end of this.#endings) await end();
			for (const name of this.namespaces) await this.client.delete(`/api/v1/namespaces/${name}`);
			for (const folder of this.#folders) await rm(folder, { recursive: true });
			this.client.close();
		});
	}

	async #connect(): Promise<void> {
		const connection = await connectionOf(
			{ kubeconfig: this.kubeconfig },
			{ environment: {}, folder: '/', protect: silent, nameOf: (input) => input },
		);
		const log = { debug: silent, info: silent, warn: silent, error: silent };
		const { signal } = new AbortController();
		const client = new KubernetesClient(connection, { log, signal, environment: {} });
		this.#connected = { connection, client };
	}

	get connection(): Connection {
		if (this.#connected === undefined) throw new Error('not connected yet');
		return this.#connected.connection;
	}

	get client(): KubernetesClient {
		if (this.#connected === undefined) throw new Error('not connected yet');
		return this.#connected.client;
	}

	/** A namespace of a test's own; in a cluster that others use, none of them is in the way. */
	async newNamespace(): Promise<string> {
		const name = `deploy-${this.unique}-${this.namespaces.length}`;
		this.namespaces.push(name);
		await this.client.create('/api/v1/namespaces', { metadata: { name } });
		return name;
	}

	/** Has something of no namespace taken away at the end. */
	onEnd(end: () => Promise<void>): void {
		this.#endings.push(end);
	}

	/** The token of a new service account, which has no right but those of a ClusterRole. */
	async tokenOf(namespace: string, name: string, clusterRole?: string): Promise<string> {
		const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
		await this.client.create(accounts, { metadata: { name } });
		if (clusterRole !== undefined) {
			const bindings = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
			const binding = `${namespace}-${name}`;
			await this.client.create(bindings, {
				metadata: { name: binding },
				roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: clusterRole },
				subjects: [{ kind: 'ServiceAccount', name, namespace }],
			});
			this.onEnd(() => this.client.delete(`${bindings}/${binding}`));
		}
		const { status } = await this.client.create<{ status: { token: string } }>(
			`${accounts}/${name}/token`,
			{ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
		);
		return status.token;
	}

	/** The inputs that reach the cluster by a token alone. */
	accessWith(token: string): Record<string, string> {
		const { server, tls } = this.connection;
		return { kubeconfig: '', server, 'cluster-token': token, 'cluster-ca': tls.ca ?? '' };
	}

	async newWorkspace(): Promise<string> {
		const folder = await mkdtemp(join(tmpdir(), 'cluster-deploy-'));
		this.#folders.push(folder);
		return folder;
	}

	/** The administrator's kubeconfig with another address, as text. */
	async kubeconfigFor(server: string): Promise<string> {
		const text = await readFile(this.kubeconfig, 'utf8');
		return text.replaceAll(this.connection.server, server);
	}

	/** Runs rolling-deploy on these manifests, in a workspace of its own unless one is given. */
	async deploy(
		namespace: string,
		manifests: string,
		inputs: Readonly<Record<string, string>> = {},
		workspace?: string,
	): Promise<StepRun> {
		const cwd = workspace ?? (await this.newWorkspace());
		await writeFile(join(cwd, 'k.yaml'), manifests);
		return await this.run('rolling-deploy', cwd, { manifests: 'k.yaml', namespace, ...inputs });
	}

	async run(step: string, cwd: string, inputs: Readonly<Record<string, string>>): Promise<StepRun> {
		const all = { kubeconfig: this.kubeconfig, ...inputs };
		const args = Object.entries(all).map(([name, value]) => `--${name}=${value}`);
		return await runStep(step, { args, cwd });
	}
}

export const log = ({ stdout, stderr }: StepRun): string => stdout + stderr;

/** The template of a workload with one container; `pod` is further fields of its spec. */
export const template = (name: string, image: string, rest = '', pod = ''): string =>
	`template: {metadata: {labels: {app: ${name}}}, spec: {${pod}terminationGracePeriodSeconds: 1, containers: [{name: ${name}, image: "${image}"${rest}}]}}`;

export const deployment = (image: string, rest = '', pod = ''): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {replicas: 2, selector: {matchLabels: {app: web}}, ${template('web', image, rest, pod)}}
---`;

export const configMap = (value: string, name = 'settings'): string => `
apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}}
data: {a: "${value}"}
---`;

export const service = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
---`;
