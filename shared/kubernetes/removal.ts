import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesClient } from './client.ts';
import type { KubernetesObject } from './object.ts';

const pollMs = 250;

/** Deletes an object and waits until its name is free; its finalizers may take their time. */
export async function deleteAndWait(
	client: KubernetesClient,
	path: string,
	live: KubernetesObject | undefined,
): Promise<void> {
	const uid = live?.metadata.uid;
	if (uid === undefined) return;
	await client.delete(path, { uid });
	while ((await client.find(path))?.metadata.uid === uid) await sleep(pollMs);
}
