import type { Server } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { forbidden, isAllowed, type User } from './access.ts';
import type { Door } from './http-server.ts';
import { at } from './objects.ts';
import { StatusError } from './status-error.ts';
import type { Pod } from './workloads.ts';

const pathOf = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/portforward$/;
const protocol = 'v4.channel.k8s.io';

/**
 * Forwards ports of pods over WebSockets: a channel of data and one of errors, each begun with
 * the port's number. Ports that a container names answer HTTP as the pod does, all others refuse.
 */
export function forwardPorts(server: Server, { api, userOf, requests }: Door): void {
	const sockets = new WebSocketServer({
		noServer: true,
		handleProtocols: (offered) => (offered.has(protocol) ? protocol : false),
	});
	server.on('upgrade', (request, stream, head) => {
		const url = new URL(request.url ?? '/', 'http://cluster');
		const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
		requests.push({
			method: 'GET',
			path: url.pathname,
			query: Object.fromEntries(url.searchParams),
			contentType: '',
			accept: '',
			userAgent: '',
			body: '',
			token,
			status: 101,
		});
		try {
			const [, namespace = '', name = ''] = pathOf.exec(url.pathname) ?? [];
			authorize(userOf(token), namespace, name);
			const pod = api.read('Pod', namespace, name) as Pod | undefined;
			if (pod === undefined) throw StatusError.notFound('pods', '', name);
			const port = Number(url.searchParams.get('ports'));
			sockets.handleUpgrade(request, stream, head, (socket) =>
				serve(socket, port, isOpen(pod, port) ? (path) => api.serve(pod, path) : undefined),
			);
		} catch (error) {
			if (!(error instanceof StatusError)) throw error;
			const body = JSON.stringify(error.body());
			stream.end(
				`HTTP/1.1 ${error.code} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
			);
		}
	});
}

function authorize(user: User | undefined, namespace: string, name: string): void {
	if (user === undefined) throw new StatusError(401, 'Unauthorized', 'Unauthorized');
	for (const verb of ['get', 'create']) {
		const attributes = { verb, group: '', resource: 'pods/portforward', namespace, name };
		if (!isAllowed(user, attributes)) throw forbidden(user, attributes);
	}
}

function isOpen(pod: Pod, port: number): boolean {
	return pod.spec.containers.some((container) =>
		((at(container, 'ports') ?? []) as { containerPort: number }[]).some(
			({ containerPort }) => containerPort === port,
		),
	);
}

type Answer = (path: string) => { status: number; type?: string; body: string };

function serve(socket: WebSocket, port: number, answer: Answer | undefined): void {
	const number = Buffer.alloc(2);
	number.writeUInt16LE(port);
	const send = (channel: number, data: Buffer | string) =>
		socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(data)]));
	send(0, number);
	send(1, number);
	if (answer === undefined) {
		send(1, `failed to connect to localhost:${port} inside the pod: connection refused`);
		socket.close();
		return;
	}
	let asked = '';
	socket.on('message', (message: Buffer) => {
		asked += message.subarray(1).toString();
		if (!asked.includes('\r\n\r\n')) return;
		const { status, type = 'text/plain', body } = answer(asked.split(' ')[1] ?? '/');
		const length = Buffer.byteLength(body);
		send(
			0,
			`HTTP/1.1 ${status} It\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${body}`,
		);
		socket.close();
	});
}
