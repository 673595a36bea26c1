import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { KubernetesClient } from '../../shared/kubernetes/client.ts';
import { connectionOf } from '../../shared/kubernetes/kubeconfig.ts';
import { readPath } from '../../shared/kubernetes/object.ts';
import {
	type EnvironmentName,
	environmentNames,
	manifest,
	type RepositoryName,
} from '../demo/flow.ts';
import type { KubernetesAddress } from '../servers/kubernetes.ts';

export interface RealClusters {
	readonly kubeconfigs: Readonly<Record<EnvironmentName, string>>;
	readonly namespaces: Readonly<Record<EnvironmentName, string>>;
	/** Puts the namespace of its environment into the manifests of a repository in a folder. */
	useNamespace(repository: RepositoryName, folder: string): Promise<void>;
	close(): Promise<void>;
}

interface Kubeconfig {
	contexts: { name: string; context: { namespace?: string } }[];
}

const silent = () => undefined;

/** The three environments as namespaces of one real cluster, each with a kubeconfig of its own. */
export async function realClusters(address: KubernetesAddress): Promise<RealClusters> {
	const unique = randomUUID().slice(0, 8);
	const namespaces = byEnvironment((name) => `flow-${name}-${unique}`);
	const text = await readFile(address.kubeconfig, 'utf8');
	const connection = await connectionOf(
		{ kubeconfig: text },
		{ environment: {}, folder: '/', protect: silent, nameOf: (input) => input },
	);
	const ended = new AbortController();
	const client = new KubernetesClient(connection, {
		log: { debug: silent, info: silent, warn: silent, error: silent },
		signal: ended.signal,
		environment: {},
	});
	for (const name of Object.values(namespaces))
		await client.create('/api/v1/namespaces', { metadata: { name } });
	const balancing = balance(client, Object.values(namespaces), ended.signal);
	return {
		kubeconfigs: byEnvironment((name) => withNamespace(text, namespaces[name])),
		namespaces,
		useNamespace: async (repository, folder) => {
			const namespace = namespaces[repository.replace('infra-', '') as EnvironmentName];
			if (namespace !== undefined) await moveTo(namespace, folder);
		},
		close: async () => {
			for (const name of Object.values(namespaces))
				await client.delete(`/api/v1/namespaces/${name}`);
			ended.abort();
			await balancing;
		},
	};
}

/** Stands for the cloud that gives a Service of type LoadBalancer its address. */
async function balance(
	client: KubernetesClient,
	namespaces: readonly string[],
	signal: AbortSignal,
): Promise<void> {
	while (!signal.aborted) {
		try {
			for (const namespace of namespaces) {
				const path = `/api/v1/namespaces/${namespace}/services`;
				for (const service of (await client.list(path)).items) {
					const wants = readPath(service, ['spec', 'type']) === 'LoadBalancer';
					if (!wants || readPath(service, ['status', 'loadBalancer', 'ingress']) !== undefined)
						continue;
					const value = { ingress: [{ ip: '192.0.2.1' }] };
					const change = [{ op: 'add', path: '/status/loadBalancer', value }];
					await client.patch(`${path}/${service.metadata.name}/status`, change);
				}
			}
			await new Promise((resolve) => setTimeout(resolve, 200));
		} catch (error) {
			if (!signal.aborted) throw error;
		}
	}
}

/** The manifests say `default`; on one cluster each environment needs a namespace of its own. */
async function moveTo(namespace: string, folder: string): Promise<void> {
	for (const path of [manifest, 'kubernetes/services/project.yaml']) {
		const file = join(folder, path);
		const text = await readFile(file, 'utf8');
		await writeFile(file, text.replace('namespace: default', `namespace: ${namespace}`));
	}
}

/** The kubeconfig with a namespace for what names none. JSON is YAML. */
function withNamespace(text: string, namespace: string): string {
	const config = parse(text) as Kubeconfig;
	for (const { context } of config.contexts) context.namespace = namespace;
	return JSON.stringify(config);
}

function byEnvironment<T>(make: (name: EnvironmentName) => T): Record<EnvironmentName, T> {
	const entries = environmentNames.map((name) => [name, make(name)]);
	return Object.fromEntries(entries) as Record<EnvironmentName, T>;
}
