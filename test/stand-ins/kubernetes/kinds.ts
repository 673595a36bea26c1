import { anything, type Schema, structNamed } from './schema.ts';

/** A kind that the server serves, and what discovery says of it. */
export interface Kind {
	group: string;
	version: string;
	kind: string;
	plural: string;
	singular: string;
	shortNames: string[];
	namespaced: boolean;
	/** Written through a door of its own, besides the object: `status`, `scale`. */
	subresources: string[];
	/** Whether a change of the spec counts up `metadata.generation`. */
	generation: boolean;
	schema: Schema;
	/** Set for custom resources. */
	custom?: true;
	/** Set for questions that are answered and never stored. */
	virtual?: true;
}

/** group/version, kind, plural, short names; then flags: n namespaced, s status, c scale, g generation, v virtual. */
const builtIn = `
v1 Namespace namespaces ns s
v1 Node nodes no s
v1 PersistentVolume persistentvolumes pv s
v1 ConfigMap configmaps cm n
v1 Secret secrets - n
v1 Service services svc ns
v1 ServiceAccount serviceaccounts sa n
v1 Pod pods po nsg
v1 Event events ev n
v1 PersistentVolumeClaim persistentvolumeclaims pvc ns
v1 ResourceQuota resourcequotas quota ns
v1 LimitRange limitranges limits n
apps/v1 Deployment deployments deploy nscg
apps/v1 ReplicaSet replicasets rs nscg
apps/v1 StatefulSet statefulsets sts nscg
apps/v1 DaemonSet daemonsets ds nsg
apps/v1 ControllerRevision controllerrevisions - n
batch/v1 Job jobs - nsg
batch/v1 CronJob cronjobs cj nsg
autoscaling/v2 HorizontalPodAutoscaler horizontalpodautoscalers hpa ns
networking.k8s.io/v1 Ingress ingresses ing nsg
networking.k8s.io/v1 IngressClass ingressclasses - g
networking.k8s.io/v1 NetworkPolicy networkpolicies netpol ng
policy/v1 PodDisruptionBudget poddisruptionbudgets pdb nsg
rbac.authorization.k8s.io/v1 Role roles - n
rbac.authorization.k8s.io/v1 RoleBinding rolebindings - n
rbac.authorization.k8s.io/v1 ClusterRole clusterroles - -
rbac.authorization.k8s.io/v1 ClusterRoleBinding clusterrolebindings - -
coordination.k8s.io/v1 Lease leases - n
authorization.k8s.io/v1 SelfSubjectAccessReview selfsubjectaccessreviews - v
authentication.k8s.io/v1 SelfSubjectReview selfsubjectreviews - v
storage.k8s.io/v1 StorageClass storageclasses sc -
scheduling.k8s.io/v1 PriorityClass priorityclasses pc g
admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration validatingwebhookconfigurations - g
admissionregistration.k8s.io/v1 MutatingWebhookConfiguration mutatingwebhookconfigurations - g
apiextensions.k8s.io/v1 CustomResourceDefinition customresourcedefinitions crd,crds sg
`;

export const builtInKinds: Kind[] = builtIn
	.trim()
	.split('\n')
	.map((line) => {
		const [groupVersion = '', kind = '', plural = '', short = '', flags = ''] = line.split(' ');
		const [group = '', version = ''] = groupVersion.includes('/')
			? groupVersion.split('/')
			: ['', groupVersion];
		return {
			group,
			version,
			kind,
			plural,
			singular: kind.toLowerCase(),
			shortNames: short === '-' ? [] : short.split(','),
			namespaced: flags.includes('n'),
			subresources: [
				...(flags.includes('s') ? ['status'] : []),
				...(flags.includes('c') ? ['scale'] : []),
			],
			generation: flags.includes('g'),
			schema: structNamed(kind) ?? anything,
			...(flags.includes('v') ? { virtual: true as const } : {}),
		};
	});

/** `apps/v1`, or `v1` for the core group. */
export function apiVersionOf({ group, version }: Pick<Kind, 'group' | 'version'>): string {
	return group === '' ? version : `${group}/${version}`;
}

/** Under which the store keeps a kind's objects, whichever version they are read in. */
export function storageKey({ plural, group }: Pick<Kind, 'plural' | 'group'>): string {
	return group === '' ? plural : `${plural}.${group}`;
}

/** `apps/v1, Kind=Deployment`, or `/v1, Kind=Pod`, as messages have it. */
export function qualifiedKind({ group, version, kind }: Kind): string {
	return `${group}/${version}, Kind=${kind}`;
}
