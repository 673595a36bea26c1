import { forbidden, isAllowed } from './access.ts';
import {
	type ApiRequest,
	attributesOf,
	isDryRun,
	managerOf,
	parseBody,
	parseObject,
	type Target,
	targetOf,
	verbOf,
} from './api-request.ts';
import type { Catalog } from './catalog.ts';
import { discover } from './discovery.ts';
import type { Kind } from './kinds.ts';
import { at, isObject, type JsonObject, type KubeObject } from './objects.ts';
import { jsonPatch, mergePatch } from './patch.ts';
import { inVersion, listObjects, type WatchStream, wantsTable, watchObjects } from './reading.ts';
import { scaleOf, withScale } from './scale.ts';
import { type PodServer, proxyService } from './service-proxy.ts';
import { StatusError } from './status-error.ts';
import type { Store } from './store.ts';
import { tableOf } from './table.ts';
import type { Writes } from './writes.ts';
import {
	createObject,
	deleteObject,
	find,
	patchObject,
	updateObject,
	type Written,
} from './writing.ts';

export type Answer =
	| { type: 'json'; status: number; body: JsonObject; warnings?: string[] }
	| { type: 'text'; status: number; text: string; contentType?: string }
	| { type: 'watch'; stream: WatchStream };

/** Reads a container's log for `pods/NAME/log`. @throws StatusError 400 when there is none to read. */
export type LogReader = (namespace: string, pod: string, query: URLSearchParams) => string;

export interface Api {
	store: Store;
	writes: Writes;
	catalog: Catalog;
	readLog: LogReader;
	bookmarkMs: number;
	/** What pods answer through a Service's proxy. */
	serve: PodServer;
	read(kind: string, namespace: string, name: string): KubeObject | undefined;
	readAll(kind: string, namespace: string): KubeObject[];
}

const notFoundPage: Answer = { type: 'text', status: 404, text: '404 page not found\n' };

/** Answers one request of an authenticated user. @throws StatusError for every refusal. */
export function answer(api: Api, request: ApiRequest): Answer {
	const { path, accept, user } = request;
	if (['/healthz', '/livez', '/readyz'].includes(path)) {
		return { type: 'text', status: 200, text: 'ok' };
	}
	const aggregated = accept.includes('v=v2;as=APIGroupDiscoveryList');
	const discovered = discover(api.catalog, path, aggregated);
	if (discovered !== undefined) return json(discovered);
	const proxied = proxyService(api, request);
	if (proxied !== undefined) return proxied;
	const target = targetOf(path);
	if (target === undefined) {
		const group = /^\/apis\/([^/]+)\/[^/]+\/?$/.exec(path)?.[1];
		if (api.catalog.kinds().some((kind) => kind.group === group)) {
			throw StatusError.noSuchResource();
		}
		return notFoundPage;
	}
	const verb = verbOf(request, target);
	const attributes = attributesOf(verb, target);
	const kind = api.catalog.resource(target.group, target.version, target.plural);
	if (!kind?.virtual && !isAllowed(user, attributes)) throw forbidden(user, attributes);
	if (kind === undefined) {
		const served = api.catalog.kinds().some(({ group }) => group === target.group);
		if (served) throw StatusError.noSuchResource();
		return notFoundPage;
	}
	if (kind.namespaced && !target.namespace && verb === 'create') throw methodNotAllowed();
	if (request.contentType.startsWith('application/vnd.kubernetes.protobuf')) {
		throw StatusError.unsupportedMediaType();
	}
	if (kind.virtual)
		return kind.kind === 'SelfSubjectReview' ? userReview(request) : accessReview(request);
	return target.subresource === undefined
		? answerObject(api, kind, target, verb, request)
		: answerSubresource(api, kind, target, verb, request);
}

function json(body: JsonObject): Answer {
	return { type: 'json', status: 200, body };
}

function written(kind: Kind, { status, object, warnings }: Written): Answer {
	const body = isStored(object) ? inVersion(kind, object) : object;
	return { type: 'json', status, body, ...(warnings === undefined ? {} : { warnings }) };
}

function isStored(object: JsonObject): object is Parameters<typeof inVersion>[1] {
	return object.kind !== 'Status';
}

function answerObject(
	api: Api,
	kind: Kind,
	target: Target,
	verb: string,
	request: ApiRequest,
): Answer {
	const { store } = api;
	const context = { store, writes: api.writes, kind, target, request };
	switch (verb) {
		case 'get': {
			const object = inVersion(kind, find(store, kind, target));
			return json(wantsTable(request) ? tableOf(kind, [object], store.revision) : object);
		}
		case 'list':
			return json(listObjects(store, kind, target, request));
		case 'watch':
			return {
				type: 'watch',
				stream: watchObjects(store, kind, target, request, api.bookmarkMs),
			};
		case 'create':
			return written(kind, createObject(context));
		case 'update':
			return written(kind, updateObject(context));
		case 'patch':
			return written(kind, patchObject(context));
		case 'delete':
			return written(kind, deleteObject(context));
		case 'deletecollection': {
			const list = listObjects(store, kind, target, { ...request, accept: '' });
			for (const item of Array.isArray(list.items) ? list.items : []) {
				const name = String(at(item, 'metadata', 'name'));
				deleteObject({ ...context, target: { ...target, name } });
			}
			return json(list);
		}
		default:
			throw methodNotAllowed();
	}
}

function answerSubresource(
	api: Api,
	kind: Kind,
	target: Target,
	verb: string,
	request: ApiRequest,
): Answer {
	const { store, writes } = api;
	const { subresource = '' } = target;
	if (kind.kind === 'Pod' && subresource === 'log' && verb === 'get') {
		find(store, kind, target);
		const text = api.readLog(target.namespace ?? '', target.name ?? '', request.query);
		return { type: 'text', status: 200, text };
	}
	if (!kind.subresources.includes(subresource)) return notFoundPage;
	const stored = find(store, kind, target);
	if (subresource === 'status') {
		if (verb === 'get') return json(inVersion(kind, stored));
		const context = { store, writes, kind, target, request };
		return written(kind, verb === 'update' ? updateObject(context) : patchObject(context));
	}
	if (verb === 'get') return json(scaleOf(stored));
	const scale = verb === 'update' ? parseObject(request) : patchedScale(scaleOf(stored), request);
	const saved = writes.update(kind, withScale(stored, scale), {
		manager: managerOf(request),
		subresource: 'scale',
		dryRun: isDryRun(request),
	});
	return json(scaleOf(saved));
}

function patchedScale(scale: JsonObject, request: ApiRequest): JsonObject {
	const patch = parseBody(request);
	const patched = Array.isArray(patch) ? jsonPatch(scale, patch) : mergePatch(scale, patch);
	return isObject(patched) ? patched : scale;
}

/** SelfSubjectAccessReview: what the user of the request may do. */
function accessReview(request: ApiRequest): Answer {
	if (request.method !== 'POST') throw methodNotAllowed();
	const review = parseObject(request);
	const asked = at(review, 'spec', 'resourceAttributes');
	const text = (field: string) => String(at(asked, field) ?? '');
	const resource = [text('resource'), text('subresource')].filter((part) => part !== '').join('/');
	const namespace = text('namespace');
	const allowed = isAllowed(request.user, {
		verb: text('verb'),
		group: text('group'),
		resource,
		...(namespace === '' ? {} : { namespace }),
	});
	return { type: 'json', status: 201, body: { ...review, status: { allowed } } };
}

/** SelfSubjectReview: who the user of the request is. */
function userReview(request: ApiRequest): Answer {
	if (request.method !== 'POST') throw methodNotAllowed();
	const userInfo = { username: request.user.name };
	return { type: 'json', status: 201, body: { ...parseObject(request), status: { userInfo } } };
}

function methodNotAllowed(): StatusError {
	return new StatusError(
		405,
		'MethodNotAllowed',
		'the server does not allow this method on the requested resource',
	);
}
