import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectionOf } from '../../shared/kubernetes/kubeconfig.ts';
import { issueCertificate } from '../stand-ins/kubernetes/authority.ts';

const { ca } = await issueCertificate();

let folder: string;
let secrets: string[];
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'credentials-'));
	secrets = [];
});
afterEach(() => rm(folder, { recursive: true }));

const around = (environment: Readonly<Record<string, string>> = { PATH: '/usr/bin:/bin' }) => ({
	environment,
	folder,
	protect: (secret: string) => secrets.push(secret),
	nameOf: (input: string) => `--${input}`,
	accountFolder: join(folder, 'account'),
});

describe('an exec plugin', () => {
	/** The user of a kubeconfig whose plugin is this script. */
	const plugin = async (script: string, more = {}) => {
		await writeFile(join(folder, 'plugin'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
		const apiVersion = 'client.authentication.k8s.io/v1';
		return { exec: { apiVersion, command: './plugin', ...more } };
	};

	const connect = (user: object, cluster: object = {}) =>
		connectionOf(
			{
				kubeconfig: JSON.stringify({
					clusters: [{ name: 'c', cluster: { server: 'https://qa.example.com', ...cluster } }],
					users: [{ name: 'u', user }],
					contexts: [{ name: 'qa', context: { cluster: 'c', user: 'u' } }],
					'current-context': 'qa',
				}),
			},
			around(),
		);

	const countRuns = () => `echo x >> '${folder}/runs'; n=$(($(wc -l < '${folder}/runs')))`;

	test('gives a token, and another one when the server refuses the first', async () => {
		const script = `${countRuns()}; echo '{"status":{"token":"'$WHO-$n'"}}'`;
		const user = await plugin(script, { env: [{ name: 'WHO', value: 'ci' }] });
		const { credentials } = await connect(user);
		expect(await credentials.authorization?.()).toBe('Bearer ci-1');
		expect(await credentials.authorization?.()).toBe('Bearer ci-1');
		expect(credentials.renew?.()).toBe(true);
		expect(await credentials.authorization?.()).toBe('Bearer ci-2');
		expect(secrets).toEqual(['ci-1', 'ci-2']);
	});

	test('is asked again when its token has expired', async () => {
		const expired = '"expirationTimestamp":"2020-01-01T00:00:00Z"';
		const user = await plugin(`${countRuns()}; echo '{"status":{"token":"t'$n'",${expired}}}'`);
		const { credentials } = await connect(user);
		expect(await credentials.authorization?.()).toBe('Bearer t2');
	});

	test('is told of the cluster where it asks for that', async () => {
		const script = `printf '%s' "$KUBERNETES_EXEC_INFO" > '${folder}/told'; echo '{"status":{"token":"t"}}'`;
		const cluster = {
			'certificate-authority-data': Buffer.from(ca).toString('base64'),
			'tls-server-name': 'kubernetes',
			extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'a' } }],
		};
		const told = async () => JSON.parse(await readFile(join(folder, 'told'), 'utf8'));
		await connect(await plugin(script), cluster);
		expect(await told()).toEqual({
			apiVersion: 'client.authentication.k8s.io/v1',
			kind: 'ExecCredential',
			spec: { interactive: false },
		});
		await connect(await plugin(script, { provideClusterInfo: true }), cluster);
		expect((await told()).spec.cluster).toEqual({
			server: 'https://qa.example.com',
			'certificate-authority-data': Buffer.from(ca).toString('base64'),
			'tls-server-name': 'kubernetes',
			config: { audience: 'a' },
		});
	});

	test('that waits for an answer gets none', async () => {
		const user = await plugin(`read answer; echo '{"status":{"token":"after'$answer'"}}'`);
		expect(await (await connect(user)).credentials.authorization?.()).toBe('Bearer after');
	});

	test.each([
		['echo "no session" >&2; exit 1', /"\.\/plugin" failed: no session/],
		['echo "no json with a s3cret"', /printed no ExecCredential/],
	])('that does %j fails with what it says', async (script, message) => {
		const failing = connect(await plugin(script));
		await expect(failing).rejects.toThrow(message);
		await expect(failing).rejects.not.toThrow('s3cret');
	});

	test('that is not there is told with its own hint', async () => {
		const user = { exec: { command: 'no-such-plugin', installHint: 'Install it.' } };
		await expect(connect(user)).rejects.toThrow('not on PATH; Install it.');
	});
});

test('the service account of a pod is enough, and its token is read again when it has changed', async () => {
	const account = join(folder, 'account');
	await mkdir(account);
	const write = (token: string) => writeFile(join(account, 'token'), `${token}\n`);
	await write('first-token');
	await writeFile(join(account, 'ca.crt'), ca);
	await writeFile(join(account, 'namespace'), 'shop');
	const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
	const { credentials, ...found } = await connectionOf({}, around(environment));
	expect(found).toEqual({ server: 'https://[fd00::1]:6443', tls: { ca }, namespace: 'shop' });
	expect(await credentials.authorization?.()).toBe('Bearer first-token');
	await write('second-token');
	expect(credentials.renew?.()).toBe(true);
	expect(await credentials.authorization?.()).toBe('Bearer second-token');
	expect(secrets).toEqual(['first-token', 'second-token']);
});
