import { at, isObject, type Json, type JsonObject, sameJson } from './objects.ts';
import { fieldSchema, type Schema } from './schema.ts';
import { StatusError } from './status-error.ts';

/** JSON merge patch (RFC 7386): null takes a field away, lists are replaced. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
	if (!isObject(patch)) return patch;
	const result: JsonObject = isObject(target) ? { ...target } : {};
	for (const [field, value] of Object.entries(patch)) {
		if (value === null) delete result[field];
		else result[field] = mergePatch(result[field], value);
	}
	return result;
}

/** JSON patch (RFC 6902). @throws StatusError 422 when an operation does not fit the document. */
export function jsonPatch(document: Json, operations: Json): Json {
	if (!Array.isArray(operations)) {
		throw StatusError.badRequest(
			'json: cannot unmarshal object into Go value of type jsonpatch.Patch',
		);
	}
	return operations.reduce<Json>((patched, operation) => {
		const op = at(operation, 'op');
		const path = String(at(operation, 'path'));
		const value = at(operation, 'value') ?? null;
		switch (op) {
			case 'add':
				return edit(patched, path, op, () => value);
			case 'replace':
				return edit(patched, path, op, () => value);
			case 'remove':
				return edit(patched, path, op, () => undefined);
			case 'test':
				if (sameJson(lookUp(patched, path), value)) return patched;
				throw unfit();
			case 'copy':
			case 'move': {
				const from = String(at(operation, 'from'));
				const found = lookUp(patched, from);
				if (found === undefined) throw unfit();
				const base = op === 'move' ? edit(patched, from, 'remove', () => undefined) : patched;
				return edit(base, path, 'add', () => found);
			}
			default:
				throw unfit();
		}
	}, document);
}

/** The server does not say which operation it was. */
function unfit(): StatusError {
	const message = 'the server rejected our request due to an error in our request';
	return new StatusError(422, 'Invalid', message, {});
}

function steps(pointer: string): string[] {
	return pointer
		.split('/')
		.slice(1)
		.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function lookUp(document: Json, pointer: string): Json | undefined {
	return steps(pointer).reduce<Json | undefined>(
		(found, step) => (Array.isArray(found) ? found[Number(step)] : at(found, step)),
		document,
	);
}

function edit(
	document: Json,
	pointer: string,
	op: 'add' | 'replace' | 'remove',
	change: () => Json | undefined,
): Json {
	const walk = (value: Json | undefined, [step, ...rest]: string[]): Json => {
		if (step === undefined) return change() ?? null;
		if (Array.isArray(value)) {
			const index = step === '-' ? value.length : Number(step);
			const limit = op === 'add' && rest.length === 0 ? value.length : value.length - 1;
			if (!Number.isInteger(index) || index < 0 || index > limit) throw unfit();
			const item = value[index];
			if (rest.length > 0) return value.with(index, walk(item, rest));
			const next = change();
			return value.toSpliced(index, op === 'add' ? 0 : 1, ...(next === undefined ? [] : [next]));
		}
		if (!isObject(value)) throw unfit();
		if (rest.length > 0) {
			if (value[step] === undefined) throw unfit();
			return { ...value, [step]: walk(value[step], rest) };
		}
		if (op !== 'add' && value[step] === undefined) throw unfit();
		const { [step]: _, ...others } = value;
		const next = change();
		return next === undefined ? others : { ...value, [step]: next };
	};
	return walk(document, steps(pointer));
}

/**
 * Strategic merge patch: like a merge patch, but lists with keys are merged item by item, and `$patch`,
 * `$retainKeys` and `$deleteFromPrimitiveList` are obeyed; `$setElementOrder` is not needed for a merge of ours.
 */
export function strategicPatch(target: Json | undefined, patch: Json, schema: Schema): Json {
	if (!isObject(patch)) return patch;
	if (patch.$patch === 'replace') return withoutDirectives(patch);
	if (patch.$patch === 'delete') return {};
	const result: JsonObject = isObject(target) ? { ...target } : {};
	if (Array.isArray(patch.$retainKeys)) {
		for (const field of Object.keys(result)) {
			if (!patch.$retainKeys.includes(field)) delete result[field];
		}
	}
	for (const [field, value] of Object.entries(patch)) {
		const [directive, of] = field.split('/', 2);
		if (directive === '$deleteFromPrimitiveList' && of !== undefined && Array.isArray(value)) {
			const list = result[of];
			if (Array.isArray(list)) result[of] = list.filter((item) => !value.includes(item));
		} else if (field.startsWith('$')) {
			// The other directives are handled above or concern the order alone.
		} else if (value === null) {
			delete result[field];
		} else if (Array.isArray(value)) {
			result[field] = mergeList(result[field], value, fieldSchema(schema, field));
		} else {
			result[field] = strategicPatch(result[field], value, fieldSchema(schema, field));
		}
	}
	return result;
}

function withoutDirectives(patch: JsonObject): JsonObject {
	return Object.fromEntries(Object.entries(patch).filter(([field]) => !field.startsWith('$')));
}

function mergeList(target: Json | undefined, patch: Json[], schema: Schema): Json[] {
	const list = Array.isArray(target) ? target : [];
	if (schema.type !== 'list') return patch;
	if (schema.set) return [...list, ...patch.filter((item) => !list.includes(item))];
	const [key] = schema.keys;
	if (key === undefined) return patch;
	if (patch.some((item) => at(item, '$patch') === 'replace')) {
		return patch.filter((item) => at(item, '$patch') !== 'replace');
	}
	const keyOf = (item: Json) => JSON.stringify(at(item, key) ?? null);
	const places = new Map(list.map((item, place) => [keyOf(item), place]));
	const named = new Set(patch.map(keyOf));
	const patched = patch
		.filter((item) => at(item, '$patch') !== 'delete')
		.map((item) => strategicPatch(list[places.get(keyOf(item)) ?? -1], item, schema.of));
	const untouched = list.filter((item) => !named.has(keyOf(item)));
	// The patch's order and the list's are both kept; what is new comes first.
	const merged: Json[] = [];
	for (const item of patched) {
		const place = places.get(keyOf(item)) ?? -1;
		while (untouched[0] !== undefined && (places.get(keyOf(untouched[0])) ?? 0) < place) {
			merged.push(...untouched.splice(0, 1));
		}
		merged.push(item);
	}
	return [...merged, ...untouched];
}
