import type { Place } from '../failure/failure.ts';
import { parseReference } from '../image/reference.ts';
import { placeOfField } from './explain.ts';
import type { Manifest } from './manifest-text.ts';
import {
	type Container,
	containersIn,
	isRecord,
	podSpecOf,
	podSpecPath,
	readPath,
	titleOf,
} from './object.ts';

/** What may be meant, and seldom is. The keys are what the input `silence` takes. */
export const warningKeys = [
	'no-readiness-probe',
	'latest-tag',
	'no-replica-left',
	'pre-stop-too-long',
	'budget-blocks-all',
	'replicas-beside-autoscaler',
	'recreate',
	'service-matches-nothing',
] as const;

export type WarningKey = (typeof warningKeys)[number];

export interface Warning {
	key: WarningKey;
	message: string;
	place: Place;
	/** Whose it is. */
	manifest: Manifest;
}

type Raise = (key: WarningKey, manifest: Manifest, field: string, text: string) => void;

/** Looks through a set for what goes well until the day that it does not. */
export function warningsOf(manifests: readonly Manifest[]): Warning[] {
	const warnings: Warning[] = [];
	const raise: Raise = (key, manifest, field, text) => {
		const place = placeOfField(manifest, field);
		warnings.push({
			key,
			message: `${titleOf(manifest.object)}: ${text} (${key})`,
			place,
			manifest,
		});
	};
	for (const manifest of manifests) {
		checkPods(manifest, raise);
		checkStrategy(manifest, raise);
		checkAutoscaler(manifest, manifests, raise);
		checkBudget(manifest, manifests, raise);
		checkService(manifest, manifests, raise);
	}
	return warnings;
}

const servers = ['Deployment', 'StatefulSet', 'DaemonSet'];

function checkPods(manifest: Manifest, raise: Raise): void {
	const { object } = manifest;
	const spec = podSpecOf(object);
	const prefix = podSpecPath(object).join('.');
	if (spec === undefined) return;
	for (const list of ['initContainers', 'containers'] as const)
		for (const container of containersIn(spec, list)) {
			const field = `${prefix}.${list}[name="${container.name}"]`;
			const reference = parseReference(container.image ?? '');
			const { tag, digest } = reference ?? {};
			if (reference !== undefined && digest === undefined && (tag ?? 'latest') === 'latest')
				raise(
					'latest-tag',
					manifest,
					`${field}.image`,
					`image ${container.image} can be another one tomorrow; name a version or a digest`,
				);
			if (list === 'initContainers') continue;
			if (servers.includes(object.kind) && container.readinessProbe === undefined)
				raise(
					'no-readiness-probe',
					manifest,
					field,
					`container "${container.name}" has no readinessProbe, so it gets requests from its first instant on`,
				);
			const seconds = preStopSeconds(container);
			const grace = Number(spec.terminationGracePeriodSeconds ?? 30);
			if (seconds > grace)
				raise(
					'pre-stop-too-long',
					manifest,
					`${field}.lifecycle.preStop`,
					`the preStop of container "${container.name}" takes ${seconds} s, and after terminationGracePeriodSeconds, ${grace} s, the container is killed`,
				);
		}
}

/** Of `sleep: {seconds: 40}`, or of a command that sleeps; 0 where it cannot be told. */
function preStopSeconds({ lifecycle }: Container): number {
	const preStop = readPath(lifecycle, ['preStop']);
	const seconds = readPath(preStop, ['sleep', 'seconds']);
	if (typeof seconds === 'number') return seconds;
	const command = readPath(preStop, ['exec', 'command']);
	if (!Array.isArray(command)) return 0;
	return Number(/(?:^|[\s;&/])sleep\s+(\d+)/.exec(command.join(' '))?.[1] ?? 0);
}

function checkStrategy(manifest: Manifest, raise: Raise): void {
	const { kind, spec } = manifest.object;
	if (kind !== 'Deployment') return;
	if (readPath(spec, ['strategy', 'type']) === 'Recreate') {
		const text = 'with the strategy Recreate nothing runs while it is rolled out';
		raise('recreate', manifest, 'spec.strategy.type', text);
		return;
	}
	const replicas = readPath(spec, ['replicas']) ?? 1;
	const maxUnavailable = readPath(spec, ['strategy', 'rollingUpdate', 'maxUnavailable']);
	if (replicas === 1 && (maxUnavailable === 1 || maxUnavailable === '100%'))
		raise(
			'no-replica-left',
			manifest,
			'spec.strategy.rollingUpdate.maxUnavailable',
			`of its one replica ${maxUnavailable} may be unavailable, so nothing runs while it is rolled out`,
		);
}

function checkAutoscaler(manifest: Manifest, all: readonly Manifest[], raise: Raise): void {
	const { kind, metadata, spec } = manifest.object;
	if (readPath(spec, ['replicas']) === undefined) return;
	const scaler = all.find(({ object }) => {
		const target = readPath(object.spec, ['scaleTargetRef']);
		return (
			object.kind === 'HorizontalPodAutoscaler' &&
			isRecord(target) &&
			target.kind === kind &&
			target.name === metadata.name &&
			object.metadata.namespace === metadata.namespace
		);
	});
	if (scaler !== undefined)
		raise(
			'replicas-beside-autoscaler',
			manifest,
			'spec.replicas',
			`${titleOf(scaler.object)} decides on its replicas; leave spec.replicas out, here it is not sent`,
		);
}

function checkBudget(manifest: Manifest, all: readonly Manifest[], raise: Raise): void {
	const { object } = manifest;
	if (object.kind !== 'PodDisruptionBudget') return;
	const { minAvailable, maxUnavailable } = isRecord(object.spec) ? object.spec : {};
	const covered = all.filter(({ object: { kind, metadata, spec } }) => {
		const isSame = metadata.namespace === object.metadata.namespace && servers.includes(kind);
		return isSame && selects(readPath(object.spec, ['selector']), labelsOf(spec));
	});
	const tight = covered.find(
		({ object: { kind, spec } }) =>
			kind !== 'DaemonSet' &&
			typeof minAvailable === 'number' &&
			minAvailable >= Number(readPath(spec, ['replicas']) ?? 1),
	);
	const never =
		maxUnavailable === 0 || maxUnavailable === '0%'
			? 'maxUnavailable'
			: minAvailable === '100%' || tight !== undefined
				? 'minAvailable'
				: undefined;
	if (never === undefined) return;
	const value = never === 'maxUnavailable' ? maxUnavailable : minAvailable;
	const of = tight === undefined ? '' : ` of the replicas of ${titleOf(tight.object)}`;
	raise(
		'budget-blocks-all',
		manifest,
		`spec.${never}`,
		`with ${never} ${String(value)}${of} no pod may ever be evicted, so no node can be drained`,
	);
}

/** Only where the set brings pods at all: those of another set are not known here. */
function checkService(manifest: Manifest, all: readonly Manifest[], raise: Raise): void {
	const { kind, metadata, spec } = manifest.object;
	const selector = readPath(spec, ['selector']);
	if (kind !== 'Service' || !isRecord(selector) || Object.keys(selector).length === 0) return;
	const workloads = all.filter(
		({ object }) =>
			object.metadata.namespace === metadata.namespace &&
			[...servers, 'ReplicaSet', 'Pod'].includes(object.kind),
	);
	const matches = workloads.some(({ object }) =>
		selects(
			{ matchLabels: selector },
			object.kind === 'Pod' ? object.metadata.labels : labelsOf(object.spec),
		),
	);
	if (workloads.length > 0 && !matches)
		raise(
			'service-matches-nothing',
			manifest,
			'spec.selector',
			`its selector matches no pods of this set: ${Object.entries(selector)
				.map(([key, value]) => `${key}=${String(value)}`)
				.join(', ')}`,
		);
}

function labelsOf(spec: unknown): unknown {
	return readPath(spec, ['template', 'metadata', 'labels']);
}

/** By matchLabels; what only has expressions is not judged. */
function selects(selector: unknown, labels: unknown): boolean {
	const wanted = readPath(selector, ['matchLabels']);
	if (!isRecord(wanted) || !isRecord(labels)) return false;
	return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}
