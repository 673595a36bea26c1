import { ApiError } from './api-error.ts';
import type { KubernetesClient } from './client.ts';
import { type KubernetesObject, readPath } from './object.ts';

const isDefault = 'storageclass.kubernetes.io/is-default-class';
const path = '/apis/storage.k8s.io/v1/storageclasses';

/**
 * Whether a claim's volume is bound when a pod uses it, by its storage class or the
 * cluster's default one. False where storage classes may not be read.
 */
export async function bindsOnUse(
	claim: KubernetesObject,
	client: KubernetesClient,
): Promise<boolean> {
	const name = readPath(claim.spec, ['storageClassName']);
	if (name === '') return false;
	try {
		const { items } = await client.list(path);
		const used = items.find(({ metadata }) =>
			typeof name === 'string'
				? metadata.name === name
				: metadata.annotations?.[isDefault] === 'true',
		);
		return used?.volumeBindingMode === 'WaitForFirstConsumer';
	} catch (error) {
		if (error instanceof ApiError && (error.status === 403 || error.status === 404)) return false;
		throw error;
	}
}
