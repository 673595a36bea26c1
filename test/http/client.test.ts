import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HttpClient, type HttpClientOptions, pauseBefore } from '../../shared/http/client.ts';

type Answer = (response: ServerResponse, count: number) => void;

let server: Server;
let answer: Answer;
let requests: string[];
let sockets: Set<unknown>;
const clients: HttpClient[] = [];

beforeEach(async () => {
	requests = [];
	sockets = new Set();
	answer = (response) => response.end('ok');
	server = createServer((request, response) => {
		requests.push(`${request.method} ${request.url}`);
		sockets.add(request.socket);
		request.resume().on('end', () => answer(response, requests.length));
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
	for (const client of clients.splice(0)) client.close();
	server.closeAllConnections();
	await new Promise((resolve) => server.close(resolve));
});

const silent = () => undefined;

function clientOf(options: Partial<HttpClientOptions> = {}): HttpClient {
	const { port } = server.address() as AddressInfo;
	const client = new HttpClient({
		baseUrl: `http://127.0.0.1:${port}/base`,
		log: { debug: silent, info: silent, warn: silent, error: silent },
		signal: new AbortController().signal,
		...options,
	});
	clients.push(client);
	return client;
}

const status =
	(code: number): Answer =>
	(response, count) => {
		response.writeHead(count === 1 ? code : 200, { 'retry-after': '0' }).end(String(count));
	};

test('requests one after the other use one connection', async () => {
	const client = clientOf();
	for (let i = 0; i < 3; i++) await client.send({ path: '/a' });
	expect(sockets.size).toBe(1);
	expect(requests[0]).toBe('GET /base/a');
});

test.each([429, 500, 502, 503, 504])('a passing %i is asked again', async (code) => {
	answer = status(code);
	expect(await clientOf().send({ path: '/a' })).toMatchObject({ status: 200, text: '2' });
});

test('the server says when it is to be asked again', async () => {
	// Without the header of either the second would be asked for the last time after the first.
	answer = (response, count) => {
		const path = requests[count - 1]?.split('/').at(-1);
		const tries = requests.filter((request) => request.endsWith(`/${path}`)).length;
		const isDone = tries > (path === 'late' ? 1 : 4);
		const asked = path === 'late' ? '1' : '0';
		response.writeHead(isDone ? 200 : 503, { 'retry-after': asked }).end();
	};
	const client = clientOf();
	await Promise.all([client.send({ path: '/late' }), client.send({ path: '/soon' })]);
	expect(requests.filter((request) => request.endsWith('/soon'))).toHaveLength(5);
	expect(requests.at(-1)).toBe('GET /base/late');
});

test.each([
	['3', 3000],
	['0', 0],
	['86400', 60_000],
	['Thu, 01 Jan 2026 00:00:07 GMT', 7000],
	['Wed, 31 Dec 2025 23:59:00 GMT', 0],
	['Fri, 02 Jan 2026 00:00:00 GMT', 60_000],
])(
	'Retry-After: %s is waited for as it says, where it is no rate limit a minute at most',
	(asked, pause) => {
		const unwell = { status: 503, headers: { 'retry-after': asked } };
		expect(pauseBefore(1, unwell, Date.parse('2026-01-01T00:00:00Z'))).toBe(pause);
	},
);

test('a rate limit is waited out in full', () => {
	expect(pauseBefore(1, { status: 429, headers: { 'retry-after': '600' } }, 0)).toBe(600_000);
});

test.each([undefined, 'soon', ''])('with Retry-After: %s pauses grow', (asked) => {
	for (const attempt of [1, 2, 3, 4]) {
		const headers = asked === undefined ? {} : { 'retry-after': asked };
		const pause = pauseBefore(attempt, { status: 429, headers }, 0);
		expect(pause).toBeGreaterThanOrEqual(125 * 2 ** (attempt - 1));
		expect(pause).toBeLessThanOrEqual(375 * 2 ** (attempt - 1));
	}
});

test.each([400, 401, 404, 409, 422])('%i is an answer', async (code) => {
	answer = status(code);
	expect(await clientOf().send({ path: '/a' })).toMatchObject({ status: code, text: '1' });
});

test('what a POST may have done is not done twice', async () => {
	answer = status(502);
	expect(await clientOf().send({ method: 'POST', path: '/a', body: {} })).toMatchObject({
		status: 502,
	});
	expect(requests).toHaveLength(1);
});

test.each([429, 403])(
	'a POST that the server put off by %i is sent again, and told',
	async (code) => {
		answer = status(code);
		const told: string[] = [];
		const info = (text: string) => void told.push(text);
		const client = clientOf({ log: { debug: silent, info, warn: silent, error: silent } });
		expect(await client.send({ method: 'POST', path: '/a', body: {} })).toMatchObject({
			status: 200,
		});
		expect(told).toEqual([
			expect.stringMatching(/^127\.0\.0\.1:\d+ asks to slow down; going on in 0 s$/),
		]);
	},
);

test('a caller may know better which answers pass', async () => {
	answer = status(500);
	const request = { path: '/a', isPassing: ({ text }: { text: string }) => text !== '1' };
	expect(await clientOf().send(request)).toMatchObject({ status: 500 });
});

test('a connection that breaks is made anew', async () => {
	answer = (response, count) => {
		if (count === 1) response.socket?.destroy();
		else response.end('there');
	};
	expect(await clientOf().send({ path: '/a' })).toMatchObject({ text: 'there' });
});

test('a server that falls silent is given up and asked again', async () => {
	answer = (response, count) => {
		if (count > 1) response.end('awake');
	};
	expect(await clientOf().send({ path: '/a', idleTimeout: 50 })).toMatchObject({ text: 'awake' });
});

test('an answer that is longer than its caller reads is given up, and not asked for again', async () => {
	answer = (response) => response.end('x'.repeat(2000));
	await expect(clientOf().send({ path: '/', longest: 1000 })).rejects.toThrow(
		'the answer is longer than 0.001 MB',
	);
	expect(requests).toHaveLength(1);
	expect((await clientOf().send({ path: '/', longest: 2000 })).text).toHaveLength(2000);
});

test('answers that stay open do not hold up requests', async () => {
	answer = (response, count) => {
		if (count <= 3) response.write('open\n');
		else response.end('through');
	};
	const client = clientOf({ connections: 1 });
	const open = await Promise.all([1, 2, 3].map(() => client.open({ path: '/watch' })));
	expect(await client.send({ path: '/a' })).toMatchObject({ text: 'through' });
	for (const incoming of open) incoming.destroy();
});

test('no more connections than allowed are used at once', async () => {
	const client = clientOf({ connections: 2 });
	await Promise.all(Array.from({ length: 6 }, () => client.send({ path: '/a' })));
	expect(requests).toHaveLength(6);
	expect(sockets.size).toBe(2);
});

test('an aborted signal ends a request with its reason', async () => {
	const controller = new AbortController();
	answer = () => controller.abort(new Error('told to end'));
	const client = clientOf({ signal: controller.signal });
	await expect(client.send({ path: '/a' })).rejects.toThrow('told to end');
	expect(requests).toHaveLength(1);
});
