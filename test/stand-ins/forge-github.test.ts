import { expect, test } from 'vitest';
import { commitToBranch } from './git/bare-repository.ts';
import { git } from './git/git.ts';
import {
	bot,
	branch,
	client,
	events,
	forge,
	openPull,
	path,
	repo,
	status,
	tip,
} from './github-world.ts';

test('contents are written only over the blob that the caller saw', async () => {
	const file = { ...repo, path: 'app.yaml', message: 'Bump', branch: 'master' };
	const content = Buffer.from('image: app:3\n').toString('base64');
	const put = (sha?: string) =>
		bot.repos.createOrUpdateFileContents({ ...file, content, ...(sha && { sha }) });
	const { data } = await bot.repos.getContent({ ...repo, path: 'app.yaml' });
	if (Array.isArray(data)) throw new Error('a file is no list');
	expect(await status(put())).toMatch(/^422/);
	expect(await status(put('0'.repeat(40)))).toMatch(/^409/);
	await put(data.sha);
	expect(await git(path(), ['show', 'master:app.yaml'])).toBe('image: app:3');
	expect(await git(path(), ['show', 'master:other.yaml'])).toBe('a: 1');
});

test('a reference moves only forward, unless it is forced', async () => {
	const first = (await tip('master')) ?? '';
	await commitToBranch(path(), 'master', { n: '1' }, 'next');
	const move = (force: boolean) =>
		status(bot.git.updateRef({ ...repo, ref: 'heads/master', sha: first, force }));
	expect(await move(false)).toMatch(/^422 Update is not a fast forward/);
	expect(await move(true)).toBe('done');
	const again = bot.git.createRef({ ...repo, ref: 'refs/heads/master', sha: first });
	expect(await status(again)).toMatch(/^422 Reference already exists/);
});

test('an annotated tag is an object and a reference to it', async () => {
	const object = (await tip('master')) ?? '';
	const tag = { ...repo, tag: 'v1', message: '{"a":1}', object, type: 'commit' as const };
	const { data } = await bot.git.createTag(tag);
	await bot.git.createRef({ ...repo, ref: 'refs/tags/v1', sha: data.sha });
	expect(
		await git(path(), ['tag', '-l', '--format=%(objecttype) %(contents) %(*objectname)']),
	).toBe(`tag {"a":1}\n ${object}`);
	const { data: ref } = await bot.git.getRef({ ...repo, ref: 'tags/v1' });
	expect(ref.object).toMatchObject({ sha: data.sha, type: 'tag' });
	const read = await bot.git.getTag({ ...repo, tag_sha: data.sha });
	expect(read.data).toMatchObject({ tag: 'v1', message: '{"a":1}', object: { sha: object } });
	expect(events.at(-1)).toMatchObject({ kind: 'push', ref: 'refs/tags/v1' });
});

test('commits are compared as GitHub does', async () => {
	await branch('side', { n: '1' });
	await commitToBranch(path(), 'master', { m: '1' }, 'next');
	const { data } = await bot.repos.compareCommitsWithBasehead({
		...repo,
		basehead: 'master...side',
	});
	expect(data).toMatchObject({ status: 'diverged', ahead_by: 1, behind_by: 1 });
	expect(data.files?.map((file) => file.filename)).toEqual(['n']);
});

test('tokens reach what they may: 401 unknown, 404 without access, 403 for reading alone', async () => {
	const get = (token: string) => status(client(token).repos.get(repo));
	expect(await get('wrong')).toMatch(/^401 Bad credentials/);
	expect(await get('stranger-token')).toMatch(/^404/);
	expect(await get('reader-token')).toBe('done');
	const sha = (await tip('master')) ?? '';
	const write = client('reader-token').git.createRef({ ...repo, ref: 'refs/heads/x', sha });
	expect(await status(write)).toMatch(/^403/);
	const { data } = await client('reader-token').users.getAuthenticated();
	expect(data.login).toBe('reader');
	expect(forge.requests.at(-1)).toMatchObject({ kind: 'github', user: 'reader', status: 200 });
});

test('lists come in pages that name each other', async () => {
	for (const name of ['a', 'b', 'c']) await openPull(name, { 'app.yaml': `image: ${name}\n` });
	const all = await bot.paginate(bot.pulls.list, { ...repo, per_page: 2 });
	expect(all.map((pull) => pull.head.ref)).toEqual(['c', 'b', 'a']);
	const pages = forge.requests.filter(
		({ method, path }) => method === 'GET' && /pulls$/.test(path),
	);
	expect(pages.map(({ query }) => query.page)).toEqual([undefined, '2']);
});

test('a fault is what the client sees, and the record says what was done', async () => {
	forge.onRequest = ({ method }) =>
		method === 'POST'
			? { kind: 'status', status: 429, headers: { 'retry-after': '2' }, body: '{"message":"slow"}' }
			: undefined;
	const sha = (await tip('master')) ?? '';
	const create = bot.git.createRef({ ...repo, ref: 'refs/heads/x', sha });
	expect(await status(create)).toMatch(/^429/);
	expect(await tip('x')).toBeUndefined();
	forge.onRequest = () => ({ kind: 'reset', when: 'after' });
	const lost = bot.git.createRef({ ...repo, ref: 'refs/heads/x', sha });
	expect(await status(lost)).toMatch(/^500/);
	expect(await tip('x')).toBe(sha);
	expect(forge.requests.at(-1)).toMatchObject({ body: { ref: 'refs/heads/x', sha }, status: 201 });
});

test('a deployment is opened, and a later success takes the earlier one out of use', async () => {
	const sha = (await tip('master')) ?? '';
	const deploy = async () => {
		const environment = { ...repo, ref: sha, environment: 'qa' };
		const { data } = await bot.repos.createDeployment({ ...environment, required_contexts: [] });
		const deployment_id = 'id' in data ? data.id : 0;
		for (const state of ['in_progress', 'success'] as const)
			await bot.repos.createDeploymentStatus({
				...repo,
				deployment_id,
				state,
				log_url: 'https://a',
			});
		return deployment_id;
	};
	const [first, second] = [await deploy(), await deploy()];
	const states = async (deployment_id: number) => {
		const { data } = await bot.repos.listDeploymentStatuses({ ...repo, deployment_id });
		return data.map(({ state }) => state);
	};
	expect(await states(first)).toEqual(['inactive', 'success', 'in_progress']);
	expect(await states(second)).toEqual(['success', 'in_progress']);
	const { data } = await bot.repos.listDeployments({ ...repo, environment: 'qa', sha });
	expect(data.map(({ id }) => id)).toEqual([second, first]);
	const long = {
		...repo,
		deployment_id: second,
		state: 'error' as const,
		description: 'x'.repeat(141),
	};
	expect(await status(bot.repos.createDeploymentStatus(long))).toMatch(/^422 /);
});
