import { itemName, paths, setFromJson } from './field-set.ts';
import { isObject, type Json, type JsonObject } from './objects.ts';
import { fieldSchema, type Schema } from './schema.ts';

/** Where an object does not fit its schema, in the two notations that the server prints. */
export interface Misfit {
	kind: 'unknown' | 'type' | 'duplicate';
	/** `spec.template.spec.containers[0].imagePulPolicy` */
	path: string;
	/** `.spec.template.spec.containers[name="web"].imagePulPolicy` */
	applyPath: string;
	/** What server-side apply says of it. */
	detail: string;
	/** `Type.field` and the wanted type, for the words of the JSON decoder. */
	decoding: string;
}

export function misfits(value: Json, schema: Schema): Misfit[] {
	const found: Misfit[] = [];
	visit(value, schema, { path: '', applyPath: '', owner: '' }, found);
	return found;
}

interface Place {
	path: string;
	applyPath: string;
	owner: string;
}

function visit(value: Json, schema: Schema, place: Place, found: Misfit[]): void {
	if (value === null || schema.type === 'any') return;
	const wrong = (wanted: string, detail: string) =>
		found.push({
			kind: 'type',
			path: place.path,
			applyPath: place.applyPath,
			detail,
			decoding: `json: cannot unmarshal ${jsonType(value)} into Go struct field ${place.owner} of type ${wanted}`,
		});
	if (schema.type === 'scalar') {
		// int-or-string fields and quantities are written as either.
		if (schema.of === 'number' && typeof value !== 'number') {
			wrong('int32', `expected numeric (int or float), got ${goType(value)}`);
		} else if (schema.of === 'string' && typeof value !== 'string') {
			wrong('string', `expected string, got &value.valueUnstructured{Value:${String(value)}}`);
		} else if (schema.of === 'boolean' && typeof value !== 'boolean') {
			wrong('bool', `expected boolean, got &{${String(value)}}`);
		}
		return;
	}
	if (schema.type === 'list') {
		if (Array.isArray(value)) visitItems(value, schema, place, found);
		else wrong('[]interface {}', `expected list, got ${goType(value)}`);
		return;
	}
	if (!isObject(value)) {
		wrong('map[string]interface {}', `expected map, got ${goType(value)}`);
		return;
	}
	for (const [field, child] of Object.entries(value)) {
		const path = place.path === '' ? field : `${place.path}.${field}`;
		const below = { path, applyPath: `${place.applyPath}.${field}`, owner: ownerOf(schema, path) };
		if (schema.type === 'struct' && !schema.fields.has(field)) {
			const detail = 'field not declared in schema';
			found.push({
				kind: 'unknown',
				path,
				applyPath: below.applyPath,
				detail,
				decoding: `unknown field "${path}"`,
			});
		} else {
			visit(child, fieldSchema(schema, field), below, found);
		}
	}
}

function visitItems(
	items: Json[],
	schema: Schema & { type: 'list' },
	place: Place,
	found: Misfit[],
): void {
	const seen = new Set<string>();
	const named = schema.set || schema.keys.length > 0;
	items.forEach((item, index) => {
		const name = itemName(item, schema);
		const [key = ''] = paths(setFromJson({ [name]: {} }));
		if (named && seen.has(name)) {
			found.push({
				kind: 'duplicate',
				path: `${place.path}[${index}]`,
				applyPath: place.applyPath,
				detail: `duplicate entries for key ${key}`,
				decoding: '',
			});
		}
		seen.add(name);
		const below = {
			path: `${place.path}[${index}]`,
			applyPath: `${place.applyPath}${named ? key : `[${index}]`}`,
			owner: place.owner,
		};
		visit(item, schema.of, below, found);
	});
}

function ownerOf(schema: Schema, path: string): string {
	const name = schema.type === 'struct' ? schema.name : '';
	return `${name}.${path.replaceAll(/\[\d+\]/g, '')}`;
}

function jsonType(value: Json): string {
	if (Array.isArray(value)) return 'array';
	return typeof value === 'boolean' ? 'bool' : typeof value;
}

function goType(value: Json): string {
	if (Array.isArray(value)) return '[]interface {}';
	if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
	if (typeof value === 'boolean') return 'bool';
	return isObject(value) ? 'map[string]interface {}' : 'string';
}

/**
 * The object as a typed server keeps it: without the fields that its schema does not have, and without
 * empty lists and maps, which a typed object cannot tell from missing ones.
 */
export function withoutUnknownFields(object: JsonObject, schema: Schema): JsonObject {
	return strip(object, schema) as JsonObject;
}

function strip(value: Json, schema: Schema): Json {
	if (Array.isArray(value)) {
		return schema.type === 'list' ? value.map((item) => strip(item, schema.of)) : value;
	}
	if (!isObject(value)) return value;
	const kept = Object.entries(value).filter(([field, child]) => {
		if (child === null) return false;
		if (schema.type !== 'struct') return true;
		const own = schema.fields.get(field);
		return own !== undefined && (!isBlank(child, own) || keptEmpty.has(field));
	});
	return Object.fromEntries(
		kept.map(([field, child]) => [field, strip(child, fieldSchema(schema, field))]),
	);
}

/** Lists that are written even when they are empty. */
const keptEmpty = new Set(['containers', 'rules']);

function isBlank(value: Json, schema: Schema): boolean {
	if (schema.type === 'list') return Array.isArray(value) && value.length === 0;
	return schema.type === 'map' && isObject(value) && Object.keys(value).length === 0;
}
