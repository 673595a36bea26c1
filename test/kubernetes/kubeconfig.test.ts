import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClusterOptions, connectionOf } from '../../shared/kubernetes/kubeconfig.ts';

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
		for (const kubeconfig of ['qa.yaml', join(folder, 'qa.yaml'), config(), wrapped])
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
		[{ cluster: { 'proxy-url': 'socks5://a' } }, 'has to be http or https'],
		[{ user: { 'auth-provider': { name: 'gcp' } } }, 'removed from Kubernetes in 1.26'],
	])('%j is bad input', async (parts, message) => {
		await expect(connect({ kubeconfig: config(parts) })).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringContaining(message),
		});
	});

	test('gives the authority, server name and check of the certificate', async () => {
		await writeFile(join(folder, 'ca.crt'), 'from a file');
		const tlsOf = async (cluster: object) =>
			(await connect({ kubeconfig: config({ cluster }) })).tls;
		expect(await tlsOf({ 'certificate-authority-data': base64('inline') })).toEqual({
			ca: 'inline',
		});
		expect(await tlsOf({ 'certificate-authority': 'ca.crt' })).toEqual({ ca: 'from a file' });
		expect(await tlsOf({ 'insecure-skip-tls-verify': true, 'tls-server-name': 'k' })).toEqual({
			skipVerify: true,
			serverName: 'k',
		});
	});

	test('that lies in another folder names files from there', async () => {
		await mkdir(join(folder, 'sub'));
		await writeFile(join(folder, 'sub', 'ca.crt'), 'beside it');
		await writeFile(
			join(folder, 'sub', 'qa'),
			config({ cluster: { 'certificate-authority': 'ca.crt' } }),
		);
		expect((await connect({ kubeconfig: 'sub/qa' })).tls.ca).toBe('beside it');
	});

	test('gives a client certificate, whose key is a secret', async () => {
		const user = { 'client-certificate-data': base64('cert'), 'client-key-data': base64('key!') };
		expect((await connect({ kubeconfig: config({ user }) })).tls).toEqual({
			cert: 'cert',
			key: 'key!',
		});
		expect(secrets).toContain('key!');
	});

	test('gives a token, a token from a file, a user name with a password', async () => {
		await writeFile(join(folder, 'token'), 'from-file\n');
		expect(await authorization({ token: 'inline-token' })).toBe('Bearer inline-token');
		expect(await authorization({ token: 'older', tokenFile: 'token' })).toBe('Bearer from-file');
		expect(await authorization({ username: 'u', password: 'pass' })).toBe(
			`Basic ${base64('u:pass')}`,
		);
		expect(secrets).toEqual(expect.arrayContaining(['inline-token', 'from-file', 'pass']));
	});
});

describe('an exec plugin', () => {
	const plugin = async (script: string) => {
		await writeFile(join(folder, 'plugin'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
		return {
			exec: {
				apiVersion: 'client.authentication.k8s.io/v1',
				command: './plugin',
				env: [{ name: 'WHO', value: 'ci' }],
			},
		};
	};

	test('gives a token, and another one when the server refuses the first', async () => {
		const counting = await plugin(
			`echo x >> '${folder}/runs'; n=$(wc -l < '${folder}/runs'); echo '{"status":{"token":"'$WHO-$((n))'"}}'`,
		);
		const { credentials } = await connect(
			{ kubeconfig: config({ user: counting }) },
			{ PATH: '/usr/bin:/bin' },
		);
		expect(await credentials.authorization?.()).toBe('Bearer ci-1');
		expect(await credentials.authorization?.()).toBe('Bearer ci-1');
		expect(credentials.renew?.()).toBe(true);
		expect(await credentials.authorization?.()).toBe('Bearer ci-2');
		expect(secrets).toEqual(['ci-1', 'ci-2']);
	});

	test('is asked again when its token has expired', async () => {
		const user = await plugin(
			`echo x >> '${folder}/runs'; n=$(wc -l < '${folder}/runs'); echo '{"status":{"token":"t'$((n))'","expirationTimestamp":"2020-01-01T00:00:00Z"}}'`,
		);
		const { credentials } = await connect(
			{ kubeconfig: config({ user }) },
			{ PATH: '/usr/bin:/bin' },
		);
		expect(await credentials.authorization?.()).toBe('Bearer t2');
	});

	test.each([
		['echo "no session" >&2; exit 1', /"\.\/plugin" failed: no session/],
		['echo "no json with a s3cret"', /printed no ExecCredential/],
	])('that does %j fails with what it says', async (script, message) => {
		const user = await plugin(script);
		const failing = connect({ kubeconfig: config({ user }) }, { PATH: '/usr/bin:/bin' });
		await expect(failing).rejects.toThrow(message);
		await expect(failing).rejects.not.toThrow('s3cret');
	});

	test('that is not there is told with its own hint', async () => {
		const user = { exec: { command: 'no-such-plugin', installHint: 'Install it.' } };
		await expect(connect({ kubeconfig: config({ user }) })).rejects.toThrow(
			'not on PATH; Install it.',
		);
	});
});

describe('without a kubeconfig', () => {
	test('the server, its token and its authority are enough', async () => {
		const pem = '-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n';
		const server = 'https://qa.example.com';
		for (const clusterCa of [pem, base64(pem)]) {
			const found = await connect({ server, clusterToken: 'token-1 ', clusterCa });
			expect(found).toMatchObject({ server, tls: { ca: pem } });
			expect(await found.credentials.authorization?.()).toBe('Bearer token-1');
		}
	});

	test('the files of the variable KUBECONFIG are read as one', async () => {
		await writeFile(join(folder, 'a'), JSON.stringify({ contexts: [], 'current-context': 'bare' }));
		await writeFile(join(folder, 'b'), config());
		const { server } = await connect({}, { KUBECONFIG: 'a:b' });
		expect(server).toBe('https://qa.example.com:6443');
	});

	test.each([
		[{}, 'No cluster is given: name one with --kubeconfig'],
		[{ clusterToken: 't' }, '--cluster-token needs --server beside it'],
		[{ clusterCa: 'c' }, '--cluster-ca needs --server beside it'],
		[{ server: 'https://a', kubeconfig: 'b' }, '--kubeconfig and --server exclude each other'],
		[{ server: 'a.example.com' }, '--server has to be a URL'],
	])('%j is bad input', async (options, message) => {
		await expect(connect(options)).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringContaining(message),
		});
	});
});
