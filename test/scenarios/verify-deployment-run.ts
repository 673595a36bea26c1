import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askRegistry } from '../stand-ins/kubernetes/ask-registry.ts';
import { type Cluster, startCluster } from '../stand-ins/kubernetes/cluster.ts';
import { type Registry, startRegistry } from '../stand-ins/registry/registry.ts';
import { commandLine, type Values } from './fronts.ts';
import { log } from './rolling-deploy-run.ts';
import { runStep, type StepRun } from './run-step.ts';

const situation = {
	server: 'http://127.0.0.1:23100',
	repository: 'acme/infra-qa',
	commit: '0123456789012345678901234567890123456789',
};

/** What the pods of the stage answer, by path. */
const answers: Readonly<Record<string, { status: number; type?: string; body: string }>> = {
	'/': { status: 200, body: 'Welcome, version 1.4' },
	'/down': { status: 503, body: 'no database' },
	'/healthz?full=1': {
		status: 200,
		type: 'application/json',
		body: '{"status":"ok","checks":[{"name":"db","up":true}]}',
	},
};

/** Runs verify-deployment, which does not try for long. */
export async function verifyIn(
	workspace: string,
	inputs: Values,
	front = commandLine,
): Promise<StepRun> {
	const all = { attempts: '2', interval: '0.1s', ...inputs };
	return await runStep('verify-deployment', { ...front(situation, all), cwd: workspace });
}

/** Why each check failed that did. */
export const failures = ({ outputs }: StepRun): string[] =>
	(JSON.parse(outputs.failures ?? '[]') as { failure: string }[]).map(({ failure }) => failure);

/** A registry, a cluster that runs its images, and a workspace with the cluster's kubeconfig. */
export class Stage {
	readonly registry: Registry;
	readonly cluster: Cluster;
	readonly workspace: string;
	/** What the nodes tell in the place of a digest. */
	readonly told: Map<string, string>;

	constructor(registry: Registry, cluster: Cluster, workspace: string, told: Map<string, string>) {
		this.registry = registry;
		this.cluster = cluster;
		this.workspace = workspace;
		this.told = told;
	}

	static async start(): Promise<Stage> {
		const told = new Map<string, string>();
		const registry = await startRegistry();
		const cluster = await startCluster({
			behaviour: async (image, pod) => {
				const behaviour = await askRegistry()(image, pod);
				if (behaviour.kind !== 'ready') return behaviour;
				const [name, digest = ''] = (behaviour.imageID ?? '').split('@');
				return { ...behaviour, imageID: `${name}@${told.get(digest) ?? digest}` };
			},
			serve: (pod, path) =>
				answers[path] ?? { status: 404, body: `${pod.metadata.name}: no ${path}` },
		});
		const workspace = await mkdtemp(join(tmpdir(), 'verify-deployment-'));
		await writeFile(join(workspace, 'kubeconfig'), cluster.kubeconfig());
		return new Stage(registry, cluster, workspace, told);
	}

	async close(): Promise<void> {
		await this.cluster.close();
		await this.registry.close();
		await rm(this.workspace, { recursive: true });
	}

	async verify(inputs: Values, front = commandLine): Promise<StepRun> {
		return await verifyIn(this.workspace, { kubeconfig: 'kubeconfig', ...inputs }, front);
	}

	/** Runs rolling-deploy in the same workspace. */
	async rollOut(manifests: string): Promise<void> {
		await writeFile(join(this.workspace, 'k.yaml'), manifests);
		const inputs = { manifests: 'k.yaml', kubeconfig: 'kubeconfig', 'stable-for': '0.1s' };
		const run = await runStep('rolling-deploy', {
			...commandLine(situation, inputs),
			cwd: this.workspace,
		});
		if (run.exitCode !== 0) throw new Error(log(run));
	}

	/** The whole reference of a tag of acme/web in the registry. */
	image(tag: string): string {
		return `${this.registry.host}/acme/web:${tag}`;
	}
}
