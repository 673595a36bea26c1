import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type SshServer, startSshServer } from '../stand-ins/git/ssh-server.ts';
import { startTlsFront, type TlsFront } from '../stand-ins/git/tls-front.ts';
import { deployment, Infra, repository } from './infra.ts';

const image = 'ghcr.io/acme/api';
let infra: Infra;
let version = 1;
beforeAll(async () => {
	infra = await Infra.start({ 'apps/api.yaml': deployment(`${image}:v1`) });
});
beforeEach(() => {
	version++;
});
afterAll(() => infra.close());

async function expectPushed(inputs: Record<string, string | undefined>): Promise<void> {
	const run = await infra.bump({ tag: `v${version}`, ...inputs });
	expect(run, run.stderr).toMatchObject({ exitCode: 0, outputs: { changed: 'true' } });
	expect(await infra.file('apps/api.yaml')).toBe(deployment(`${image}:v${version}`));
}

async function expectRefused(
	inputs: Record<string, string | undefined>,
	message: RegExp,
): Promise<void> {
	const run = await infra.bump({ tag: `v${version}`, ...inputs });
	expect(run.stderr).toMatch(message);
	expect(run.exitCode).toBe(1);
}

describe('over ssh', () => {
	let ssh: SshServer;
	let inputs: Record<string, string | undefined>;
	beforeAll(async () => {
		ssh = await startSshServer();
		inputs = {
			repository: ssh.cloneUrl(infra.server.repositoryPath(repository)),
			token: undefined,
			'ssh-key': ssh.clientKey,
			'ssh-known-hosts': ssh.knownHosts,
		};
	});
	afterAll(() => ssh.close());

	test('a key and known hosts, as their texts', async () => {
		await expectPushed(inputs);
		expect(ssh.commands.at(-1)).toMatch(/^git-receive-pack /);
	});

	test('a server with another host key is not talked to', async () => {
		const other = await startSshServer();
		const [host] = ssh.knownHosts.split(' ');
		const [, ...key] = other.knownHosts.split(' ');
		await expectRefused(
			{ ...inputs, 'ssh-known-hosts': [host, ...key].join(' ') },
			/The ssh server 127\.0\.0\.1:\d+ shows a host key that is not known .*; give the server's own keys with ssh-known-hosts/,
		);
		await other.close();
	});

	test('another key is not let in', async () => {
		const other = await startSshServer();
		await expectRefused(
			{ ...inputs, 'ssh-key': other.clientKey },
			/The ssh server 127\.0\.0\.1:\d+ does not take this key \(.*Permission denied \(publickey\)/,
		);
		await other.close();
	});

	test('a repository that is not there is told as one', async () => {
		await expectRefused(
			{ ...inputs, repository: ssh.cloneUrl('/srv/none/none.git') },
			/There is no repository at ssh:\/\/\S+, or these credentials may not see it/,
		);
	});
});

describe('over https', () => {
	let front: TlsFront;
	let url: string;
	beforeAll(async () => {
		front = await startTlsFront(infra.server.url);
		url = `${front.url}/${repository}.git`;
	});
	afterAll(() => front.close());

	test("the server's authority as text", () =>
		expectPushed({ repository: url, 'ca-certificate': front.ca }));

	test("the server's authority as a file", async () => {
		const folder = await mkdtemp(join(tmpdir(), 'authority-'));
		await writeFile(join(folder, 'ca.pem'), front.ca);
		await expectPushed({ repository: url, 'ca-certificate': join(folder, 'ca.pem') });
		await rm(folder, { recursive: true });
	});

	test('skip-verify takes any certificate', () =>
		expectPushed({ repository: url, 'skip-verify': 'true' }));

	test('an unknown authority is told as one', () =>
		expectRefused(
			{ repository: url },
			/The certificate of 127\.0\.0\.1:\d+ is not to be trusted \(.*\); give the server's authority with ca-certificate/,
		));

	test('an expired certificate is told as one', async () => {
		const old = await startTlsFront(infra.server.url, { expired: true });
		await expectRefused(
			{ repository: `${old.url}/${repository}.git`, 'ca-certificate': old.ca },
			/The certificate of 127\.0\.0\.1:\d+ (has expired|is not to be trusted)/,
		);
		await old.close();
	});
});
