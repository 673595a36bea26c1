import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessTo, loginFor } from '../../shared/git/credentials.ts';
import { gitVariables } from '../../shared/git/git.ts';
import { parseRemote } from '../../shared/git/remote.ts';

const remote = parseRemote('https://git.example.com:3000/acme/api.git');
const login = { username: 'in-url', password: 'url-password' };
const netrc = { machine: 'git.example.com', username: 'ci', password: 'ci-password' };

describe('who logs in', () => {
	test.each([
		['an explicit token is first', { token: 't', login, netrc }, 'x-access-token', 't'],
		['a user name goes with it', { token: 't', username: 'bot' }, 'bot', 't'],
		['GitLab has a user name of its own', { token: 't', forge: 'gitlab' }, 'oauth2', 't'],
		['so has Bitbucket', { token: 't', forge: 'bitbucket' }, 'x-token-auth', 't'],
		['what stands in the URL is next', { login, netrc }, 'in-url', 'url-password'],
		[
			'a token alone in the URL is the user name',
			{ login: { username: 'token', password: '' } },
			'token',
			'x-oauth-basic',
		],
		["the CI's netrc is last", { netrc }, 'ci', 'ci-password'],
		[
			'netrc may name the port',
			{ netrc: { ...netrc, machine: 'git.example.com:3000' } },
			'ci',
			'ci-password',
		],
	])('%s', (_, credentials, username, password) => {
		expect(loginFor(remote, credentials)).toEqual({ username, password });
	});

	test.each([
		['https://gitlab.com/acme/platform/api', 'oauth2'],
		['https://bitbucket.org/acme/api', 'x-token-auth'],
		['https://dev.azure.com/acme/shop/_git/api', 'x-access-token'],
	])('the user name of %s is known by its host', (url, username) => {
		expect(loginFor(parseRemote(url), { token: 't' })?.username).toBe(username);
	});

	test('a netrc for another machine is not sent', () => {
		expect(loginFor(remote, { netrc: { ...netrc, machine: 'example.com' } })).toBeUndefined();
	});
});

describe('how a secret reaches git', () => {
	let folder: string;
	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), 'credentials-'));
	});
	afterAll(() => rm(folder, { recursive: true }));

	test('a token goes as a header for that host alone, in the environment', async () => {
		const access = await accessTo(remote, { token: 's3cret' }, folder);
		const basic = Buffer.from('x-access-token:s3cret').toString('base64');
		expect(access.config).toContainEqual([
			'http.https://git.example.com:3000/.extraHeader',
			`Authorization: Basic ${basic}`,
		]);
		expect(access.secrets).toEqual([basic, 's3cret']);
		const variables = gitVariables({}, access.variables, access.config);
		expect(Object.values(variables)).toContain(`Authorization: Basic ${basic}`);
	});

	test("Drone's netrc has the token as its user name", async () => {
		const gitea = { machine: 'git.example.com', username: 's3cret', password: 'x-oauth-basic' };
		expect((await accessTo(remote, { netrc: gitea }, folder)).secrets).toContain('s3cret');
	});

	test('an ssh key and known hosts are files that nobody else reads', async () => {
		const key = '-----BEGIN OPENSSH PRIVATE KEY-----\r\nabc\r\n-----END OPENSSH PRIVATE KEY-----';
		const access = await accessTo(
			parseRemote('git@git.example.com:acme/api.git'),
			{ sshKey: key, sshKnownHosts: 'git.example.com ssh-ed25519 AAAA' },
			folder,
		);
		const command = access.variables.GIT_SSH_COMMAND ?? '';
		expect(command).not.toContain('BEGIN');
		expect(command).toContain('StrictHostKeyChecking=yes');
		for (const name of ['ssh-key', 'known_hosts'])
			expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
		expect(await readFile(join(folder, 'ssh-key'), 'utf8')).toBe(`${key.replaceAll('\r', '')}\n`);
	});
});

describe('the variables of git', () => {
	test("those of the CI's own checkout and identity are dropped", () => {
		const variables = gitVariables(
			{
				PATH: '/bin',
				GIT_AUTHOR_NAME: 'octocat',
				GIT_COMMITTER_EMAIL: 'octocat@example.com',
				GIT_DIR: '/drone/src/.git',
				GIT_INDEX_FILE: '/x',
				GIT_WORK_TREE: '/y',
				GIT_TRACE_CURL: '/tmp/trace',
				GIT_CONFIG_PARAMETERS: "'a.b=c'",
				GIT_SSL_CAINFO: '/ca.pem',
				GITHUB_ACTOR: 'octocat',
			},
			{},
			[],
		);
		expect(Object.keys(variables).filter((name) => !/_(KEY|VALUE)_\d+$/.test(name))).toEqual([
			'PATH',
			'GIT_SSL_CAINFO',
			'GITHUB_ACTOR',
			'LC_ALL',
			'GIT_TERMINAL_PROMPT',
			'GIT_ASKPASS',
			'SSH_ASKPASS',
			'GIT_OPTIONAL_LOCKS',
			'GIT_CONFIG_COUNT',
		]);
	});

	test('settings are added to those that the environment has already', () => {
		const variables = gitVariables(
			{
				GIT_CONFIG_COUNT: '1',
				GIT_CONFIG_KEY_0: 'safe.directory',
				GIT_CONFIG_VALUE_0: '*',
			},
			{},
			[['http.sslVerify', 'false']],
		);
		const last = Number(variables.GIT_CONFIG_COUNT) - 1;
		expect(variables.GIT_CONFIG_KEY_0).toBe('safe.directory');
		expect(variables[`GIT_CONFIG_KEY_${last}`]).toBe('http.sslVerify');
		expect(variables[`GIT_CONFIG_VALUE_${last}`]).toBe('false');
	});
});
