import { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { Failure } from '../failure/failure.ts';
import type { KubernetesClient } from './client.ts';
import { type KubernetesObject, type Pod, readPath } from './object.ts';

/** A port of a pod. */
export interface PodPort {
	namespace: string;
	pod: string;
	port: number;
}

/**
 * A ready pod behind a Service, and the port of it that the Service leads to.
 * @param port - number or name of the Service's port; its only one where it is left out
 * @throws Failure where there is none
 */
export async function podBehind(
	client: KubernetesClient,
	{ namespace, service, port }: { namespace: string; service: string; port?: string | undefined },
): Promise<PodPort> {
	const root = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
	const found = await client.get(`${root}/services/${service}`);
	const selector = Object.entries(readPath(found.spec, ['selector']) ?? {});
	if (selector.length === 0)
		throw new Failure(`Service/${service} has no selector, so no pod is known behind it`);
	const labelSelector = selector.map(([key, value]) => `${key}=${String(value)}`).join(',');
	const pods = (await client.list<Pod>(`${root}/pods`, { labelSelector })).items;
	const pod = pods.find(isReady);
	if (pod === undefined) throw new Failure(`no pod behind Service/${service} is ready`);
	return { namespace, pod: pod.metadata.name, port: targetPort(found, port, pod) };
}

function isReady({ metadata, status }: Pod): boolean {
	const ready = status?.conditions?.find(({ type }) => type === 'Ready');
	return ready?.status === 'True' && metadata.deletionTimestamp === undefined;
}

interface ServicePort {
	name?: string;
	port: number;
	targetPort?: number | string;
}

function targetPort(service: KubernetesObject, wanted: string | undefined, pod: Pod): number {
	const ports = (readPath(service.spec, ['ports']) ?? []) as ServicePort[];
	const fits = ({ name, port }: ServicePort) => name === wanted || String(port) === wanted;
	const [port, ...others] = wanted === undefined ? ports : ports.filter(fits);
	const title = `Service/${service.metadata.name}`;
	if (port === undefined || (wanted === undefined && others.length > 0))
		throw new Failure(
			`${title} has ${wanted === undefined ? 'no single port' : `no port ${wanted}`}; it has ${ports.map((each) => each.name ?? each.port).join(', ')}`,
		);
	const target = port.targetPort ?? port.port;
	if (typeof target === 'number') return target;
	const named = (pod.spec?.containers ?? [])
		.flatMap(({ ports: open }) => (Array.isArray(open) ? open : []))
		.find((open) => readPath(open, ['name']) === target);
	const number = readPath(named, ['containerPort']);
	if (typeof number !== 'number')
		throw new Failure(
			`${title} leads to a port "${target}", and pod ${pod.metadata.name} has none`,
		);
	return number;
}

/** Every kubelet and every API server speaks it; SPDY, which kubectl speaks, is of no other use. */
const protocol = 'v4.channel.k8s.io';
const channels = { data: 0, error: 1 };

/**
 * Connects to a port of a pod through the API server and the pod's node, as
 * `kubectl port-forward` does. A port that takes no connection is told by the stream's error.
 * @throws ApiError where the API server refuses
 */
export async function forwardPort(
	client: KubernetesClient,
	{ namespace, pod, port }: PodPort,
): Promise<Duplex> {
	const { WebSocket } = await import('ws');
	const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/portforward`;
	const socket = await client.openSocket(
		path,
		{ ports: port },
		(url, options) => new WebSocket(url, [protocol], { ...options, perMessageDeflate: false }),
	);
	return new PortStream(socket, port);
}

/** The bytes of one forwarded port; each message of its socket begins with its channel. */
class PortStream extends Duplex {
	readonly #socket: WebSocket;

	constructor(socket: WebSocket, port: number) {
		super();
		this.#socket = socket;
		/** The first message of a channel is the port's number. */
		const begun = new Set<number>();
		socket.on('message', (raw: RawData) => {
			const message = raw as Buffer;
			const channel = message[0] ?? channels.error;
			if (!begun.has(channel)) begun.add(channel);
			else if (channel === channels.data) this.push(message.subarray(1));
			else this.destroy(new Failure(`port ${port}: ${message.subarray(1).toString().trim()}`));
		});
		socket.on('close', () => this.push(null));
		socket.on('error', (error) => this.destroy(error));
	}

	override _read(): void {
		// What comes is pushed as it comes: an answer that is looked at is small.
	}

	override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
		this.#socket.send(Buffer.concat([Buffer.from([channels.data]), chunk]), done);
	}

	override _destroy(error: Error | null, done: (error: Error | null) => void): void {
		this.#socket.terminate();
		done(error);
	}
}
