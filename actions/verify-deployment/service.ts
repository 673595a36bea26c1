import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { badInput, Failure, messageOf } from '../../shared/failure/failure.ts';
import type { HttpResponse } from '../../shared/http/client.ts';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import type { KubernetesClient } from '../../shared/kubernetes/client.ts';
import { forwardPort, podBehind } from '../../shared/kubernetes/port-forward.ts';
import type { Check } from './checks.ts';
import { type Ask, longestBody } from './http-check.ts';

/** A Service of the cluster, and what is asked for there. */
export interface ServiceAddress {
	name: string;
	namespace?: string;
	/** Number or name; its only one where it is left out. */
	port?: string;
	/** From the `/` on, with its query. */
	path: string;
}

interface Cluster {
	client: KubernetesClient;
	namespace: string;
}

/**
 * Reads `service://name.namespace:port/path` or, for a check of TCP, `tcp+service://name:port`;
 * the port may be a name, so this is no URL.
 * @throws Failure (bad input)
 */
export function parseService(text: string, inputName: string): ServiceAddress {
	const match =
		/^(?:service:\/\/|(tcp)\+service:\/\/)([a-z0-9-]+)(?:\.([a-z0-9-]+))?(?::([a-z0-9-]+))?(\/[^\s#]*|\?[^\s#]*)?$/.exec(
			text,
		);
	const [, tcp, name = '', namespace, port, path = ''] = match ?? [];
	if (match === null || (tcp !== undefined && path !== ''))
		throw badInput(
			`${inputName}: "${text}" has to be service://name:port/path, service://name.namespace:port/path or tcp+service://name:port`,
		);
	return {
		name,
		...(namespace === undefined ? {} : { namespace }),
		...(port === undefined ? {} : { port }),
		path: path.startsWith('/') ? path : `/${path}`,
	};
}

function isTls({ port }: ServiceAddress): boolean {
	return port === '443' || port === 'https';
}

/**
 * Asks through the API server's proxy
 * (https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/), or,
 * where that is not allowed, through a forwarded port of one of the Service's pods.
 */
export function askService(address: ServiceAddress, cluster: Cluster): Ask {
	const { name, port, path } = address;
	const proxied = port === undefined ? name : `${isTls(address) ? 'https:' : ''}${name}:${port}`;
	return (signal) =>
		withSignal(cluster, signal, async (client) => {
			const namespace = address.namespace ?? cluster.namespace;
			try {
				return await client.throughProxy({ namespace, service: proxied }, path, longestBody);
			} catch (error) {
				if (!(error instanceof ApiError && error.status === 403)) throw error;
				const stream = await forward(client, namespace, address).catch((other: unknown) => {
					// Of two missing rights the first is the one to ask for.
					throw other instanceof ApiError && other.status === 403 ? error : other;
				});
				return await ask(stream, address, signal);
			}
		});
}

/**
 * Whether a port of a Service takes connections, through a forwarded port. Nothing says that one
 * does: one that does not is told within a moment.
 */
export function tcpServiceCheck(
	text: string,
	address: ServiceAddress,
	cluster: () => Cluster,
): Check {
	const momentMs = 1000;
	return {
		kind: 'tcp',
		name: `TCP ${text.replace(/^tcp\+service:\/\//, '')}`,
		run: (signal) =>
			withSignal(cluster(), signal, async (client) => {
				const namespace = address.namespace ?? cluster().namespace;
				const stream = await forward(client, namespace, address);
				try {
					await new Promise<void>((resolve, reject) => {
						const timer = setTimeout(resolve, momentMs);
						const settled = () => {
							clearTimeout(timer);
							resolve();
						};
						stream.once('data', settled).once('end', settled);
						stream.once('error', (error) => {
							clearTimeout(timer);
							reject(new Failure(`it takes no connection: ${messageOf(error)}`, { cause: error }));
						});
					});
				} finally {
					stream.destroy();
				}
			}),
	};
}

async function withSignal<T>(
	cluster: Cluster,
	signal: AbortSignal,
	work: (client: KubernetesClient) => Promise<T>,
): Promise<T> {
	const client = cluster.client.withSignal(signal);
	try {
		return await work(client);
	} finally {
		client.close();
	}
}

async function forward(
	client: KubernetesClient,
	namespace: string,
	{ name, port }: ServiceAddress,
): Promise<Duplex> {
	return await forwardPort(client, await podBehind(client, { namespace, service: name, port }));
}

/** Sends one GET over a connection that is there, by TLS as the API server's proxy does: unchecked. */
async function ask(
	stream: Duplex,
	address: ServiceAddress,
	signal: AbortSignal,
): Promise<HttpResponse> {
	try {
		const outgoing = request({
			createConnection: () =>
				isTls(address) ? connect({ socket: stream, rejectUnauthorized: false }) : stream,
			path: address.path,
			headers: { host: address.name, 'user-agent': 'lockstep', accept: '*/*', connection: 'close' },
			signal,
		});
		outgoing.end();
		const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
		const chunks: Buffer[] = [];
		let length = 0;
		for await (const chunk of incoming as AsyncIterable<Buffer>) {
			length += chunk.length;
			if (length > longestBody)
				throw new Failure(`the answer is longer than ${longestBody / 1e6} MB`);
			chunks.push(chunk);
		}
		const text = Buffer.concat(chunks).toString('utf8');
		return { status: incoming.statusCode ?? 0, headers: incoming.headers, text };
	} catch (error) {
		if (signal.aborted) throw signal.reason;
		if (error instanceof Failure) throw error;
		throw new Failure(`it does not answer: ${messageOf(error)}`, { cause: error });
	} finally {
		stream.destroy();
	}
}
