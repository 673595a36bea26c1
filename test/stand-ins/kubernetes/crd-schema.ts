import { at, isObject, type Json } from './objects.ts';
import { anything, type Schema, structNamed } from './schema.ts';

const metadata = structNamed('ObjectMeta') ?? anything;

/** The schema of a custom resource's version, from its `openAPIV3Schema`. */
export function customResourceSchema(openAPI: Json | undefined, kind: string): Schema {
	const described = fromOpenAPI(openAPI, kind);
	if (described.type !== 'struct') return anything;
	described.fields.set('apiVersion', { type: 'scalar', of: 'string' });
	described.fields.set('kind', { type: 'scalar', of: 'string' });
	described.fields.set('metadata', metadata);
	return described;
}

function fromOpenAPI(schema: Json | undefined, name: string): Schema {
	if (!isObject(schema) || schema['x-kubernetes-preserve-unknown-fields'] === true) return anything;
	switch (schema.type) {
		case 'object':
			return objectSchema(schema.properties, schema, name);
		case 'array': {
			const listType = schema['x-kubernetes-list-type'];
			const keys = schema['x-kubernetes-list-map-keys'];
			return {
				type: 'list',
				of: fromOpenAPI(schema.items, name),
				keys: listType === 'map' && Array.isArray(keys) ? keys.map(String) : [],
				set: listType === 'set',
			};
		}
		case 'string':
		case 'boolean':
			return { type: 'scalar', of: schema.type };
		case 'integer':
		case 'number':
			return { type: 'scalar', of: 'number' };
		default:
			return anything;
	}
}

function objectSchema(properties: Json | undefined, schema: Json, name: string): Schema {
	const atomic = at(schema, 'x-kubernetes-map-type') === 'atomic';
	const additional = at(schema, 'additionalProperties');
	if (isObject(additional)) return { type: 'map', of: fromOpenAPI(additional, name), atomic };
	if (!isObject(properties)) return anything;
	const fields = Object.entries(properties).map(([field, property]): [string, Schema] => [
		field,
		fromOpenAPI(property, field),
	]);
	return { type: 'struct', name, fields: new Map(fields), atomic };
}
