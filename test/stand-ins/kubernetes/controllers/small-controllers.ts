import type { Catalog } from '../catalog.ts';
import { at, type KubeObject, timestamp } from '../objects.ts';
import type { ControllerContext } from './context.ts';

let addresses = 0;

/** A Service of type LoadBalancer gets an address after a moment. */
export function reconcileService(service: KubeObject, { objects, clock }: ControllerContext): void {
	const assigned = at(service, 'status', 'loadBalancer', 'ingress') !== undefined;
	if (at(service, 'spec', 'type') !== 'LoadBalancer' || assigned) return;
	clock.after(1, () => {
		const current = objects.current(service);
		if (current === undefined || at(current, 'status', 'loadBalancer', 'ingress')) return;
		addresses = (addresses + 1) % 254;
		objects.setStatus(current, {
			loadBalancer: { ingress: [{ ip: `192.0.2.${addresses + 1}`, ipMode: 'VIP' }] },
		});
	});
}

/** A claim is bound at once, unless its class waits for a first consumer. */
export function reconcileClaim(claim: KubeObject, { objects }: ControllerContext): void {
	if (at(claim, 'status', 'phase') !== 'Pending') return;
	const className = at(claim, 'spec', 'storageClassName');
	const storageClass =
		typeof className === 'string' ? objects.get('StorageClass', undefined, className) : undefined;
	if (at(storageClass, 'volumeBindingMode') === 'WaitForFirstConsumer') {
		const used = objects.list('Pod', claim.metadata.namespace).some((pod) => {
			const volumes = at(pod, 'spec', 'volumes');
			return (Array.isArray(volumes) ? volumes : []).some(
				(volume) => at(volume, 'persistentVolumeClaim', 'claimName') === claim.metadata.name,
			);
		});
		if (!used) return;
	}
	objects.setStatus(claim, { phase: 'Bound' });
}

/** A CustomResourceDefinition is established, and its resources are served from then on. */
export function reconcileDefinition(
	definition: KubeObject,
	{ objects, clock }: ControllerContext,
	catalog: Catalog,
): void {
	catalog.establish(definition);
	if (at(definition, 'status', 'conditions') !== undefined) return;
	clock.after(0.2, () => {
		const now = timestamp();
		const condition = (type: string, reason: string, message: string) => ({
			type,
			status: 'True',
			lastTransitionTime: now,
			reason,
			message,
		});
		objects.setStatus(definition, {
			conditions: [
				condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
				condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
			],
			acceptedNames: at(definition, 'spec', 'names') ?? {},
			storedVersions: [],
		});
	});
}

/** A namespace that is to go takes everything in it along. */
export function reconcileNamespace(
	namespace: KubeObject,
	{ objects, clock }: ControllerContext,
	contentsOf: (name: string) => KubeObject[],
): void {
	if (namespace.metadata.deletionTimestamp === undefined) return;
	for (const object of contentsOf(namespace.metadata.name)) objects.remove(object);
	clock.after(0.5, () => objects.remove(namespace));
}

/** What an owner that is gone leaves behind goes too; pods get their time to end. */
export function collectGarbage(
	owner: KubeObject,
	dependents: KubeObject[],
	{ objects }: ControllerContext,
): void {
	for (const object of dependents) {
		const owners = object.metadata.ownerReferences ?? [];
		const others = owners.filter(({ uid }) => uid !== owner.metadata.uid);
		if (others.length === owners.length) continue;
		if (others.length === 0) {
			objects.remove(object, object.kind === 'Pod');
		} else {
			objects.update({ ...object, metadata: { ...object.metadata, ownerReferences: others } });
		}
	}
}
