import { type KubeObject, timestamp } from './objects.ts';
import type { ObjectsClient } from './objects-client.ts';

type ClusterEvent = KubeObject & { count: number; lastTimestamp: string };

/** Writes Events as the components of a cluster do: a repeated one counts up. */
export class EventRecorder {
	readonly #objects: ObjectsClient;
	readonly #component: string;
	readonly #names = new Map<string, string>();
	#number = 0;

	constructor(objects: ObjectsClient, component: string) {
		this.#objects = objects.as(component);
		this.#component = component;
	}

	/** `fieldPath` names the container, such as `spec.containers{web}`. */
	record(
		about: KubeObject,
		type: 'Normal' | 'Warning',
		reason: string,
		message: string,
		fieldPath?: string,
	): void {
		const { namespace = 'default', name, uid } = about.metadata;
		if (this.#objects.get('Namespace', undefined, namespace)?.metadata.deletionTimestamp) return;
		const key = [uid, type, reason, message, fieldPath].join('\n');
		const known = this.#names.get(key);
		const earlier =
			known === undefined ? undefined : this.#objects.get<ClusterEvent>('Event', namespace, known);
		const now = timestamp();
		if (earlier !== undefined) {
			this.#objects.update({ ...earlier, count: earlier.count + 1, lastTimestamp: now });
			return;
		}
		this.#number++;
		const suffix = (Date.now() * 4096 + (this.#number % 4096)).toString(16);
		const event = this.#objects.create('Event', {
			metadata: { name: `${name}.${this.#component.length}${suffix}`, namespace },
			involvedObject: {
				kind: about.kind,
				namespace,
				name,
				uid,
				apiVersion: about.apiVersion,
				resourceVersion: about.metadata.resourceVersion,
				...(fieldPath === undefined ? {} : { fieldPath }),
			},
			reason,
			message,
			type,
			source: { component: this.#component },
			firstTimestamp: now,
			lastTimestamp: now,
			count: 1,
			reportingComponent: this.#component,
			reportingInstance: '',
		});
		this.#names.set(key, event.metadata.name);
	}
}
