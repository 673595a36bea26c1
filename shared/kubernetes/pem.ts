import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { badInput, messageOf } from '../failure/failure.ts';
import type { TlsOptions } from '../http/client.ts';

/**
 * A PEM that stands in an entry of a kubeconfig as Base64 (`<name>-data`), or in a file.
 * @throws Failure (bad input) for a file that cannot be read
 */
export async function dataOrFile(
	entry: object,
	folder: string,
	name: string,
): Promise<string | undefined> {
	const fields = entry as Record<string, unknown>;
	const data = fields[`${name}-data`];
	if (typeof data === 'string' && data !== '') return Buffer.from(data, 'base64').toString('utf8');
	const file = fields[name];
	if (typeof file !== 'string' || file === '') return undefined;
	try {
		return await readFile(resolve(folder, file), 'utf8');
	} catch (error) {
		throw badInput(`The ${name} of the kubeconfig cannot be read: ${messageOf(error)}`, {
			cause: error,
		});
	}
}

/**
 * PEM given as its text, Base64 of it, or a path.
 * @param name - what the user calls the input
 * @throws Failure (bad input) where it is none of these
 */
export async function readPem(given: string, folder: string, name: string): Promise<string> {
	if (given.includes('-----BEGIN')) return given;
	const decoded = fromBase64(given);
	if (decoded?.includes('-----BEGIN')) return decoded;
	try {
		return await readFile(resolve(folder, given.trim()), 'utf8');
	} catch (error) {
		const why =
			(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : messageOf(error);
		throw badInput(
			`${name} is neither a file that can be read (${why}), nor a certificate, nor Base64 of one`,
		);
	}
}

/** The text that Base64 stands for, or undefined where it is none. */
export function fromBase64(text: string): string | undefined {
	const compact = text.replace(/\s+/g, '');
	if (compact.length < 16 || !/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) return undefined;
	const decoded = Buffer.from(compact, 'base64').toString('utf8');
	return decoded.includes('\uFFFD') ? undefined : decoded;
}

/**
 * The certificates and the key, looked at ahead of the first request: TLS itself takes no
 * notice of an authority that is none.
 * @param authority - where that comes from, for the message
 * @throws Failure (bad input)
 */
export function checkedTls(tls: TlsOptions, authority: string): TlsOptions {
	const { ca, cert, key } = tls;
	try {
		if (ca !== undefined) new X509Certificate(ca);
	} catch (error) {
		throw badInput(`${authority} is no certificate in PEM: ${messageOf(error)}`);
	}
	if ((cert === undefined) !== (key === undefined))
		throw badInput(
			`The user of the kubeconfig has a client ${cert === undefined ? 'key without its certificate' : 'certificate without its key'}`,
		);
	if (cert === undefined) return tls;
	try {
		createSecureContext({ cert, key });
	} catch (error) {
		throw badInput(
			`The client certificate of the kubeconfig and its key cannot be used: ${messageOf(error)}`,
		);
	}
	const { validTo, validToDate } = new X509Certificate(cert);
	if (validToDate.getTime() < Date.now())
		throw badInput(
			`The client certificate of the kubeconfig was valid to ${validTo} only; get a new one`,
		);
	return tls;
}
