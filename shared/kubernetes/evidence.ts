import type { Evidence } from './diagnosis.ts';
import { type Event, isOwnedBy, type KubernetesObject, type Pod, readPath } from './object.ts';

const revision = 'deployment.kubernetes.io/revision';
const templateHash = 'controller-revision-hash';
const templateGeneration = 'pod-template-generation';

/** What a namespace holds that may concern a rollout. */
export interface Surroundings {
	pods: readonly Pod[];
	replicaSets: readonly KubernetesObject[];
	events: readonly Event[];
}

/**
 * The pods of the revision that a workload rolls out, and the warnings about them and their
 * owners. Before its controller has seen the change there are none.
 * @param since - ms since 1970; warnings about the workload itself from before are left out
 */
export function evidenceOf(
	object: KubernetesObject,
	{ pods, replicaSets, events }: Surroundings,
	since: number,
): Evidence {
	const owner = podOwner(object, replicaSets);
	const newest = owner === undefined ? [] : podsOf(object, owner, pods);
	const uids = new Set(newest.map((pod) => pod.metadata.uid));
	const owners = new Set([object.metadata.uid, owner?.metadata.uid]);
	return {
		pods: newest,
		events: events
			.filter(({ type, involvedObject }) => type === 'Warning' && involvedObject?.uid !== undefined)
			.filter((event) => {
				const uid = event.involvedObject?.uid;
				return uids.has(uid) || (owners.has(uid) && timeOf(event) >= since);
			})
			.sort((a, b) => timeOf(a) - timeOf(b)),
	};
}

/** What owns the pods of the newest revision. */
function podOwner(
	object: KubernetesObject,
	replicaSets: readonly KubernetesObject[],
): KubernetesObject | undefined {
	const observed = Number(readPath(object.status, ['observedGeneration']) ?? 0);
	const isObserved = observed >= (object.metadata.generation ?? 0);
	if (object.kind === 'Pod' || object.kind === 'Job') return object;
	if (!isObserved) return undefined;
	if (object.kind !== 'Deployment') return object;
	const owned = replicaSets.filter((set) => isOwnedBy(set, object.metadata.uid));
	const wanted = object.metadata.annotations?.[revision];
	const byRevision = owned.filter((set) => set.metadata.annotations?.[revision] === wanted);
	return (byRevision.length > 0 ? byRevision : owned).reduce<KubernetesObject | undefined>(
		(a, b) => (a === undefined || createdAt(b) >= createdAt(a) ? b : a),
		undefined,
	);
}

function podsOf(object: KubernetesObject, owner: KubernetesObject, pods: readonly Pod[]): Pod[] {
	if (object.kind === 'Pod') return [object as Pod];
	const owned = pods.filter(
		(pod) => isOwnedBy(pod, owner.metadata.uid) && !pod.metadata.deletionTimestamp,
	);
	const [label, wanted] =
		object.kind === 'StatefulSet'
			? [templateHash, readPath(object.status, ['updateRevision'])]
			: object.kind === 'DaemonSet'
				? [
						templateGeneration,
						object.metadata.annotations?.['deprecated.daemonset.template.generation'],
					]
				: ['', undefined];
	if (wanted === undefined) return owned;
	return owned.filter((pod) => {
		const has = pod.metadata.labels?.[label];
		return has === undefined || has === wanted;
	});
}

function createdAt({ metadata }: KubernetesObject): number {
	return Date.parse(metadata.creationTimestamp ?? '') || 0;
}

/** When an event was last seen, in ms since 1970. */
export function timeOf({ series, eventTime, lastTimestamp, metadata }: Event): number {
	const told = series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp;
	return Date.parse(told ?? '') || 0;
}

/** A label selector as a query has it: `app=web,tier in (a,b),!canary`. */
export function selectorText(selector: unknown): string {
	const labels = Object.entries((readPath(selector, ['matchLabels']) ?? {}) as object).map(
		([key, value]) => `${key}=${String(value)}`,
	);
	const expressions = (readPath(selector, ['matchExpressions']) ?? []) as {
		key: string;
		operator: string;
		values?: string[];
	}[];
	const texts = expressions.map(({ key, operator, values = [] }) => {
		if (operator === 'Exists') return key;
		if (operator === 'DoesNotExist') return `!${key}`;
		return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
	});
	return [...labels, ...texts].join(',');
}
