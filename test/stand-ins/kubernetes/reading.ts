import type { ApiRequest, Target } from './api-request.ts';
import { isTrue } from './api-request.ts';
import { apiVersionOf, type Kind, storageKey } from './kinds.ts';
import type { JsonObject, KubeObject } from './objects.ts';
import { fieldMatcher, labelMatcher, type Matcher } from './selectors.ts';
import { StatusError } from './status-error.ts';
import type { Change, Store } from './store.ts';
import { tableOf } from './table.ts';

export interface WatchEvent {
	type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
	object: JsonObject;
}

/** Starts sending; what it returns stops it. */
export type WatchStream = (send: (event: WatchEvent) => void) => () => void;

/** The object in the version that was asked for. */
export function inVersion(kind: Kind, object: KubeObject): KubeObject {
	const apiVersion = apiVersionOf(kind);
	return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

export function wantsTable({ accept }: ApiRequest): boolean {
	return accept.includes('as=Table');
}

export function listObjects(
	store: Store,
	kind: Kind,
	target: Target,
	request: ApiRequest,
): JsonObject {
	const { query } = request;
	const matches = matcherOf(query);
	const all = store
		.list(storageKey(kind), target.namespace)
		.filter(matches)
		.map((object) => inVersion(kind, object));
	const revision = String(store.revision);
	if (wantsTable(request)) return tableOf(kind, all, store.revision);
	const limit = Number(query.get('limit') ?? 0);
	const start = continueFrom(query.get('continue'));
	const end = limit > 0 ? start + limit : all.length;
	const more = end < all.length;
	return {
		kind: `${kind.kind}List`,
		apiVersion: apiVersionOf(kind),
		metadata: {
			resourceVersion: revision,
			...(more
				? {
						continue: Buffer.from(JSON.stringify({ start: end })).toString('base64url'),
						remainingItemCount: all.length - end,
					}
				: {}),
		},
		items: all.slice(start, end).map((object) => listItem(kind, object)),
	};
}

/** Typed lists leave kind and apiVersion out of their items. */
function listItem(kind: Kind, object: KubeObject): JsonObject {
	if (kind.custom) return object;
	const { kind: _, apiVersion: __, ...item } = object;
	return item;
}

function continueFrom(token: string | null): number {
	if (token === null || token === '') return 0;
	try {
		return Number(JSON.parse(Buffer.from(token, 'base64url').toString()).start);
	} catch {
		throw StatusError.badRequest('continue key is not valid: illegal base64 data');
	}
}

function matcherOf(query: URLSearchParams): Matcher {
	const labels = labelMatcher(query.get('labelSelector') ?? '');
	const fields = fieldMatcher(query.get('fieldSelector') ?? '');
	return (object) => labels(object) && fields(object);
}

/**
 * A watch from the revision that the request names, or from now with the present objects first.
 * A revision that is no longer in the history gives one ERROR event: 410 Expired.
 */
export function watchObjects(
	store: Store,
	kind: Kind,
	target: Target,
	request: ApiRequest,
	bookmarkMs: number,
): WatchStream {
	const { query } = request;
	const named = target.name === undefined ? '' : `metadata.name=${target.name}`;
	const byName = fieldMatcher(named);
	const selected = matcherOf(query);
	const matches = (object: KubeObject) => selected(object) && byName(object);
	const key = storageKey(kind);
	const asTable = wantsTable(request);
	const present = (object: KubeObject): JsonObject => {
		const converted = inVersion(kind, object);
		return asTable ? tableOf(kind, [converted], store.revision) : converted;
	};
	const bookmark = (annotations?: Record<string, string>): WatchEvent => ({
		type: 'BOOKMARK',
		object: {
			kind: kind.kind,
			apiVersion: apiVersionOf(kind),
			metadata: {
				resourceVersion: String(store.revision),
				...(annotations === undefined ? {} : { annotations }),
			},
		},
	});

	return (send) => {
		const deliver = (change: Change) => {
			if (change.resource !== key) return;
			const { namespace } = change.object.metadata;
			if (target.namespace !== undefined && namespace !== target.namespace) return;
			const is = change.type !== 'DELETED' && matches(change.object);
			const was = change.previous !== undefined && matches(change.previous);
			if (is) send({ type: was ? 'MODIFIED' : 'ADDED', object: present(change.object) });
			else if (was) send({ type: 'DELETED', object: present(change.object) });
		};
		const from = query.get('resourceVersion') ?? '';
		const initial = isTrue(query.get('sendInitialEvents'));
		if (initial || from === '' || from === '0') {
			for (const object of store.list(key, target.namespace).filter(matches)) {
				send({ type: 'ADDED', object: present(object) });
			}
			if (initial) send(bookmark({ 'k8s.io/initial-events-end': 'true' }));
		} else {
			const missed = store.since(Number(from));
			if (missed === undefined) {
				const message = `too old resource version: ${from} (${store.revision})`;
				send({ type: 'ERROR', object: new StatusError(410, 'Expired', message).body() });
				return () => {};
			}
			missed.forEach(deliver);
		}
		const stop = store.listen(deliver);
		const timer = isTrue(query.get('allowWatchBookmarks'))
			? setInterval(() => send(bookmark()), bookmarkMs)
			: undefined;
		return () => {
			stop();
			clearInterval(timer);
		};
	};
}
