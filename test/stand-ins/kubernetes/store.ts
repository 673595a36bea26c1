import type { KubeObject } from './objects.ts';

export interface Change {
	type: 'ADDED' | 'MODIFIED' | 'DELETED';
	revision: number;
	/** The storage key of the kind, such as `deployments.apps`. */
	resource: string;
	object: KubeObject;
	previous?: KubeObject;
}

/** The objects and their history: one revision counter for all, as etcd has. */
export class Store {
	revision = 1;
	readonly #objects = new Map<string, Map<string, KubeObject>>();
	readonly #listeners = new Set<(change: Change) => void>();
	#history: Change[] = [];
	#oldest = 1;

	get(resource: string, namespace: string | undefined, name: string): KubeObject | undefined {
		return this.#objects.get(resource)?.get(`${namespace ?? ''}/${name}`);
	}

	/** A kind's objects by namespace and name; of all namespaces when none is given. */
	list(resource: string, namespace?: string): KubeObject[] {
		return [...(this.#objects.get(resource) ?? [])]
			.filter(([key]) => namespace === undefined || key.startsWith(`${namespace}/`))
			.sort(([a], [b]) => (a < b ? -1 : 1))
			.map(([, object]) => object);
	}

	/** The kinds that have objects. */
	resources(): string[] {
		return [...this.#objects.keys()];
	}

	/** Stores the object under a new revision and tells the listeners. */
	put(resource: string, object: KubeObject): KubeObject {
		this.revision++;
		const stored: KubeObject = {
			...object,
			metadata: { ...object.metadata, resourceVersion: String(this.revision) },
		};
		let objects = this.#objects.get(resource);
		if (objects === undefined) {
			objects = new Map();
			this.#objects.set(resource, objects);
		}
		const key = keyOf(object);
		const previous = objects.get(key);
		objects.set(key, stored);
		this.#publish({
			type: previous === undefined ? 'ADDED' : 'MODIFIED',
			revision: this.revision,
			resource,
			object: stored,
			...(previous === undefined ? {} : { previous }),
		});
		return stored;
	}

	remove(resource: string, object: KubeObject): KubeObject {
		this.revision++;
		this.#objects.get(resource)?.delete(keyOf(object));
		const last: KubeObject = {
			...object,
			metadata: { ...object.metadata, resourceVersion: String(this.revision) },
		};
		const change = { revision: this.revision, resource, object: last, previous: object };
		this.#publish({ type: 'DELETED', ...change });
		return last;
	}

	/** What happened after a revision, or undefined when the history no longer goes back that far. */
	since(revision: number): Change[] | undefined {
		if (revision < this.#oldest - 1) return undefined;
		return this.#history.filter((change) => change.revision > revision);
	}

	/** Forgets the history, as etcd does every few minutes: older revisions can no longer be watched. */
	compact(): void {
		this.#history = [];
		this.#oldest = this.revision + 1;
	}

	listen(listener: (change: Change) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	#publish(change: Change): void {
		this.#history.push(change);
		for (const listener of [...this.#listeners]) listener(change);
	}
}

function keyOf({ metadata }: KubeObject): string {
	return `${metadata.namespace ?? ''}/${metadata.name}`;
}
