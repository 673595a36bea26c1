import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClusterOptions, connectionOf } from '../../shared/kubernetes/kubeconfig.ts';
import { issueCertificate } from '../stand-ins/kubernetes/authority.ts';

const [issued, other] = await Promise.all([issueCertificate(), issueCertificate()]);

let folder: string;
let secrets: string[];
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
	secrets = [];
});
afterEach(() => rm(folder, { recursive: true }));

const connect = (options: ClusterOptions, environment: Record<string, string> = {}) =>
	connectionOf(options, {
		environment,
		folder,
		protect: (secret) => secrets.push(secret),
		nameOf: (input) => `--${input}`,
	});

const base64 = (text: string) => Buffer.from(text).toString('base64');

interface Parts {
	cluster?: object;
	user?: object;
	context?: object;
	current?: string;
}

const config = ({ cluster = {}, user = {}, context = {}, current = 'qa' }: Parts = {}) =>
	JSON.stringify({
		clusters: [{ name: 'c', cluster: { server: 'https://qa.example.com:6443', ...cluster } }],
		users: [{ name: 'u', user }],
		contexts: [
			{ name: 'qa', context: { cluster: 'c', user: 'u', ...context } },
			{ name: 'bare', context: { cluster: 'c' } },
		],
		'current-context': current,
	});

const authorization = async (user: object) =>
	(await connect({ kubeconfig: config({ user }) })).credentials.authorization?.();

describe('a kubeconfig', () => {
	test('is read from a path, as text, and as Base64 with line breaks', async () => {
		await writeFile(join(folder, 'qa.yaml'), config());
		const wrapped = base64(config()).replace(/.{60}/g, '$&\n');
		const marked = `---\n${config()}`;
		for (const kubeconfig of ['qa.yaml', join(folder, 'qa.yaml'), config(), wrapped, marked])
			expect((await connect({ kubeconfig })).server).toBe('https://qa.example.com:6443');
	});

	test('gives the namespace of its context', async () => {
		const kubeconfig = config({ context: { namespace: 'shop' } });
		expect(await connect({ kubeconfig })).toMatchObject({ namespace: 'shop' });
		expect(await connect({ kubeconfig, context: 'bare' })).not.toHaveProperty('namespace');
	});

	test.each([
		[{ current: '' }, 'has no current context; name one with --context: qa, bare'],
		[{ current: 'prod' }, 'has no context "prod"; it has qa, bare'],
		[{ context: { cluster: 'x' } }, 'has no cluster "x"; it has c'],
		[{ context: { user: 'x' } }, 'has no user "x"; it has u'],
		[{ cluster: { server: 'qa.example.com' } }, 'has to be a URL'],
		[{ user: { token: 123456 } }, 'user "u" of the kubeconfig: token has to be a text'],
		[{ cluster: { server: 5 } }, 'cluster "c" of the kubeconfig: server has to be a text'],
		[{ cluster: { 'insecure-skip-tls-verify': 'yes' } }, 'has to be true or false'],
		[{ user: { token: 'a', as: 'admin' } }, 'user "u" of the kubeconfig acts as somebody else'],
		[{ user: { exec: {} } }, "The kubeconfig's credential plugin has no command"],
		[{ cluster: { 'proxy-url': 'socks5://a' } }, 'has to be http or https'],
		[{ cluster: { 'proxy-url': 'http://ci:100%@a' } }, 'in its login percent-encoded'],
		[{ user: { 'auth-provider': { name: 'gcp' } } }, 'removed from Kubernetes in 1.26'],
	])('%j is bad input', async (parts, message) => {
		await expect(connect({ kubeconfig: config(parts) })).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringContaining(message),
		});
	});

	test('gives the authority, server name and check of the certificate', async () => {
		await writeFile(join(folder, 'ca.crt'), other.ca);
		const tlsOf = async (cluster: object) =>
			(await connect({ kubeconfig: config({ cluster }) })).tls;
		expect(await tlsOf({ 'certificate-authority-data': base64(issued.ca) })).toEqual({
			ca: issued.ca,
		});
		expect(await tlsOf({ 'certificate-authority': 'ca.crt' })).toEqual({ ca: other.ca });
		expect(await tlsOf({ 'insecure-skip-tls-verify': true, 'tls-server-name': 'k' })).toEqual({
			skipVerify: true,
			serverName: 'k',
		});
	});

	test('that lies in another folder names files from there', async () => {
		await mkdir(join(folder, 'sub'));
		await writeFile(join(folder, 'sub', 'ca.crt'), issued.ca);
		await writeFile(
			join(folder, 'sub', 'qa'),
			config({ cluster: { 'certificate-authority': 'ca.crt' } }),
		);
		expect((await connect({ kubeconfig: 'sub/qa' })).tls.ca).toBe(issued.ca);
	});

	test('gives a client certificate, whose key is a secret, as data or as files', async () => {
		const { cert, key } = issued;
		await writeFile(join(folder, 'cert.pem'), cert);
		await writeFile(join(folder, 'key.pem'), key);
		for (const user of [
			{ 'client-certificate-data': base64(cert), 'client-key-data': base64(key) },
			{ 'client-certificate': 'cert.pem', 'client-key': join(folder, 'key.pem') },
		])
			expect((await connect({ kubeconfig: config({ user }) })).tls).toEqual({ cert, key });
		expect(secrets).toEqual([key, key]);
	});

	test.each<[string, Parts, string]>([
		[
			'an authority that is none',
			{ cluster: { 'certificate-authority-data': base64('garbage') } },
			"The kubeconfig's certificate-authority is no certificate",
		],
		[
			'an authority that is not there',
			{ cluster: { 'certificate-authority': 'nowhere' } },
			'The certificate-authority of the kubeconfig cannot be read',
		],
		[
			'a client certificate that is none',
			{ user: { 'client-certificate-data': base64('a'), 'client-key-data': base64('b') } },
			'The client certificate of the kubeconfig and its key cannot be used',
		],
		[
			'a client key alone',
			{ user: { 'client-key-data': base64('b') } },
			'a client key without its certificate',
		],
		['a token file that is not there', { user: { tokenFile: 'nowhere' } }, 'token file'],
		['a plugin that is not there', { user: { exec: { command: 'nowhere' } } }, 'not on PATH'],
		[
			'a plugin that asks a person',
			{ user: { exec: { command: 'sh', interactiveMode: 'Always' } } },
			'wants to ask a person',
		],
	])('with %s is bad input', async (_what, parts, message) => {
		await expect(connect({ kubeconfig: config(parts) })).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringContaining(message),
		});
	});

	test('with a client certificate that has expired is bad input', async () => {
		const { cert, key } = await issueCertificate(-1);
		const user = { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) };
		await expect(connect({ kubeconfig: config({ user }) })).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringMatching(
				/client certificate of the kubeconfig was valid to .* GMT only/,
			),
		});
	});

	test('gives a token, a token from a file, a user name with a password', async () => {
		await writeFile(join(folder, 'token'), 'from-file\n');
		expect(await authorization({ token: 'inline-token' })).toBe('Bearer inline-token');
		expect(await authorization({ token: 'older', tokenFile: 'token' })).toBe('Bearer from-file');
		expect(await authorization({ username: 'u', password: 'pass', token: null })).toBe(
			`Basic ${base64('u:pass')}`,
		);
		expect(await authorization({ token: null, username: null, password: null })).toBeUndefined();
		expect(secrets).toEqual(expect.arrayContaining(['inline-token', 'from-file', 'pass']));
	});
});

describe('without a kubeconfig', () => {
	test('the server, its token and its authority are enough', async () => {
		const server = 'https://qa.example.com';
		await writeFile(join(folder, 'ca.crt'), issued.ca);
		for (const clusterCa of [issued.ca, base64(issued.ca), 'ca.crt']) {
			const found = await connect({ server, clusterToken: 'token-1 ', clusterCa });
			expect(found).toMatchObject({ server, tls: { ca: issued.ca } });
			expect(await found.credentials.authorization?.()).toBe('Bearer token-1');
		}
	});

	test('the files of the variable KUBECONFIG are read as one', async () => {
		await writeFile(join(folder, 'a'), JSON.stringify({ contexts: [], 'current-context': 'bare' }));
		await writeFile(join(folder, 'b'), config());
		const { server } = await connect({}, { KUBECONFIG: 'a:b' });
		expect(server).toBe('https://qa.example.com:6443');
	});

	test('of the files of the variable KUBECONFIG one may be missing, and not all', async () => {
		await writeFile(join(folder, 'b'), config());
		const { server } = await connect({}, { KUBECONFIG: 'nowhere:b' });
		expect(server).toBe('https://qa.example.com:6443');
		await expect(connect({}, { KUBECONFIG: 'nowhere:neither' })).rejects.toMatchObject({
			exitCode: 2,
			message: 'The variable KUBECONFIG names no file that is there: nowhere:neither',
		});
		await writeFile(join(folder, 'b'), 'a: [');
		await expect(connect({}, { KUBECONFIG: 'b' })).rejects.toThrow(
			'b, which KUBECONFIG names, is no YAML',
		);
	});

	test.each([
		[{}, 'No cluster is given: name one with --kubeconfig'],
		[{ clusterToken: 't' }, '--cluster-token needs --server beside it'],
		[{ clusterCa: 'c' }, '--cluster-ca needs --server beside it'],
		[{ server: 'https://a', kubeconfig: 'b' }, '--kubeconfig and --server exclude each other'],
		[{ server: 'a.example.com' }, '--server has to be a URL'],
		[{ server: 'https://a', clusterCa: 'nowhere' }, '--cluster-ca is neither a file'],
		[{ server: 'https://a', clusterCa: '-----BEGIN' }, '--cluster-ca is no certificate in PEM'],
	])('%j is bad input', async (options, message) => {
		await expect(connect(options)).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringContaining(message),
		});
	});
});
