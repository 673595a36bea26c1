import 'reflect-metadata';
import { randomUUID, webcrypto } from 'node:crypto';
import {
	BasicConstraintsExtension,
	PemConverter,
	SubjectAlternativeNameExtension,
	X509CertificateGenerator,
} from '@peculiar/x509';

export interface Certificate {
	/** The authority to trust, as PEM. */
	ca: string;
	cert: string;
	key: string;
}

const day = 24 * 60 * 60 * 1000;

/**
 * A certificate for 127.0.0.1 and localhost from an authority made for it.
 * @param days - how long it is valid; less than none for one that has expired
 */
export async function issueCertificate(days = 1): Promise<Certificate> {
	const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
	const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
	const [authority, server] = await Promise.all([newKeys(), newKeys()]);
	const validity = {
		notBefore: new Date(Date.now() - 2 * day),
		notAfter: new Date(Date.now() + days * day),
		signingAlgorithm: algorithm,
	};
	const ca = await X509CertificateGenerator.createSelfSigned({
		...validity,
		serialNumber: '01',
		// Of two with one name a client that trusts both takes the first.
		name: `CN=kubernetes ${randomUUID()}`,
		keys: authority,
		extensions: [new BasicConstraintsExtension(true, 0, true)],
	});
	const certificate = await X509CertificateGenerator.create({
		...validity,
		serialNumber: '02',
		subject: 'CN=kube-apiserver',
		issuer: ca.subject,
		publicKey: server.publicKey,
		signingKey: authority.privateKey,
		extensions: [
			new SubjectAlternativeNameExtension([
				{ type: 'ip', value: '127.0.0.1' },
				{ type: 'dns', value: 'localhost' },
				{ type: 'dns', value: 'kubernetes.default.svc' },
			]),
		],
	});
	const key = await webcrypto.subtle.exportKey('pkcs8', server.privateKey);
	return {
		ca: ca.toString('pem'),
		cert: certificate.toString('pem'),
		key: PemConverter.encode(key, PemConverter.PrivateKeyTag),
	};
}
