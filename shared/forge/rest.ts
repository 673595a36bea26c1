import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure/failure.ts';
import { HttpClient, type HttpRequest, type HttpResponse } from '../http/client.ts';
import { type Connection, userAgent } from './connection.ts';
import { refused } from './refusal.ts';

export interface RestOptions {
	readonly connection: Connection;
	/** `GitLab`, for messages. */
	readonly title: string;
	/** How the repository is called in messages. */
	readonly repository: string;
	/** Where the API is, if elsewhere than the connection says. */
	readonly baseUrl?: string;
	/** Sent with every request, beside what every forge gets. */
	readonly headers: Readonly<Record<string, string>>;
	/** The forge's own words in the JSON of a refusal. */
	readonly wordsIn: (answer: unknown) => string;
}

/** How often a forge is asked again that does not know yet what was done a moment ago. */
const settling = { attempts: 5, pause: 500 };

/**
 * Requests to the JSON API of one forge, and what is alike on those that are used without a
 * client library: refusals in one sentence, patience, comments that are made once.
 */
export class Rest {
	readonly #options: RestOptions;
	readonly #client: HttpClient;

	constructor(options: RestOptions) {
		this.#options = options;
		const { connection, baseUrl = connection.apiUrl, headers } = options;
		const { tls, environment, log, signal } = connection;
		this.#client = new HttpClient({
			baseUrl,
			headers: { accept: 'application/json', 'user-agent': userAgent, ...headers },
			tls,
			environment,
			log,
			signal,
		});
	}

	close(): void {
		this.#client.close();
	}

	/** The answer, whatever its status. */
	async send(request: HttpRequest): Promise<HttpResponse> {
		return await this.#client.send(request);
	}

	/** Sends it once. A failure is returned where no answer came: it may be done all the same. */
	async sendOnce(request: HttpRequest): Promise<HttpResponse | Failure> {
		try {
			return await this.send({ ...request, idempotent: false });
		} catch (failure) {
			this.#options.connection.signal.throwIfAborted();
			if (failure instanceof Failure) return failure;
			throw failure;
		}
	}

	/**
	 * The answer's JSON.
	 * @throws Failure where the forge refuses.
	 */
	async ask<T>(doing: string, request: HttpRequest): Promise<T> {
		const response = await this.send(request);
		if (response.status >= 300) throw this.refused(doing, response);
		// What is written may be answered with nothing; what is asked for may not.
		if (response.text === '' && request.method !== undefined) return undefined as T;
		return this.parse<T>(response);
	}

	parse<T>({ text }: HttpResponse): T {
		try {
			return JSON.parse(text) as T;
		} catch (error) {
			const { title, connection } = this.#options;
			throw new Failure(
				`${title}'s API at ${connection.apiUrl} answered with something other than JSON; check api-url, and the token`,
				{ cause: error },
			);
		}
	}

	/** The forge's own words in a refusal; a proxy in between may answer with a page. */
	words({ text }: HttpResponse): string {
		try {
			return this.#options.wordsIn(JSON.parse(text));
		} catch {
			return '';
		}
	}

	refused(doing: string, response: HttpResponse, advice?: string): Failure {
		const { title, repository } = this.#options;
		const message = this.words(response);
		return refused({
			forge: title,
			doing,
			repository,
			status: response.status,
			message,
			advice,
		});
	}

	/**
	 * Asks until `settled` has something to give back, so often as a forge may need to take
	 * note of a push or of a request of a moment ago.
	 * @throws Failure with what the forge said last.
	 */
	async settle<T>(
		doing: string,
		request: HttpRequest | (() => Promise<HttpRequest>),
		settled: (response: HttpResponse) => Promise<{ value: T } | 'again' | 'refused'>,
	): Promise<T> {
		for (let attempt = 1; ; attempt++) {
			const response = await this.send(typeof request === 'function' ? await request() : request);
			const outcome = await settled(response);
			if (typeof outcome !== 'string') return outcome.value;
			if (outcome === 'refused' || attempt === settling.attempts)
				throw this.refused(doing, response);
			await this.pause(attempt);
		}
	}

	/**
	 * Sends what must not be sent twice; `heard` asks whether one whose answer got lost arrived.
	 * @returns the answer, unless that got lost
	 */
	async sayOnce(
		doing: string,
		request: HttpRequest,
		heard: () => Promise<boolean>,
	): Promise<HttpResponse | undefined> {
		for (let attempt = 1; ; attempt++) {
			const response = await this.sendOnce(request);
			const isAnswer = !(response instanceof Failure);
			if (isAnswer && response.status < 300) return response;
			const failure = isAnswer ? this.refused(doing, response) : response;
			const isLost = !isAnswer || response.status >= 500;
			if (!isLost || attempt === settling.attempts) throw failure;
			await this.pause(attempt);
			if (await heard()) return undefined;
		}
	}

	/** Says that pull requests have no such thing here, and goes on. */
	lacks(what: 'labels' | 'assignees', names: readonly string[]): void {
		const { title, connection } = this.#options;
		connection.log.warn(
			`${title} has no ${what} on pull requests: ${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} left out`,
		);
	}

	/** Waits before another attempt, twice as long as before the last one. */
	async pause(attempt: number): Promise<void> {
		const { signal } = this.#options.connection;
		await sleep(settling.pause * 2 ** (attempt - 1), undefined, { signal }).catch(() => {
			throw signal.reason;
		});
	}
}
