import { Failure } from '../failure/failure.ts';
import type { Log } from '../log/log.ts';
import { ApiError } from './api-error.ts';
import type { KubernetesClient } from './client.ts';
import { mapConcurrently } from './concurrent.ts';
import { type Discovery, objectPath } from './discovery.ts';
import { dataKinds, isRecord, type KubernetesObject, keyOf, readPath, titleOf } from './object.ts';
import { inOrder } from './order.ts';

/** An object of a set, as its inventory names it. */
export type Member = Pick<KubernetesObject, 'apiVersion' | 'kind'> & {
	metadata: { name: string; namespace?: string };
};

export interface InventoryOptions {
	client: KubernetesClient;
	discovery: Discovery;
	namespace: string;
	/** Name of the set. */
	set: string;
	fieldManager: string;
	/** Kinds that are pruned as well, of those that hold data or more than themselves. */
	pruneKinds: readonly string[];
	concurrency: number;
	log: Log;
}

/** Not pruned unless it is named. */
const protectedKinds = [...dataKinds, 'Node', 'Event'];
const systemNamespaces = ['kube-system', 'kube-public', 'kube-node-lease'];
const field = 'members';

/** An object that left the set, and where it is. */
export interface Leaver {
	path: string;
	live: KubernetesObject;
}

/**
 * What a set brought to the cluster, in a ConfigMap of the set's namespace: an object that a
 * later run does not bring any more is found there, and by nothing else.
 */
export class Inventory {
	readonly #options: InventoryOptions;
	#members: readonly Member[] = [];

	constructor(options: InventoryOptions) {
		this.#options = options;
	}

	/** Reads it; empty where the set was not pruned before. */
	async read(): Promise<void> {
		const map = await this.#options.client.find(this.#path);
		const text = isRecord(map?.data) ? map.data[field] : '[]';
		const members = membersIn(String(text));
		if (members === undefined)
			throw new Failure(
				`ConfigMap/${this.#name} in namespace ${this.#options.namespace} is no inventory any more; delete it, and the next run begins a new one`,
			);
		this.#members = members;
	}

	/**
	 * The objects that this set brought before, that are not in `present`, and that are still
	 * there and ours. Each is tried out as a deletion, so that a missing right is found ahead
	 * of the first write.
	 */
	async leavers(present: readonly KubernetesObject[]): Promise<Leaver[]> {
		const { client, discovery, concurrency } = this.#options;
		const kept = new Set(present.map(keyOf));
		const gone = this.#members.filter((member) => !kept.has(keyOf(member)));
		const found = await mapConcurrently(gone, concurrency, async (member) => {
			if (!this.#mayGo(member)) return undefined;
			const { apiVersion, kind } = member;
			const [other] = await discovery.versionsOf(kind, apiVersion);
			const resource =
				(await discovery.find(apiVersion, kind)) ?? (await discovery.find(other ?? '', kind));
			if (resource === undefined) return undefined;
			const path = objectPath(resource, { ...member });
			const live = await client.find(path);
			if (live === undefined || live.metadata.deletionTimestamp || !this.#isOurs(live))
				return undefined;
			await client.delete(path, uidOf(live), { dryRun: true });
			return { path, live };
		});
		return found.filter((leaver) => leaver !== undefined);
	}

	/**
	 * Notes what will be there, ahead of the first write: a run that is killed forgets nothing.
	 * Where the set is about to bring the inventory's own namespace, that has to come first.
	 */
	async expect(present: readonly KubernetesObject[]): Promise<void> {
		const known = new Set(this.#members.map(keyOf));
		const added = present.filter((object) => !known.has(keyOf(object)));
		if (added.length === 0) return;
		try {
			await this.#write([...this.#members, ...added]);
		} catch (error) {
			const isTooEarly = error instanceof ApiError && error.status === 404;
			if (!isTooEarly || !present.some((object) => this.#isOwnNamespace(object))) throw error;
		}
	}

	/** Whether it has something else to tell than what is noted. */
	isStale(present: readonly KubernetesObject[]): boolean {
		return !isSame(this.#members, this.#next(present));
	}

	/** Deletes what left the set, what needs the others first; then forgets it. */
	async prune(leavers: readonly Leaver[], present: readonly KubernetesObject[]): Promise<void> {
		const { client, concurrency, log } = this.#options;
		for (const group of inOrder(leavers, ({ live }) => live).reverse())
			await mapConcurrently(group, concurrency, async ({ path, live }) => {
				await client.delete(path, uidOf(live));
				log.info(`${titleOf(live)}: deleted, since it is not in the set any more`);
			});
		if (this.isStale(present)) await this.#write(this.#next(present));
	}

	/** What may not go is remembered: it may go once its kind is named. */
	#next(present: readonly KubernetesObject[]): Member[] {
		const kept = new Set(present.map(keyOf));
		const gone = this.#members.filter((member) => !kept.has(keyOf(member)));
		return [...present, ...gone.filter((member) => !this.#mayGo(member))];
	}

	#mayGo({ kind, metadata }: Member): boolean {
		if (systemNamespaces.includes(metadata.namespace ?? '')) return false;
		if (kind === 'Namespace' && systemNamespaces.includes(metadata.name)) return false;
		return !protectedKinds.includes(kind) || this.#options.pruneKinds.includes(kind);
	}

	/** Another may have taken it over; of an object that has no fields nobody owns any. */
	#isOurs({ metadata: { managedFields: owners = [] } }: KubernetesObject): boolean {
		const { fieldManager } = this.#options;
		return (
			owners.length === 0 ||
			owners.some(({ manager, operation }) => manager === fieldManager && operation === 'Apply')
		);
	}

	#isOwnNamespace({ kind, metadata }: KubernetesObject): boolean {
		return kind === 'Namespace' && metadata.name === this.#options.namespace;
	}

	get #name(): string {
		return `lockstep-${this.#options.set}`;
	}

	get #path(): string {
		const { namespace } = this.#options;
		return `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${this.#name}`;
	}

	async #write(members: readonly Member[]): Promise<void> {
		const { client, fieldManager, namespace } = this.#options;
		const noted = members.map(memberOf).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
		const labels = { 'app.kubernetes.io/managed-by': fieldManager };
		await client.apply(
			this.#path,
			{
				apiVersion: 'v1',
				kind: 'ConfigMap',
				metadata: { name: this.#name, namespace, labels },
				data: { [field]: JSON.stringify(noted) },
			},
			{ fieldManager, force: true },
		);
		this.#members = noted;
	}
}

/** Undefined for what somebody else has written. */
function membersIn(text: string): Member[] | undefined {
	try {
		const members: unknown = JSON.parse(text);
		const isMember = (item: unknown) =>
			['apiVersion', 'kind'].every((field) => typeof readPath(item, [field]) === 'string') &&
			typeof readPath(item, ['metadata', 'name']) === 'string';
		return Array.isArray(members) && members.every(isMember) ? members : undefined;
	} catch {
		return undefined;
	}
}

function memberOf({ apiVersion, kind, metadata: { name, namespace } }: Member): Member {
	return { apiVersion, kind, metadata: { name, ...(namespace ? { namespace } : {}) } };
}

function isSame(a: readonly Member[], b: readonly Member[]): boolean {
	const keys = new Set(a.map(keyOf));
	return keys.size === b.length && b.every((member) => keys.has(keyOf(member)));
}

function uidOf({ metadata: { uid } }: KubernetesObject): { uid?: string } {
	return uid === undefined ? {} : { uid };
}
