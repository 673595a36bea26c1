import { parse as parseYaml } from 'yaml';
import type { Attributes, User } from './access.ts';
import { isObject, type Json, type JsonObject } from './objects.ts';
import { StatusError } from './status-error.ts';

export interface ApiRequest {
	method: string;
	path: string;
	query: URLSearchParams;
	contentType: string;
	accept: string;
	userAgent: string;
	body: string;
	user: User;
}

/** What a path under `/api/v1` or `/apis/GROUP/VERSION` points at. */
export interface Target {
	group: string;
	version: string;
	plural: string;
	namespace?: string;
	name?: string;
	subresource?: string;
}

/** The target of a path, or undefined when it is not a resource's. */
export function targetOf(path: string): Target | undefined {
	const [, root, ...parts] = path.split('/').map(decodeURIComponent);
	const group = root === 'apis' ? parts.shift() : '';
	const version = parts.shift();
	if ((root !== 'api' && root !== 'apis') || group === undefined || version === undefined) {
		return undefined;
	}
	const inNamespace =
		parts[0] === 'namespaces' &&
		parts.length >= 3 &&
		parts[2] !== 'status' &&
		parts[2] !== 'finalize';
	const namespace = inNamespace ? parts[1] : undefined;
	const [plural, name, subresource, ...rest] = inNamespace ? parts.slice(2) : parts;
	if (!plural || rest.length > 0) return undefined;
	return {
		group,
		version,
		plural,
		...(namespace === undefined ? {} : { namespace }),
		...(name === undefined ? {} : { name }),
		...(subresource === undefined ? {} : { subresource }),
	};
}

export function verbOf({ method, query }: ApiRequest, { name }: Target): string {
	switch (method) {
		case 'GET':
			if (isTrue(query.get('watch'))) return 'watch';
			return name === undefined ? 'list' : 'get';
		case 'POST':
			return 'create';
		case 'PUT':
			return 'update';
		case 'PATCH':
			return 'patch';
		case 'DELETE':
			return name === undefined ? 'deletecollection' : 'delete';
		default:
			return method.toLowerCase();
	}
}

export function attributesOf(verb: string, target: Target): Attributes {
	const { group, plural, subresource, namespace, name } = target;
	return {
		verb,
		group,
		resource: subresource === undefined ? plural : `${plural}/${subresource}`,
		...(namespace === undefined ? {} : { namespace }),
		...(name === undefined ? {} : { name }),
	};
}

export function isTrue(parameter: string | null): boolean {
	return parameter === '1' || parameter === 'true';
}

const optionKinds: Record<string, string> = {
	POST: 'CreateOptions',
	PUT: 'UpdateOptions',
	PATCH: 'PatchOptions',
	DELETE: 'DeleteOptions',
};

/** `dryRun=All`; any other value is refused. */
export function isDryRun({ method, query }: ApiRequest): boolean {
	const value = query.get('dryRun');
	if (value === null || value === '') return false;
	if (value === 'All') return true;
	throw StatusError.invalid(optionKinds[method] ?? '', 'meta.k8s.io', '', [
		{
			reason: 'FieldValueNotSupported',
			message: `Unsupported value: ["${value}"]: supported values: "All"`,
			field: 'dryRun',
		},
	]);
}

/** The field manager that is given, else the client's name as its user agent has it. */
export function managerOf({ query, userAgent }: ApiRequest): string {
	return query.get('fieldManager') || (userAgent.split('/')[0] ?? '') || 'unknown';
}

/** The body as JSON or YAML. @throws StatusError 400 when it is neither. */
export function parseBody({ body }: Pick<ApiRequest, 'body'>): Json {
	try {
		return body.trimStart().startsWith('{') || body.trimStart().startsWith('[')
			? (JSON.parse(body) as Json)
			: (parseYaml(body) as Json);
	} catch (error) {
		throw StatusError.badRequest(`error decoding YAML: ${(error as Error).message}`);
	}
}

export function parseObject(request: Pick<ApiRequest, 'body'>): JsonObject {
	const value = parseBody(request);
	if (isObject(value)) return value;
	throw StatusError.badRequest('the object provided is unrecognized: json: cannot unmarshal');
}
