import { Failure } from '../failure/failure.ts';
import type { Log } from '../log/log.ts';
import { ApiError } from './api-error.ts';
import type { KubernetesClient } from './client.ts';
import { mapConcurrently } from './concurrent.ts';
import { collectionPath } from './discovery.ts';
import { hasPods, type Observed } from './observer.ts';

/**
 * Makes sure ahead of the first write that what is written can be waited for: a dry run
 * proves the right to apply, and nothing else does the right to list.
 * @throws Failure that names what is missing. What only the telling of causes needs is warned of.
 */
export async function checkRights(
	targets: readonly Observed[],
	client: KubernetesClient,
	log: Log,
): Promise<void> {
	const needed = new Set<string>();
	const useful = new Set<string>();
	for (const { object, resource } of targets) {
		const { namespace } = object.metadata;
		needed.add(collectionPath(resource, namespace));
		if (!hasPods(object) || namespace === undefined) continue;
		const inside = `namespaces/${encodeURIComponent(namespace)}`;
		useful.add(`/api/v1/${inside}/pods`).add(`/api/v1/${inside}/events`);
		if (object.kind === 'Deployment') useful.add(`/apis/apps/v1/${inside}/replicasets`);
	}
	const paths = [...needed, ...useful];
	const refusals = await mapConcurrently(paths, 8, (path) => refusalOf(path, client));
	const missing = refusals.slice(0, needed.size).filter((text) => text !== undefined);
	if (missing.length > 0)
		throw new Failure(
			`Rights that waiting needs are missing: ${missing.join('; ')}. Grant get, list and watch, or do not wait (nothing was written)`,
		);
	const unseen = refusals.slice(needed.size).filter((text) => text !== undefined);
	if (unseen.length > 0)
		log.warn(
			`Rights are missing without which the cause of a failure cannot be told: ${unseen.join('; ')}`,
		);
}

async function refusalOf(path: string, client: KubernetesClient): Promise<string | undefined> {
	try {
		await client.get(path, { limit: 1 });
		return undefined;
	} catch (error) {
		if (error instanceof ApiError && error.status === 403) return error.text;
		// A namespace or a kind that the set itself brings is not there yet.
		if (error instanceof ApiError && error.status === 404) return undefined;
		throw error;
	}
}
