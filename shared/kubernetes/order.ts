import { groupOf, type KubernetesObject } from './object.ts';

/** What has to be there first stands first; what nothing else needs stands last. */
const phases: readonly (readonly string[])[] = [
	['Namespace'],
	['ResourceQuota', 'LimitRange', 'PriorityClass'],
	['NetworkPolicy'],
	['PodDisruptionBudget'],
	['ServiceAccount'],
	['Secret', 'ConfigMap'],
	['StorageClass', 'PersistentVolume', 'PersistentVolumeClaim'],
	['CustomResourceDefinition'],
	['ClusterRole', 'Role'],
	['ClusterRoleBinding', 'RoleBinding'],
	['Service'],
	['DaemonSet', 'Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController', 'Pod'],
	['HorizontalPodAutoscaler'],
	['Job', 'CronJob'],
	['IngressClass', 'Ingress'],
	['APIService'],
];

const webhooks = [
	'MutatingWebhookConfiguration',
	'ValidatingWebhookConfiguration',
	'ValidatingAdmissionPolicy',
	'ValidatingAdmissionPolicyBinding',
];

/**
 * Objects in the order in which they are applied: groups one after the other, the objects
 * of a group at once. Custom resources come after their definitions' phase and ahead of the
 * webhooks, which could refuse what comes after them.
 */
export function inOrder<T>(items: readonly T[], objectOf: (item: T) => KubernetesObject): T[][] {
	const groups = new Map<number, T[]>();
	for (const item of items) {
		const phase = phaseOf(objectOf(item));
		groups.set(phase, [...(groups.get(phase) ?? []), item]);
	}
	return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}

function phaseOf({ apiVersion, kind }: KubernetesObject): number {
	const group = groupOf(apiVersion);
	// A custom kind may share its name with a built-in one: Knative has a Service of its own.
	const isBuiltIn = !group.includes('.') || group.endsWith('.k8s.io');
	if (webhooks.includes(kind)) return phases.length + 1;
	const phase = isBuiltIn ? phases.findIndex((kinds) => kinds.includes(kind)) : -1;
	return phase === -1 ? phases.length : phase;
}
