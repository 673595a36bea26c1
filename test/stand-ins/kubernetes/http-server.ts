import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { User } from './access.ts';
import { type Answer, type Api, answer } from './api.ts';
import type { Certificate } from './authority.ts';
import type { JsonObject } from './objects.ts';
import { forwardPorts } from './port-forward.ts';
import type { WatchStream } from './reading.ts';
import type { Fault, FaultHook, RecordedRequest } from './recording.ts';
import { StatusError } from './status-error.ts';

export interface Door {
	api: Api;
	userOf(token: string): User | undefined;
	requests: RecordedRequest[];
	fault: FaultHook;
}

/** Listens on a free port of 127.0.0.1, over TLS when there is a certificate. */
export async function listen(
	door: Door,
	certificate: Certificate | undefined,
): Promise<{ server: Server; port: number }> {
	const handler = (request: IncomingMessage, response: ServerResponse) => {
		handle(door, request, response).catch((error: unknown) => {
			if (!response.headersSent) {
				const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
				sendJson(response, 500, new StatusError(500, 'InternalError', message).body());
			}
		});
	};
	const server =
		certificate === undefined ? createServer(handler) : createTlsServer(certificate, handler);
	forwardPorts(server, door);
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return { server, port: (server.address() as AddressInfo).port };
}

async function handle(
	door: Door,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(chunk as Buffer);
	const body = Buffer.concat(chunks).toString();
	const url = new URL(request.url ?? '/', 'http://cluster');
	const header = (name: string) => String(request.headers[name] ?? '');
	const token = /^Bearer (.+)$/.exec(header('authorization'))?.[1] ?? '';
	const recorded: RecordedRequest = {
		method: request.method ?? '',
		path: url.pathname,
		query: Object.fromEntries(url.searchParams),
		contentType: header('content-type'),
		accept: header('accept'),
		userAgent: header('user-agent'),
		body,
		token,
		status: 0,
	};
	door.requests.push(recorded);
	response.once('finish', () => {
		recorded.status = response.statusCode;
	});
	const fault = door.fault(recorded);
	if (fault?.kind === 'delay') await sleep(fault.ms);
	else if (fault !== undefined && fault.kind !== 'cut') {
		fail(fault, request, response);
		return;
	}
	const user = door.userOf(token);
	if (user === undefined) {
		sendJson(response, 401, new StatusError(401, 'Unauthorized', 'Unauthorized').body());
		return;
	}
	try {
		const result = answer(door.api, {
			...recorded,
			query: url.searchParams,
			user,
		});
		if (result.type === 'watch') {
			recorded.status = 200;
			const timeout = Number(url.searchParams.get('timeoutSeconds') ?? 0);
			sendWatch(response, result.stream, timeout, fault);
		} else {
			send(response, result);
		}
	} catch (error) {
		if (!(error instanceof StatusError)) throw error;
		sendJson(response, error.code, error.body());
	}
}

function fail(
	fault: Exclude<Fault, { kind: 'cut' | 'delay' }>,
	request: IncomingMessage,
	response: ServerResponse,
) {
	if (fault.kind === 'reset') {
		request.socket.destroy();
		return;
	}
	const { status, retryAfterSeconds } = fault;
	if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds));
	const [reason, message] = words[status];
	const details = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
	sendJson(response, status, new StatusError(status, reason, message, details).body());
}

const words = {
	429: [
		'TooManyRequests',
		'the server has received too many requests and has asked us to try again later',
	],
	500: ['InternalError', 'Internal error occurred: etcdserver: request timed out'],
	502: ['', 'bad gateway'],
	503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
	504: ['Timeout', 'the server was unable to return a response in the time allotted'],
} as const;

function send(response: ServerResponse, result: Exclude<Answer, { type: 'watch' }>): void {
	if (result.type === 'text') {
		const type = result.contentType ?? 'text/plain; charset=utf-8';
		response.writeHead(result.status, { 'content-type': type });
		response.end(result.text);
		return;
	}
	const warnings = (result.warnings ?? []).map(
		(text) => `299 - "${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
	);
	if (warnings.length > 0) response.setHeader('warning', warnings);
	sendJson(response, result.status, result.body);
}

function sendJson(response: ServerResponse, status: number, body: JsonObject): void {
	const aggregated = body.kind === 'APIGroupDiscoveryList';
	const type = aggregated ? ';g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' : '';
	response.writeHead(status, { 'content-type': `application/json${type}` });
	response.end(`${JSON.stringify(body)}\n`);
}

function sendWatch(
	response: ServerResponse,
	stream: WatchStream,
	timeoutSeconds: number,
	fault: Fault | undefined,
): void {
	response.writeHead(200, { 'content-type': 'application/json' });
	response.flushHeaders();
	const timers: NodeJS.Timeout[] = [];
	const stop = stream((event) => {
		response.write(`${JSON.stringify(event)}\n`);
		if (event.type === 'ERROR') response.end();
	});
	if (timeoutSeconds > 0) timers.push(setTimeout(() => response.end(), timeoutSeconds * 1000));
	if (fault?.kind === 'cut') {
		timers.push(setTimeout(() => response.socket?.destroy(), fault.afterMs));
	}
	response.once('close', () => {
		stop();
		timers.forEach(clearTimeout);
	});
}
