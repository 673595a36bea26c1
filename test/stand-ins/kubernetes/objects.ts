/** What JSON can hold: the form in which objects are stored, merged and sent. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [field: string]: Json };

export type OwnerReference = {
	apiVersion: string;
	kind: string;
	name: string;
	uid: string;
	controller?: boolean;
	blockOwnerDeletion?: boolean;
};

export type ManagedFieldsEntry = {
	manager: string;
	operation: 'Apply' | 'Update';
	apiVersion: string;
	time: string;
	fieldsType: 'FieldsV1';
	fieldsV1: JsonObject;
	subresource?: string;
};

export type Metadata = {
	name: string;
	generateName?: string;
	namespace?: string;
	uid: string;
	resourceVersion: string;
	generation?: number;
	creationTimestamp: string;
	deletionTimestamp?: string;
	deletionGracePeriodSeconds?: number;
	labels?: Record<string, string>;
	annotations?: Record<string, string>;
	ownerReferences?: OwnerReference[];
	finalizers?: string[];
	managedFields?: ManagedFieldsEntry[];
};

/** Any object of the cluster. Stored objects are never changed in place: a write replaces them. */
export type KubeObject = {
	apiVersion: string;
	kind: string;
	metadata: Metadata;
	[field: string]: Json;
};

export function isObject(value: Json | undefined): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value under a path of field names, or undefined where one of them is missing. */
export function at(value: Json | undefined, ...path: string[]): Json | undefined {
	let found = value;
	for (const field of path) found = isObject(found) ? found[field] : undefined;
	return found;
}

/** Equality of two JSON values; the order of an object's fields does not matter. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
	if (a === b) return true;
	if (Array.isArray(a) && Array.isArray(b)) {
		return a.length === b.length && a.every((item, index) => sameJson(item, b[index]));
	}
	if (!isObject(a) || !isObject(b)) return false;
	const fields = Object.keys(a);
	return (
		fields.length === Object.keys(b).length &&
		fields.every((field) => Object.hasOwn(b, field) && sameJson(a[field], b[field]))
	);
}

/** The time as Kubernetes writes it: RFC 3339 in UTC, whole seconds. */
export function timestamp(date: Date = new Date()): string {
	return `${date.toISOString().slice(0, 19)}Z`;
}
