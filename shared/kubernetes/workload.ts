import { badInput, Failure } from '../failure/failure.ts';
import type { KubernetesClient } from './client.ts';
import { collectionPath, objectPath } from './discovery.ts';
import { selectorText } from './evidence.ts';
import { isOwnedBy, type KubernetesObject, type Pod, readPath } from './object.ts';

const kinds: Readonly<Record<string, { plural: string; apiVersion: string; short: string }>> = {
	Deployment: { plural: 'deployments', apiVersion: 'apps/v1', short: 'deploy' },
	StatefulSet: { plural: 'statefulsets', apiVersion: 'apps/v1', short: 'sts' },
	DaemonSet: { plural: 'daemonsets', apiVersion: 'apps/v1', short: 'ds' },
	ReplicaSet: { plural: 'replicasets', apiVersion: 'apps/v1', short: 'rs' },
	Job: { plural: 'jobs', apiVersion: 'batch/v1', short: 'job' },
	Pod: { plural: 'pods', apiVersion: 'v1', short: 'po' },
};

/** A workload as a user names it. */
export interface WorkloadName {
	kind: string;
	name: string;
	namespace?: string;
}

/**
 * Reads `Deployment/web`, `deploy/web` or `shop/Deployment/web`, as kubectl takes kinds.
 * @param inputName - what the user calls the input that it comes from
 * @throws Failure (bad input) for anything else
 */
export function parseWorkload(text: string, inputName: string): WorkloadName {
	const parts = text.trim().split('/');
	const [written = '', name = ''] = parts.slice(-2);
	const kind = Object.entries(kinds).find(([kind, { plural, short }]) =>
		[kind.toLowerCase(), plural, short].includes(written.toLowerCase()),
	)?.[0];
	if (parts.length < 2 || parts.length > 3 || name === '' || kind === undefined)
		throw badInput(
			`${inputName}: "${text}" is no workload; it has to be KIND/NAME or NAMESPACE/KIND/NAME, with a kind of ${Object.keys(kinds).join(', ')}`,
		);
	const [namespace] = parts.length === 3 ? parts : [];
	return { kind, name, ...(namespace ? { namespace } : {}) };
}

/** A workload and all of its pods that are not on their way out, of old revisions too. */
export interface Workload {
	object: KubernetesObject;
	pods: Pod[];
}

/** @throws Failure where there is none of that name */
export async function readWorkload(
	{ kind, name, namespace = 'default' }: WorkloadName,
	client: KubernetesClient,
): Promise<Workload> {
	const { plural = '', apiVersion = '' } = kinds[kind] ?? {};
	const resource = { apiVersion, kind, plural, namespaced: true, verbs: [] };
	const about = { apiVersion, kind, metadata: { name, namespace } };
	const object = await client.find(objectPath(resource, about));
	if (object === undefined)
		throw new Failure(`${kind}/${name} is not there in namespace ${namespace}`);
	if (kind === 'Pod') return { object, pods: [object as Pod] };
	const labelSelector = selectorText(readPath(object.spec, ['selector']));
	const list = async <T extends KubernetesObject>(of: string, version: string) => {
		const path = collectionPath({ ...resource, plural: of, apiVersion: version }, namespace);
		return (await client.list<T>(path, { labelSelector })).items;
	};
	const owners = new Set([object.metadata.uid]);
	if (kind === 'Deployment')
		for (const set of await list('replicasets', 'apps/v1'))
			if (isOwnedBy(set, object.metadata.uid)) owners.add(set.metadata.uid);
	const pods = (await list<Pod>('pods', 'v1')).filter(
		(pod) =>
			!pod.metadata.deletionTimestamp && [...owners].some((uid) => uid && isOwnedBy(pod, uid)),
	);
	return { object, pods };
}
