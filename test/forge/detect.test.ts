import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { detectForge, type ForgeQuestion, type FoundForge } from '../../shared/forge/detect.ts';
import { parseRemote } from '../../shared/git/remote.ts';

const silent = () => undefined;

function ask(repository: string, more: Partial<ForgeQuestion> = {}): Promise<FoundForge> {
	return detectForge({
		remote: parseRemote(repository),
		tls: {},
		environment: {},
		log: { debug: silent, info: silent, warn: silent, error: silent },
		signal: AbortSignal.timeout(10_000),
		...more,
	});
}

const ci = (kind: 'github' | 'gitea' | 'forgejo', url: string, apiUrl?: string) => ({
	ciForge: { kind, url, apiUrl },
});

describe('which forge it is, without asking the server', () => {
	test.each<[string, Partial<ForgeQuestion>, string, string]>([
		['acme/infra', {}, 'github', 'https://api.github.com'],
		['git@github.com:acme/infra.git', {}, 'github', 'https://api.github.com'],
		['ssh://git@ssh.github.com:443/acme/infra', {}, 'github', 'https://api.github.com'],
		['https://acme.ghe.com/acme/infra', {}, 'github', 'https://api.acme.ghe.com'],
		['https://codeberg.org/acme/infra', {}, 'forgejo', 'https://codeberg.org/api/v1'],
		['https://gitlab.com/acme/platform/infra', {}, 'gitlab', 'https://gitlab.com/api/v4'],
		['git@gitlab.com:acme/platform/infra.git', {}, 'gitlab', 'https://gitlab.com/api/v4'],
		['ssh://git@altssh.gitlab.com:443/acme/infra', {}, 'gitlab', 'https://gitlab.com/api/v4'],
		[
			'https://git.example.com/acme/platform/infra',
			{ forge: 'gitlab' },
			'gitlab',
			'https://git.example.com/api/v4',
		],
		[
			'https://git.example.com/acme/infra',
			{ apiUrl: 'https://git.example.com/sub/api/v4' },
			'gitlab',
			'https://git.example.com/sub/api/v4',
		],
		['https://bitbucket.org/acme/infra', {}, 'bitbucket', 'https://api.bitbucket.org/2.0'],
		['git@bitbucket.org:acme/infra.git', {}, 'bitbucket', 'https://api.bitbucket.org/2.0'],
		[
			'https://git.example.com/bitbucket/scm/acme/infra.git',
			{ forge: 'bitbucket' },
			'bitbucket',
			'https://git.example.com/bitbucket/rest/api/latest',
		],
		[
			'ssh://git@git.example.com:7999/acme/infra.git',
			{ apiUrl: 'https://git.example.com/rest/api/1.0' },
			'bitbucket',
			'https://git.example.com/rest/api/1.0',
		],
		['https://dev.azure.com/acme/shop/_git/infra', {}, 'azure', 'https://dev.azure.com/acme'],
		['https://bot@dev.azure.com/acme/_git/infra', {}, 'azure', 'https://dev.azure.com/acme'],
		['git@ssh.dev.azure.com:v3/acme/shop/infra', {}, 'azure', 'https://dev.azure.com/acme'],
		['acme@vs-ssh.visualstudio.com:v3/acme/shop/infra', {}, 'azure', 'https://dev.azure.com/acme'],
		[
			'https://acme.visualstudio.com/DefaultCollection/shop/_git/infra',
			{},
			'azure',
			'https://acme.visualstudio.com',
		],
		[
			'https://tfs.example.com/tfs/DefaultCollection/shop/_git/infra',
			{},
			'azure',
			'https://tfs.example.com/tfs/DefaultCollection',
		],
		[
			'https://git.example.com/acme/infra',
			{ forge: 'github' },
			'github',
			'https://git.example.com/api/v3',
		],
		[
			'https://git.example.com:3000/acme/infra',
			{ forge: 'gitea' },
			'gitea',
			'https://git.example.com:3000/api/v1',
		],
		[
			'https://git.example.com/acme/infra',
			{ apiUrl: 'https://git.example.com/sub/api/v1' },
			'gitea',
			'https://git.example.com/sub/api/v1',
		],
		[
			'https://git.example.com/acme/infra',
			ci('github', 'https://git.example.com', 'https://git.example.com/api/v3'),
			'github',
			'https://git.example.com/api/v3',
		],
		[
			'git@git.example.com:acme/infra.git',
			ci('forgejo', 'https://git.example.com:3000'),
			'forgejo',
			'https://git.example.com:3000/api/v1',
		],
		[
			'git@git.example.com:acme/infra.git',
			{ forge: 'gitea' },
			'gitea',
			'https://git.example.com/api/v1',
		],
	])('%s %j is %s at %s', async (repository, more, kind, apiUrl) => {
		expect(await ask(repository, more)).toEqual({ kind, apiUrl });
	});

	test.each<[string, Partial<ForgeQuestion>]>([
		['/srv/git/infra.git', {}],
		['https://github.com/acme/infra', { forge: 'git' }],
	])('%s %j is no forge', async (repository, more) => {
		expect(await ask(repository, more)).toEqual({ kind: 'git' });
	});

	test('the forge of the CI says nothing of a repository elsewhere', async () => {
		const there = ci('gitea', 'https://git.example.com');
		expect(await ask('acme/infra', there)).toMatchObject({ kind: 'github' });
	});
});

describe('which forge it is, by asking the server', () => {
	let server: Server | undefined;
	afterEach(() => new Promise((closed) => server?.close(closed)));

	/** A server that answers these paths, and 404 everywhere else. */
	async function serve(answers: Record<string, [number, object, Record<string, string>?]>) {
		server = createServer((request, response) => {
			const [status, body, headers] = answers[request.url ?? ''] ?? [404, {}];
			response.writeHead(status, headers).end(JSON.stringify(body));
		});
		await new Promise<void>((listening) => server?.listen(0, '127.0.0.1', listening));
		return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	}

	test.each<[string, Record<string, [number, object, Record<string, string>?]>, string, string]>([
		['Gitea', { '/api/v1/version': [200, { version: '1.26.0' }] }, 'gitea', '/api/v1'],
		[
			'Forgejo',
			{ '/api/v1/version': [200, { version: '11.0.1+gitea-1.22.0' }] },
			'forgejo',
			'/api/v1',
		],
		[
			'GitHub Enterprise',
			{ '/api/v3/meta': [200, {}, { 'x-github-enterprise-version': '3.18.0' }] },
			'github',
			'/api/v3',
		],
		[
			'GitHub Enterprise in private mode',
			{ '/api/v3/meta': [401, {}, { 'x-github-request-id': '1:2' }] },
			'github',
			'/api/v3',
		],
		['GitLab', { '/api/v4/version': [401, { message: '401 Unauthorized' }] }, 'gitlab', '/api/v4'],
		[
			"Bitbucket's own server",
			{ '/rest/api/latest/application-properties': [200, { version: '9.4.0' }] },
			'bitbucket',
			'/rest/api/latest',
		],
	])('%s', async (_name, answers, kind, api) => {
		const origin = await serve(answers);
		expect(await ask(`${origin}/acme/infra`)).toEqual({ kind, apiUrl: origin + api });
	});

	test('an ssh server without pages is bad input, in a sentence that says what to give', async () => {
		await expect(ask('ssh://git@127.0.0.1:1/srv/git/infra.git')).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringMatching(/cannot be found out .*: give forge \(git for a server/),
		});
	});

	test('a server that is neither is bad input, in a sentence that says what to give', async () => {
		const origin = await serve({});
		await expect(ask(`${origin}/acme/infra`)).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringMatching(
				/cannot be found out .*: give forge \(git for a server with no forge around it\), and api-url/,
			),
		});
	});
});
