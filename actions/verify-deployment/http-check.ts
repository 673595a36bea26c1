import { badInput, Failure, messageOf } from '../../shared/failure/failure.ts';
import { HttpClient, type HttpClientOptions, type HttpResponse } from '../../shared/http/client.ts';
import { matchInTime } from '../../shared/manifest/match-in-time.ts';
import { parsePath, type Step } from '../../shared/manifest/path.ts';
import type { Check } from './checks.ts';

/** What an answer has to be. */
export interface Expectation {
	/** `200`, or `2xx` for all of a class; one of them has to fit. */
	statuses: readonly string[];
	/** Text that the body holds; `/…/` is a regular expression. */
	body: string | undefined;
	/** Values by their paths in a JSON body. */
	json: Readonly<Record<string, string>>;
}

/** Bytes of a body that are looked at: more is no answer to a smoke check. */
export const longestBody = 10_000_000;

/** Sends one GET. */
export type Ask = (signal: AbortSignal) => Promise<HttpResponse>;

/** @throws Failure (bad input) where the expectation itself is none */
export function httpCheck(
	url: string,
	expectation: Expectation,
	ask: Ask,
	nameOf: (input: string) => string,
): Check {
	const judge = judgeOf(expectation, nameOf);
	return {
		kind: 'http',
		name: `GET ${withoutLogin(url)}`,
		async run(signal) {
			judge(await ask(signal));
		},
	};
}

/**
 * Asks the address itself; a redirect is an answer and is not followed.
 * @throws Failure (bad input) for a login in it that cannot be decoded
 */
export function askDirectly(
	url: URL,
	nameOf: (input: string) => string,
	options: Pick<HttpClientOptions, 'environment' | 'log' | 'tls'>,
): Ask {
	const login = loginIn(url, nameOf('url'));
	return async (signal) => {
		const http = new HttpClient({ ...options, baseUrl: url.origin, signal });
		try {
			return await http.send({
				path: `${url.pathname}${url.search}`,
				headers: {
					'user-agent': 'lockstep',
					accept: '*/*',
					...(login === undefined ? {} : { authorization: `Basic ${login}` }),
				},
				// The step's own attempts are the ones that its user counts.
				isPassing: () => false,
				attempts: 1,
				longest: longestBody,
			});
		} finally {
			http.close();
		}
	};
}

function loginIn({ username, password, host }: URL, inputName: string): string | undefined {
	if (username === '') return undefined;
	try {
		const pair = [username, password].map(decodeURIComponent).join(':');
		return Buffer.from(pair).toString('base64');
	} catch {
		throw badInput(
			`${inputName}: the user name and the password for ${host} have to be percent-encoded (% as %25)`,
		);
	}
}

function judgeOf(
	{ statuses, body, json }: Expectation,
	nameOf: (input: string) => string,
): (response: HttpResponse) => void {
	for (const status of statuses)
		if (!/^[1-5](\d\d|xx)$/.test(status))
			throw badInput(
				`${nameOf('expect-status')}: "${status}" is neither a status such as 200 nor a class such as 2xx`,
			);
	const pattern = body === undefined ? undefined : patternOf(body, nameOf('expect-body'));
	const values = Object.entries(json).map(([path, wanted]) => ({
		path,
		steps: stepsOf(path, nameOf('expect-json')),
		wanted,
	}));
	return ({ status, headers, text }) => {
		if (
			!statuses.some((wanted) => new RegExp(`^${wanted.replaceAll('x', '\\d')}$`).test(`${status}`))
		)
			throw new Failure(
				`the status is ${status}${headers.location === undefined ? '' : ` (to ${headers.location})`}, not ${statuses.join(' or ')}: ${excerpt(text)}`,
			);
		const expression = `${nameOf('expect-body')}: ${body}`;
		if (pattern !== undefined && !matchInTime(() => pattern.test(text), expression, 'the answer'))
			throw new Failure(`the body does not have ${body}: ${excerpt(text)}`);
		if (values.length === 0) return;
		const document = parseJson(text);
		for (const { path, steps, wanted } of values) {
			const found = valueAt(document, steps);
			const shown = typeof found === 'string' ? found : JSON.stringify(found);
			if (found === undefined) throw new Failure(`the body has no ${path}: ${excerpt(text)}`);
			if (shown !== wanted) throw new Failure(`${path} is ${shown}, not ${wanted}`);
		}
	};
}

function stepsOf(path: string, inputName: string): readonly Step[] {
	try {
		return parsePath(path).steps;
	} catch (error) {
		throw badInput(`${inputName}: ${messageOf(error)}`, { cause: error });
	}
}

function patternOf(body: string, inputName: string): RegExp {
	const [, written, ignoringCase = ''] = /^\/(.+)\/(i?)$/s.exec(body) ?? [];
	if (written === undefined) return new RegExp(RegExp.escape(body));
	try {
		return new RegExp(written, `m${ignoringCase}`);
	} catch (error) {
		throw badInput(`${inputName}: ${body} is no regular expression`, { cause: error });
	}
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		throw new Failure(`the body is no JSON: ${excerpt(text)}`);
	}
}

function valueAt(document: unknown, steps: readonly Step[]): unknown {
	let at = document;
	for (const step of steps) {
		if (typeof at !== 'object' || at === null) return undefined;
		if (step.kind === 'where')
			at = Object.values(at).find((item) => String(item?.[step.key]) === step.value);
		else {
			const key = step.kind === 'index' ? step.index : step.key;
			at = Object.hasOwn(at, key) ? (at as Record<string | number, unknown>)[key] : undefined;
		}
	}
	return at;
}

function excerpt(text: string): string {
	const longest = 200;
	const line = text.replace(/\s+/g, ' ').trim();
	if (line === '') return 'it is empty';
	return line.length > longest ? `${line.slice(0, longest)}…` : line;
}

function withoutLogin(url: string): string {
	return url.replace(/^(\w+:\/\/)[^/?#]*@/, '$1');
}
