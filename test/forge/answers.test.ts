import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { connectForge } from '../../shared/forge/connect.ts';
import type { Forge } from '../../shared/forge/forge.ts';
import { bringAbout } from '../../shared/forge/pull-request.ts';

type Kind = Parameters<typeof connectForge>[0];
type Answer = (request: IncomingMessage) => { body: unknown; headers?: Record<string, string> };

let server: Server;
let forge: Forge;
afterEach(async () => {
	await forge.close();
	await new Promise((resolve) => server.close(resolve));
});

/** A forge whose server answers all requests in one way. */
async function connect(kind: Kind, path: string, answer: Answer): Promise<void> {
	server = createServer((request, response) => {
		const { body, headers } = answer(request);
		response.writeHead(request.method === 'POST' ? 201 : 200, headers).end(JSON.stringify(body));
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	const silent = () => undefined;
	forge = await connectForge(kind, {
		apiUrl: `http://127.0.0.1:${port}${path}`,
		repository: { owner: 'acme', name: 'infra' },
		token: 'a-token',
		tls: {},
		environment: {},
		log: { debug: silent, info: silent, warn: silent, error: silent },
		signal: new AbortController().signal,
	});
}

const [head, base, title, body, sha] = ['promote/api', 'main', 'T', 'B', 'a'.repeat(40)];
const html_url = 'https://git.example/acme/infra/pull/1';
const href = html_url;
const plain = {
	...{ number: 1, html_url, state: 'open', title, body },
	...{ head: { ref: head, sha }, base: { ref: base } },
};

/** No more of a pull request than what a step cannot do without. */
const lean: [string, Kind, string, object, (pulls: object[]) => object][] = [
	['GitHub', 'github', '/api/v3', plain, (pulls) => pulls],
	['Gitea', 'gitea', '/api/v1', plain, (pulls) => pulls],
	[
		'GitLab',
		'gitlab',
		'/api/v4',
		{
			...{ iid: 1, web_url: html_url, state: 'opened', title, description: body },
			...{ sha, source_branch: head, target_branch: base },
		},
		(pulls) => pulls,
	],
	[
		'Bitbucket Cloud',
		'bitbucket',
		'/2.0',
		{
			...{ id: 1, state: 'OPEN', title, description: body, links: { html: { href } } },
			source: { branch: { name: head }, commit: { hash: sha } },
			destination: { branch: { name: base } },
		},
		(values) => ({ values }),
	],
	[
		'Bitbucket Data Center',
		'bitbucket',
		'/rest/api/latest',
		{
			...{ id: 1, version: 0, state: 'OPEN', title, description: body },
			...{ links: { self: [{ href }] }, toRef: { id: `refs/heads/${base}` } },
			fromRef: { id: `refs/heads/${head}`, latestCommit: sha },
		},
		(values) => ({ values, isLastPage: true }),
	],
	[
		'Azure DevOps',
		'azure',
		'/acme',
		{
			...{ pullRequestId: 1, status: 'active', title, description: body },
			...{ sourceRefName: `refs/heads/${head}`, targetRefName: `refs/heads/${base}` },
			lastMergeSourceCommit: { commitId: sha },
		},
		(value) => ({ value }),
	],
];

test.each(lean)(
	'%s: an answer that has no more than what is needed will do',
	async (_title, kind, path, pull, list) => {
		await connect(kind, path, ({ method }) => ({ body: method === 'POST' ? pull : list([pull]) }));
		const expected = { number: 1, title, body, head, base, headCommit: sha, state: 'open' };
		const opened = await forge.openPullRequest({ head, base, title, body, draft: false });
		expect(opened).toMatchObject({ request: expected, created: true });
		expect(await forge.openPullRequests()).toEqual([
			expect.objectContaining({ ...expected, author: '', labels: [], requestedReviewers: [] }),
		]);
	},
);

test('a Gitea that is set to give few at once is asked for all', async () => {
	const pulls = Array.from({ length: 5 }, (_, index) => ({ ...plain, number: index + 1 }));
	await connect('gitea', '/api/v1', ({ url = '', headers: { host } }) => {
		const page = Number(new URL(url, 'http://x').searchParams.get('page'));
		const next = `<http://${host}/?page=${page + 1}>; rel="next"`;
		const last = `<http://${host}/?page=1>; rel="first"`;
		return { body: pulls.slice(page * 2 - 2, page * 2), headers: { link: page < 3 ? next : last } };
	});
	expect((await forge.openPullRequests()).map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
});

test('of two that Gitea opens at the same moment the first stays', async () => {
	const changed: string[] = [];
	await connect('gitea', '/api/v1', ({ method = '', url = '' }) => {
		if (method === 'PATCH') changed.push(url.replace(/.*infra/, ''));
		if (method === 'GET') return { body: [{ ...plain, number: 2 }, plain] };
		return { body: { ...plain, number: 2 } };
	});
	const wanted = { head, base, title, body, draft: false };
	const { request } = await bringAbout(forge, undefined, wanted, { commit: sha, pushed: true });
	expect(request.number).toBe(1);
	expect(changed).toEqual(['/pulls/2']);
});

test.each([
	[{ detailed_merge_status: 'not_approved' }, undefined, ['an approving review']],
	[{ merge_status: 'cannot_be_merged' }, 'conflict', ['the end of its conflict with main']],
	[{ merge_status: 'can_be_merged' }, undefined, []],
	[{}, undefined, []],
])('a GitLab that says %j of a merge request is understood', async (told, outdated, waitsFor) => {
	const pull = { iid: 1, state: 'opened', title, sha, source_branch: head, target_branch: base };
	await connect('gitlab', '/api/v4', ({ url }) => ({
		body: url?.includes('/notes') ? [] : { ...pull, ...told, commit: { id: sha } },
	}));
	const { request } = await forge.openPullRequest({ head, base, title, body, draft: false });
	expect(await forge.mergeState?.(request)).toMatchObject({ state: 'open', outdated, waitsFor });
});
