import type { RecordedRequest } from './git/exchange.ts';

/** A request as a server records it, of these properties alone. */
export function recordedRequest(
	of: Pick<RecordedRequest, 'kind' | 'method' | 'path'> & Partial<RecordedRequest>,
): RecordedRequest {
	return {
		number: 1,
		query: {},
		headers: {},
		authorization: undefined,
		user: undefined,
		body: undefined,
		answer: undefined,
		search: '',
		bytesUp: 0,
		bytesDown: 0,
		status: 200,
		fault: undefined,
		...of,
	};
}
