import type { IncomingHttpHeaders } from 'node:http';

/**
 * Milliseconds for which a server wants no more requests; undefined where it names no time.
 * `Retry-After` is HTTP's own (RFC 9110, 10.2.3), in seconds or as a date. What is left of a limit,
 * and when there is more, stands in `X-RateLimit-*` on GitHub, Bitbucket and Azure DevOps and in
 * `RateLimit-*` on GitLab, the latter in seconds since the epoch.
 * @param now - in ms since 1970
 */
export function pauseAskedFor(
	headers: IncomingHttpHeaders,
	now: number = Date.now(),
): number | undefined {
	const after = headers['retry-after'];
	if (after !== undefined) {
		const pause = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - now;
		if (Number.isFinite(pause)) return Math.max(pause, 0);
	}
	for (const limit of ['x-ratelimit', 'ratelimit']) {
		const reset = Number(headers[`${limit}-reset`]) * 1000 - now;
		// A second more, for it is told in whole ones.
		if (headers[`${limit}-remaining`] === '0' && Number.isFinite(reset))
			return Math.max(reset, 0) + 1000;
	}
	return undefined;
}

/**
 * Whether an answer is a rate limit, so that the request was not looked at: 429, and on GitHub
 * and behind some gateways a 403 that names the time when it ends.
 */
export function isRateLimit({
	status,
	headers,
}: {
	status: number;
	headers: IncomingHttpHeaders;
}): boolean {
	return status === 429 || (status === 403 && pauseAskedFor(headers) !== undefined);
}
