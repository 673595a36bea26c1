/** The error codes of the OCI distribution specification, and the status that each is answered with. */
const codes = {
	BLOB_UNKNOWN: [404, 'blob unknown to registry'],
	BLOB_UPLOAD_INVALID: [400, 'blob upload invalid'],
	BLOB_UPLOAD_UNKNOWN: [404, 'blob upload unknown to registry'],
	DIGEST_INVALID: [400, 'provided digest did not match uploaded content'],
	MANIFEST_BLOB_UNKNOWN: [404, 'manifest references a manifest or blob unknown to registry'],
	MANIFEST_INVALID: [400, 'manifest invalid'],
	MANIFEST_UNKNOWN: [404, 'manifest unknown to registry'],
	NAME_INVALID: [400, 'invalid repository name'],
	NAME_UNKNOWN: [404, 'repository name not known to registry'],
	SIZE_INVALID: [400, 'provided length did not match content length'],
	UNAUTHORIZED: [401, 'authentication required'],
	DENIED: [403, 'requested access to the resource is denied'],
	UNSUPPORTED: [405, 'the operation is unsupported'],
	TOOMANYREQUESTS: [429, 'too many requests'],
	RANGE_INVALID: [416, 'invalid content range'],
} as const;

/** A request that the registry refuses, with one of the specification's codes. */
export class RegistryError extends Error {
	override readonly name = 'RegistryError';
	readonly status: number;
	readonly headers: Record<string, string>;
	readonly #code: keyof typeof codes;
	readonly #detail: string | undefined;

	constructor(
		code: keyof typeof codes,
		{ detail, headers = {} }: { detail?: string; headers?: Record<string, string> } = {},
	) {
		super(codes[code][1]);
		this.#code = code;
		this.#detail = detail;
		this.status = codes[code][0];
		this.headers = headers;
	}

	body(): string {
		const detail = this.#detail === undefined ? {} : { detail: this.#detail };
		return JSON.stringify({ errors: [{ code: this.#code, message: this.message, ...detail }] });
	}
}
