import { ApiError } from './api-error.ts';
import type { KubernetesClient } from './client.ts';
import { groupOf, type KubernetesObject } from './object.ts';

/** A kind as the server serves it in one version. */
export interface Resource {
	apiVersion: string;
	kind: string;
	/** The name in paths: `deployments`. */
	plural: string;
	namespaced: boolean;
	verbs: readonly string[];
}

/** Both forms of https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api. */
interface AggregatedDiscovery {
	kind: string;
	items?: {
		metadata: { name?: string };
		versions: {
			version: string;
			resources?: {
				resource: string;
				responseKind?: { kind: string };
				scope: string;
				verbs?: string[];
			}[];
		}[];
	}[];
}

interface GroupList {
	groups?: { name: string; versions: { groupVersion: string }[] }[];
	versions?: string[];
}

interface ResourceList {
	resources?: { name: string; kind: string; namespaced: boolean; verbs?: string[] }[];
}

const aggregated = ['v2', 'v2beta1']
	.map((v) => `application/json;g=apidiscovery.k8s.io;v=${v};as=APIGroupDiscoveryList`)
	.join(',');

/** The kinds that a server serves. */
export class Discovery {
	readonly #client: KubernetesClient;
	/** By `apiVersion kind`; versions of a group in the server's order of preference. */
	#resources = new Map<string, Resource>();
	/** Versions that an old server lists and that are still to be asked for one by one. */
	#unread = new Map<string, Promise<void>>();
	#listed: string[] = [];

	private constructor(client: KubernetesClient) {
		this.#client = client;
	}

	/** Asks the server: two requests where it knows aggregated discovery (1.26 and newer). */
	static async read(client: KubernetesClient): Promise<Discovery> {
		const discovery = new Discovery(client);
		await discovery.refresh();
		return discovery;
	}

	/** Asks again: a CustomResourceDefinition has come. */
	async refresh(): Promise<void> {
		this.#unread = new Map();
		this.#listed = [];
		const resources = new Map<string, Resource>();
		const answers = await Promise.all(
			['/api', '/apis'].map((path) =>
				this.#client.get<AggregatedDiscovery & GroupList>(
					path,
					{},
					`${aggregated},application/json`,
				),
			),
		);
		for (const answer of answers) {
			if (answer.kind === 'APIGroupDiscoveryList') addAggregated(resources, answer);
			else this.#listed.push(...groupVersions(answer));
		}
		this.#resources = resources;
	}

	/** The resource of a kind, or undefined where the server does not serve it in this version. */
	async find(apiVersion: string, kind: string): Promise<Resource | undefined> {
		if (this.#listed.includes(apiVersion)) await this.#readVersion(apiVersion);
		return this.#resources.get(`${apiVersion} ${kind}`);
	}

	/**
	 * The versions that serve a kind: those of the same group first, then those of others.
	 * Empty where the server does not know the kind at all.
	 */
	async versionsOf(kind: string, apiVersion: string): Promise<string[]> {
		for (const listed of this.#listed) await this.#readVersion(listed);
		const group = groupOf(apiVersion);
		const versions = [...this.#resources.values()]
			.filter((resource) => resource.kind === kind)
			.map((resource) => resource.apiVersion);
		return [
			...versions.filter((version) => groupOf(version) === group),
			...versions.filter((version) => groupOf(version) !== group),
		];
	}

	/** The kinds of one version, for a message about a mistyped kind. */
	kindsOf(apiVersion: string): string[] {
		return [...this.#resources.values()]
			.filter((resource) => resource.apiVersion === apiVersion)
			.map(({ kind }) => kind);
	}

	/** Reads a version the old way, once. */
	async #readVersion(apiVersion: string): Promise<void> {
		const reading = this.#unread.get(apiVersion) ?? this.#requestVersion(apiVersion);
		this.#unread.set(apiVersion, reading);
		await reading;
	}

	async #requestVersion(apiVersion: string): Promise<void> {
		const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
		let list: ResourceList;
		try {
			list = await this.#client.get<ResourceList>(path);
		} catch (error) {
			// An aggregated API whose own server is away must not stop what does not need it.
			if (error instanceof ApiError && error.status >= 404) return;
			throw error;
		}
		for (const { name, kind, namespaced, verbs = [] } of list.resources ?? [])
			if (!name.includes('/'))
				this.#resources.set(`${apiVersion} ${kind}`, {
					apiVersion,
					kind,
					plural: name,
					namespaced,
					verbs,
				});
	}
}

function addAggregated(resources: Map<string, Resource>, answer: AggregatedDiscovery): void {
	for (const group of answer.items ?? [])
		for (const { version, resources: served = [] } of group.versions) {
			const apiVersion = group.metadata.name ? `${group.metadata.name}/${version}` : version;
			for (const { resource, responseKind, scope, verbs = [] } of served)
				if (responseKind)
					resources.set(`${apiVersion} ${responseKind.kind}`, {
						apiVersion,
						kind: responseKind.kind,
						plural: resource,
						namespaced: scope === 'Namespaced',
						verbs,
					});
		}
}

function groupVersions({ groups = [], versions = [] }: GroupList): string[] {
	return [
		...versions,
		...groups.flatMap((group) => group.versions.map(({ groupVersion }) => groupVersion)),
	];
}

/** Path of a kind's collection; without a namespace that of all namespaces. */
export function collectionPath(
	{ apiVersion, plural, namespaced }: Resource,
	namespace?: string,
): string {
	const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
	const within =
		namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
	return `${root}${within}/${plural}`;
}

/** Path of one object. */
export function objectPath(
	resource: Resource,
	{ metadata }: { metadata: Pick<KubernetesObject['metadata'], 'name' | 'namespace'> },
): string {
	return `${collectionPath(resource, metadata.namespace)}/${encodeURIComponent(metadata.name)}`;
}
