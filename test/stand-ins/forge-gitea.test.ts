import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Forge, type ForgeEvent, startForge } from './forge/forge.ts';
import { giteaDescription } from './forge/gitea-description.ts';
import { commitToBranch } from './git/bare-repository.ts';
import { git, resolveCommit } from './git/git.ts';

let forge: Forge;
let events: ForgeEvent[];

beforeEach(async () => {
	forge = await startForge({
		users: [
			{ name: 'bot', token: 'bot-token' },
			{ name: 'reviewer', token: 'reviewer-token' },
			{ name: 'reader', token: 'reader-token', access: 'read' },
		],
	});
	await forge.createRepository('acme/infra', {
		files: { 'app.yaml': 'image: app:1\n', 'other.yaml': 'a: 1\n' },
	});
	events = [];
	forge.onEvent((event) => events.push(event));
});
afterEach(async () => {
	const description = await giteaDescription();
	const problems = forge.requests
		.filter(({ kind, status }) => kind === 'gitea' && status < 400)
		.flatMap((request) => [
			...description.requestProblems(request),
			// The description leaves out some statuses that Gitea gives.
			...description.answerProblems(request).filter((problem) => !/not a status/.test(problem)),
		]);
	await forge.close();
	expect(problems).toEqual([]);
});

interface Reply {
	readonly status: number;
	readonly body: Record<string, unknown>;
	readonly headers: Headers;
}

async function call(
	method: string,
	path: string,
	body?: unknown,
	token = 'bot-token',
): Promise<Reply> {
	const response = await fetch(`${forge.giteaApiUrl}/repos/acme/infra${path}`, {
		method,
		headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
		...(body !== undefined && { body: JSON.stringify(body) }),
	});
	const text = await response.text();
	const parsed = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
	return { status: response.status, body: parsed, headers: response.headers };
}

const path = () => forge.repositoryPath('acme/infra');
const tip = (branch: string) => resolveCommit(path(), `refs/heads/${branch}`);
const change = { 'app.yaml': 'image: app:2\n' };

async function openPull(head: string, files: Record<string, string> = change): Promise<number> {
	await call('POST', '/branches', { new_branch_name: head, old_branch_name: 'main' });
	await commitToBranch(path(), head, files, `Change for ${head}`);
	const { body } = await call('POST', '/pulls', { head, base: 'main', title: `Take ${head}` });
	return Number(body.number);
}

const merge = async (number: number, body: Record<string, unknown> = {}) =>
	call('POST', `/pulls/${number}/merge`, { do: 'merge', ...body });

test('a pull request is opened, found by its branches, changed and closed', async () => {
	const number = await openPull('promote/app');
	const found = await call('GET', '/pulls/main/promote/app');
	expect(found).toMatchObject({ status: 200, body: { number, state: 'open', mergeable: true } });
	expect((await call('GET', `/pulls/${number}/files`)).body).toMatchObject([
		{ filename: 'app.yaml', status: 'changed', additions: 1, deletions: 1 },
	]);
	expect((await call('GET', `/pulls/${number}/commits`)).body).toMatchObject([
		{ commit: { message: 'Change for promote/app' } },
	]);
	const edit = await call('PATCH', `/pulls/${number}`, { title: 'New', body: 'text' });
	expect(edit).toMatchObject({ status: 201, body: { title: 'New', body: 'text' } });
	await call('PATCH', `/pulls/${number}`, { state: 'closed' });
	const open = await call('GET', '/pulls?state=open');
	expect(open.body).toEqual([]);
	expect(open.headers.get('x-total-count')).toBe('0');
	expect(events.map((event) => (event.kind === 'push' ? event.kind : event.action))).toEqual([
		'push',
		'opened',
		'edited',
		'closed',
	]);
});

test('the same pull request again is a 409, an unknown head a 404', async () => {
	await openPull('promote/app');
	const create = async (head: string) =>
		(await call('POST', '/pulls', { head, base: 'main', title: 'x' })).status;
	expect(await create('promote/app')).toBe(409);
	expect(await create('missing')).toBe(404);
});

test('a merge right after opening is told to come back, and then merges', async () => {
	const number = await openPull('promote/app');
	const first = await merge(number);
	expect(first).toMatchObject({ status: 405, body: { message: 'Please try again later' } });
	expect((await call('GET', `/pulls/${number}`)).body.mergeable).toBe(true);
	expect((await call('GET', `/pulls/${number}/merge`)).status).toBe(404);
	expect(await merge(number, { delete_branch_after_merge: true })).toMatchObject({ status: 200 });
	expect((await call('GET', `/pulls/${number}/merge`)).status).toBe(204);
	expect(await git(path(), ['show', 'main:app.yaml'])).toBe('image: app:2');
	expect(await tip('promote/app')).toBeUndefined();
});

test('a conflict gives the same words, and `mergeable` is false', async () => {
	const number = await openPull('promote/app');
	await commitToBranch(path(), 'main', { 'app.yaml': 'image: app:9\n' }, 'race');
	for (const attempt of [1, 2]) {
		const reply = await merge(number);
		expect(reply, `attempt ${attempt}`).toMatchObject({
			status: 405,
			body: { message: 'Please try again later' },
		});
	}
	expect((await call('GET', `/pulls/${number}`)).body.mergeable).toBe(false);
});

test('an approval is needed where the branch wants one, and not from the author', async () => {
	forge.protectBranch('acme/infra', 'main', { requiredApprovals: 1 });
	const number = await openPull('promote/app');
	await merge(number);
	expect(await merge(number)).toMatchObject({
		status: 405,
		body: { message: 'Does not have enough approvals' },
	});
	const approve = (token: string) =>
		call('POST', `/pulls/${number}/reviews`, { event: 'APPROVED' }, token);
	expect((await approve('bot-token')).status).toBe(422);
	expect(await approve('reviewer-token')).toMatchObject({
		status: 200,
		body: { state: 'APPROVED' },
	});
	expect((await merge(number)).status).toBe(200);
});

test('a title that begins with WIP makes a draft, which cannot be merged', async () => {
	const number = await openPull('promote/app');
	await call('PATCH', `/pulls/${number}`, { title: 'WIP: later' });
	expect((await call('GET', `/pulls/${number}`)).body.draft).toBe(true);
	expect((await merge(number)).status).toBe(405);
});

test('several files go in one commit, each guarded by the blob that was seen', async () => {
	const seen = (await call('GET', '/contents/app.yaml?ref=main')).body;
	const base64 = (text: string) => Buffer.from(text).toString('base64');
	const files = (sha: unknown) => [
		{ operation: 'update', path: 'app.yaml', content: base64('image: app:3\n'), sha },
		{ operation: 'create', path: 'new.yaml', content: base64('n: 1\n') },
	];
	const write = (sha: unknown) =>
		call('POST', '/contents', { branch: 'main', message: 'Two', files: files(sha) });
	expect((await write('0'.repeat(40))).status).toBe(422);
	expect((await write(seen.sha)).status).toBe(201);
	expect(await git(path(), ['diff', '--name-only', 'main~1', 'main'])).toBe('app.yaml\nnew.yaml');
	expect(events).toMatchObject([{ kind: 'push', ref: 'refs/heads/main' }]);
});

test('a branch moves only from the commit that the caller saw', async () => {
	await openPull('promote/app');
	const [old, next] = [await tip('main'), await tip('promote/app')];
	const move = (from: string | undefined) =>
		call('PUT', '/branches/main', { old_commit_id: from, new_commit_id: next });
	expect((await move('1'.repeat(40))).status).toBe(422);
	expect((await move(old)).status).toBe(204);
	expect(await tip('main')).toBe(next);
});

test('labels have to be there before they are set, and are set by id or name', async () => {
	const number = await openPull('promote/app');
	const { body } = await call('POST', '/labels', { name: 'deploy', color: '#00ff00' });
	const set = await call('POST', `/issues/${number}/labels`, { labels: [body.id, 'unknown'] });
	expect(set.body).toMatchObject([{ name: 'deploy', color: '00ff00' }]);
	const comment = await call('POST', `/issues/${number}/comments`, { body: 'hello' });
	expect(comment.status).toBe(201);
	const comments = await call('GET', `/issues/${number}/comments`);
	expect(comments.body).toMatchObject([{ body: 'hello', user: { login: 'bot' } }]);
});

test('a tag with a message is annotated, and is made once', async () => {
	const make = () => call('POST', '/tags', { tag_name: 'v1', target: 'main', message: '{"a":1}' });
	expect(await make()).toMatchObject({ status: 201, body: { name: 'v1', message: '{"a":1}' } });
	expect((await make()).status).toBe(409);
	expect(await git(path(), ['cat-file', '-t', 'refs/tags/v1'])).toBe('tag');
});

test('a status of a commit is read back as the state of all of them', async () => {
	const sha = await tip('main');
	await call('POST', `/statuses/${sha}`, { state: 'success', context: 'ci' });
	await call('POST', `/statuses/${sha}`, { state: 'pending', context: 'deploy' });
	expect((await call('GET', '/commits/main/status')).body).toMatchObject({
		state: 'pending',
		total_count: 2,
	});
});

test('tokens are told apart: 401 unknown, 403 for reading alone', async () => {
	expect((await call('GET', '', undefined, 'wrong')).status).toBe(401);
	expect((await call('GET', '', undefined, 'reader-token')).status).toBe(200);
	const write = await call('POST', '/branches', { new_branch_name: 'x' }, 'reader-token');
	expect(write.status).toBe(403);
	expect(forge.requests.at(-1)).toMatchObject({
		kind: 'gitea',
		user: 'reader',
		body: { new_branch_name: 'x' },
		status: 403,
	});
});
