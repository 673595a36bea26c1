import { at, type JsonObject } from '../objects.ts';
import { isActive, type Pod, type Workload } from '../workloads.ts';
import { type ControllerContext, hashOf, podFrom } from './context.ts';
import { isAvailable } from './replica-set.ts';

const revisionLabel = 'controller-revision-hash';

/** StatefulSet: numbered pods, made in order and replaced from the last one down to the partition. */
export function reconcileStatefulSet(set: Workload, context: ControllerContext): void {
	if (set.metadata.deletionTimestamp !== undefined) return;
	const { objects, events } = context;
	const update = `${set.metadata.name}-${hashOf(set.spec.template)}`;
	const current = String(set.status?.currentRevision ?? update);
	const pods = objects.owned<Pod>('Pod', set);
	const ordinal = (pod: Pod) => Number(pod.metadata.name.slice(set.metadata.name.length + 1));
	const revisionOf = (pod: Pod) => pod.metadata.labels?.[revisionLabel];
	const parallel = set.spec.podManagementPolicy === 'Parallel';
	const waitsFor = (pod: Pod) => !isAvailable(pod, set, context) || !isActive(pod);

	for (let index = 0; index < set.spec.replicas; index++) {
		const existing = pods.find((pod) => ordinal(pod) === index);
		if (existing === undefined) {
			const name = `${set.metadata.name}-${index}`;
			createClaims(set, name, context);
			objects.create('Pod', numberedPod(set, name, index, update));
			const message = `create Pod ${name} in StatefulSet ${set.metadata.name} successful`;
			events.record(set, 'Normal', 'SuccessfulCreate', message);
			if (!parallel) break;
		} else if (!parallel && waitsFor(existing) && revisionOf(existing) === update) {
			break;
		}
	}
	const remove = (pod: Pod) => {
		objects.remove(pod, true);
		const message = `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`;
		events.record(set, 'Normal', 'SuccessfulDelete', message);
	};
	const running = pods.filter(isActive);
	const surplus = running.filter((pod) => ordinal(pod) >= set.spec.replicas);
	const partition = Number(at(set, 'spec', 'updateStrategy', 'rollingUpdate', 'partition') ?? 0);
	const outdated = running
		.filter((pod) => ordinal(pod) < set.spec.replicas && ordinal(pod) >= partition)
		.filter((pod) => revisionOf(pod) !== update)
		.sort((a, b) => ordinal(b) - ordinal(a));
	const settled = running.length === set.spec.replicas && pods.length === running.length;
	const newerReady = running
		.filter((pod) => revisionOf(pod) === update)
		.every((pod) => !waitsFor(pod));
	const [next] = outdated;
	for (const pod of surplus) remove(pod);
	if (
		next !== undefined &&
		settled &&
		newerReady &&
		at(set, 'spec', 'updateStrategy', 'type') === 'RollingUpdate'
	) {
		remove(next);
	}
	setStatus(set, { update, current, partition }, context);
}

function numberedPod(set: Workload, name: string, index: number, revision: string) {
	const labels = {
		'apps.kubernetes.io/pod-index': String(index),
		[revisionLabel]: revision,
		'statefulset.kubernetes.io/pod-name': name,
	};
	const claims = claimsOf(set).map((claim) => ({
		name: claim,
		persistentVolumeClaim: { claimName: `${claim}-${name}` },
	}));
	const { template } = set.spec;
	const volumes = [...(template.spec.volumes ?? []), ...claims];
	const spec = { ...template.spec, ...(volumes.length > 0 ? { volumes } : {}) };
	return podFrom({ ...template, spec }, set, name, labels);
}

function claimsOf(set: Workload): string[] {
	const templates = set.spec.volumeClaimTemplates;
	return (Array.isArray(templates) ? templates : []).map((one) =>
		String(at(one, 'metadata', 'name')),
	);
}

function createClaims(set: Workload, pod: string, { objects }: ControllerContext): void {
	const templates = set.spec.volumeClaimTemplates;
	for (const template of Array.isArray(templates) ? templates : []) {
		const name = `${String(at(template, 'metadata', 'name'))}-${pod}`;
		const { namespace = 'default' } = set.metadata;
		if (objects.get('PersistentVolumeClaim', namespace, name) !== undefined) continue;
		objects.create('PersistentVolumeClaim', {
			metadata: { name, namespace },
			spec: (at(template, 'spec') ?? {}) as JsonObject,
		});
	}
}

function setStatus(
	set: Workload,
	{ update, current, partition }: { update: string; current: string; partition: number },
	context: ControllerContext,
): void {
	const pods = context.objects.owned<Pod>('Pod', set).filter(isActive);
	const count = (test: (pod: Pod) => boolean) => pods.filter(test).length;
	const updated = count((pod) => pod.metadata.labels?.[revisionLabel] === update);
	const available = count((pod) => isAvailable(pod, set, context));
	const done = updated === set.spec.replicas && partition === 0 && available === pods.length;
	context.objects.setStatus(set, {
		observedGeneration: set.metadata.generation ?? 1,
		replicas: pods.length,
		readyReplicas: available,
		availableReplicas: available,
		updatedReplicas: updated,
		currentReplicas: done
			? updated
			: count((pod) => pod.metadata.labels?.[revisionLabel] === current),
		currentRevision: done ? update : current,
		updateRevision: update,
		collisionCount: 0,
	});
}
