import { randomBytes, randomUUID } from 'node:crypto';
import { withAllocations } from './allocations.ts';
import { serverSideApply, trackUpdate, type Writer } from './apply.ts';
import { withDefaults } from './defaults.ts';
import { apiVersionOf, type Kind, storageKey } from './kinds.ts';
import {
	at,
	isObject,
	type Json,
	type JsonObject,
	type KubeObject,
	type Metadata,
	sameJson,
	timestamp,
} from './objects.ts';
import { StatusError } from './status-error.ts';
import type { Store } from './store.ts';
import { withoutUnknownFields } from './strict.ts';
import { validate } from './validation.ts';

export interface WriteOptions {
	manager: string;
	dryRun?: boolean;
	subresource?: string;
}

/** Says no to a new object, as a quota does: `exceeded quota: ...`. */
export type Admission = (kind: Kind, object: KubeObject) => StatusError | undefined;

/**
 * The one way into the store, for requests and controllers alike: defaults, validation, generation,
 * owners of fields, finalizers. A write that changes nothing leaves the object as it is.
 */
export class Writes {
	readonly #store: Store;
	admission: Admission = () => undefined;

	constructor(store: Store) {
		this.#store = store;
	}

	create(kind: Kind, given: JsonObject, options: WriteOptions): KubeObject {
		const object = this.#fresh(kind, given);
		const managedFields = trackUpdate(undefined, object, kind.schema, writer(kind, options));
		return this.#insert(kind, withManaged(object, managedFields), options);
	}

	/** Replaces the object, or with a subresource only that part of it. */
	update(kind: Kind, given: JsonObject, options: WriteOptions): KubeObject {
		const stored = this.#existing(kind, given);
		const version = at(given, 'metadata', 'resourceVersion');
		if (version && version !== stored.metadata.resourceVersion) {
			throw new StatusError(
				409,
				'Conflict',
				`Operation cannot be fulfilled on ${storageKey(kind)} "${stored.metadata.name}": the object has been modified; please apply your changes to the latest version and try again`,
				{ name: stored.metadata.name, group: kind.group, kind: kind.plural },
			);
		}
		const object = this.#next(kind, given, stored, options.subresource);
		const managedFields = trackUpdate(stored, object, kind.schema, writer(kind, options));
		return this.#replace(kind, withManaged(object, managedFields), stored, options);
	}

	/** Server-side apply; makes the object when it is not there. */
	apply(
		kind: Kind,
		configuration: JsonObject,
		options: WriteOptions & { force: boolean },
	): { object: KubeObject; created: boolean } {
		const name = String(at(configuration, 'metadata', 'name'));
		const namespace = at(configuration, 'metadata', 'namespace');
		const stored = this.#store.get(
			storageKey(kind),
			typeof namespace === 'string' ? namespace : undefined,
			name,
		);
		const own = writer(kind, options);
		const { status, ...rest } = configuration;
		const asked =
			options.subresource === 'status' && status !== undefined
				? { ...rest, status }
				: kind.subresources.includes('status')
					? rest
					: configuration;
		const merged = serverSideApply(stored, asked, kind.schema, own, options.force);
		if (stored === undefined) {
			const object = withManaged(this.#fresh(kind, merged.object), merged.managedFields);
			return { object: this.#insert(kind, object, options), created: true };
		}
		const next = this.#next(kind, merged.object, stored, options.subresource);
		const object = withManaged(next, merged.managedFields);
		return { object: this.#replace(kind, object, stored, options), created: false };
	}

	/** Deletes now, or marks the object for deletion while finalizers or a grace period hold it. */
	remove(
		kind: Kind,
		stored: KubeObject,
		{ dryRun = false, grace = false, orphan = false } = {},
	): KubeObject {
		if (dryRun) return stored;
		const held = (stored.metadata.finalizers ?? []).length > 0 || grace;
		if (held && stored.metadata.deletionTimestamp !== undefined) return stored;
		if (held) {
			const metadata: Metadata = { ...stored.metadata, deletionTimestamp: timestamp() };
			if (kind.kind === 'Pod') metadata.deletionGracePeriodSeconds = 30;
			const status = kind.kind === 'Namespace' ? { status: { phase: 'Terminating' } } : {};
			return this.#store.put(storageKey(kind), { ...stored, metadata, ...status });
		}
		if (orphan) this.#releaseDependents(stored);
		return this.#store.remove(storageKey(kind), stored);
	}

	/** What the owner owns outlives it. */
	#releaseDependents({ metadata: { uid, namespace } }: KubeObject): void {
		for (const resource of this.#store.resources()) {
			for (const object of this.#store.list(resource, namespace)) {
				const owners = object.metadata.ownerReferences ?? [];
				const others = owners.filter((owner) => owner.uid !== uid);
				if (others.length === owners.length) continue;
				const metadata = { ...object.metadata, ownerReferences: others };
				this.#store.put(resource, { ...object, metadata });
			}
		}
	}

	#existing(kind: Kind, given: JsonObject): KubeObject {
		const name = String(at(given, 'metadata', 'name'));
		const namespace = at(given, 'metadata', 'namespace');
		const stored = this.#store.get(
			storageKey(kind),
			typeof namespace === 'string' ? namespace : undefined,
			name,
		);
		if (stored === undefined) throw StatusError.notFound(kind.plural, kind.group, name);
		return stored;
	}

	#fresh(kind: Kind, given: JsonObject): KubeObject {
		const { status: _, ...rest } = given;
		const clean = filled(kind, kind.subresources.includes('status') ? rest : given);
		const asked = isObject(clean.metadata) ? clean.metadata : {};
		const prefix = asked.generateName;
		const generated = typeof prefix === 'string' ? `${prefix}${randomSuffix()}` : '';
		const name = typeof asked.name === 'string' ? asked.name : generated;
		const { resourceVersion: _rv, managedFields: _mf, ...kept } = asked;
		return {
			...clean,
			apiVersion: apiVersionOf(kind),
			kind: kind.kind,
			metadata: {
				...(kept as JsonObject & { name: string }),
				name,
				uid: randomUUID(),
				resourceVersion: '',
				creationTimestamp: timestamp(),
				...(kind.generation ? { generation: 1 } : {}),
			},
		};
	}

	#next(
		kind: Kind,
		given: JsonObject,
		stored: KubeObject,
		subresource: string | undefined,
	): KubeObject {
		if (subresource === 'status') {
			const status = given.status;
			return { ...stored, ...(status === undefined ? {} : { status }) };
		}
		const clean = filled(kind, given);
		const asked = isObject(clean.metadata) ? clean.metadata : {};
		const { uid, creationTimestamp, resourceVersion, name, namespace, generation } =
			stored.metadata;
		const next: KubeObject = {
			...clean,
			apiVersion: apiVersionOf(kind),
			kind: kind.kind,
			metadata: {
				...asked,
				name,
				...(namespace === undefined ? {} : { namespace }),
				uid,
				creationTimestamp,
				resourceVersion,
				...(stored.metadata.deletionTimestamp === undefined
					? {}
					: { deletionTimestamp: stored.metadata.deletionTimestamp }),
			},
		};
		if (kind.kind === 'Service') keepAllocated(next, stored);
		if (kind.kind === 'Job') keepField(next, stored, 'selector');
		if (kind.subresources.includes('status')) {
			delete next.status;
			if (stored.status !== undefined) next.status = stored.status;
		}
		if (kind.generation) {
			next.metadata.generation =
				(generation ?? 1) + (sameJson(content(next), content(stored)) ? 0 : 1);
		}
		return next;
	}

	#insert(kind: Kind, given: KubeObject, { dryRun }: WriteOptions): KubeObject {
		const object = withAllocations(given);
		validate(kind, object, undefined);
		const { name, namespace } = object.metadata;
		if (this.#store.get(storageKey(kind), namespace, name) !== undefined) {
			throw StatusError.alreadyExists(kind.plural, kind.group, name);
		}
		const refusal = this.admission(kind, object);
		if (refusal !== undefined) throw refusal;
		return dryRun ? object : this.#store.put(storageKey(kind), object);
	}

	#replace(
		kind: Kind,
		object: KubeObject,
		stored: KubeObject,
		{ dryRun }: WriteOptions,
	): KubeObject {
		validate(kind, object, stored);
		if (sameJson(object, stored)) return stored;
		if (dryRun) return object;
		const saved = this.#store.put(storageKey(kind), object);
		const released =
			saved.metadata.deletionTimestamp !== undefined &&
			(saved.metadata.finalizers ?? []).length === 0 &&
			(stored.metadata.finalizers ?? []).length > 0;
		return released ? this.#store.remove(storageKey(kind), saved) : saved;
	}
}

function writer(kind: Kind, { manager, subresource }: WriteOptions): Writer {
	return {
		manager,
		apiVersion: apiVersionOf(kind),
		...(subresource === undefined ? {} : { subresource }),
	};
}

function filled(kind: Kind, object: JsonObject): JsonObject {
	const known = withoutUnknownFields(object, kind.schema);
	if (kind.kind === 'Secret') return secretData(known);
	return kind.custom ? known : withDefaults(kind.kind, known);
}

/** `stringData` is written only: it ends up in `data`. */
function secretData({ stringData, ...secret }: JsonObject): JsonObject {
	const added = Object.entries(isObject(stringData) ? stringData : {}).map(([key, text]) => [
		key,
		Buffer.from(String(text)).toString('base64'),
	]);
	const data = { ...(isObject(secret.data) ? secret.data : {}), ...Object.fromEntries(added) };
	return {
		type: 'Opaque',
		...secret,
		...(Object.keys(data).length === 0 ? {} : { data }),
	};
}

function withManaged(object: KubeObject, managedFields: Metadata['managedFields']): KubeObject {
	const { managedFields: _, ...metadata } = object.metadata;
	return {
		...object,
		metadata: { ...metadata, ...(managedFields?.length ? { managedFields } : {}) },
	};
}

/** What counts for the generation: everything but metadata and status. */
function content({ metadata: _, status: __, ...rest }: KubeObject): JsonObject {
	return rest;
}

/** What a Service was given stays, unless its new type has no use for it. */
function keepAllocated(next: KubeObject, stored: KubeObject): void {
	keepAddresses(next, stored);
	if (at(next, 'spec', 'type') !== 'ClusterIP') keepNodePorts(next, stored);
	else if (at(stored, 'spec', 'type') !== 'ClusterIP') dropNodePorts(next);
}

function dropNodePorts({ spec }: KubeObject): void {
	if (!isObject(spec)) return;
	delete spec.externalTrafficPolicy;
	delete spec.allocateLoadBalancerNodePorts;
	if (!Array.isArray(spec.ports)) return;
	spec.ports = spec.ports.map((port) => {
		const { nodePort: _, ...rest } = isObject(port) ? port : {};
		return rest;
	});
}

function keepAddresses(next: KubeObject, stored: KubeObject): void {
	for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) {
		keepField(next, stored, field);
	}
}

function keepNodePorts(next: KubeObject, stored: KubeObject): void {
	const ports = at(stored, 'spec', 'ports');
	if (!isObject(next.spec) || !Array.isArray(next.spec.ports) || !Array.isArray(ports)) return;
	next.spec.ports = next.spec.ports.map((port) => {
		const same = ports.find(
			(old) => at(old, 'port') === at(port, 'port') && at(old, 'protocol') === at(port, 'protocol'),
		);
		const nodePort = at(same, 'nodePort');
		return isObject(port) && nodePort !== undefined ? { nodePort, ...port } : port;
	});
}

function keepField(next: KubeObject, stored: KubeObject, field: string): void {
	const value: Json | undefined = at(stored, 'spec', field);
	if (value === undefined || !isObject(next.spec) || next.spec[field] !== undefined) return;
	next.spec[field] = value;
}

/** Five characters as the real server picks them: no vowels, so that they spell no words. */
export function randomSuffix(): string {
	const letters = 'bcdfghjklmnpqrstvwxz2456789';
	return [...randomBytes(5)].map((byte) => letters[byte % letters.length]).join('');
}
