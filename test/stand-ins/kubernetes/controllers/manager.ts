import type { Catalog } from '../catalog.ts';
import type { Clock } from '../clock.ts';
import { EventRecorder } from '../events.ts';
import { type KubeObject, sameJson } from '../objects.ts';
import type { ObjectsClient } from '../objects-client.ts';
import type { Change, Store } from '../store.ts';
import type { Workload } from '../workloads.ts';
import type { ControllerContext } from './context.ts';
import { reconcileDaemonSet } from './daemon-set.ts';
import { reconcileDeployment } from './deployment.ts';
import { type Job, reconcileJob } from './job.ts';
import { reconcileReplicaSet } from './replica-set.ts';
import {
	collectGarbage,
	reconcileClaim,
	reconcileDefinition,
	reconcileNamespace,
	reconcileService,
} from './small-controllers.ts';
import { reconcileStatefulSet } from './stateful-set.ts';

/**
 * The controller manager: whenever an object changes, it and its owner are looked at again, each once
 * per turn of the event loop however often they changed.
 * @returns what stops it.
 */
export function startControllers(
	store: Store,
	client: ObjectsClient,
	catalog: Catalog,
	clock: Clock,
): () => void {
	const objects = client.as('kube-controller-manager');
	const queue = new Map<string, KubeObject>();
	let scheduled: NodeJS.Immediate | undefined;
	const enqueue = (object: KubeObject) => {
		queue.set(object.metadata.uid, object);
		scheduled ??= setImmediate(work);
	};
	const recorders = new Map<string, EventRecorder>();
	const recorderFor = (kind: string) => {
		const component = components[kind] ?? 'controller-manager';
		const recorder = recorders.get(component) ?? new EventRecorder(client, component);
		recorders.set(component, recorder);
		return recorder;
	};
	const shared = {
		objects,
		clock,
		requeue: (object: KubeObject, seconds: number) => clock.after(seconds, () => enqueue(object)),
		rollouts: new Map(),
		readySince: new Map(),
	};
	const work = () => {
		scheduled = undefined;
		const turn = [...queue.values()];
		queue.clear();
		for (const object of turn) {
			const current = objects.current(object);
			if (current === undefined) continue;
			try {
				reconcile(current, { ...shared, events: recorderFor(current.kind) });
			} catch (error) {
				// As a controller does: whatever refused the write (an admission, a deletion), it is tried again.
				if ((error as Error).name !== 'StatusError') throw error;
				clock.after(1, () => enqueue(current));
			}
		}
	};
	const reconcile = (object: KubeObject, context: ControllerContext) => {
		switch (object.kind) {
			case 'Deployment':
				return reconcileDeployment(object as Workload, context);
			case 'ReplicaSet':
				return reconcileReplicaSet(object as Workload, context);
			case 'StatefulSet':
				return reconcileStatefulSet(object as Workload, context);
			case 'DaemonSet':
				return reconcileDaemonSet(object as Workload, context);
			case 'Job':
				return reconcileJob(object as Job, context);
			case 'Service':
				return reconcileService(object, context);
			case 'PersistentVolumeClaim':
				return reconcileClaim(object, context);
			case 'CustomResourceDefinition':
				return reconcileDefinition(object, context, catalog);
			case 'Namespace':
				return reconcileNamespace(object, context, (name) =>
					store.resources().flatMap((resource) => store.list(resource, name)),
				);
			default:
				return undefined;
		}
	};
	const enqueueOwner = (object: KubeObject) => {
		const owner = object.metadata.ownerReferences?.find(({ controller }) => controller === true);
		if (owner === undefined || !(owner.kind in components)) return;
		const found = objects.get(owner.kind, object.metadata.namespace, owner.name);
		if (found === undefined) return;
		enqueue(found);
		// Recreate waits for the last old pod, which its ReplicaSet no longer counts.
		if (object.kind === 'Pod') enqueueOwner(found);
	};
	const changed = ({ type, object, previous }: Change) => {
		if (type === 'DELETED') {
			if (object.kind === 'CustomResourceDefinition') catalog.withdraw(object);
			if (object.kind in components) {
				const dependents = store
					.resources()
					.filter((resource) => resource !== 'events')
					.flatMap((resource) => store.list(resource, object.metadata.namespace));
				collectGarbage(object, dependents, { ...shared, events: recorderFor(object.kind) });
			}
		} else if (object.kind !== 'Event' && !onlyStatusChanged(object, previous)) {
			enqueue(object);
		}
		if (object.kind === 'Pod' || object.kind === 'ReplicaSet') enqueueOwner(object);
		if (object.kind === 'Pod' && type === 'ADDED') {
			for (const claim of objects.list('PersistentVolumeClaim', object.metadata.namespace)) {
				enqueue(claim);
			}
		}
		if (object.kind === 'Node') objects.list('DaemonSet').forEach(enqueue);
	};
	const stopListening = store.listen(changed);
	return () => {
		stopListening();
		clearImmediate(scheduled);
		scheduled = undefined;
	};
}

/** The kinds that own others, and under which name their controllers write events. */
const components: Record<string, string> = {
	Deployment: 'deployment-controller',
	ReplicaSet: 'replicaset-controller',
	StatefulSet: 'statefulset-controller',
	DaemonSet: 'daemonset-controller',
	Job: 'job-controller',
	CronJob: 'cronjob-controller',
};

function onlyStatusChanged(object: KubeObject, previous: KubeObject | undefined): boolean {
	return (
		object.kind !== 'ReplicaSet' &&
		previous !== undefined &&
		sameJson(object.spec, previous.spec) &&
		sameJson(object.metadata.annotations, previous.metadata.annotations) &&
		object.metadata.deletionTimestamp === previous.metadata.deletionTimestamp
	);
}
