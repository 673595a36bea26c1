import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Description, isObject, type Json, withoutRequired } from './description.ts';

let loaded: Promise<Description> | undefined;

/** GitHub's own published description of its API, loaded once in a process. */
export function githubDescription(): Promise<Description> {
	loaded ??= load();
	return loaded;
}

async function load(): Promise<Description> {
	const folder = dirname(createRequire(import.meta.url).resolve('@octokit/openapi'));
	const text = await readFile(join(folder, 'generated', 'api.github.com.json'), 'utf8');
	return new Description(
		{ title: 'GitHub', pathIn: (path) => path.replace(/^\/api\/v3/, '') },
		JSON.parse(text, (_key, value: unknown) => asJsonSchema(value)) as Json,
		JSON.parse(text, (_key, value: unknown) => withoutRequired(asJsonSchema(value))) as Json,
	);
}

/** OpenAPI 3.0 says `nullable` beside what JSON Schema has no type for. */
function asJsonSchema(value: unknown): unknown {
	if (!isObject(value) || value.nullable !== true || value.type !== undefined) return value;
	const { nullable, ...schema } = value;
	return { anyOf: [{ type: 'null' }, schema] };
}
