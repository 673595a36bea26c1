import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import {
	BasicConstraintsExtension,
	PemConverter,
	SubjectAlternativeNameExtension,
	X509CertificateGenerator,
} from '@peculiar/x509';

export interface TlsFront {
	readonly url: string;
	/** The server's certificate, which is its own authority, as PEM. */
	readonly ca: string;
	close(): Promise<void>;
}

const day = 24 * 60 * 60 * 1000;

/** An https server on 127.0.0.1 that hands every request on to `target`. */
export async function startTlsFront(
	target: string,
	{ expired = false }: { expired?: boolean } = {},
): Promise<TlsFront> {
	const end = Date.now() + (expired ? -day : day);
	const { cert, key } = await selfSigned(new Date(end - 10 * day), new Date(end));
	const server = createServer({ cert, key }, (incoming, answer) => {
		const { method, headers, url } = incoming;
		const outgoing = request(new URL(url ?? '/', target), { method, headers }, (response) => {
			answer.writeHead(response.statusCode ?? 502, response.headers);
			response.pipe(answer);
		});
		outgoing.once('error', () => answer.destroy());
		incoming.pipe(outgoing);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
		ca: cert,
		close: async () => {
			const closed = new Promise((resolve) => server.close(resolve));
			server.closeAllConnections();
			await closed;
		},
	};
}

async function selfSigned(notBefore: Date, notAfter: Date): Promise<{ cert: string; key: string }> {
	const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
	const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
	const certificate = await X509CertificateGenerator.createSelfSigned({
		serialNumber: '01',
		name: 'CN=git.example.com',
		notBefore,
		notAfter,
		signingAlgorithm: algorithm,
		keys,
		extensions: [
			new BasicConstraintsExtension(true, 0, true),
			new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }]),
		],
	});
	const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
	return {
		cert: certificate.toString('pem'),
		key: PemConverter.encode(key, PemConverter.PrivateKeyTag),
	};
}
