import { isObject, type Json, type JsonObject } from './objects.ts';
import { anything, fieldSchema, keyDefaults, type Schema } from './schema.ts';

/**
 * A set of fields as a tree. Its JSON form is `fieldsV1` of `metadata.managedFields`: `f:name` for a
 * field, `k:{...}` for a list item by its keys, `v:...` for an item of a set, `.` for the node itself.
 */
export interface FieldSet {
	member: boolean;
	children: Map<string, FieldSet>;
}

export function emptySet(member = false): FieldSet {
	return { member, children: new Map() };
}

export function isEmptySet(set: FieldSet | undefined): boolean {
	return set === undefined || (!set.member && set.children.size === 0);
}

export function setFromJson(json: Json | undefined): FieldSet {
	const set = emptySet();
	for (const [name, child] of Object.entries(isObject(json) ? json : {})) {
		if (name === '.') set.member = true;
		else {
			const below = setFromJson(child);
			if (below.children.size === 0) below.member = true;
			set.children.set(name, below);
		}
	}
	return set;
}

export function setToJson(set: FieldSet): JsonObject {
	const json: JsonObject = {};
	for (const [name, child] of [...set.children].sort(([a], [b]) => (a < b ? -1 : 1))) {
		const below = setToJson(child);
		json[name] = child.member && child.children.size > 0 ? { '.': {}, ...below } : below;
	}
	return json;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
	return combine(a, b, (inA, inB) => inA || inB);
}

export function difference(a: FieldSet, b: FieldSet): FieldSet {
	return combine(a, b, (inA, inB) => inA && !inB);
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
	return combine(a, b, (inA, inB) => inA && inB);
}

function combine(a: FieldSet, b: FieldSet, rule: (a: boolean, b: boolean) => boolean): FieldSet {
	const result = emptySet(rule(a.member, b.member));
	for (const name of new Set([...a.children.keys(), ...b.children.keys()])) {
		const left = a.children.get(name) ?? emptySet();
		const child = combine(left, b.children.get(name) ?? emptySet(), rule);
		if (!isEmptySet(child)) result.children.set(name, child);
	}
	return result;
}

/** The members as Kubernetes prints them: `.spec.containers[name="web"].image`. */
export function paths(set: FieldSet, prefix = ''): string[] {
	const own = set.member && prefix !== '' ? [prefix] : [];
	const below = [...set.children].flatMap(([name, child]) => paths(child, prefix + step(name)));
	return [...own, ...below];
}

function step(name: string): string {
	const rest = name.slice(2);
	if (name.startsWith('f:')) return `.${rest}`;
	if (name.startsWith('v:')) return `[=${rest}]`;
	const keys = JSON.parse(rest) as JsonObject;
	return `[${Object.entries(keys)
		.map(([key, value]) => `${key}=${JSON.stringify(value)}`)
		.join(',')}]`;
}

/** How an item of a list with keys, or of a set, is named in a field set. */
export function itemName(item: Json, schema: Schema): string {
	if (schema.type !== 'list' || schema.keys.length === 0) return `v:${JSON.stringify(item)}`;
	const keys = [...schema.keys].sort().map((key) => {
		const value = isObject(item) ? item[key] : undefined;
		return [key, value ?? keyDefaults[key] ?? null] as const;
	});
	return `k:${JSON.stringify(Object.fromEntries(keys))}`;
}

/** Whether a value is owned part by part, and by which rule; everything else is owned as one. */
export function granular(value: Json | undefined, schema: Schema): 'fields' | 'items' | undefined {
	if (isObject(value)) {
		if (schema.type === 'any') return 'fields';
		return (schema.type === 'struct' || schema.type === 'map') && !schema.atomic
			? 'fields'
			: undefined;
	}
	if (!Array.isArray(value) || schema.type !== 'list') return undefined;
	return schema.set || schema.keys.length > 0 ? 'items' : undefined;
}

/** A granular value's parts under the names that field sets use. */
export function parts(value: Json | undefined, schema: Schema): Map<string, [Json, Schema]> {
	const how = granular(value, schema);
	if (how === 'fields' && isObject(value)) {
		return new Map(
			Object.entries(value).map(([field, child]) => [
				`f:${field}`,
				[child, fieldSchema(schema, field)],
			]),
		);
	}
	if (how === 'items' && Array.isArray(value)) {
		const of = schema.type === 'list' ? schema.of : anything;
		return new Map(value.map((item) => [itemName(item, schema), [item, of]]));
	}
	return new Map();
}

/** The fields that a value sets; `itself` for list items, which are members besides their fields. */
export function fieldsOf(value: Json, schema: Schema, itself = false): FieldSet {
	const below = parts(value, schema);
	const set = emptySet(itself || (below.size === 0 && granular(value, schema) !== 'items'));
	for (const [name, [child, childSchema]] of below) {
		const own = fieldsOf(child, childSchema, !name.startsWith('f:'));
		if (!isEmptySet(own)) set.children.set(name, own);
	}
	return set;
}

/** The fields that a value adds: besides what it sets, the maps and lists that were not there before. */
function addedFields(value: Json, schema: Schema, isItem: boolean): FieldSet {
	const below = parts(value, schema);
	const set = emptySet(isItem || below.size === 0 || schema.type !== 'struct');
	for (const [name, [child, childSchema]] of below) {
		set.children.set(name, addedFields(child, childSchema, !name.startsWith('f:')));
	}
	return set;
}

/** A value with everything below it. */
function allFields(value: Json, schema: Schema): FieldSet {
	const set = emptySet(true);
	for (const [name, [child, childSchema]] of parts(value, schema)) {
		set.children.set(name, allFields(child, childSchema));
	}
	return set;
}

/** What a change from one value to another sets anew or otherwise, and what it takes away. */
export function compare(
	before: Json | undefined,
	after: Json | undefined,
	schema: Schema,
	same: (a: Json, b: Json) => boolean,
): { changed: FieldSet; removed: FieldSet } {
	const changed = emptySet();
	const removed = emptySet();
	const old = parts(before, schema);
	const now = parts(after, schema);
	for (const [name, [child, childSchema]] of now) {
		const was = old.get(name);
		if (was === undefined) {
			changed.children.set(name, addedFields(child, childSchema, !name.startsWith('f:')));
		} else if (granular(child, childSchema) && granular(was[0], childSchema)) {
			const below = compare(was[0], child, childSchema, same);
			if (!isEmptySet(below.changed)) changed.children.set(name, below.changed);
			if (!isEmptySet(below.removed)) removed.children.set(name, below.removed);
		} else if (!same(was[0], child)) {
			changed.children.set(name, fieldsOf(child, childSchema, true));
		}
	}
	for (const [name, [child, childSchema]] of old) {
		if (!now.has(name)) removed.children.set(name, allFields(child, childSchema));
	}
	return { changed, removed };
}
