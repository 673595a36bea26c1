import type { Log } from '../log/log.ts';
import type { KubernetesClient } from './client.ts';
import type { Evidence } from './diagnosis.ts';
import { collectionPath, type Resource } from './discovery.ts';
import { evidenceOf, selectorText } from './evidence.ts';
import { Mirror, type MirrorOptions } from './mirror.ts';
import {
	conditionOf,
	type Event,
	isOwnedBy,
	type KubernetesObject,
	type Pod,
	podSpecOf,
	readPath,
} from './object.ts';

/** An object that is waited for, as it was after it was applied. */
export interface Observed {
	object: KubernetesObject;
	resource: Resource;
}

export interface ObserverOptions {
	client: KubernetesClient;
	signal: AbortSignal;
	log: Log;
	onChange(): void;
}

/** Above this many selectors in a namespace all of its pods are watched at once. */
const mostSelectors = 4;

/**
 * The objects that are waited for and what is around them, kept up to date by as few
 * watches as it takes.
 */
export class Observer {
	readonly #options: ObserverOptions;
	readonly #startedAt: number;
	readonly #mirrors = new Map<string, Mirror>();
	readonly #runs: Promise<void>[] = [];
	/** The collections that concern a target, by the target's uid. */
	readonly #around = new Map<string, { pods: Mirror[]; replicaSets: Mirror[]; events: Mirror[] }>();
	readonly #own = new Map<Observed, Mirror>();
	#nodes: Mirror | undefined;

	constructor(targets: readonly Observed[], options: ObserverOptions) {
		this.#options = options;
		// Event times are whole seconds.
		this.#startedAt = options.client.now() - 2000;
		for (const target of targets) this.#watchObject(target, targets);
		this.#watchAround(targets.filter(({ object }) => hasPods(object)));
	}

	/** Ends with the signal, when all watches are closed. */
	async ended(): Promise<void> {
		await Promise.all(this.#runs);
	}

	/** The object as the server last told of it; `gone` where it was deleted. */
	current(target: Observed): KubernetesObject | 'gone' {
		const mirror = this.#own.get(target);
		if (mirror?.refusal !== undefined) throw mirror.refusal;
		if (mirror === undefined || !mirror.isSynced) return target.object;
		const { namespace, name } = target.object.metadata;
		return mirror.find(namespace, name) ?? 'gone';
	}

	evidence(target: Observed, current: KubernetesObject): Evidence {
		const around = this.#around.get(target.object.metadata.uid ?? '');
		return evidenceOf(
			current,
			{
				pods: (around?.pods ?? []).flatMap((mirror) => mirror.all() as Pod[]),
				replicaSets: (around?.replicaSets ?? []).flatMap((mirror) => mirror.all()),
				events: (around?.events ?? []).flatMap((mirror) => mirror.all() as Event[]),
			},
			this.#startedAt,
		);
	}

	/** Whether all that evidence is made from has been read; false too where it may not be. */
	canSeePods(target: Observed): boolean | 'refused' {
		if (target.object.kind === 'Pod') return true;
		const around = this.#around.get(target.object.metadata.uid ?? '');
		const mirrors = [...(around?.pods ?? []), ...(around?.replicaSets ?? [])];
		if (mirrors.some(({ refusal }) => refusal !== undefined)) return 'refused';
		return mirrors.every(({ isSynced }) => isSynced);
	}

	/** Pods of a DaemonSet that wait for their node to come back. */
	excusedPods(target: Observed): number {
		const nodes = this.#nodes?.all() ?? [];
		const away = new Set(nodes.filter(isAway).map(({ metadata }) => metadata.name));
		if (target.object.kind !== 'DaemonSet' || away.size === 0) return 0;
		const around = this.#around.get(target.object.metadata.uid ?? '');
		return (around?.pods ?? [])
			.flatMap((mirror) => mirror.all() as Pod[])
			.filter((pod) => isOwnedBy(pod, target.object.metadata.uid))
			.filter((pod) => away.has(nodeOf(pod)) && conditionOf(pod, 'Ready')?.status !== 'True')
			.length;
	}

	#watchObject(target: Observed, targets: readonly Observed[]): void {
		const { resource, object } = target;
		const { namespace, name } = object.metadata;
		const path = collectionPath(resource, namespace);
		const siblings = targets.filter(
			(other) => other.resource === resource && other.object.metadata.namespace === namespace,
		);
		const query = siblings.length === 1 ? { fieldSelector: `metadata.name=${name}` } : {};
		this.#own.set(target, this.#mirror(path, query));
	}

	#watchAround(targets: readonly Observed[]): void {
		const namespaces = Map.groupBy(targets, ({ object }) => object.metadata.namespace ?? '');
		for (const [namespace, inside] of namespaces) {
			const core = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
			const apps = `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}`;
			const events = this.#mirror(`${core}/events`, { fieldSelector: 'type=Warning' });
			const isCrowded = inside.length > mostSelectors;
			for (const { object } of inside) {
				const selector = selectorText(readPath(object.spec, ['selector']));
				const query: MirrorOptions['query'] =
					isCrowded || selector === '' ? {} : { labelSelector: selector };
				this.#around.set(object.metadata.uid ?? '', {
					events: [events],
					pods: object.kind === 'Pod' ? [] : [this.#mirror(`${core}/pods`, query)],
					replicaSets:
						object.kind === 'Deployment' ? [this.#mirror(`${apps}/replicasets`, query)] : [],
				});
			}
		}
		if (targets.some(({ object }) => object.kind === 'DaemonSet'))
			this.#nodes = this.#mirror('/api/v1/nodes', {});
	}

	/** The mirror of a collection; one for all who ask for the same. */
	#mirror(path: string, query: NonNullable<MirrorOptions['query']>): Mirror {
		const key = `${path}?${JSON.stringify(query)}`;
		const known = this.#mirrors.get(key);
		if (known !== undefined) return known;
		const mirror = new Mirror({ ...this.#options, path, query });
		this.#mirrors.set(key, mirror);
		this.#runs.push(mirror.run());
		return mirror;
	}
}

/** Whether an object is a pod or makes some now; a CronJob makes them later. */
export function hasPods(object: KubernetesObject): boolean {
	return object.kind !== 'CronJob' && podSpecOf(object) !== undefined;
}

function nodeOf({ spec }: Pod): string {
	if (spec?.nodeName) return spec.nodeName;
	// Until it is scheduled a daemon's pod names its node by affinity.
	const terms = readPath(spec, [
		'affinity',
		'nodeAffinity',
		'requiredDuringSchedulingIgnoredDuringExecution',
		'nodeSelectorTerms',
		0,
		'matchFields',
		0,
		'values',
		0,
	]);
	return typeof terms === 'string' ? terms : '';
}

function isAway(node: KubernetesObject): boolean {
	const isCordoned = readPath(node.spec, ['unschedulable']) === true;
	return isCordoned || conditionOf(node, 'Ready')?.status !== 'True';
}
