import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HttpClient, type HttpClientOptions } from '../../shared/http/client.ts';

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

test('a POST that the server put off is sent again', async () => {
	answer = status(429);
	expect(await clientOf().send({ method: 'POST', path: '/a', body: {} })).toMatchObject({
		status: 200,
	});
});

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
