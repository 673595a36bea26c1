import { forbidden, isAllowed } from './access.ts';
import {
	type ApiRequest,
	attributesOf,
	isDryRun,
	isTrue,
	managerOf,
	parseBody,
	parseObject,
	type Target,
} from './api-request.ts';
import { apiVersionOf, type Kind, qualifiedKind, storageKey } from './kinds.ts';
import { at, isObject, type Json, type JsonObject, type KubeObject } from './objects.ts';
import { jsonPatch, mergePatch, strategicPatch } from './patch.ts';
import { StatusError } from './status-error.ts';
import type { Store } from './store.ts';
import { type Misfit, misfits } from './strict.ts';
import type { Writes } from './writes.ts';

export interface Written {
	status: number;
	object: JsonObject;
	warnings?: string[];
}

interface Context {
	store: Store;
	writes: Writes;
	kind: Kind;
	target: Target;
	request: ApiRequest;
}

export function createObject({ store, writes, kind, target, request }: Context): Written {
	const given = placed(parseObject(request), kind, target);
	const warnings = checkFields(given, kind, request);
	requireNamespace(store, kind, target);
	const object = writes.create(kind, given, options(request));
	return { status: 201, object, warnings };
}

export function updateObject({ writes, kind, target, request }: Context): Written {
	const given = placed(parseObject(request), kind, target);
	const warnings = checkFields(given, kind, request);
	return { status: 200, object: writes.update(kind, given, options(request, target)), warnings };
}

export function patchObject(context: Context): Written {
	const { store, writes, kind, target, request } = context;
	if (request.contentType.startsWith('application/apply-patch+yaml')) return applyObject(context);
	const stored = find(store, kind, target);
	const patched = applyPatch(stored, parseBody(request), kind, request);
	const unknown = misfits(patched, kind.schema).filter(({ kind: what }) => what === 'unknown');
	const strict = request.query.get('fieldValidation') === 'Strict';
	if (strict && unknown.length > 0) {
		const problem = `strict decoding error: ${unknown.map(({ decoding }) => decoding).join(', ')}`;
		throw StatusError.invalid('', '', '', [
			{
				reason: 'FieldValueInvalid',
				message: `Invalid value: ${JSON.stringify(JSON.stringify(patched))}: ${problem}`,
				field: 'patch',
			},
		]);
	}
	return { status: 200, object: writes.update(kind, patched, options(request, target)) };
}

function applyPatch(
	stored: KubeObject,
	patch: Json,
	kind: Kind,
	{ contentType }: ApiRequest,
): JsonObject {
	const type = contentType.split(';')[0]?.trim();
	const patched =
		type === 'application/json-patch+json'
			? jsonPatch(stored, patch)
			: type === 'application/merge-patch+json'
				? mergePatch(stored, patch)
				: type === 'application/strategic-merge-patch+json' && !kind.custom
					? strategicPatch(stored, patch, kind.schema)
					: undefined;
	if (isObject(patched)) return patched;
	throw StatusError.unsupportedMediaType();
}

function applyObject({ store, writes, kind, target, request }: Context): Written {
	const { query, user } = request;
	if (!query.get('fieldManager')) {
		throw StatusError.invalid('PatchOptions', 'meta.k8s.io', '', [
			{
				reason: 'FieldValueRequired',
				message: 'Required value: is required for apply patch',
				field: 'fieldManager',
			},
		]);
	}
	const given = parseObject(request);
	const version = String(given.apiVersion);
	if (version !== apiVersionOf(kind)) {
		const full = version.includes('/') ? version : `/${version}`;
		throw StatusError.badRequest(`invalid object type: ${full}, Kind=${String(given.kind)}`);
	}
	if (at(given, 'metadata', 'managedFields') !== undefined) {
		throw StatusError.badRequest('metadata.managedFields must be nil');
	}
	const found = misfits(given, kind.schema);
	if (found.length > 0) throw untypable(found, given, kind);
	const configuration = placed(given, kind, target);
	if (lookUp(store, kind, target) === undefined) {
		const creation = attributesOf('create', target);
		if (!isAllowed(user, creation)) throw forbidden(user, creation);
		requireNamespace(store, kind, target);
	}
	const force = isTrue(query.get('force'));
	const { object, created } = writes.apply(kind, configuration, {
		...options(request, target),
		force,
	});
	return { status: created ? 201 : 200, object };
}

/** What the server says when a configuration does not fit the schema; it has no reason of its own. */
function untypable(found: Misfit[], object: JsonObject, kind: Kind): StatusError {
	// The server looks no further in a struct that has an unknown field.
	const structs = new Set<string>();
	const told = found.filter(({ kind: what, applyPath }) => {
		const struct = applyPath.slice(0, applyPath.lastIndexOf('.'));
		if (what === 'unknown' && structs.has(struct)) return false;
		structs.add(struct);
		return true;
	});
	const lines = told.map(({ applyPath, detail }) => `${applyPath}: ${detail}`);
	const errors = lines.length === 1 ? lines[0] : ['errors:', ...lines].join('\n  ');
	const where = `${String(at(object, 'metadata', 'namespace') ?? '')}/${String(at(object, 'metadata', 'name') ?? '')}`;
	return new StatusError(
		500,
		'',
		`failed to create typed patch object (${where}; ${qualifiedKind(kind)}): ${errors}`,
	);
}

export function deleteObject({ store, writes, kind, target, request }: Context): Written {
	const stored = find(store, kind, target);
	const given = request.body === '' ? {} : parseObject(request);
	const expected = at(given, 'preconditions', 'uid');
	if (expected !== undefined && expected !== stored.metadata.uid) {
		throw new StatusError(
			409,
			'Conflict',
			`Operation cannot be fulfilled on ${storageKey(kind)} "${stored.metadata.name}": the UID in the precondition (${String(expected)}) does not match the UID in record (${stored.metadata.uid}). The object might have been deleted and then recreated`,
		);
	}
	const version = at(given, 'preconditions', 'resourceVersion');
	if (version !== undefined && version !== stored.metadata.resourceVersion) {
		throw new StatusError(
			409,
			'Conflict',
			`Operation cannot be fulfilled on ${storageKey(kind)} "${stored.metadata.name}": the ResourceVersion in the precondition (${String(version)}) does not match the ResourceVersion in record (${stored.metadata.resourceVersion}). The object might have been modified`,
		);
	}
	// As the real one: options in the query count only where there is no body.
	const option = (name: string) =>
		request.body === '' ? request.query.get(name) : at(given, name);
	const seconds = option('gracePeriodSeconds');
	const policy = option('propagationPolicy') ?? undefined;
	const dryRun = request.body === '' ? isDryRun(request) : at(given, 'dryRun') !== undefined;
	const preserves = kind.kind === 'Job' && policy === undefined;
	const object = writes.remove(kind, stored, {
		dryRun,
		grace: kind.kind === 'Namespace' || (kind.kind === 'Pod' && String(seconds) !== '0'),
		orphan: policy === 'Orphan' || preserves,
	});
	const warnings = preserves
		? [
				'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
			]
		: [];
	if (object.metadata.deletionTimestamp !== undefined) return { status: 200, object };
	const { name, uid } = stored.metadata;
	return {
		status: 200,
		warnings,
		object: {
			kind: 'Status',
			apiVersion: 'v1',
			metadata: {},
			status: 'Success',
			details: {
				name,
				...(kind.group === '' ? {} : { group: kind.group }),
				kind: kind.plural,
				uid,
			},
		},
	};
}

export function lookUp(store: Store, kind: Kind, { namespace, name }: Target) {
	return store.get(storageKey(kind), namespace, name ?? '');
}

export function find(store: Store, kind: Kind, target: Target): KubeObject {
	const stored = lookUp(store, kind, target);
	if (stored === undefined) {
		throw StatusError.notFound(kind.plural, kind.group, target.name ?? '');
	}
	return stored;
}

function options(request: ApiRequest, target?: Target) {
	return {
		manager: managerOf(request),
		dryRun: isDryRun(request),
		...(target?.subresource === undefined ? {} : { subresource: target.subresource }),
	};
}

/** The object with name and namespace of the path. @throws StatusError 400 when they contradict it. */
function placed(given: JsonObject, kind: Kind, { namespace, name }: Target): JsonObject {
	const metadata = isObject(given.metadata) ? given.metadata : {};
	if (given.kind !== undefined && given.kind !== kind.kind) {
		throw StatusError.badRequest(
			`${String(given.kind)} in version "${kind.version}" cannot be handled as a ${kind.kind}: no kind "${String(given.kind)}" is registered for version "${apiVersionOf(kind)}"`,
		);
	}
	if (given.apiVersion !== undefined && given.apiVersion !== apiVersionOf(kind)) {
		throw StatusError.badRequest(
			`the API version in the data (${String(given.apiVersion)}) does not match the expected API version (${apiVersionOf(kind)})`,
		);
	}
	if (name !== undefined && metadata.name !== undefined && metadata.name !== name) {
		throw StatusError.badRequest(
			`the name of the object (${String(metadata.name)}) does not match the name on the URL (${name})`,
		);
	}
	const own = metadata.namespace;
	if (namespace !== undefined && own !== undefined && own !== '' && own !== namespace) {
		throw StatusError.badRequest(
			'the namespace of the provided object does not match the namespace sent on the request',
		);
	}
	const { namespace: _, ...rest } = metadata;
	return {
		...given,
		metadata: {
			...rest,
			...(name === undefined ? {} : { name }),
			...(namespace === undefined ? {} : { namespace }),
		},
	};
}

/** Fields that are unknown: refused, answered with a warning, or passed over, as the request asks. */
function checkFields(object: JsonObject, kind: Kind, { query }: ApiRequest): string[] {
	const found = misfits(object, kind.schema);
	const wrong = found.find(({ kind: what }) => what === 'type');
	const handled = `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}`;
	if (wrong !== undefined) throw StatusError.badRequest(`${handled}: ${wrong.decoding}`);
	const unknown = found.filter(({ kind: what }) => what === 'unknown');
	const mode = query.get('fieldValidation') || 'Warn';
	if (mode === 'Ignore' || unknown.length === 0) return [];
	const problems = unknown.map(({ decoding }) => decoding);
	if (mode === 'Warn') return problems;
	throw StatusError.badRequest(`${handled}: strict decoding error: ${problems.join(', ')}`);
}

function requireNamespace(store: Store, kind: Kind, { namespace, name }: Target): void {
	if (!kind.namespaced || namespace === undefined) return;
	const found = store.get('namespaces', undefined, namespace);
	if (found === undefined) throw StatusError.notFound('namespaces', '', namespace);
	if (found.metadata.deletionTimestamp === undefined) return;
	throw StatusError.forbidden(
		`${storageKey(kind)} "${name ?? ''}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
		{
			causes: [
				{
					reason: 'NamespaceTerminating',
					message: `namespace ${namespace} is being terminated`,
					field: 'metadata.namespace',
				},
			],
		},
	);
}
