import { ApiError } from './api-error.ts';
import type { KubernetesClient } from './client.ts';
import { mapConcurrently } from './concurrent.ts';
import { collectionPath, objectPath, type Resource } from './discovery.ts';
import { explainRefusal } from './explain.ts';
import type { Manifest } from './manifest-text.ts';
import type { KubernetesObject } from './object.ts';

/** From so many objects of a collection on, it is read as a whole. */
const worthAList = 10;

interface Named {
	manifest: Manifest;
	resource: Resource;
}

interface LiveOptions {
	client: KubernetesClient;
	concurrency: number;
	/** An input's name as its user wrote it. */
	nameOf(input: string): string;
}

/**
 * What the server has of a set's objects now, by their paths; those that are not there are
 * left out. Many of one collection are read by one request, where listing is allowed.
 */
export async function readLive(
	named: readonly Named[],
	{ client, concurrency, nameOf }: LiveOptions,
): Promise<Map<string, KubernetesObject>> {
	const collections = Map.groupBy(named, ({ resource, manifest }) =>
		collectionPath(resource, manifest.object.metadata.namespace),
	);
	const found = new Map<string, KubernetesObject>();
	const single: Named[] = [];
	await mapConcurrently([...collections], concurrency, async ([path, inside]) => {
		const listed = inside.length < worthAList ? undefined : await listOf(path, client);
		if (listed === undefined) single.push(...inside);
		for (const object of listed ?? [])
			found.set(`${path}/${encodeURIComponent(object.metadata.name)}`, object);
	});
	await mapConcurrently(single, concurrency, async ({ resource, manifest }) => {
		const path = objectPath(resource, manifest.object);
		const object = await client.find(path).catch((error: unknown) => {
			const isForbidden = error instanceof ApiError && error.status === 403;
			throw isForbidden ? explainRefusal(error, manifest, nameOf) : error;
		});
		if (object !== undefined) found.set(path, object);
	});
	return found;
}

/** Undefined where the collection may not be listed or is not there. */
async function listOf(
	path: string,
	client: KubernetesClient,
): Promise<KubernetesObject[] | undefined> {
	try {
		return (await client.list(path)).items;
	} catch (error) {
		if (error instanceof ApiError && (error.status === 403 || error.status === 404))
			return undefined;
		throw error;
	}
}
