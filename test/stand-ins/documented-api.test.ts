import { afterEach, beforeEach, expect, test } from 'vitest';
import { azureFront } from './azure/azure.ts';
import { bitbucketServerFront } from './bitbucket/server.ts';
import { type Forge, type ForgeOptions, startForge } from './forge/forge.ts';
import { gitlabFront } from './gitlab/gitlab.ts';

const repository = 'acme/platform/infra';
let forge: Forge;
let front: NonNullable<ForgeOptions['front']> = gitlabFront;

beforeEach(() => {
	front = gitlabFront;
});
afterEach(() => forge.close());

async function ask(method: string, path: string, body?: object, scheme = 'Bearer') {
	forge = await startForge({ users: [{ name: 'alice', token: 'alice-token' }], front });
	await forge.createRepository(repository, { files: { a: 'a' } });
	return await fetch(`${forge.url}${path}`, {
		method,
		headers: { authorization: `${scheme} alice-token`, 'content-type': 'application/json' },
		...(body && { body: JSON.stringify(body) }),
	});
}

const escaped = `/api/v4/projects/${encodeURIComponent(repository)}`;

test('a request by the documentation is answered', async () => {
	const answer = await ask('GET', `${escaped}/merge_requests?state=opened`);
	expect({ status: answer.status, body: await answer.json() }).toEqual({ status: 200, body: [] });
});

test('a parameter that is not documented is refused', async () => {
	expect((await ask('GET', `${escaped}/merge_requests?head=a`)).status).toBe(400);
});

test('a field of a body that is not documented is refused', async () => {
	const body = { source_branch: 'a', target_branch: 'main', title: 'a', draft: true };
	expect((await ask('POST', `${escaped}/merge_requests`, body)).status).toBe(400);
});

test('a path of GitLab whose slashes are not escaped is refused', async () => {
	expect((await ask('GET', `/api/v4/projects/${repository}/merge_requests`)).status).toBe(400);
});

test('a way to log in that the forge does not know is refused', async () => {
	expect((await ask('GET', escaped, undefined, 'token')).status).toBe(401);
});

test('Azure wants to be told the version of its API', async () => {
	front = azureFront;
	const path = '/acme/platform/_apis/git/repositories/infra/pullrequests';
	expect((await ask('GET', path)).status).toBe(400);
});

test('Bitbucket Data Center has no route of Cloud', async () => {
	front = bitbucketServerFront;
	expect((await ask('GET', `/2.0/repositories/${repository}`)).status).toBe(404);
});
