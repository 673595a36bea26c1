import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What an `Authorization` header said, decoded. `token` is the credential wherever it stood. */
export interface Authorization {
	readonly scheme: string;
	readonly user?: string;
	readonly token: string;
}

/** One request as the server saw it. The list of them is what scenario tests assert on. */
export interface RecordedRequest {
	/** Counted from 1 in the order of arrival. */
	readonly number: number;
	/** Which front answers it: `git`, `github`, `gitea`. */
	readonly kind: string;
	readonly method: string;
	/** Decoded: octokit sends `heads%2Fmain`, a test reads `heads/main`. */
	readonly path: string;
	readonly query: Record<string, string>;
	/** The query as it was sent, where a parameter may stand in it several times. */
	readonly search: string;
	readonly headers: IncomingHttpHeaders;
	readonly authorization: Authorization | undefined;
	/** The account that the token belongs to, once it is known. */
	user: string | undefined;
	/** The parsed JSON of an API request; the text when it was not JSON; nothing for git. */
	body: unknown;
	/** What an API answered, before it was put into JSON. */
	answer: unknown;
	/** Bytes of the request's and the answer's body. */
	bytesUp: number;
	bytesDown: number;
	/** 0 as long as nothing was answered. */
	status: number;
	fault: Fault | undefined;
}

/** What goes wrong with a request, instead of or after its being handled. */
export type Fault =
	/** Answered with this status without being handled. */
	| {
			readonly kind: 'status';
			readonly status: number;
			readonly headers?: Record<string, string>;
			readonly body?: string;
	  }
	/** The connection is reset, before anything was done or after all was done. */
	| { readonly kind: 'reset'; readonly when: 'before' | 'after' }
	/** No answer ever; the connection stays open. */
	| { readonly kind: 'stall' }
	/** Handled; the connection is cut after so many bytes of the answer's body. */
	| { readonly kind: 'truncate'; readonly after: number }
	/** Handled after so many milliseconds. */
	| { readonly kind: 'delay'; readonly milliseconds: number };

/**
 * Called for every request before it is handled. What it returns is done to the request. It may be
 * asynchronous: what a test does in it (say, moving a branch) has happened before the request is.
 */
export type RequestHook = (
	request: RecordedRequest,
) => Fault | undefined | Promise<Fault | undefined>;

/** One request and its answer. Handlers answer through it, so that every byte is counted. */
export class Exchange {
	readonly record: RecordedRequest;
	readonly request: IncomingMessage;
	readonly #response: ServerResponse;
	#lost = false;

	constructor(record: RecordedRequest, request: IncomingMessage, response: ServerResponse) {
		this.record = record;
		this.request = request;
		this.#response = response;
	}

	async readBody(): Promise<Buffer> {
		const chunks: Buffer[] = [];
		for await (const chunk of this.request) chunks.push(chunk as Buffer);
		const body = Buffer.concat(chunks);
		this.record.bytesUp = body.length;
		return body;
	}

	start(status: number, headers: Record<string, string | string[]>): void {
		this.record.status = status;
		if (!this.#losesAnswer()) this.#response.writeHead(status, headers);
	}

	write(chunk: Buffer): void {
		if (this.#lost || this.#losesAnswer()) return;
		const fault = this.record.fault;
		if (fault?.kind === 'truncate' && this.record.bytesDown + chunk.length > fault.after) {
			this.#lost = true;
			const rest = chunk.subarray(0, fault.after - this.record.bytesDown);
			this.record.bytesDown = fault.after;
			this.#response.flushHeaders();
			this.#response.write(rest.length === 0 ? Buffer.of() : rest, () =>
				this.request.socket.destroy(),
			);
			return;
		}
		this.record.bytesDown += chunk.length;
		this.#response.write(chunk);
	}

	end(): void {
		if (this.#losesAnswer()) this.reset();
		else if (!this.#lost) this.#response.end();
	}

	answer(status: number, headers: Record<string, string | string[]>, body: string | Buffer): void {
		const bytes = Buffer.from(body);
		this.start(status, { ...headers, 'content-length': String(bytes.length) });
		if (bytes.length > 0 && this.record.method !== 'HEAD') this.write(bytes);
		this.end();
	}

	reset(): void {
		this.request.socket.resetAndDestroy();
	}

	get started(): boolean {
		return this.record.status !== 0;
	}

	#losesAnswer(): boolean {
		const fault = this.record.fault;
		return fault?.kind === 'reset' && fault.when === 'after';
	}
}

export interface RecordingServerOptions {
	/** Names the front that a path belongs to. Bodies of `git` are streamed, others are read first. */
	readonly kindOf: (path: string) => string;
	/** Answers the request. What it throws is answered as 500 with the error's text. */
	readonly handle: (exchange: Exchange) => Promise<void>;
}

/** An HTTP server on 127.0.0.1 that keeps a list of its requests and fails when it is told to. */
export class RecordingServer {
	readonly requests: RecordedRequest[] = [];
	onRequest: RequestHook | undefined;
	/** Milliseconds that every request waits before it is handled. */
	latency = 0;
	readonly #options: RecordingServerOptions;
	readonly #running = new Set<Promise<void>>();
	readonly #server = createServer((request, response) => void this.#serve(request, response));

	constructor(options: RecordingServerOptions) {
		this.#options = options;
	}

	async listen(port = 0): Promise<void> {
		await new Promise<void>((resolve, reject) => {
			this.#server.once('error', reject);
			this.#server.listen(port, '127.0.0.1', resolve);
		});
	}

	get url(): string {
		return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
	}

	/** Cuts all connections, and waits for what is still being done in the repositories. */
	async close(): Promise<void> {
		const closed = new Promise((resolve) => this.#server.close(resolve));
		this.#server.closeAllConnections();
		await closed;
		await Promise.allSettled(this.#running);
	}

	async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const url = new URL(request.url ?? '/', 'http://127.0.0.1');
		const path = decodePath(url.pathname);
		const record: RecordedRequest = {
			number: this.requests.length + 1,
			kind: this.#options.kindOf(path),
			method: request.method ?? 'GET',
			path,
			query: Object.fromEntries(url.searchParams),
			search: url.search,
			headers: request.headers,
			authorization: parseAuthorization(request.headers.authorization),
			user: undefined,
			body: undefined,
			answer: undefined,
			bytesUp: 0,
			bytesDown: 0,
			status: 0,
			fault: undefined,
		};
		this.requests.push(record);
		const exchange = new Exchange(record, request, response);
		try {
			if (record.kind !== 'git') record.body = parseBody(await exchange.readBody());
			record.fault = await this.onRequest?.(record);
			if (this.latency > 0) await sleep(this.latency);
			if (await prevents(record.fault, exchange)) return;
			const handled = this.#options.handle(exchange);
			this.#running.add(handled);
			await handled.finally(() => this.#running.delete(handled));
		} catch (error) {
			if (exchange.started || request.socket.destroyed) exchange.reset();
			else exchange.answer(500, {}, `stand-in: ${error instanceof Error ? error.stack : error}`);
		}
	}
}

/** Whether the fault keeps the request from being handled at all. */
async function prevents(fault: Fault | undefined, exchange: Exchange): Promise<boolean> {
	switch (fault?.kind) {
		case 'status':
			exchange.answer(fault.status, fault.headers ?? {}, fault.body ?? '');
			return true;
		case 'reset':
			if (fault.when === 'before') exchange.reset();
			return fault.when === 'before';
		case 'stall':
			return true;
		case 'delay':
			await sleep(fault.milliseconds);
			return false;
		default:
			return false;
	}
}

function decodePath(path: string): string {
	try {
		return decodeURIComponent(path);
	} catch {
		return path;
	}
}

function parseBody(body: Buffer): unknown {
	if (body.length === 0) return undefined;
	try {
		return JSON.parse(body.toString());
	} catch {
		return body.toString();
	}
}

/**
 * Basic carries the token as its password, or as its user with an empty password or
 * `x-oauth-basic` (the two ways that forges take it); `token` and `Bearer` carry it as it is.
 */
function parseAuthorization(header: string | undefined): Authorization | undefined {
	if (header === undefined) return undefined;
	const [, scheme = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(header) ?? [];
	if (scheme.toLowerCase() !== 'basic') return { scheme: scheme.toLowerCase(), token: rest };
	const [, user = '', password = ''] =
		/^([^:]*):?(.*)$/s.exec(Buffer.from(rest, 'base64').toString()) ?? [];
	const token = password === '' || password === 'x-oauth-basic' ? user : password;
	return { scheme: 'basic', user, token };
}
