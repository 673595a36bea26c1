import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Auth, Gate } from './auth.ts';
import { answerBlob, answerUpload } from './blob-routes.ts';
import { RegistryError } from './errors.ts';
import { answerManifest, answerReferrers, answerTags } from './manifest-routes.ts';
import { type Answer, json, type Route } from './route.ts';
import { Storage } from './storage.ts';

export interface RecordedRequest {
	method: string;
	path: string;
	query: Record<string, string>;
	authorization: string;
	/** 0 until it is answered. */
	status: number;
}

export interface Registry {
	/** `127.0.0.1:PORT`, as it stands in front of an image's name. */
	host: string;
	/** `http://127.0.0.1:PORT` */
	url: string;
	requests: RecordedRequest[];
	/** Asked for each request; an answer of its own takes the place of the registry's. */
	fault: ((request: RecordedRequest) => Answer | undefined) | undefined;
	close(): Promise<void>;
}

/** Starts an OCI distribution registry in this process, in memory, on a free port of 127.0.0.1. */
export async function startRegistry({ auth }: { auth?: Auth } = {}): Promise<Registry> {
	const storage = new Storage();
	const gate = new Gate(auth);
	const requests: RecordedRequest[] = [];
	const server = createServer((request, response) => {
		handle(request)
			.then((answer) => send(request, response, answer))
			.catch((error: unknown) => send(request, response, { status: 500, body: String(error) }));
	});

	const handle = async (request: IncomingMessage): Promise<Answer> => {
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk as Buffer);
		const url = new URL(request.url ?? '/', registry.url);
		const header = (name: string) => String(request.headers[name] ?? '');
		const authorization = header('authorization');
		const recorded: RecordedRequest = {
			method: request.method ?? '',
			path: url.pathname,
			query: Object.fromEntries(url.searchParams),
			authorization,
			status: 0,
		};
		requests.push(recorded);
		const answer =
			registry.fault?.(recorded) ??
			answerOrRefuse(() => {
				if (url.pathname === '/token' && auth?.kind === 'token') {
					const scopes = url.searchParams.getAll('scope');
					return json(gate.issueToken(authorization, scopes));
				}
				const route = routeOf(url.pathname);
				const reads = recorded.method === 'GET' || recorded.method === 'HEAD';
				gate.check(authorization, {
					name: route.name,
					action: reads ? 'pull' : 'push',
					origin: registry.url,
				});
				return route.answer(storage, {
					method: recorded.method,
					name: route.name,
					reference: route.reference,
					query: url.searchParams,
					header,
					body: Buffer.concat(chunks),
				});
			});
		recorded.status = answer.status;
		return answer;
	};

	const registry: Registry = {
		host: '',
		url: '',
		requests,
		fault: undefined,
		close: async () => {
			const closed = new Promise<void>((resolve) => server.close(() => resolve()));
			server.closeAllConnections();
			await closed;
		},
	};
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	registry.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
	registry.url = `http://${registry.host}`;
	return registry;
}

function answerOrRefuse(answer: () => Answer): Answer {
	try {
		return answer();
	} catch (error) {
		if (!(error instanceof RegistryError)) throw error;
		const headers = { ...error.headers, 'content-type': 'application/json' };
		return { status: error.status, headers, body: error.body() };
	}
}

const routes: [RegExp, Route][] = [
	[/^\/v2\/(?<name>.+)\/blobs\/uploads\/(?<reference>[^/]*)$/, answerUpload],
	[/^\/v2\/(?<name>.+)\/blobs\/(?<reference>[^/]+)$/, answerBlob],
	[/^\/v2\/(?<name>.+)\/manifests\/(?<reference>[^/]+)$/, answerManifest],
	[/^\/v2\/(?<name>.+)\/referrers\/(?<reference>[^/]+)$/, answerReferrers],
	[/^\/v2\/(?<name>.+)\/tags\/list(?<reference>)$/, answerTags],
];

function routeOf(path: string): { name: string; reference: string; answer: Route } {
	if (path === '/v2/' || path === '/v2') {
		return { name: '', reference: '', answer: () => json('{}') };
	}
	for (const [pattern, answer] of routes) {
		const groups = pattern.exec(path)?.groups;
		if (groups === undefined) continue;
		const { name = '', reference = '' } = groups;
		return { name, reference: decodeURIComponent(reference), answer };
	}
	return { name: '', reference: '', answer: () => ({ status: 404, body: '404 page not found\n' }) };
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
	const body = Buffer.from(answer.body ?? '');
	response.writeHead(answer.status, {
		'docker-distribution-api-version': 'registry/2.0',
		'content-length': String(body.length),
		...answer.headers,
	});
	response.end(request.method === 'HEAD' ? undefined : body);
}
