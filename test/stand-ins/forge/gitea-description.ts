import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Description, isObject, type Json, withoutRequired } from './description.ts';

const file = join(import.meta.dirname, '../../data/descriptions/gitea-1.26.0.json.gz');

let loaded: Promise<Description> | undefined;

/** Gitea's own description of its API (Swagger 2.0), loaded once in a process. */
export function giteaDescription(): Promise<Description> {
	loaded ??= load();
	return loaded;
}

async function load(): Promise<Description> {
	const text = gunzipSync(await readFile(file)).toString();
	return new Description(
		{ title: 'Gitea', pathIn: (path) => path.replace(/^\/api\/v1/, '') },
		asOpenApi(JSON.parse(text, (_key, value: unknown) => withoutMore(value)) as Json),
		asOpenApi(JSON.parse(text, (_key, value: unknown) => withNulls(value)) as Json),
	);
}

/** Swagger 2.0 has bodies among the parameters, and schemas directly in responses. */
function asOpenApi(swagger: Json): Json {
	const named = swagger.responses as Record<string, Json>;
	const paths = swagger.paths as Record<string, Record<string, Json>>;
	for (const operations of Object.values(paths))
		for (const operation of Object.values(operations)) {
			const parameters = (operation.parameters ?? []) as Json[];
			const body = parameters.find((parameter) => parameter.in === 'body');
			if (body) operation.requestBody = contentOf(body);
			const responses = operation.responses as Record<string, Json>;
			for (const [status, response] of Object.entries(responses)) {
				const name = String(response.$ref ?? '').replace('#/responses/', '');
				responses[status] = contentOf(named[name] ?? response);
			}
		}
	return swagger;
}

function contentOf({ schema }: Json): Json {
	return schema === undefined ? {} : { content: { 'application/json': { schema } } };
}

/**
 * A field that the description does not have was made up; but names that fields had before are
 * taken yet, as the description tells by `x-go-name`.
 */
function withoutMore(value: unknown): unknown {
	if (!isObject(value) || value.type !== 'object' || !isObject(value.properties)) return value;
	const before = Object.values(value.properties as Record<string, Json>).map(
		({ 'x-go-name': name, ...schema }) => [String(name), schema] as const,
	);
	const properties = { ...Object.fromEntries(before), ...value.properties };
	return { additionalProperties: false, ...value, properties };
}

/** Any field of an answer may be null, of which the description says nothing. */
function withNulls(value: unknown): unknown {
	const schema = withoutRequired(value);
	if (!isObject(schema) || !isObject(schema.properties)) return schema;
	const fields = Object.entries(schema.properties).map(
		([name, field]) => [name, { anyOf: [{ type: 'null' }, field] }] as const,
	);
	return { ...schema, properties: Object.fromEntries(fields) };
}
