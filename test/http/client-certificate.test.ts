import { createServer as createPlainServer } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { HttpClient, type TlsOptions } from '../../shared/http/client.ts';
import { issueCertificate } from '../stand-ins/kubernetes/authority.ts';

const silent = () => undefined;

test('a client shows its certificate to a server that asks for one', async () => {
	const { ca, cert, key } = await issueCertificate();
	const server = createServer({ ca, cert, key, requestCert: true }, (request, response) => {
		response.end(String((request.socket as TLSSocket).authorized));
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const ask = async (tls: TlsOptions) => {
		const client = new HttpClient({
			baseUrl: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
			tls,
			log: { debug: silent, info: silent, warn: silent, error: silent },
			signal: new AbortController().signal,
		});
		const { text } = await client.send({ path: '/', attempts: 1 });
		client.close();
		return text;
	};
	expect(await ask({ ca, cert, key })).toBe('true');
	await expect(ask({ ca })).rejects.toThrow(/got no answer: .*asks for a client certificate/);
	server.closeAllConnections();
	await new Promise((resolve) => server.close(resolve));
});

test('a server that speaks no TLS is told as one', async () => {
	const server = createPlainServer();
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const client = new HttpClient({
		baseUrl: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
		log: { debug: silent, info: silent, warn: silent, error: silent },
		signal: new AbortController().signal,
	});
	await expect(client.send({ path: '/', attempts: 1 })).rejects.toThrow(/it seems to speak no TLS/);
	client.close();
	await new Promise((resolve) => server.close(resolve));
});

test('a server whose certificate is not trusted is not asked again', async () => {
	const { cert, key } = await issueCertificate();
	const server = createServer({ cert, key });
	let connections = 0;
	server.on('connection', () => connections++);
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const client = new HttpClient({
		baseUrl: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
		log: { debug: silent, info: silent, warn: silent, error: silent },
		signal: new AbortController().signal,
	});
	await expect(client.send({ path: '/' })).rejects.toThrow("give the server's authority");
	expect(connections).toBe(1);
	client.close();
	await new Promise((resolve) => server.close(resolve));
});
