import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, messageOf } from '../failure/failure.ts';
import type { Log } from '../log/log.ts';
import { proxyFor } from './proxy.ts';
import { isRateLimit, pauseAskedFor } from './rate-limit.ts';

export interface HttpClientOptions {
	/** Requests name paths below this; a query in it is not kept. */
	baseUrl: string;
	/** Sent with every request. */
	headers?: Readonly<Record<string, string>>;
	tls?: TlsOptions;
	/** Variables that may name a proxy: `HTTPS_PROXY`, `no_proxy`, ... */
	environment?: Readonly<Record<string, string | undefined>>;
	log: Log;
	signal: AbortSignal;
	/** Connections that are kept open at once. */
	connections?: number;
}

/** PEM texts; `serverName` is what the certificate is checked against. */
export interface TlsOptions {
	ca?: string;
	cert?: string;
	key?: string;
	serverName?: string;
	skipVerify?: boolean;
}

export interface HttpRequest {
	method?: string;
	/** Appended to the base URL, beginning with `/`; escaped by the caller. */
	path: string;
	query?: Readonly<Record<string, string | number | boolean | undefined>>;
	headers?: Readonly<Record<string, string>>;
	/** An object is sent as JSON, a text as it is. */
	body?: unknown;
	/** True where sending it twice does no harm; by default for all methods but POST. */
	idempotent?: boolean;
	/** How often it is tried in all; 5 by default. */
	attempts?: number;
	/** Which answers are passing faults; by default 429, 500, 502, 503 and 504. */
	isPassing?: (response: HttpResponse) => boolean;
	signal?: AbortSignal;
	/** Bytes of the answer above which it is given up; by default it may be of any length. */
	longest?: number;
	/** Milliseconds without a byte after which the connection is given up; 60 s by default. */
	idleTimeout?: number;
}

export interface HttpResponse {
	status: number;
	headers: http.IncomingHttpHeaders;
	text: string;
}

const defaultAttempts = 5;
const idleTimeoutMs = 60_000;
const passing = new Set([429, 500, 502, 503, 504]);

/**
 * HTTP(S) over kept-alive connections, with an authority or client certificate of its own,
 * through the environment's proxy. It is on node's own client because `fetch` can take
 * neither certificates nor a proxy without a copy of undici in the bundle.
 */
export class HttpClient {
	readonly #options: HttpClientOptions;
	readonly #base: URL;
	/** For requests whose answer is read at once. */
	readonly #agent: http.Agent;
	/** For answers that stay open: any number of them, so that they never hold up a request. */
	readonly #streams: http.Agent;

	constructor(options: HttpClientOptions) {
		this.#options = options;
		this.#base = new URL(options.baseUrl);
		const { tls = {}, environment = {} } = options;
		const proxy = proxyFor(this.#base, environment);
		const common = {
			keepAlive: true,
			...(proxy === undefined ? {} : { proxyEnv: { HTTPS_PROXY: proxy, HTTP_PROXY: proxy } }),
		};
		const agent = (maxSockets: number) =>
			this.#base.protocol === 'https:'
				? new https.Agent({
						...common,
						maxSockets,
						ca: tls.ca,
						cert: tls.cert,
						key: tls.key,
						servername: tls.serverName,
						rejectUnauthorized: tls.skipVerify !== true,
					})
				: new http.Agent({ ...common, maxSockets });
		this.#agent = agent(options.connections ?? 10);
		this.#streams = agent(Number.POSITIVE_INFINITY);
	}

	/**
	 * Sends a request and reads the answer, whatever its status. A passing fault (5xx, a broken
	 * connection) is tried again with growing pauses, or after the server's own `Retry-After`; a
	 * request that is not idempotent only where the server cannot have acted on it. A rate limit
	 * is waited out for as long as the server asks.
	 * @throws Failure where the server cannot be reached.
	 */
	async send(request: HttpRequest): Promise<HttpResponse> {
		const { attempts = defaultAttempts } = request;
		const idempotent = request.idempotent ?? request.method !== 'POST';
		const isPassing = request.isPassing ?? (({ status }) => passing.has(status));
		for (let attempt = 1; ; attempt++) {
			const start = Date.now();
			const { response, error } = await this.#once(request);
			const what = `${request.method ?? 'GET'} ${this.#base.origin}${request.path}`;
			this.#options.log.debug(
				`${what}: ${response?.status ?? messageOf(error)}, after ${Date.now() - start} ms`,
			);
			const again =
				response === undefined
					? (idempotent || isRefused(error)) && !isUntrusted(error)
					: isRateLimit(response) || (idempotent && isPassing(response));
			if (attempt >= attempts || !again) {
				if (response !== undefined) return response;
				throw this.#unreachable(request, error);
			}
			const pause = pauseBefore(attempt, response, Date.now());
			if (response && isRateLimit(response))
				this.#options.log.info(
					`${this.#base.host} asks to slow down; going on in ${Math.ceil(pause / 1000)} s`,
				);
			else this.#options.log.debug(`${what}: trying again in ${Math.round(pause)} ms`);
			await sleep(pause, undefined, { signal: this.#signal(request) }).catch(() => {
				throw this.#signal(request).reason;
			});
		}
	}

	/**
	 * Sends a request once and hands over the answer as it comes in: for a watch or a log.
	 * The caller reads it to its end or destroys it.
	 */
	async open(request: HttpRequest): Promise<http.IncomingMessage> {
		return await this.#start(request, this.#streams);
	}

	/** What another client needs to connect as this one does: for a WebSocket. */
	connectionTo(request: Pick<HttpRequest, 'path' | 'query' | 'headers'>): {
		url: URL;
		agent: http.Agent;
		headers: Readonly<Record<string, string>>;
	} {
		const headers = { ...this.#options.headers, ...request.headers };
		return { url: this.#url(request), agent: this.#streams, headers };
	}

	/** Closes the connections that are kept open. */
	close(): void {
		this.#agent.destroy();
		this.#streams.destroy();
	}

	async #start(request: HttpRequest, agent: http.Agent): Promise<http.IncomingMessage> {
		const signal = this.#signal(request);
		signal.throwIfAborted();
		const { body } = request;
		const payload =
			body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
		const url = this.#url(request);
		const transport = url.protocol === 'https:' ? https : http;
		return await new Promise((resolve, reject) => {
			const outgoing = transport.request(url, {
				method: request.method ?? 'GET',
				agent,
				signal,
				headers: {
					...(payload === undefined
						? {}
						: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
					...this.#options.headers,
					...request.headers,
				},
			});
			const idle = request.idleTimeout ?? idleTimeoutMs;
			outgoing.setTimeout(idle, () =>
				outgoing.destroy(new Error(`nothing came for ${idle / 1000} s`)),
			);
			outgoing.once('response', resolve);
			outgoing.once('error', (error) => reject(signal.aborted ? signal.reason : error));
			outgoing.end(payload);
		});
	}

	async #once(request: HttpRequest): Promise<{ response?: HttpResponse; error?: unknown }> {
		try {
			const incoming = await this.#start(request, this.#agent);
			const text = (await readUpTo(incoming, request.longest)).toString('utf8');
			return { response: { status: incoming.statusCode ?? 0, headers: incoming.headers, text } };
		} catch (error) {
			const signal = this.#signal(request);
			if (signal.aborted) throw signal.reason;
			if (error instanceof Failure) throw error;
			return { error };
		}
	}

	#signal(request: HttpRequest): AbortSignal {
		const { signal } = this.#options;
		return request.signal === undefined ? signal : AbortSignal.any([signal, request.signal]);
	}

	#url({ path, query = {} }: HttpRequest): URL {
		const { origin, pathname } = this.#base;
		const url = new URL(`${origin}${pathname.replace(/\/$/, '')}${path}`);
		for (const [name, value] of Object.entries(query))
			if (value !== undefined) url.searchParams.set(name, String(value));
		return url;
	}

	#unreachable(request: HttpRequest, error: unknown): Failure {
		const { code } = error as NodeJS.ErrnoException;
		return new Failure(
			`${request.method ?? 'GET'} ${this.#base.origin}${request.path} got no answer: ${messageOf(error).trim() || code}; ${adviceOn(error)}`,
			{ cause: error },
		);
	}
}

async function readUpTo(
	incoming: http.IncomingMessage,
	longest = Number.POSITIVE_INFINITY,
): Promise<Buffer> {
	const chunks: Buffer[] = [];
	let length = 0;
	for await (const chunk of incoming as AsyncIterable<Buffer>) {
		length += chunk.length;
		if (length > longest) {
			incoming.destroy();
			throw new Failure(
				`the answer is longer than ${longest / 1e6} MB, and was not read to its end`,
			);
		}
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
}

function adviceOn(error: unknown): string {
	if (/_ALERT_.*CERT/.test((error as NodeJS.ErrnoException).code ?? ''))
		return 'the server asks for a client certificate, or does not take the one that it got';
	if ((error as NodeJS.ErrnoException).code === 'EPROTO')
		return 'it seems to speak no TLS; check whether the address begins with http or https';
	return isUntrusted(error)
		? "give the server's authority as an input, or check the address"
		: 'check the address and that the network allows it';
}

/** A certificate that does not prove who the server is will not do so a moment later. */
function isUntrusted(error: unknown): boolean {
	const code = (error as NodeJS.ErrnoException).code ?? '';
	return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code);
}

function isRefused(error: unknown): boolean {
	return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'].includes(
		(error as NodeJS.ErrnoException).code ?? '',
	);
}

/**
 * Milliseconds: what the server asks for, else doubling from 250 with jitter.
 * @param now - in ms since 1970
 */
export function pauseBefore(
	attempt: number,
	response: Pick<HttpResponse, 'status' | 'headers'> | undefined,
	now: number,
): number {
	const asked = response && pauseAskedFor(response.headers, now);
	if (response === undefined || asked === undefined)
		return 250 * 2 ** (attempt - 1) * (0.5 + Math.random());
	// One that is unwell only guesses when it will be better.
	return isRateLimit(response) ? asked : Math.min(asked, 60_000);
}
