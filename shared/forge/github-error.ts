/** An answer of GitHub's other than success. */
export interface RequestError {
	status: number;
	response?: { data?: { message?: string; errors?: unknown[] } };
}

export function isRequestError(error: unknown, status?: number): error is RequestError {
	if (!(error instanceof Error) || error.name !== 'HttpError') return false;
	const { status: actual } = error as unknown as RequestError;
	return status === undefined || actual === status;
}

/** The message, and those of its `errors`, which are texts or objects. */
export function wordsOf({ response }: RequestError): string {
	const { message = '', errors = [] } = response?.data ?? {};
	const details = Array.isArray(errors) ? errors : [];
	return [message, ...details.map((detail) => textOf(detail))].filter(Boolean).join(': ');
}

function textOf(detail: unknown): string {
	if (typeof detail !== 'object' || detail === null) return String(detail ?? '');
	const { message, field, code } = detail as Record<string, unknown>;
	return typeof message === 'string' ? message : [field, code].filter(Boolean).join(' ');
}

/** Words of a 422 for a branch, a commit or a pull request that is not known everywhere yet. */
const early =
	/already exists|no commits between|head invalid|head sha|branch.*(not|n't) exist|could not resolve to a node/i;

/**
 * How often something is tried in all that was refused and is about what was made a moment ago:
 * a 422 that may have another reason is not worth much patience.
 */
export function triesAfter(error: unknown): number {
	if (isRequestError(error, 404)) return 5;
	if (!isRequestError(error, 422)) return 1;
	return early.test(wordsOf(error)) ? 5 : 3;
}
