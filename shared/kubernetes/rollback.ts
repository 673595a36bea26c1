import type { Log } from '../log/log.ts';
import { ApiError } from './api-error.ts';
import type { Applied } from './apply.ts';
import type { KubernetesClient } from './client.ts';
import { mapConcurrently } from './concurrent.ts';
import { dataKinds, isRecord, type KubernetesObject, readPath, titleOf } from './object.ts';
import { inOrder } from './order.ts';
import { deleteAndWait } from './removal.ts';

/** An object that is as it was before, and what the server has of it now. */
export interface Restored {
	applied: Applied;
	current: KubernetesObject;
}

export interface RollbackOptions {
	client: KubernetesClient;
	concurrency: number;
	log: Log;
}

/**
 * Brings back what a run changed: the whole of each object as it was read ahead of the
 * apply, ConfigMaps and Secrets with it; what the run created is deleted.
 * @returns what was changed back and can be waited for
 */
export async function restoreSet(
	applied: readonly Applied[],
	{ client, concurrency, log }: RollbackOptions,
): Promise<Restored[]> {
	const changed = applied.filter(({ change }) => change === 'changed' || change === 'replaced');
	const restored: Restored[] = [];
	for (const group of inOrder(changed, ({ desired }) => desired))
		restored.push(
			...(await mapConcurrently(group, concurrency, async (item) => {
				const current =
					item.change === 'replaced' ? await remake(client, item) : await restore(client, item);
				log.info(`${titleOf(item.desired)}: back to what it was`);
				return { applied: item, current };
			})),
		);
	const created = applied.filter(({ change }) => change === 'created');
	for (const group of inOrder(created, ({ desired }) => desired).reverse())
		await mapConcurrently(group, concurrency, async (item) => {
			const title = titleOf(item.desired);
			if (dataKinds.includes(item.desired.kind)) {
				log.info(`${title}: stays, though this run created it, since it may hold data`);
				return;
			}
			const { uid } = item.current.metadata;
			await client.delete(item.path, uid === undefined ? undefined : { uid });
			log.info(`${title}: deleted, since this run created it`);
		});
	return restored;
}

/** Makes an object anew as it was: its fields cannot be changed back. */
async function remake(
	client: KubernetesClient,
	{ path, live, desired, current }: Applied,
): Promise<KubernetesObject> {
	await deleteAndWait(client, path, current);
	const { status: _, metadata, ...rest } = withoutGenerated(live ?? desired);
	const { name, namespace, labels, annotations, finalizers } = metadata;
	const made = await client.create<KubernetesObject>(path.slice(0, path.lastIndexOf('/')), {
		...rest,
		metadata: { name, namespace, labels, annotations, finalizers },
	});
	const owners = metadata.managedFields;
	if (owners === undefined) return made;
	return await client.patch(path, [
		{ op: 'replace', path: '/metadata/managedFields', value: owners },
	]);
}

/** A Job without the selector and the labels that the server gave it, and gives anew. */
function withoutGenerated(object: KubernetesObject): KubernetesObject {
	const { spec } = object;
	if (object.kind !== 'Job' || !isRecord(spec) || spec.manualSelector === true) return object;
	const { selector: _, ...rest } = structuredClone(spec);
	const labels = readPath(rest, ['template', 'metadata', 'labels']);
	if (isRecord(labels))
		for (const name of Object.keys(labels))
			if (/^(batch\.kubernetes\.io\/)?(controller-uid|job-name)$/.test(name)) delete labels[name];
	return { ...object, spec: rest };
}

/** A replace brings back every field; the owners of the fields need a write of their own. */
async function restore(
	client: KubernetesClient,
	{ path, live, desired }: Applied,
): Promise<KubernetesObject> {
	const tries = 5;
	for (let tried = 1; ; tried++) {
		const now = await client.get(path);
		const before = live ?? desired;
		const { resourceVersion, uid } = now.metadata;
		try {
			const restored = await client.replace(path, {
				...before,
				metadata: {
					...before.metadata,
					...(resourceVersion === undefined ? {} : { resourceVersion }),
					...(uid === undefined ? {} : { uid }),
				},
				...(now.status === undefined ? {} : { status: now.status }),
			});
			const owners = before.metadata.managedFields;
			if (owners === undefined) return restored;
			return await client.patch(path, [
				{ op: 'replace', path: '/metadata/managedFields', value: owners },
			]);
		} catch (error) {
			if (!(error instanceof ApiError && error.status === 409) || tried === tries) throw error;
		}
	}
}
