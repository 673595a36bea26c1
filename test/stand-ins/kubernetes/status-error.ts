import type { JsonObject } from './objects.ts';

export type StatusCause = { reason: string; message: string; field: string };

interface Details {
	name?: string;
	group?: string;
	kind?: string;
	causes?: StatusCause[];
	retryAfterSeconds?: number;
}

/** A request that the server refuses: it is answered with a `Status` object, in the words of the real server. */
export class StatusError extends Error {
	override readonly name = 'StatusError';
	readonly code: number;
	readonly reason: string;
	readonly details: Details | undefined;

	constructor(code: number, reason: string, message: string, details?: Details) {
		super(message);
		this.code = code;
		this.reason = reason;
		this.details = details;
	}

	static badRequest(message: string): StatusError {
		return new StatusError(400, 'BadRequest', message);
	}

	static unsupportedMediaType(): StatusError {
		return new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
	}

	/** `deployments.apps "web" not found` */
	static notFound(resource: string, group: string, name: string): StatusError {
		return new StatusError(404, 'NotFound', `${qualified(resource, group)} "${name}" not found`, {
			name,
			...(group === '' ? {} : { group }),
			kind: resource,
		});
	}

	static noSuchResource(): StatusError {
		return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
	}

	static alreadyExists(resource: string, group: string, name: string): StatusError {
		const what = qualified(resource, group);
		return new StatusError(409, 'AlreadyExists', `${what} "${name}" already exists`, {
			name,
			...(group === '' ? {} : { group }),
			kind: resource,
		});
	}

	static conflict(message: string, causes: StatusCause[] = []): StatusError {
		return new StatusError(409, 'Conflict', message, { causes });
	}

	/** `Deployment.apps "web" is invalid: spec.selector: Invalid value: ...: field is immutable` */
	static invalid(kind: string, group: string, name: string, causes: StatusCause[]): StatusError {
		const list = causes.map(({ field, message }) => `${field}: ${message}`);
		const text = list.length === 1 ? list[0] : `[${list.join(', ')}]`;
		const what = qualified(kind, group);
		return new StatusError(422, 'Invalid', `${what} "${name}" is invalid: ${text}`, {
			...(name === '' ? {} : { name }),
			...(group === '' ? {} : { group }),
			...(kind === '' ? {} : { kind }),
			causes,
		});
	}

	static forbidden(message: string, details: Details): StatusError {
		return new StatusError(403, 'Forbidden', message, details);
	}

	body(): JsonObject {
		return {
			kind: 'Status',
			apiVersion: 'v1',
			metadata: {},
			status: 'Failure',
			message: this.message,
			...(this.reason === '' ? {} : { reason: this.reason }),
			...(this.details === undefined ? {} : { details: { ...this.details } }),
			code: this.code,
		};
	}
}

export function qualified(name: string, group: string): string {
	return group === '' ? name : `${name}.${group}`;
}
