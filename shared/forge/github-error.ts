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

/** A 404, or the 422 by which GitHub says that a pull request is not known to all of it yet. */
export function isUnknownYet(error: unknown): boolean {
	if (isRequestError(error, 404)) return true;
	return isRequestError(error, 422) && /could not resolve to a node/i.test(wordsOf(error));
}

/** A 422 for a branch or a commit that was pushed a moment ago and is not known everywhere yet. */
export function isAboutAMomentAgo(error: RequestError): boolean {
	return /no commits between|head invalid|head sha|branch.*(not|n't) exist/i.test(wordsOf(error));
}
