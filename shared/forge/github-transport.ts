import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure/failure.ts';
import type { HttpClient, HttpResponse } from '../http/client.ts';
import { pauseAskedFor } from '../http/rate-limit.ts';
import type { Connection } from './connection.ts';

/** The part of `fetch` that octokit uses. */
export type OctokitFetch = (
	url: string,
	init: { method?: string; headers?: Record<string, string>; body?: string },
) => Promise<Response>;

const attempts = 6;
const redirects = new Set([301, 302, 307, 308]);

/**
 * `fetch` for octokit over our own client, which knows proxies, certificates and passing
 * faults and rate limits. On top of those it waits out the limits of GitHub's that name no time
 * (docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api), and follows the
 * redirects of a renamed repository.
 */
export function githubFetch(
	client: HttpClient,
	{ log, signal, freshToken }: Pick<Connection, 'log' | 'signal' | 'freshToken'>,
): OctokitFetch {
	return async (url, { method = 'GET', headers = {}, body }) => {
		let target = new URL(url);
		for (let attempt = 1; ; attempt++) {
			const response = await client.send({
				method,
				path: `${target.pathname}${target.search}`,
				headers: freshToken
					? { ...headers, authorization: `token ${await freshToken()}` }
					: headers,
				idempotent: repeatable(method, target.pathname, body),
				...(body === undefined ? {} : { body }),
			});
			const moved = redirects.has(response.status) ? response.headers.location : undefined;
			if (moved !== undefined && attempt < attempts) {
				const next = new URL(moved, target);
				if (next.origin !== target.origin)
					throw new Failure(
						`${target.origin} sends ${method} ${target.pathname} on to ${next.origin}, for which the token is not; name the API itself with api-url`,
					);
				target = next;
				continue;
			}
			const pause = secondaryLimitPause(response, attempt);
			if (pause === undefined || attempt === attempts) {
				requireJson(response, `${method} ${target.origin}${target.pathname}`);
				return toFetchResponse(response);
			}
			log.info(`GitHub asks to slow down; going on in ${Math.ceil(pause / 1000)} s`);
			await sleep(pause, undefined, { signal }).catch(() => {
				throw signal.reason;
			});
		}
	};
}

/**
 * Whether sending a request twice does no harm. Of the POST requests that is all but a
 * comment, a deployment (labels and reviewers are sets, a second pull request is refused) and
 * what GraphQL changes: there whoever asks has to know whether an answer was the first one.
 */
function repeatable(method: string, path: string, body = ''): boolean {
	if (method !== 'POST') return true;
	if (path.endsWith('/graphql')) return !/"query":"\s*mutation\b/.test(body);
	return !/\/(comments|deployments)$/.test(path);
}

/**
 * Milliseconds to wait after a rate limit that names no time, which our client does not know for
 * one: a minute at least, by GitHub's own rule, then longer and longer.
 */
function secondaryLimitPause({ status, headers, text }: HttpResponse, attempt: number) {
	const isUnnamed = (status === 403 || status === 429) && pauseAskedFor(headers) === undefined;
	return isUnnamed && /secondary rate limit/i.test(text) ? 60_000 * 2 ** (attempt - 1) : undefined;
}

/** A page for people, or of a proxy's, answers 200 as well, and octokit takes it for the data. */
function requireJson({ status, text }: HttpResponse, request: string): void {
	if (status >= 300 || withoutBody.has(status) || isJson(text)) return;
	throw new Failure(
		`${request} was answered with ${status} and no JSON, so that this is no GitHub API; check api-url`,
	);
}

const withoutBody = new Set([101, 204, 205, 304]);

function isJson(text: string): boolean {
	try {
		return typeof JSON.parse(text) === 'object';
	} catch {
		return false;
	}
}

function toFetchResponse({ status, headers, text }: HttpResponse): Response {
	const all = new Headers();
	for (const [name, value] of Object.entries(headers))
		for (const one of [value ?? []].flat()) all.append(name, one);
	// Octokit reads what is JSON only where the answer says so.
	if (isJson(text)) all.set('content-type', 'application/json');
	return new Response(withoutBody.has(status) ? null : text, { status, headers: all });
}
