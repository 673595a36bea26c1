import { KubernetesClient } from '../../shared/kubernetes/client.ts';
import { connectionOf } from '../../shared/kubernetes/kubeconfig.ts';
import { type KubernetesObject, type Pod, podSpecOf } from '../../shared/kubernetes/object.ts';
import { deployment } from './flow.ts';

export interface Running {
	/** As the Deployment has it. */
	readonly image: string;
	/** As the nodes report it of the pods that are ready, each once. */
	readonly imageIds: readonly string[];
}

const silent = () => undefined;

/** A person's look at what runs in an environment. */
export class ClusterView {
	readonly #client: Promise<KubernetesClient>;
	readonly #namespace: string;

	constructor(kubeconfig: string, namespace: string) {
		this.#namespace = namespace;
		this.#client = connect(kubeconfig);
	}

	/** Undefined where nothing has been deployed. */
	async running(): Promise<Running | undefined> {
		const client = await this.#client;
		const base = `namespaces/${this.#namespace}`;
		const found = await client.find<KubernetesObject>(
			`/apis/apps/v1/${base}/deployments/${deployment}`,
		);
		if (found === undefined) return undefined;
		const { items } = await client.list<Pod>(`/api/v1/${base}/pods`, {
			labelSelector: `app=${deployment}`,
		});
		const ready = items
			.filter((pod) => pod.metadata.deletionTimestamp === undefined)
			.flatMap((pod) => pod.status?.containerStatuses ?? [])
			.filter((status) => status.ready);
		return {
			image: podSpecOf(found)?.containers?.[0]?.image ?? '',
			imageIds: [...new Set(ready.map((status) => status.imageID ?? ''))],
		};
	}
}

async function connect(kubeconfig: string): Promise<KubernetesClient> {
	const connection = await connectionOf(
		{ kubeconfig },
		{ environment: {}, folder: '/', protect: silent, nameOf: (input) => input },
	);
	return new KubernetesClient(connection, {
		log: { debug: silent, info: silent, warn: silent, error: silent },
		signal: new AbortController().signal,
		environment: {},
	});
}
