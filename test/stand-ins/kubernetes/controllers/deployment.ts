import { sameJson } from '../objects.ts';
import { ObjectsClient } from '../objects-client.ts';
import { type Pod, scaled, type Workload } from '../workloads.ts';
import { type ControllerContext, hashOf } from './context.ts';
import { setDeploymentStatus } from './deployment-status.ts';

const hashLabel = 'pod-template-hash';
const revisionAnnotation = 'deployment.kubernetes.io/revision';

/** Deployment: one ReplicaSet per template, moved over from the old ones within surge and unavailability. */
export function reconcileDeployment(deployment: Workload, context: ControllerContext): void {
	if (deployment.metadata.deletionTimestamp !== undefined) return;
	const { objects } = context;
	const sets = objects.owned<Workload>('ReplicaSet', deployment);
	const current = sets.find((set) => isOf(set, deployment));
	const old = sets.filter((set) => set !== current);
	if (deployment.spec.paused === true) {
		setDeploymentStatus(deployment, current, sets, context);
		return;
	}
	const recreate = (deployment.spec.strategy as { type?: string }).type === 'Recreate';
	if (recreate && !emptied(old, deployment, context)) {
		setDeploymentStatus(deployment, current, sets, context);
		return;
	}
	const latest = current ?? createSet(deployment, old, context);
	const revised = withRevision(deployment, latest, old, context);
	if (recreate) scale(deployment, revised.set, deployment.spec.replicas, context);
	else roll(deployment, revised.set, old, context);
	const now = objects.owned<Workload>('ReplicaSet', deployment);
	const newest = now.find(({ metadata }) => metadata.uid === latest.metadata.uid);
	setDeploymentStatus(revised.deployment, newest, now, context);
	cleanUp(deployment, newest, now, context);
}

function isOf(set: Workload, deployment: Workload): boolean {
	const { [hashLabel]: _, ...labels } = set.spec.template.metadata?.labels ?? {};
	const template = set.spec.template;
	return sameJson(
		{ ...template, metadata: { ...template.metadata, labels } },
		{
			...deployment.spec.template,
			metadata: {
				...deployment.spec.template.metadata,
				labels: deployment.spec.template.metadata?.labels ?? {},
			},
		},
	);
}

function createSet(deployment: Workload, old: Workload[], context: ControllerContext): Workload {
	const { objects, events } = context;
	const { template, selector, minReadySeconds } = deployment.spec;
	const hash = hashOf(template);
	const labels = { ...template.metadata?.labels, [hashLabel]: hash };
	const recreate = (deployment.spec.strategy as { type?: string }).type === 'Recreate';
	const replicas = recreate ? deployment.spec.replicas : roomFor(deployment, 0, old);
	const name = `${deployment.metadata.name}-${hash}`;
	const set = objects.create<Workload>('ReplicaSet', {
		metadata: {
			name,
			namespace: deployment.metadata.namespace ?? 'default',
			labels,
			ownerReferences: [ObjectsClient.ownerReference(deployment)],
		},
		spec: {
			replicas,
			...(minReadySeconds === undefined ? {} : { minReadySeconds }),
			selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
			template: { ...template, metadata: { ...template.metadata, labels } },
		},
	});
	if (replicas > 0) {
		const message = `Scaled up replica set ${name} from 0 to ${replicas}`;
		events.record(deployment, 'Normal', 'ScalingReplicaSet', message);
	}
	return set;
}

/** Numbers the ReplicaSets: the current one is always the highest, a rollback renumbers it. */
function withRevision(
	deployment: Workload,
	set: Workload,
	old: Workload[],
	{ objects }: ControllerContext,
): { deployment: Workload; set: Workload } {
	const revision = ({ metadata }: Workload) =>
		Number(metadata.annotations?.[revisionAnnotation] ?? 0);
	const highest = Math.max(0, ...old.map(revision));
	const own = Math.max(revision(set), highest + 1);
	const numbered = (object: Workload): Workload => {
		if (revision(object) === own) return object;
		const annotations = { ...object.metadata.annotations, [revisionAnnotation]: String(own) };
		return objects.update({ ...object, metadata: { ...object.metadata, annotations } });
	};
	return { deployment: numbered(deployment), set: numbered(set) };
}

function limits(deployment: Workload): { surge: number; unavailable: number } {
	const { rollingUpdate = {} } = deployment.spec.strategy as {
		rollingUpdate?: Record<string, string | number>;
	};
	const { replicas } = deployment.spec;
	const surge = scaled(rollingUpdate.maxSurge, replicas, Math.ceil);
	const unavailable = scaled(rollingUpdate.maxUnavailable, replicas, Math.floor);
	return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/** How many pods the new ReplicaSet may have now. */
function roomFor(deployment: Workload, own: number, old: Workload[]): number {
	const wanted = deployment.spec.replicas;
	if (own >= wanted) return wanted;
	const total = own + sum(old, (set) => set.spec.replicas);
	const room = wanted + limits(deployment).surge - total;
	return room <= 0 ? own : Math.min(own + room, wanted);
}

function roll(
	deployment: Workload,
	latest: Workload,
	old: Workload[],
	context: ControllerContext,
): void {
	const target = roomFor(deployment, latest.spec.replicas, old);
	if (target !== latest.spec.replicas) {
		scale(deployment, latest, target, context);
		return;
	}
	const minimum = deployment.spec.replicas - limits(deployment).unavailable;
	const total = latest.spec.replicas + sum(old, (set) => set.spec.replicas);
	const notYet = latest.spec.replicas - availableOf(latest);
	let unhealthy = total - minimum - notYet;
	if (unhealthy <= 0) return;
	const left = old.map((set) => {
		const gone = Math.min(Math.max(0, unhealthy), set.spec.replicas - availableOf(set));
		if (gone <= 0) return set;
		unhealthy -= gone;
		return scale(deployment, set, set.spec.replicas - gone, context);
	});
	let surplus = sum([...left, latest], availableOf) - minimum;
	for (const set of left) {
		const gone = Math.min(Math.max(0, surplus), set.spec.replicas);
		surplus -= gone;
		if (gone > 0) scale(deployment, set, set.spec.replicas - gone, context);
	}
}

/** Recreate: true once no pod of an old ReplicaSet runs any more. */
function emptied(old: Workload[], deployment: Workload, context: ControllerContext): boolean {
	for (const set of old) scale(deployment, set, 0, context);
	return old.every((set) => context.objects.owned<Pod>('Pod', set).length === 0);
}

function scale(
	deployment: Workload,
	set: Workload,
	replicas: number,
	{ objects, events }: ControllerContext,
): Workload {
	const was = set.spec.replicas;
	if (was === replicas) return set;
	const message = `Scaled ${was < replicas ? 'up' : 'down'} replica set ${set.metadata.name} from ${was} to ${replicas}`;
	events.record(deployment, 'Normal', 'ScalingReplicaSet', message);
	return objects.update({ ...set, spec: { ...set.spec, replicas } });
}

function cleanUp(
	deployment: Workload,
	newest: Workload | undefined,
	sets: Workload[],
	{ objects }: ControllerContext,
): void {
	const limit = Number(deployment.spec.revisionHistoryLimit ?? 10);
	const revision = ({ metadata }: Workload) =>
		Number(metadata.annotations?.[revisionAnnotation] ?? 0);
	const idle = sets
		.filter((set) => set !== newest && set.spec.replicas === 0 && !set.status?.replicas)
		.sort((a, b) => revision(a) - revision(b));
	for (const set of idle.slice(0, Math.max(0, idle.length - limit))) objects.remove(set);
}

function availableOf({ status }: Workload): number {
	return Number(status?.availableReplicas ?? 0);
}

function sum(sets: Workload[], of: (set: Workload) => number): number {
	return sets.reduce((total, set) => total + of(set), 0);
}
