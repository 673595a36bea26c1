import type { Agent, IncomingMessage } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import type { WebSocket } from 'ws';
import { Failure } from '../failure/failure.ts';
import { HttpClient, type HttpRequest, type HttpResponse } from '../http/client.ts';
import type { Log } from '../log/log.ts';
import { ApiError, type Status } from './api-error.ts';
import type { Connection } from './kubeconfig.ts';
import type { KubernetesObject, ObjectList } from './object.ts';

type Query = NonNullable<HttpRequest['query']>;

export interface KubernetesClientOptions {
	log: Log;
	signal: AbortSignal;
	environment: Readonly<Record<string, string | undefined>>;
	/** Requests at once. */
	concurrency?: number;
}

export interface SocketOptions {
	agent: Agent;
	headers: Readonly<Record<string, string>>;
}

export interface ApplyOptions {
	fieldManager: string;
	force?: boolean;
	dryRun?: boolean;
}

/** One line of a watch. */
export interface WatchEvent<T extends KubernetesObject = KubernetesObject> {
	type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
	object: T;
}

/**
 * The Kubernetes API: paths and JSON. Every answer but a success is an ApiError with the
 * server's own message.
 */
export class KubernetesClient {
	readonly #connection: Connection;
	readonly #options: KubernetesClientOptions;
	readonly #http: HttpClient;
	readonly #warned: Set<string>;
	/** How far the server's clock is ahead of ours, in ms. */
	#clockOffset = 0;

	constructor(
		connection: Connection,
		options: KubernetesClientOptions,
		warned: Set<string> = new Set(),
	) {
		this.#connection = connection;
		this.#options = options;
		this.#warned = warned;
		const { proxyUrl } = connection;
		this.#http = new HttpClient({
			baseUrl: connection.server,
			tls: connection.tls,
			environment:
				proxyUrl === undefined
					? options.environment
					: { HTTPS_PROXY: proxyUrl, HTTP_PROXY: proxyUrl },
			headers: { accept: 'application/json', 'user-agent': 'lockstep' },
			log: options.log,
			signal: options.signal,
			connections: options.concurrency ?? 8,
		});
	}

	/** The same cluster with another signal: to look at what failed after the time is over. */
	withSignal(signal: AbortSignal): KubernetesClient {
		return new KubernetesClient(this.#connection, { ...this.#options, signal }, this.#warned);
	}

	/** Milliseconds since 1970 by the server's clock, which its timestamps are in. */
	now(): number {
		return Date.now() + this.#clockOffset;
	}

	/** @throws ApiError */
	async get<T = KubernetesObject>(path: string, query: Query = {}, accept?: string): Promise<T> {
		return await this.#json<T>({
			path,
			query,
			...(accept === undefined ? {} : { headers: { accept } }),
		});
	}

	/** The object at a path, or undefined where there is none. */
	async find<T extends KubernetesObject = KubernetesObject>(path: string): Promise<T | undefined> {
		try {
			return await this.get<T>(path);
		} catch (error) {
			if (error instanceof ApiError && error.status === 404) return undefined;
			throw error;
		}
	}

	/** All of a collection, page by page. */
	async list<T extends KubernetesObject = KubernetesObject>(
		path: string,
		query: Query = {},
	): Promise<ObjectList<T>> {
		const items: T[] = [];
		let page: ObjectList<T> | undefined;
		do {
			page = await this.get<ObjectList<T>>(path, {
				...query,
				limit: 500,
				continue: page?.metadata.continue || undefined,
			});
			// The items of a list do not say themselves what they are.
			const { apiVersion, kind } = page;
			const about = { apiVersion, kind: kind.replace(/List$/, '') };
			items.push(...(page.items ?? []).map((item) => ({ ...about, ...item })));
		} while (page.metadata.continue);
		return { ...page, items };
	}

	/**
	 * Server-side apply with strict validation.
	 * @throws ApiError: 409 where another manager owns a field and `force` is not set.
	 */
	async apply(
		path: string,
		object: KubernetesObject,
		{ fieldManager, force, dryRun }: ApplyOptions,
	): Promise<KubernetesObject> {
		const request = {
			method: 'PATCH',
			path,
			query: {
				fieldManager,
				fieldValidation: 'Strict',
				force: force ? true : undefined,
				dryRun: dryRun ? 'All' : undefined,
			},
			headers: { 'content-type': 'application/apply-patch+yaml' },
			body: object,
		};
		const tries = 3;
		for (let tried = 1; ; tried++)
			try {
				return await this.#json(request);
			} catch (error) {
				if (tried === tries || !isLostRace(error)) throw error;
			}
	}

	/**
	 * Puts an object in the place of the one that has its resourceVersion.
	 * @throws ApiError: 409 where that has changed since
	 */
	async replace(path: string, object: KubernetesObject): Promise<KubernetesObject> {
		return await this.#json({ method: 'PUT', path, body: object });
	}

	/** A JSON patch (RFC 6902). */
	async patch(path: string, operations: readonly object[]): Promise<KubernetesObject> {
		return await this.#json({
			method: 'PATCH',
			path,
			headers: { 'content-type': 'application/json-patch+json' },
			// A test of the resourceVersion in it makes a second try harmless.
			body: operations,
		});
	}

	/** `idempotent`: the object has a name, so that making it twice is refused the second time. */
	async create<T>(path: string, object: object, { idempotent = false } = {}): Promise<T> {
		return await this.#json<T>({ method: 'POST', path, body: object, idempotent });
	}

	/** Deletes an object; one that is gone already is no error. */
	async delete(
		path: string,
		preconditions?: { uid?: string; resourceVersion?: string },
		{ dryRun = false } = {},
	): Promise<void> {
		try {
			await this.#json({
				method: 'DELETE',
				path,
				// The server reads the options of the body alone where there is one; the query is
				// for those who read its log.
				query: { dryRun: dryRun ? 'All' : undefined },
				body: {
					apiVersion: 'v1',
					kind: 'DeleteOptions',
					propagationPolicy: 'Background',
					...(dryRun ? { dryRun: ['All'] } : {}),
					...(preconditions === undefined ? {} : { preconditions }),
				},
			});
		} catch (error) {
			if (!(error instanceof ApiError && error.status === 404)) throw error;
		}
	}

	/**
	 * Changes of a collection from `resourceVersion` on, until the server ends the watch. It
	 * ends each after some minutes, sooner where a proxy in between does; the caller asks again
	 * from the last version that it saw.
	 * @throws ApiError with status 410 where that version is too old: list again
	 */
	async *watch<T extends KubernetesObject>(
		path: string,
		query: Query,
		signal: AbortSignal,
	): AsyncGenerator<WatchEvent<T>> {
		const seconds = 240;
		const incoming = await this.#open({
			path,
			query: { ...query, watch: true, allowWatchBookmarks: true, timeoutSeconds: seconds },
			signal,
			idleTimeout: (seconds + 30) * 1000,
		});
		try {
			for await (const line of linesOf(incoming)) {
				const event = JSON.parse(line) as WatchEvent<T>;
				if (event.type === 'ERROR') throw new ApiError('GET', path, event.object as Status);
				yield event;
			}
		} finally {
			incoming.destroy();
		}
	}

	/** The last lines that a container wrote; nothing where the server has none. */
	async logs(
		pod: { namespace: string; name: string },
		query: { container: string; previous?: boolean; tailLines: number },
	): Promise<string> {
		const path = `/api/v1/namespaces/${encodeURIComponent(pod.namespace)}/pods/${encodeURIComponent(pod.name)}/log`;
		const response = await this.#send({ path, query, headers: { accept: '*/*' } });
		return response.status === 200 ? response.text : '';
	}

	/**
	 * Asks a Service through the API server, which reaches it where this machine does not. The
	 * answer is the Service's own, whatever its status.
	 * @param service - `web:80`, `web:http`, `https:web:443`
	 * @param path - what is asked for there, from the `/` on
	 * @param longest - bytes of the answer that are read at most
	 * @throws ApiError where it is the API server that refuses
	 */
	async throughProxy(
		{ namespace, service }: { namespace: string; service: string },
		path: string,
		longest: number,
	): Promise<HttpResponse> {
		const proxy = `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/${service}/proxy`;
		const response = await this.#send({
			path: proxy + path,
			headers: { accept: '*/*' },
			isPassing: () => false,
			longest,
		});
		const isOwn = response.headers['content-type']?.startsWith('application/json') ?? false;
		const status = isOwn ? statusOf(response.status, response.text) : undefined;
		// A Service that answers with a Status of its own would be a Kubernetes API.
		if (status?.reason !== undefined) throw new ApiError('GET', proxy, status);
		return response;
	}

	/**
	 * Opens a WebSocket with the cluster's authority, credentials and proxy.
	 * @param make - gets the address and the options of the `ws` package, which few need
	 * @throws ApiError where the server does not take it
	 */
	async openSocket(
		path: string,
		query: Query,
		make: (url: URL, options: SocketOptions) => WebSocket,
	): Promise<WebSocket> {
		const { url, ...options } = this.#http.connectionTo(await this.#authorized({ path, query }));
		url.protocol = url.protocol.replace('http', 'ws');
		const { signal } = this.#options;
		const socket = make(url, options);
		const abort = () => socket.terminate();
		signal.addEventListener('abort', abort);
		socket.once('close', () => signal.removeEventListener('abort', abort));
		return await new Promise((resolve, reject) => {
			socket.once('open', () => resolve(socket));
			socket.once('error', (error) => reject(signal.aborted ? signal.reason : error));
			socket.once('unexpected-response', (_request, response) => {
				readStatus(response).then((status) => reject(new ApiError('GET', path, status)), reject);
			});
		});
	}

	close(): void {
		this.#http.close();
	}

	async #json<T = KubernetesObject>(request: HttpRequest): Promise<T> {
		const response = await this.#send({ ...request, isPassing });
		if (response.status >= 200 && response.status < 300) {
			try {
				return JSON.parse(response.text) as T;
			} catch {
				throw new Failure(
					`${request.method ?? 'GET'} ${request.path}: the answer is no JSON; is ${new URL(this.#connection.server).origin} a Kubernetes API server?`,
				);
			}
		}
		throw new ApiError(
			request.method ?? 'GET',
			request.path,
			statusOf(response.status, response.text),
		);
	}

	/** Sends, and once more with fresh credentials where the server refuses the old ones. */
	async #send(request: HttpRequest): Promise<HttpResponse> {
		let response = await this.#http.send(await this.#authorized(request));
		if (response.status === 401 && this.#connection.credentials.renew?.())
			response = await this.#http.send(await this.#authorized(request));
		this.#readHeaders(response.headers);
		return response;
	}

	async #open(request: HttpRequest): Promise<IncomingMessage> {
		let incoming = await this.#http.open(await this.#authorized(request));
		if (incoming.statusCode === 401 && this.#connection.credentials.renew?.()) {
			incoming.resume();
			incoming = await this.#http.open(await this.#authorized(request));
		}
		if (incoming.statusCode === 200) return incoming;
		throw new ApiError('GET', request.path, await readStatus(incoming));
	}

	async #authorized(request: HttpRequest): Promise<HttpRequest> {
		const authorization = await this.#connection.credentials.authorization?.();
		if (authorization === undefined) return request;
		return { ...request, headers: { ...request.headers, authorization } };
	}

	/** Keeps the server's clock, and shows its warnings (RFC 7234, 5.5), each once. */
	#readHeaders(headers: IncomingMessage['headers']): void {
		if (headers.date) {
			const offset = Date.parse(headers.date) - Date.now();
			// The header has whole seconds; what is within one is no difference.
			if (Number.isFinite(offset)) this.#clockOffset = Math.abs(offset) < 1500 ? 0 : offset;
		}
		const warning = headers.warning;
		for (const [, text] of (warning ?? '').matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)) {
			const message = (text ?? '').replace(/\\(.)/g, '$1');
			if (this.#warned.has(message)) continue;
			this.#warned.add(message);
			this.#options.log.warn(`The API server warns: ${message}`);
		}
	}
}

/**
 * Whether to ask again. The server answers 500 as well to what it will never take, such as
 * an apply that its schema does not fit; its passing ones speak of etcd or of time.
 */
function isPassing({ status, text }: HttpResponse): boolean {
	if (status === 500) return /etcd|timed? ?out|leader|connection|try again/i.test(text);
	return status === 429 || status === 502 || status === 503 || status === 504;
}

/** Somebody else wrote or created the object in between; no field is in dispute. */
function isLostRace(error: unknown): boolean {
	if (!(error instanceof ApiError) || error.status !== 409) return false;
	return !error.details.causes?.some(({ reason }) => reason === 'FieldManagerConflict');
}

/** The Status that an answer holds, or one made of what it says instead. */
function statusOf(code: number, text: string): Status {
	try {
		const status = JSON.parse(text) as Status;
		if (status.kind === 'Status') return { ...status, code };
	} catch {
		// a proxy in between answers with a page of its own
	}
	const line = text.trim().split('\n')[0]?.slice(0, 300);
	return { kind: 'Status', code, message: line || `the answer was ${code}` };
}

async function readStatus(incoming: IncomingMessage): Promise<Status> {
	return statusOf(incoming.statusCode ?? 0, await readText(incoming));
}

async function* linesOf(incoming: IncomingMessage): AsyncGenerator<string> {
	incoming.setEncoding('utf8');
	let rest = '';
	for await (const chunk of incoming) {
		const lines = (rest + (chunk as string)).split('\n');
		rest = lines.pop() ?? '';
		for (const line of lines) if (line.trim() !== '') yield line;
	}
	// What is left without a line's end was cut off on its way.
}
