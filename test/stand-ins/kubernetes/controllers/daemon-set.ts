import { at } from '../objects.ts';
import { isActive, type Pod, scaled, type Workload } from '../workloads.ts';
import { randomSuffix } from '../writes.ts';
import { type ControllerContext, hashOf, podFrom } from './context.ts';
import { isAvailable } from './replica-set.ts';

const revisionLabel = 'controller-revision-hash';

/** DaemonSet: one pod on every node that takes pods, replaced a few at a time. */
export function reconcileDaemonSet(set: Workload, context: ControllerContext): void {
	if (set.metadata.deletionTimestamp !== undefined) return;
	const { objects, events } = context;
	const hash = hashOf(set.spec.template);
	const isUpdated = (pod: Pod) => pod.metadata.labels?.[revisionLabel] === hash;
	const nodes = objects.list('Node').filter((node) => at(node, 'spec', 'unschedulable') !== true);
	const pods = objects.owned<Pod>('Pod', set);
	for (const node of nodes) {
		if (pods.some((pod) => pod.spec.nodeName === node.metadata.name)) continue;
		const name = `${set.metadata.name}-${randomSuffix()}`;
		const pod = podFrom(set.spec.template, set, name, { [revisionLabel]: hash });
		objects.create('Pod', { ...pod, spec: { ...pod.spec, nodeName: node.metadata.name } });
		events.record(set, 'Normal', 'SuccessfulCreate', `Created pod: ${name}`);
	}
	const active = pods.filter(isActive);
	const strategy = at(set, 'spec', 'updateStrategy');
	const allowed = scaled(
		at(strategy, 'rollingUpdate', 'maxUnavailable') ?? 1,
		nodes.length,
		Math.ceil,
	);
	const available = active.filter((pod) => isAvailable(pod, set, context));
	const down = nodes.length - available.length;
	const outdated = active.filter((pod) => !isUpdated(pod));
	const unavailable = outdated.filter((pod) => !available.includes(pod));
	const next = outdated
		.filter((pod) => available.includes(pod))
		.slice(0, Math.max(0, allowed - down));
	if (at(strategy, 'type') === 'RollingUpdate') {
		for (const pod of [...unavailable, ...next]) {
			objects.remove(pod, true);
			events.record(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
		}
	}
	const now = objects.owned<Pod>('Pod', set).filter(isActive);
	const ready = now.filter((pod) => isAvailable(pod, set, context)).length;
	objects.setStatus(set, {
		observedGeneration: set.metadata.generation ?? 1,
		desiredNumberScheduled: nodes.length,
		currentNumberScheduled: now.length,
		updatedNumberScheduled: now.filter(isUpdated).length,
		numberMisscheduled: 0,
		numberReady: ready,
		...(ready > 0 ? { numberAvailable: ready } : {}),
		...(ready < nodes.length ? { numberUnavailable: nodes.length - ready } : {}),
	});
}
