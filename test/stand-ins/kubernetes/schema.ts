import { typeTable } from './type-table.ts';

/** How a value of an object is checked, merged and owned. */
export type Schema =
	| { type: 'any' }
	| { type: 'scalar'; of: 'string' | 'number' | 'boolean' }
	| { type: 'struct'; name: string; fields: Map<string, Schema>; atomic: boolean }
	| { type: 'map'; of: Schema; atomic: boolean }
	| { type: 'list'; of: Schema; keys: string[]; set: boolean };

export const anything: Schema = { type: 'any' };

/** A list's key fields that the server fills in before it tells items apart. */
export const keyDefaults: Record<string, string> = { protocol: 'TCP' };

const definitions = new Map(
	typeTable
		.trim()
		.split('\n')
		.map((line) => line.split(' = ') as [string, string]),
);
const structs = new Map<string, Schema>();

/** The schema of a built-in type by its name; undefined when it is not in the table. */
export function structNamed(name: string): Schema | undefined {
	const known = structs.get(name);
	if (known !== undefined) return known;
	const definition = definitions.get(name);
	if (definition === undefined) return undefined;
	const atomic = definition.startsWith('!');
	const fields = new Map<string, Schema>();
	const struct: Schema = { type: 'struct', name, fields, atomic };
	structs.set(name, struct);
	for (const field of definition.slice(atomic ? 1 : 0).split(' ')) {
		const colon = field.indexOf(':');
		if (colon === -1) fields.set(field, { type: 'scalar', of: 'string' });
		else fields.set(field.slice(0, colon), typeNamed(field.slice(colon + 1)));
	}
	return struct;
}

function typeNamed(text: string): Schema {
	if (text.startsWith('!')) {
		const inner = typeNamed(text.slice(1));
		return inner.type === 'map' ? { ...inner, atomic: true } : inner;
	}
	if (text.startsWith('{')) return { type: 'map', of: typeNamed(text.slice(1, -1)), atomic: false };
	if (text.startsWith('[')) {
		const [of = '', keys] = text.slice(1, -1).split(';');
		return {
			type: 'list',
			of: typeNamed(of),
			keys: keys === undefined || keys === '' ? [] : keys.split(','),
			set: keys === '',
		};
	}
	if (text === 'any') return anything;
	if (text === 'string' || text === 'number' || text === 'boolean') {
		return { type: 'scalar', of: text };
	}
	const struct = structNamed(text);
	if (struct === undefined) throw new Error(`the type table has no ${text}`);
	return struct;
}

/** A field's own schema inside a struct, a map or a part that is not described. */
export function fieldSchema(schema: Schema, field: string): Schema {
	if (schema.type === 'struct') return schema.fields.get(field) ?? anything;
	if (schema.type === 'map') return schema.of;
	return anything;
}
