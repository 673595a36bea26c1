/** A request as the server got it, and how it was answered. */
export interface RecordedRequest {
	method: string;
	path: string;
	query: Record<string, string>;
	contentType: string;
	accept: string;
	userAgent: string;
	body: string;
	/** The bearer token, or an empty text. */
	token: string;
	/** 0 until it is answered, or when it was cut. */
	status: number;
}

/** What goes wrong with a request instead of, or while, it is answered. */
export type Fault =
	| { kind: 'status'; status: 429 | 500 | 502 | 503 | 504; retryAfterSeconds?: number }
	/** The connection breaks before an answer. */
	| { kind: 'reset' }
	/** It is answered as ever, after so many milliseconds. */
	| { kind: 'delay'; ms: number }
	/** A watch is answered, and its connection breaks after so many milliseconds. */
	| { kind: 'cut'; afterMs: number };

/** Asked for each request; undefined lets it through. */
export type FaultHook = (request: RecordedRequest) => Fault | undefined;
