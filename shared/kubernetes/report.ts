import type { Log } from '../log/log.ts';
import type { KubernetesClient } from './client.ts';
import { diagnose } from './diagnosis.ts';
import { placeOfField } from './explain.ts';
import type { Manifest } from './manifests.ts';
import { titleOf } from './object.ts';
import type { Outcome } from './wait.ts';

const logLines = 250;
const mostEvents = 20;
const mostContainers = 3;

/**
 * Shows what a person would look for next: the warnings, and what the containers wrote.
 * @returns the last line that the container wrote which is the cause, where one is
 */
export async function showEvidence(
	outcome: Outcome,
	client: KubernetesClient,
	log: Log,
): Promise<string | undefined> {
	const { evidence, current } = outcome;
	const events = new Map<string, string>();
	for (const { reason, message = '', involvedObject, count, series } of evidence.events) {
		const times = count ?? series?.count ?? 1;
		const line = `${involvedObject?.kind}/${involvedObject?.name}: ${reason}: ${message.trim()}`;
		events.set(line, times > 1 ? `${line} (${times} times)` : line);
	}
	if (events.size > 0) {
		log.info(`Warnings about ${titleOf(current)}:`);
		for (const line of [...events.values()].slice(-mostEvents)) log.info(`  ${line}`);
	}
	const containers = [outcome.cause, ...diagnose(current, evidence)].flatMap(
		(cause) => cause?.container ?? [],
	);
	const names = new Set<string>();
	let last: string | undefined;
	for (const { pod, name, previous } of containers) {
		if (names.has(name) || names.size === mostContainers) continue;
		names.add(name);
		const text = await logsOf(
			client,
			pod.metadata.namespace ?? 'default',
			pod.metadata.name,
			name,
			previous,
		);
		if (text === '') {
			log.info(`Container "${name}" of pod ${pod.metadata.name} wrote nothing.`);
			continue;
		}
		log.info(`The last lines of container "${name}" of pod ${pod.metadata.name}:`);
		for (const line of text.split('\n')) log.info(`  ${line}`);
		if (name === outcome.cause?.container?.name) last = text.split('\n').at(-1);
	}
	return last;
}

/** Of the run that ended where there is one, else of the present one. */
async function logsOf(
	client: KubernetesClient,
	namespace: string,
	name: string,
	container: string,
	previous: boolean,
): Promise<string> {
	for (const which of previous ? [true, false] : [false, true]) {
		const query = { container, tailLines: logLines, ...(which ? { previous: true } : {}) };
		const text = (await client.logs({ namespace, name }, query)).trimEnd();
		if (text !== '') return text;
	}
	return '';
}

/** Where in its manifest a cause is written: the image of the container, or its probe. */
export function placeOfCause({ cause, current }: Outcome, manifest: Manifest) {
	if (cause?.field === undefined) return manifest.place;
	const [list, container, field] = cause.field;
	const prefix =
		current.kind === 'Pod'
			? 'spec'
			: current.kind === 'CronJob'
				? 'spec.jobTemplate.spec.template.spec'
				: 'spec.template.spec';
	return placeOfField(manifest, `${prefix}.${list}[name="${container}"].${field}`);
}
