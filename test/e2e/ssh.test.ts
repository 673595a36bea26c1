import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deployment, Infra, repository } from '../scenarios/infra.ts';
import { type SshServer, startSshServer } from '../stand-ins/git/ssh-server.ts';

const image = 'ghcr.io/acme/api';
let infra: Infra;
let ssh: SshServer;
beforeAll(async () => {
	infra = await Infra.start({ 'apps/api.yaml': deployment(`${image}:v1`) });
	ssh = await startSshServer();
});
afterAll(async () => {
	await ssh.close();
	await infra.close();
});

/** Bumps by the machine's own ssh. */
const bump = (inputs: Record<string, string>) =>
	infra.bump({
		repository: ssh.cloneUrl(infra.server.repositoryPath(repository)),
		token: undefined,
		'ssh-key': ssh.clientKey,
		'ssh-known-hosts': ssh.knownHosts,
		tag: 'v2',
		...inputs,
	});

test('a key and known hosts, as their texts, push', async () => {
	const run = await bump({});
	expect(run, run.stderr).toMatchObject({ exitCode: 0, outputs: { changed: 'true' } });
	expect(await infra.file('apps/api.yaml')).toBe(deployment(`${image}:v2`));
	expect(ssh.commands.at(-1)).toMatch(/^git-receive-pack /);
});

describe('is refused and told in one sentence', () => {
	let other: SshServer;
	beforeAll(async () => {
		other = await startSshServer();
	});
	afterAll(() => other.close());

	test.each<[string, () => Record<string, string>, RegExp]>([
		[
			'a server with another host key',
			() => {
				const [host] = ssh.knownHosts.split(' ');
				const [, ...key] = other.knownHosts.split(' ');
				return { 'ssh-known-hosts': [host, ...key].join(' ') };
			},
			/The ssh server 127\.0\.0\.1:\d+ shows a host key that is not known .*; give the server's own keys with ssh-known-hosts/,
		],
		[
			'another key',
			() => ({ 'ssh-key': other.clientKey }),
			/The ssh server 127\.0\.0\.1:\d+ does not take this key \(.*Permission denied \(publickey\)/,
		],
		[
			'a repository that is not there',
			() => ({ repository: ssh.cloneUrl('/srv/none/none.git') }),
			/There is no repository at ssh:\/\/\S+, or these credentials may not see it/,
		],
	])('%s', async (_, inputs, says) => {
		const run = await bump({ tag: 'v3', ...inputs() });
		expect(run.stderr).toMatch(says);
		expect(run.exitCode).toBe(1);
	});
});
