import type { Log } from '../log/log.ts';
import { ApiError } from './api-error.ts';
import type { KubernetesClient } from './client.ts';
import { diagnose } from './diagnosis.ts';
import { timeOf } from './evidence.ts';
import { placeOfField } from './explain.ts';
import type { Manifest } from './manifest-text.ts';
import { type Event, type KubernetesObject, podSpecPath, titleOf } from './object.ts';
import { hasPods } from './observer.ts';
import type { Outcome } from './wait.ts';

const logLines = 250;
const mostEvents = 20;
const mostContainers = 3;
const longestSequel = 200;

/**
 * Shows what a person would look for next: the warnings, and what the containers wrote.
 * @returns the end of a sentence: the last line of the container that is the cause, or what
 * the cluster says of an object that runs no pods; empty where there is neither
 */
export async function showEvidence(
	outcome: Outcome,
	client: KubernetesClient,
	log: Log,
): Promise<string> {
	const { current } = outcome;
	const events = hasPods(current) ? outcome.evidence.events : await warningsAbout(current, client);
	showWarnings(events, current, log);
	const line = (await showLogs(outcome, client, log))?.trim();
	if (line) return `; it wrote last: ${line.slice(0, longestSequel)}`;
	const said = hasPods(current) ? '' : (events.at(-1)?.message ?? '').trim();
	return said === '' ? '' : `; the cluster says: ${said.slice(0, longestSequel)}`;
}

/** What waits for a controller that makes no pods of it is told of by that one's events alone. */
async function warningsAbout(
	{ metadata: { namespace, uid } }: KubernetesObject,
	client: KubernetesClient,
): Promise<Event[]> {
	if (namespace === undefined) return [];
	const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`;
	try {
		const fieldSelector = `involvedObject.uid=${uid},type=Warning`;
		const { items } = await client.list<Event>(path, { fieldSelector });
		return items.sort((a, b) => timeOf(a) - timeOf(b));
	} catch (error) {
		if (error instanceof ApiError) return [];
		throw error;
	}
}

function showWarnings(events: readonly Event[], about: KubernetesObject, log: Log): void {
	const lines = new Map<string, string>();
	for (const { reason, message = '', involvedObject, count, series } of events) {
		const times = count ?? series?.count ?? 1;
		const line = `${involvedObject?.kind}/${involvedObject?.name}: ${reason}: ${message.trim()}`;
		lines.set(line, times > 1 ? `${line} (${times} times)` : line);
	}
	if (lines.size === 0) return;
	log.info(`Warnings about ${titleOf(about)}:`);
	for (const line of [...lines.values()].slice(-mostEvents)) log.info(`  ${line}`);
}

/** The last line of the container that is the cause, where one is. */
async function showLogs(
	{ cause, current, evidence }: Outcome,
	client: KubernetesClient,
	log: Log,
): Promise<string | undefined> {
	const containers = [cause, ...diagnose(current, evidence)].flatMap(
		(cause) => cause?.container ?? [],
	);
	const names = new Set<string>();
	let last: string | undefined;
	for (const { pod, name, previous } of containers) {
		if (names.has(name) || names.size === mostContainers) continue;
		names.add(name);
		const { namespace = 'default', name: podName } = pod.metadata;
		const text = await logsOf(client, namespace, podName, name, previous);
		if (text === '') {
			log.info(`Container "${name}" of pod ${podName} wrote nothing.`);
			continue;
		}
		log.info(`The last lines of container "${name}" of pod ${podName}:`);
		for (const line of text.split('\n')) log.info(`  ${line}`);
		if (name === cause?.container?.name) last = text.split('\n').at(-1);
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
	const prefix = podSpecPath(current).join('.');
	return placeOfField(manifest, `${prefix}.${list}[name="${container}"].${field}`);
}
