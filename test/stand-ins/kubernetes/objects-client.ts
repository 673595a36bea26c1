import type { Catalog } from './catalog.ts';
import { apiVersionOf, storageKey } from './kinds.ts';
import { type JsonObject, type KubeObject, sameJson } from './objects.ts';
import type { Store } from './store.ts';
import type { Writes } from './writes.ts';

/** What controllers and the kubelet work with: objects by kind, written under a component's own name. */
export class ObjectsClient {
	readonly #store: Store;
	readonly #writes: Writes;
	readonly #catalog: Catalog;
	readonly #manager: string;

	constructor(store: Store, writes: Writes, catalog: Catalog, manager: string) {
		this.#store = store;
		this.#writes = writes;
		this.#catalog = catalog;
		this.#manager = manager;
	}

	/** The same access for another component. */
	as(manager: string): ObjectsClient {
		return new ObjectsClient(this.#store, this.#writes, this.#catalog, manager);
	}

	get<T extends KubeObject>(kind: string, namespace: string | undefined, name: string) {
		const found = this.#store.get(storageKey(this.#catalog.named(kind)), namespace, name);
		return found as T | undefined;
	}

	/** The object as it is stored now; undefined when it is gone or another one has its name. */
	current<T extends KubeObject>(object: T): T | undefined {
		const { namespace, name, uid } = object.metadata;
		const found = this.get<T>(object.kind, namespace, name);
		return found?.metadata.uid === uid ? found : undefined;
	}

	list<T extends KubeObject>(kind: string, namespace?: string): T[] {
		return this.#store.list(storageKey(this.#catalog.named(kind)), namespace) as T[];
	}

	/** The objects of a kind whose controller is the owner. */
	owned<T extends KubeObject>(kind: string, owner: KubeObject): T[] {
		return this.list<T>(kind, owner.metadata.namespace).filter(({ metadata }) =>
			(metadata.ownerReferences ?? []).some(
				({ uid, controller }) => controller === true && uid === owner.metadata.uid,
			),
		);
	}

	create<T extends KubeObject>(kindName: string, object: JsonObject): T {
		const kind = this.#catalog.named(kindName);
		return this.#writes.create(kind, object, { manager: this.#manager }) as T;
	}

	update<T extends KubeObject>(object: T): T {
		const kind = this.#catalog.named(object.kind);
		return this.#writes.update(kind, object, { manager: this.#manager }) as T;
	}

	/** Replaces the status, when it differs. */
	setStatus<T extends KubeObject>(object: T, status: JsonObject): T {
		const stored = this.current(object);
		if (stored === undefined || sameJson(stored.status, status)) return stored ?? object;
		return this.#writes.update(
			this.#catalog.named(object.kind),
			{ ...stored, status },
			{ manager: this.#manager, subresource: 'status' },
		) as T;
	}

	/** Deletes; with `grace` the object is marked first and whoever holds it lets go. */
	remove(object: KubeObject, grace = false): void {
		const stored = this.current(object);
		if (stored === undefined) return;
		this.#writes.remove(this.#catalog.named(object.kind), stored, { grace });
	}

	/** What an owned object says of its owner. */
	static ownerReference({ apiVersion, kind, metadata: { name, uid } }: KubeObject) {
		return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
	}

	apiVersion(kindName: string): string {
		return apiVersionOf(this.#catalog.named(kindName));
	}
}
