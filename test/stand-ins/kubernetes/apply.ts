import {
	compare,
	difference,
	emptySet,
	type FieldSet,
	fieldsOf,
	granular,
	intersection,
	isEmptySet,
	itemName,
	parts,
	paths,
	setFromJson,
	setToJson,
	union,
} from './field-set.ts';
import {
	isObject,
	type Json,
	type JsonObject,
	type ManagedFieldsEntry,
	sameJson,
	timestamp,
} from './objects.ts';
import { fieldSchema, keyDefaults, type Schema } from './schema.ts';
import { StatusError } from './status-error.ts';

/** Who writes, by which operation, through which subresource. */
export interface Writer {
	manager: string;
	apiVersion: string;
	subresource?: string;
}

/** What the server sets itself; no manager owns it. */
const serverFields = setFromJson({
	'f:apiVersion': {},
	'f:kind': {},
	'f:metadata': {
		'.': {},
		'f:name': {},
		'f:namespace': {},
		'f:creationTimestamp': {},
		'f:uid': {},
		'f:generation': {},
		'f:managedFields': {},
		'f:resourceVersion': {},
	},
});

/**
 * Server-side apply: merges the configuration into the live object, takes out what this manager set
 * before and sets no longer (unless somebody else sets it too), and keeps the managers' field sets.
 * @throws StatusError 409 that names field and manager when another manager owns a changed value and `force` is false.
 */
export function serverSideApply(
	live: JsonObject | undefined,
	configuration: JsonObject,
	schema: Schema,
	writer: Writer,
	force: boolean,
): { object: JsonObject; managedFields: ManagedFieldsEntry[] } {
	const entries = liveEntries(live);
	const mine = (entry: ManagedFieldsEntry) => isWrittenBy(entry, 'Apply', writer);
	const others = entries.filter((entry) => !mine(entry));
	const applied = difference(fieldsOf(configuration, schema), serverFields);
	const before = setFromJson(entries.find(mine)?.fieldsV1);

	const merged = merge(live, configuration, schema) as JsonObject;
	const kept = others.reduce(
		(all, entry) => union(all, setFromJson(entry.fieldsV1)),
		union(applied, serverFields),
	);
	const object = prune(merged, schema, before, kept) as JsonObject;

	const { changed, removed } = compare(live ?? {}, object, schema, sameJson);
	const conflicts = others
		.map((entry) => ({
			entry,
			set: intersection(setFromJson(entry.fieldsV1), changed),
		}))
		.filter(({ set }) => !isEmptySet(set));
	if (conflicts.length > 0 && !force) throw conflictError(conflicts);

	const rest = others.map((entry) => without(entry, union(changed, removed)));
	return {
		object,
		managedFields: finish(entries, [...rest, entryOf('Apply', writer, applied)]),
	};
}

/** What an ordinary write does to the owners: what it changes is the writer's from now on. */
export function trackUpdate(
	live: JsonObject | undefined,
	object: JsonObject,
	schema: Schema,
	writer: Writer,
): ManagedFieldsEntry[] {
	const entries = liveEntries(live);
	const given = isObject(object.metadata) ? object.metadata.managedFields : undefined;
	const kept = Array.isArray(given) && given.length > 0 ? (given as ManagedFieldsEntry[]) : entries;
	const plain = (value: JsonObject | undefined) => withoutServerFields(value);
	const { changed, removed } = compare(plain(live), plain(object), schema, sameJson);
	const mine = (entry: ManagedFieldsEntry) => isWrittenBy(entry, 'Update', writer);
	const own = union(setFromJson(kept.find(mine)?.fieldsV1), difference(changed, serverFields));
	const rest = kept.filter((entry) => !mine(entry)).map((entry) => without(entry, changed));
	const all = [...rest, entryOf('Update', writer, own)];
	return finish(
		kept,
		all.map((entry) => without(entry, removed)),
	);
}

function liveEntries(live: JsonObject | undefined): ManagedFieldsEntry[] {
	const metadata = live?.metadata;
	const entries = isObject(metadata) ? metadata.managedFields : undefined;
	return Array.isArray(entries) ? (entries as ManagedFieldsEntry[]) : [];
}

function withoutServerFields(value: JsonObject | undefined): JsonObject {
	if (value === undefined) return {};
	const metadata = isObject(value.metadata) ? { ...value.metadata } : {};
	for (const field of ['managedFields', 'resourceVersion', 'generation', 'uid']) {
		delete metadata[field];
	}
	return { ...value, metadata };
}

function isWrittenBy(
	entry: ManagedFieldsEntry,
	operation: ManagedFieldsEntry['operation'],
	{ manager, subresource }: Writer,
): boolean {
	return (
		entry.operation === operation &&
		entry.manager === manager &&
		(entry.subresource ?? '') === (subresource ?? '')
	);
}

function entryOf(
	operation: ManagedFieldsEntry['operation'],
	{ manager, apiVersion, subresource }: Writer,
	set: FieldSet,
): ManagedFieldsEntry {
	return {
		manager,
		operation,
		apiVersion,
		time: timestamp(),
		fieldsType: 'FieldsV1',
		fieldsV1: setToJson(set),
		...(subresource === undefined ? {} : { subresource }),
	};
}

function without(entry: ManagedFieldsEntry, taken: FieldSet): ManagedFieldsEntry {
	const left = difference(setFromJson(entry.fieldsV1), taken);
	return { ...entry, fieldsV1: setToJson(left) };
}

/** Entries that own nothing are gone; those that own what they did keep their time. */
function finish(before: ManagedFieldsEntry[], after: ManagedFieldsEntry[]): ManagedFieldsEntry[] {
	return after
		.filter((entry) => Object.keys(entry.fieldsV1).length > 0)
		.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
		.map((entry) => {
			const same = before.find(
				(old) =>
					isWrittenBy(old, entry.operation, entry) &&
					old.apiVersion === entry.apiVersion &&
					sameJson(old.fieldsV1, entry.fieldsV1),
			);
			return same ?? entry;
		});
}

function orderOf({ operation, manager, subresource = '' }: ManagedFieldsEntry): string {
	return [operation, manager, subresource].join(' ');
}

function merge(live: Json | undefined, patch: Json, schema: Schema): Json {
	if (live === undefined) return withKeyDefaults(patch, schema);
	const how = granular(patch, schema);
	if (how === undefined || how !== granular(live, schema)) return withKeyDefaults(patch, schema);
	if (how === 'fields' && isObject(patch) && isObject(live)) {
		const merged: JsonObject = { ...live };
		for (const [field, value] of Object.entries(patch)) {
			merged[field] = merge(live[field], value, fieldSchema(schema, field));
		}
		return merged;
	}
	if (schema.type !== 'list') return patch;
	const left = [...parts(live, schema)];
	const right = [...parts(patch, schema)];
	const inLive = parts(live, schema);
	const inPatch = parts(patch, schema);
	const merged: Json[] = [];
	// The order is the patch's; what only the live list has keeps its place in front of what follows it.
	for (let l = 0, r = 0; l < left.length || r < right.length; ) {
		const [leftName, leftItem] = left[l] ?? [];
		if (leftName !== undefined && leftItem !== undefined && !inPatch.has(leftName)) {
			merged.push(leftItem[0]);
			l++;
			continue;
		}
		const [rightName = '', rightItem] = right[r] ?? [];
		if (leftName !== undefined && (leftName === rightName || rightItem === undefined)) l++;
		if (rightItem !== undefined) {
			merged.push(merge(inLive.get(rightName)?.[0], rightItem[0], schema.of));
			r++;
		}
	}
	return merged;
}

/** Fills in the keys by which list items are told apart, as the server does ahead of its other defaults. */
function withKeyDefaults(value: Json, schema: Schema): Json {
	if (Array.isArray(value) && schema.type === 'list') {
		return value.map((item) => {
			const filled = withKeyDefaults(item, schema.of);
			if (!isObject(filled)) return filled;
			for (const key of schema.keys) {
				const preset = keyDefaults[key];
				if (filled[key] === undefined && preset !== undefined) filled[key] = preset;
			}
			return filled;
		});
	}
	if (!isObject(value)) return value;
	const filled: JsonObject = {};
	for (const [field, child] of Object.entries(value)) {
		filled[field] = withKeyDefaults(child, fieldSchema(schema, field));
	}
	return filled;
}

/**
 * Takes out the fields of `remove` that `keep` does not have. A struct's field whose parts are all to go
 * goes as a whole, with what the server had filled in below it; a map's or list's does only if it is a member itself.
 */
function prune(value: Json, schema: Schema, remove: FieldSet, keep: FieldSet): Json {
	const how = granular(value, schema);
	const goes = (name: string): boolean => {
		const child = remove.children.get(name);
		if (child === undefined || keep.children.has(name)) return false;
		return child.member || schema.type === 'struct';
	};
	const below = (name: string, child: Json, childSchema: Schema): Json => {
		const toRemove = remove.children.get(name);
		if (toRemove === undefined) return child;
		return prune(child, childSchema, toRemove, keep.children.get(name) ?? emptySet());
	};
	if (how === 'fields' && isObject(value)) {
		const left: JsonObject = {};
		for (const [field, child] of Object.entries(value)) {
			if (goes(`f:${field}`)) continue;
			const pruned = below(`f:${field}`, child, fieldSchema(schema, field));
			const emptied = pruned !== child && isObject(pruned) && Object.keys(pruned).length === 0;
			if (!emptied) left[field] = pruned;
		}
		return left;
	}
	if (how === 'items' && Array.isArray(value) && schema.type === 'list') {
		return value
			.filter((item) => !goes(itemName(item, schema)))
			.map((item) => below(itemName(item, schema), item, schema.of));
	}
	return value;
}

function conflictError(conflicts: { entry: ManagedFieldsEntry; set: FieldSet }[]): StatusError {
	const found = conflicts.flatMap(({ entry, set }) =>
		paths(set).map((path) => ({ path, manager: printManager(entry) })),
	);
	const causes = found.map(({ path, manager }) => ({
		reason: 'FieldManagerConflict',
		message: `conflict with ${manager}`,
		field: path,
	}));
	const [first] = found;
	if (found.length === 1 && first !== undefined) {
		const { manager, path } = first;
		return StatusError.conflict(
			`Apply failed with 1 conflict: conflict with ${manager}: ${path}`,
			causes,
		);
	}
	const lines = [...new Set(found.map(({ manager }) => manager))]
		.sort()
		.flatMap((manager) => [
			`conflicts with ${manager}:`,
			...found.filter((conflict) => conflict.manager === manager).map(({ path }) => `- ${path}`),
		]);
	return StatusError.conflict(
		`Apply failed with ${found.length} conflicts: ${lines.join('\n')}`,
		causes,
	);
}

function printManager({ manager, subresource, operation, apiVersion }: ManagedFieldsEntry): string {
	const name = JSON.stringify(manager);
	const through =
		subresource === undefined ? '' : ` with subresource ${JSON.stringify(subresource)}`;
	return operation === 'Update' ? `${name}${through} using ${apiVersion}` : `${name}${through}`;
}
