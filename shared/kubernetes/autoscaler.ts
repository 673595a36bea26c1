import { ApiError } from './api-error.ts';
import type { KubernetesClient } from './client.ts';
import { collectionPath, type Discovery } from './discovery.ts';
import { groupOf, isRecord, type KubernetesObject, readPath } from './object.ts';

/** Workloads whose number of replicas an autoscaler decides on: keys by {@link targetKey}. */
export type AutoscaledTargets = ReadonlySet<string>;

function targetKey(namespace: string | undefined, kind: string, name: string): string {
	return `${namespace ?? ''}/${kind}/${name}`;
}

/** Whether an object asks for a number of replicas. */
function hasReplicas({ spec }: KubernetesObject): boolean {
	return isRecord(spec) && typeof spec.replicas === 'number';
}

/**
 * The workloads that an autoscaler of the set, or of the cluster, targets. Where autoscalers
 * may not be listed, those of the set alone.
 */
export async function autoscaledTargets(
	objects: readonly KubernetesObject[],
	client: KubernetesClient,
	discovery: Discovery,
): Promise<AutoscaledTargets> {
	const scalers = objects.filter(({ kind }) => kind === 'HorizontalPodAutoscaler');
	const namespaces = new Set(objects.filter(hasReplicas).map(({ metadata }) => metadata.namespace));
	const kind = 'HorizontalPodAutoscaler';
	const resource =
		(await discovery.find('autoscaling/v2', kind)) ??
		(await discovery.find('autoscaling/v1', kind));
	if (resource !== undefined)
		for (const namespace of namespaces) {
			if (namespace === undefined) continue;
			try {
				scalers.push(...(await client.list(collectionPath(resource, namespace))).items);
			} catch (error) {
				if (!(error instanceof ApiError && (error.status === 403 || error.status === 404)))
					throw error;
			}
		}
	return new Set(
		scalers.map(({ metadata, spec }) => {
			const target = readPath(spec, ['scaleTargetRef']);
			const { kind, name } = isRecord(target) ? target : {};
			return targetKey(metadata.namespace, String(kind), String(name));
		}),
	);
}

/**
 * The object as it is sent: without `spec.replicas` where an autoscaler decides on them. As
 * long as `manager` is the only owner of that field the live number is sent instead: a field
 * that its last owner leaves out goes back to its default, one replica.
 */
export function withoutAutoscaledReplicas(
	object: KubernetesObject,
	live: KubernetesObject | undefined,
	targets: AutoscaledTargets,
	manager: string,
): KubernetesObject {
	const { namespace, name } = object.metadata;
	if (!hasReplicas(object) || !targets.has(targetKey(namespace, object.kind, name))) return object;
	const { replicas: _, ...spec } = object.spec as Record<string, unknown>;
	const liveReplicas = readPath(live?.spec, ['replicas']);
	const owners = (live?.metadata.managedFields ?? []).filter(
		({ fieldsV1 }) => readPath(fieldsV1, ['f:spec', 'f:replicas']) !== undefined,
	);
	const isOnlyOwner = owners.length > 0 && owners.every((owner) => owner.manager === manager);
	return {
		...object,
		spec:
			isOnlyOwner && groupOf(object.apiVersion) !== '' ? { ...spec, replicas: liveReplicas } : spec,
	};
}
