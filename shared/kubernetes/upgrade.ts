import { isRecord, type KubernetesObject, readPath } from './object.ts';

/** An object in a version that is served, and what was changed for it, in words. */
export interface Upgrade {
	object: KubernetesObject;
	changes: string[];
}

/**
 * Versions that are gone and whose objects mean the same under the new name, from
 * https://kubernetes.io/docs/reference/using-api/deprecation-guide/.
 */
const renamed: Readonly<Record<string, readonly [from: readonly string[], to: string]>> = {
	Deployment: [['extensions/v1beta1', 'apps/v1beta1', 'apps/v1beta2'], 'apps/v1'],
	StatefulSet: [['apps/v1beta1', 'apps/v1beta2'], 'apps/v1'],
	DaemonSet: [['extensions/v1beta1', 'apps/v1beta2'], 'apps/v1'],
	ReplicaSet: [['extensions/v1beta1', 'apps/v1beta1', 'apps/v1beta2'], 'apps/v1'],
	Ingress: [['extensions/v1beta1', 'networking.k8s.io/v1beta1'], 'networking.k8s.io/v1'],
	IngressClass: [['networking.k8s.io/v1beta1'], 'networking.k8s.io/v1'],
	NetworkPolicy: [['extensions/v1beta1'], 'networking.k8s.io/v1'],
	PodDisruptionBudget: [['policy/v1beta1'], 'policy/v1'],
	CronJob: [['batch/v1beta1', 'batch/v2alpha1'], 'batch/v1'],
	HorizontalPodAutoscaler: [['autoscaling/v2beta2'], 'autoscaling/v2'],
	Role: [rbacVersions(), 'rbac.authorization.k8s.io/v1'],
	RoleBinding: [rbacVersions(), 'rbac.authorization.k8s.io/v1'],
	ClusterRole: [rbacVersions(), 'rbac.authorization.k8s.io/v1'],
	ClusterRoleBinding: [rbacVersions(), 'rbac.authorization.k8s.io/v1'],
	PriorityClass: [
		['scheduling.k8s.io/v1beta1', 'scheduling.k8s.io/v1alpha1'],
		'scheduling.k8s.io/v1',
	],
	StorageClass: [['storage.k8s.io/v1beta1'], 'storage.k8s.io/v1'],
	Lease: [['coordination.k8s.io/v1beta1'], 'coordination.k8s.io/v1'],
};

function rbacVersions(): readonly string[] {
	return ['rbac.authorization.k8s.io/v1beta1', 'rbac.authorization.k8s.io/v1alpha1'];
}

/**
 * The object as the version that took the place of its own has it, or undefined where there
 * is none that it could be rewritten to. The object that is given stays as it is.
 */
export function upgradeObject(given: KubernetesObject): Upgrade | undefined {
	const [from, to] = renamed[given.kind] ?? [[], ''];
	if (!from.includes(given.apiVersion)) return undefined;
	const object = { ...structuredClone(given), apiVersion: to };
	const changes = [`apiVersion: ${to} instead of ${given.apiVersion}`];
	if (object.kind === 'Ingress') upgradeIngress(object, changes);
	else if (to === 'apps/v1') upgradeWorkload(object, changes);
	return { object, changes };
}

/** apps/v1 needs a selector; the versions before took the template's labels for it. */
function upgradeWorkload(object: KubernetesObject, changes: string[]): void {
	const { spec } = object;
	if (!isRecord(spec)) return;
	if (spec.selector === undefined) {
		const labels = readPath(spec, ['template', 'metadata', 'labels']);
		if (isRecord(labels)) {
			spec.selector = { matchLabels: { ...labels } };
			changes.push("spec.selector: the template's labels");
		}
	}
	for (const field of ['rollbackTo', 'templateGeneration'])
		if (field in spec) {
			delete spec[field];
			changes.push(`spec.${field}: taken away`);
		}
}

const classAnnotation = 'kubernetes.io/ingress.class';

function upgradeIngress(object: KubernetesObject, changes: string[]): void {
	const { spec, metadata } = object;
	if (!isRecord(spec)) return;
	const ingressClass = metadata.annotations?.[classAnnotation];
	// The server refuses a new Ingress that has both.
	if (metadata.annotations && ingressClass !== undefined) {
		delete metadata.annotations[classAnnotation];
		if (Object.keys(metadata.annotations).length === 0) delete metadata.annotations;
		spec.ingressClassName ??= ingressClass;
		changes.push(`spec.ingressClassName: ${ingressClass} instead of the annotation`);
	}
	if (isRecord(spec.backend)) {
		spec.defaultBackend = upgradeBackend(spec.backend);
		delete spec.backend;
		changes.push('spec.defaultBackend instead of spec.backend');
	}
	let paths = 0;
	for (const rule of Array.isArray(spec.rules) ? spec.rules : []) {
		const list = readPath(rule, ['http', 'paths']);
		for (const path of Array.isArray(list) ? list : []) {
			if (!isRecord(path)) continue;
			if (isRecord(path.backend)) path.backend = upgradeBackend(path.backend);
			path.pathType ??= 'ImplementationSpecific';
			paths++;
		}
	}
	if (paths > 0) changes.push('backend.service.name and .port, and pathType, in each path');
}

function upgradeBackend(backend: Record<string, unknown>): Record<string, unknown> {
	const { serviceName, servicePort, ...rest } = backend;
	if (serviceName === undefined) return backend;
	const isNumber = /^\d+$/.test(String(servicePort));
	const port = isNumber ? { number: Number(servicePort) } : { name: servicePort };
	return { ...rest, service: { name: serviceName, port } };
}
