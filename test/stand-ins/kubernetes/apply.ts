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
	return mergeItems(parts(live, schema), parts(patch, schema), schema);
}

/**
 * The items of both lists. The patch's order wins where the lists share items; an item that only the live
 * list has keeps its place in front of what follows it there.
 */
function mergeItems(
	live: Map<string, [Json, Schema]>,
	patch: Map<string, [Json, Schema]>,
	schema: Schema & { type: 'list' },
): Json[] {
	const left = [...live.keys()];
	const right = [...patch.keys()];
	const shared = right.filter((name) => live.has(name));
	const taken = new Set<string>();
	const merged: Json[] = [];
	const take = (name: string) => {
		merged.push(merge(live.get(name)?.[0], patch.get(name)?.[0] ?? null, schema.of));
		taken.add(name);
		if (shared[0] === name) shared.shift();
	};
	while (left.length > 0 || right.length > 0) {
		const [own] = left;
		const [wanted] = right;
		if (own !== undefined && !patch.has(own)) {
			merged.push(live.get(own)?.[0] ?? null);
			left.shift();
		} else if (
			own !== undefined &&
			(taken.has(own) || (shared[0] !== undefined && shared[0] !== own))
		) {
			left.shift();
		} else {
			if (own === wanted) left.shift();
			right.shift();
			if (wanted !== undefined) take(wanted);
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
 * Takes out the fields of `remove` that `keep` does not have, with what the server had filled in below them.
 * A struct's field stays while anything below it is kept; a list's item or a map's entry only while it is kept itself.
 */
function prune(value: Json, schema: Schema, remove: FieldSet, keep: FieldSet): Json {
	const how = granular(value, schema);
	const goes = (name: string): boolean => {
		const child = remove.children.get(name);
		const kept = keep.children.get(name);
		if (child === undefined) return false;
		return schema.type === 'struct' ? kept === undefined : child.member && kept?.member !== true;
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
			if (!isEmptied(child, pruned)) left[field] = pruned;
		}
		return left;
	}
	if (how === 'items' && Array.isArray(value) && schema.type === 'list') {
		return value
			.filter((item) => !goes(itemName(item, schema)))
			.map((item) => {
				const pruned = below(itemName(item, schema), item, schema.of);
				// An item that stays for the sake of others keeps the keys that name it.
				return isObject(item) && isObject(pruned)
					? { ...only(item, schema.keys), ...pruned }
					: pruned;
			});
	}
	return value;
}

function isEmptied(before: Json, after: Json): boolean {
	const isFilled = (value: Json) => isObject(value) && Object.keys(value).length > 0;
	return isFilled(before) && !isFilled(after);
}

function only(item: JsonObject, fields: string[]): JsonObject {
	return Object.fromEntries(Object.entries(item).filter(([field]) => fields.includes(field)));
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
