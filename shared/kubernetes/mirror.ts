import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../failure/failure.ts';
import type { HttpRequest } from '../http/client.ts';
import type { Log } from '../log/log.ts';
import { ApiError } from './api-error.ts';
import type { KubernetesClient } from './client.ts';
import type { KubernetesObject } from './object.ts';

export interface MirrorOptions {
	client: KubernetesClient;
	path: string;
	/** `labelSelector`, `fieldSelector` */
	query?: NonNullable<HttpRequest['query']>;
	/** Called after every change. */
	onChange(): void;
	/** Ends the mirror. */
	signal: AbortSignal;
	log: Log;
}

const longestPauseMs = 5000;
const pollMs = 2000;

/**
 * A collection of the server, kept up to date by a list and a watch from there on. A watch
 * that breaks off goes on from the last version that was seen; one whose version is too old
 * begins with a list again. Where watching is not allowed it lists again and again.
 */
export class Mirror<T extends KubernetesObject = KubernetesObject> {
	readonly #options: MirrorOptions;
	#objects = new Map<string, T>();
	#isSynced = false;
	#refusal: ApiError | undefined;

	constructor(options: MirrorOptions) {
		this.#options = options;
	}

	/** Begins; the promise ends with the signal, or when the server refuses for good. */
	async run(): Promise<void> {
		const { signal, log, path } = this.#options;
		let version: string | undefined;
		let faults = 0;
		while (!signal.aborted) {
			const began = Date.now();
			try {
				version ??= await this.#list();
				for await (const seen of this.#watch(version)) {
					version = seen;
					faults = 0;
				}
				if (Date.now() - began < 1000) await this.#pause(500);
			} catch (error) {
				if (signal.aborted) return;
				if (error instanceof ApiError) {
					if (error.status === 410) {
						version = undefined;
						if (++faults > 1) await this.#pause(500);
						continue;
					}
					if ([401, 403, 404, 405].includes(error.status)) {
						if (!this.#isSynced) {
							this.#refusal = error;
							this.#options.onChange();
							return;
						}
						version = undefined;
						await this.#pause(pollMs);
						continue;
					}
				}
				faults++;
				if (faults === 3) log.warn(`The API server is away: ${messageOf(error)}; still trying`);
				else log.debug(`Watching ${path} was cut off: ${messageOf(error)}`);
				await this.#pause(Math.min(100 * 2 ** faults, longestPauseMs));
			}
		}
	}

	/** Whether the first list has been read. */
	get isSynced(): boolean {
		return this.#isSynced;
	}

	/** Why the server does not show the collection, where it does not. */
	get refusal(): ApiError | undefined {
		return this.#refusal;
	}

	all(): T[] {
		return [...this.#objects.values()];
	}

	find(namespace: string | undefined, name: string): T | undefined {
		return this.#objects.get(`${namespace ?? ''}/${name}`);
	}

	async #list(): Promise<string> {
		const { client, path, query, onChange } = this.#options;
		const { items, metadata } = await client.list<T>(path, query);
		this.#objects = new Map(items.map((item) => [keyIn(item), item]));
		this.#isSynced = true;
		onChange();
		return metadata.resourceVersion ?? '';
	}

	async *#watch(resourceVersion: string): AsyncGenerator<string> {
		const { client, path, query, signal, onChange } = this.#options;
		const events = client.watch<T>(path, { ...query, resourceVersion }, signal);
		for await (const { type, object } of events) {
			if (type === 'DELETED') this.#objects.delete(keyIn(object));
			else if (type !== 'BOOKMARK') this.#objects.set(keyIn(object), object);
			yield object.metadata.resourceVersion ?? resourceVersion;
			if (type !== 'BOOKMARK') onChange();
		}
	}

	async #pause(ms: number): Promise<void> {
		await sleep(ms, undefined, { signal: this.#options.signal }).catch(() => undefined);
	}
}

function keyIn({ metadata }: KubernetesObject): string {
	return `${metadata.namespace ?? ''}/${metadata.name}`;
}
