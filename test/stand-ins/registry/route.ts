import type { Storage } from './storage.ts';

export interface Answer {
	status: number;
	headers?: Record<string, string>;
	body?: Buffer | string;
}

/** A request for one part of a repository, with its body read. */
export interface RegistryRequest {
	method: string;
	name: string;
	/** A digest, a tag or an upload's id. */
	reference: string;
	query: URLSearchParams;
	header: (name: string) => string;
	body: Buffer;
}

export type Route = (storage: Storage, request: RegistryRequest) => Answer;

export function json(body: string): Answer {
	return { status: 200, headers: { 'content-type': 'application/json' }, body };
}
