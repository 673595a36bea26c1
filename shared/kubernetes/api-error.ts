import { Failure } from '../failure/failure.ts';

/** What the API answers instead of an object: meta/v1 Status. */
export interface Status {
	kind?: string;
	code?: number;
	message?: string;
	reason?: string;
	details?: {
		name?: string;
		group?: string;
		kind?: string;
		causes?: { reason?: string; message?: string; field?: string }[];
		retryAfterSeconds?: number;
	};
}

/** A refusal by the API server, in its own words. */
export class ApiError extends Failure {
	override readonly name = 'ApiError';
	readonly status: number;
	readonly reason: string | undefined;
	readonly details: NonNullable<Status['details']>;
	/** The server's message alone. */
	readonly text: string;

	constructor(method: string, path: string, status: Status) {
		const code = status.code ?? 0;
		const text = status.message ?? `the answer was ${code}`;
		super(sentence(method, path, code, text));
		this.status = code;
		this.reason = status.reason;
		this.details = status.details ?? {};
		this.text = text;
	}
}

function sentence(method: string, path: string, code: number, text: string): string {
	switch (code) {
		case 401:
			return `The API server does not know this user (${method} ${path}: 401 ${text}); check the token or the certificate, and that it has not expired`;
		case 403:
			return `The API server refuses ${method} ${path}: ${text}`;
		default:
			return `${method} ${path}: the API server answered ${code}: ${text}`;
	}
}
