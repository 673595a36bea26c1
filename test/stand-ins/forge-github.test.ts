import { Octokit } from '@octokit/rest';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Forge, type ForgeEvent, startForge } from './forge/forge.ts';
import { githubDescription } from './forge/github-description.ts';
import { commitToBranch } from './git/bare-repository.ts';
import { git, resolveCommit } from './git/git.ts';
import { createWorkspace, withToken } from './git/workspace.ts';

const repo = { owner: 'acme', repo: 'infra' };
let forge: Forge;
let events: ForgeEvent[];
let bot: Octokit;
let reviewer: Octokit;

function client(token: string): Octokit {
	const silent = () => undefined;
	const log = { debug: silent, info: silent, warn: silent, error: silent };
	return new Octokit({ auth: token, baseUrl: forge.apiUrl, log });
}

beforeEach(async () => {
	forge = await startForge({
		users: [
			{ name: 'bot', token: 'bot-token' },
			{ name: 'reviewer', token: 'reviewer-token' },
			{ name: 'reader', token: 'reader-token', access: 'read' },
			{ name: 'stranger', token: 'stranger-token', access: 'none' },
		],
	});
	await forge.createRepository('acme/infra', {
		files: { 'app.yaml': 'image: app:1\nreplicas: 1\n', 'other.yaml': 'a: 1\n' },
		defaultBranch: 'master',
	});
	events = [];
	forge.onEvent((event) => events.push(event));
	bot = client('bot-token');
	reviewer = client('reviewer-token');
});
/** Whatever a test asks is a request that GitHub knows, and answered in GitHub's own types. */
afterEach(async () => {
	const description = await githubDescription();
	const requests = forge.requests.filter(({ kind, fault }) => kind === 'github' && !fault);
	const problems = requests.flatMap((request) => [
		...description.requestProblems(request),
		...description.answerProblems(request),
	]);
	await forge.close();
	expect(problems).toEqual([]);
});

const path = () => forge.repositoryPath('acme/infra');
const tip = (branch: string) => resolveCommit(path(), `refs/heads/${branch}`);

async function branch(name: string, files: Record<string, string>): Promise<string> {
	const sha = (await tip('master')) ?? '';
	await bot.git.createRef({ ...repo, ref: `refs/heads/${name}`, sha });
	return commitToBranch(path(), name, files, `Change ${Object.keys(files).join(', ')}`);
}

async function openPull(
	head: string,
	files: Record<string, string> = { 'app.yaml': 'image: app:2\nreplicas: 1\n' },
) {
	await branch(head, files);
	const { data } = await bot.pulls.create({ ...repo, head, base: 'master', title: `Take ${head}` });
	return data.number;
}

function status(call: Promise<unknown>): Promise<unknown> {
	return call.then(
		() => 'done',
		(error: { status?: number; message: string }) => `${error.status} ${error.message}`,
	);
}

test('a pull request is created, found by head, updated and closed', async () => {
	const number = await openPull('promote/app');
	expect(await list({ head: 'acme:promote/app' })).toEqual([number]);
	expect(await list({ head: 'acme:other' })).toEqual([]);
	await bot.pulls.update({ ...repo, pull_number: number, title: 'New', body: 'text' });
	const { data } = await bot.pulls.get({ ...repo, pull_number: number });
	expect(data).toMatchObject({ title: 'New', body: 'text', state: 'open', user: { login: 'bot' } });
	await bot.pulls.update({ ...repo, pull_number: number, state: 'closed' });
	expect(await list({})).toEqual([]);
	expect(await list({ state: 'all' })).toEqual([number]);
	const actions = events.map((event) => (event.kind === 'push' ? event.ref : event.action));
	expect(actions).toEqual(['refs/heads/promote/app', 'opened', 'edited', 'closed']);
});

async function list(filter: { head?: string; state?: 'all' | 'open' | 'closed' }) {
	const { data } = await bot.pulls.list({ ...repo, ...filter });
	return data.map((pull) => pull.number);
}

test('a second pull request for the same branches is a 422', async () => {
	await openPull('promote/app');
	const again = bot.pulls.create({ ...repo, head: 'promote/app', base: 'master', title: 'x' });
	expect(await status(again)).toMatch(
		/^422 .*A pull request already exists for acme:promote\/app/s,
	);
});

test('of two callers who open or merge the same pull request at once, one is refused', async () => {
	await branch('promote/app', { 'app.yaml': 'image: app:2\n' });
	const open = () =>
		status(bot.pulls.create({ ...repo, head: 'promote/app', base: 'master', title: 'x' }));
	const opened = await Promise.all([open(), open()]);
	expect(opened.filter((result) => result === 'done')).toHaveLength(1);
	const merge = () => status(bot.pulls.merge({ ...repo, pull_number: 1 }));
	const merged = await Promise.all([merge(), merge()]);
	expect(merged.filter((result) => result === 'done')).toHaveLength(1);
	const { data } = await bot.pulls.get({ ...repo, pull_number: 1 });
	expect(data).toMatchObject({ merged: true, merge_commit_sha: await tip('master') });
});

test('an unknown head and a head without commits of its own are 422', async () => {
	const create = (head: string) =>
		status(bot.pulls.create({ ...repo, head, base: 'master', title: 'x' }));
	expect(await create('missing')).toMatch(/^422 .*"field":"head"/s);
	const sha = (await tip('master')) ?? '';
	await bot.git.createRef({ ...repo, ref: 'refs/heads/same', sha });
	expect(await create('same')).toMatch(/^422 .*No commits between master and same/s);
});

test('the head of a pull request follows a push to its branch', async () => {
	const number = await openPull('promote/app');
	const workspace = await createWorkspace();
	const address = withToken(forge.cloneUrl('acme/infra'), 'bot-token');
	await workspace.git(['clone', '-q', '-b', 'promote/app', address, 'w']);
	await workspace.git(['commit', '-q', '--allow-empty', '-m', 'more'], 'w');
	await workspace.git(['push', '-q', 'origin', 'HEAD'], 'w');
	const pushed = await workspace.git(['rev-parse', 'HEAD'], 'w');
	await workspace.remove();
	const { data } = await bot.pulls.get({ ...repo, pull_number: number });
	expect(data.head.sha).toBe(pushed);
	expect(data.commits).toBe(2);
	expect(events.slice(-2)).toMatchObject([
		{ kind: 'push', ref: 'refs/heads/promote/app', after: pushed, sender: 'bot' },
		{ kind: 'pull_request', action: 'synchronize', number },
	]);
	expect(await git(path(), ['rev-parse', `refs/pull/${number}/head`])).toBe(pushed);
});

test('mergeable is null on the first look, then true, and false on a conflict', async () => {
	const number = await openPull('promote/app');
	const mergeable = async () =>
		(await bot.pulls.get({ ...repo, pull_number: number })).data.mergeable;
	await bot.pulls.get({ ...repo, pull_number: number });
	expect(await mergeable()).toBe(true);
	await commitToBranch(path(), 'master', { 'app.yaml': 'image: app:9\nreplicas: 1\n' }, 'race');
	expect(await mergeable()).toBe(null);
	expect(await mergeable()).toBe(false);
	const merge = bot.pulls.merge({ ...repo, pull_number: number });
	expect(await status(merge)).toMatch(/^405 Pull Request is not mergeable/);
	expect(await list({})).toEqual([number]);
});

test('a merge keeps what others put on the base meanwhile', async () => {
	const number = await openPull('promote/app');
	await commitToBranch(path(), 'master', { 'other.yaml': 'a: 2\n' }, 'other');
	const { data } = await bot.pulls.merge({ ...repo, pull_number: number });
	expect(await tip('master')).toBe(data.sha);
	expect(await git(path(), ['show', 'master:app.yaml'])).toBe('image: app:2\nreplicas: 1');
	expect(await git(path(), ['show', 'master:other.yaml'])).toBe('a: 2');
	expect(await git(path(), ['log', '-1', '--format=%s|%b|%an', 'master'])).toBe(
		'Merge pull request #1 from acme/promote/app|Take promote/app\n|bot',
	);
	expect(events.slice(-2)).toMatchObject([
		{ kind: 'push', ref: 'refs/heads/master', after: data.sha },
		{ kind: 'pull_request', action: 'closed', merged: true, number },
	]);
	const again = bot.pulls.merge({ ...repo, pull_number: number });
	expect(await status(again)).toMatch(/^405/);
});

test('squash makes one commit, and takes the words of a single one', async () => {
	const number = await openPull('promote/app');
	await bot.pulls.merge({ ...repo, pull_number: number, merge_method: 'squash' });
	expect(await git(path(), ['log', '--format=%s %p', '-1', 'master'])).toMatch(
		/^Change app.yaml \(#1\) \w+$/,
	);
});

test('rebase copies each commit onto the base with its own author', async () => {
	const number = await openPull('promote/app');
	await commitToBranch(path(), 'promote/app', { 'new.yaml': 'b: 1\n' }, 'second');
	await commitToBranch(path(), 'master', { 'other.yaml': 'a: 2\n' }, 'other');
	await bot.pulls.merge({ ...repo, pull_number: number, merge_method: 'rebase' });
	expect(await git(path(), ['log', '--format=%s|%an|%cn', '-3', 'master'])).toBe(
		'second|Fixture|bot\nChange app.yaml|Fixture|bot\nother|Fixture|Fixture',
	);
	expect(await git(path(), ['show', 'master:app.yaml'])).toBe('image: app:2\nreplicas: 1');
});

test('a merge with another head than expected is a 409', async () => {
	const number = await openPull('promote/app');
	const sha = (await tip('master')) ?? '';
	const merge = bot.pulls.merge({ ...repo, pull_number: number, sha });
	expect(await status(merge)).toMatch(/^409 Head branch was modified/);
});

test('a protected branch refuses a push and the API alike', async () => {
	forge.protectBranch('acme/infra', 'master');
	const workspace = await createWorkspace();
	await workspace.git(['clone', '-q', withToken(forge.cloneUrl('acme/infra'), 'bot-token'), 'w']);
	await workspace.git(['commit', '-q', '--allow-empty', '-m', 'x'], 'w');
	const push = await workspace.try(['push', 'origin', 'HEAD:master', 'HEAD:free'], 'w');
	await workspace.remove();
	expect(push.code).toBe(1);
	expect(push.stderr).toMatch(/GH006: Protected branch update failed for refs\/heads\/master/);
	expect(await tip('free')).toBeDefined();
	const sha = (await tip('free')) ?? '';
	const update = bot.git.updateRef({ ...repo, ref: 'heads/master', sha });
	expect(await status(update)).toMatch(/^409/);
	const write = bot.repos.createOrUpdateFileContents({
		...repo,
		path: 'n',
		message: 'm',
		content: '',
	});
	expect(await status(write)).toMatch(/^409/);
	expect(await tip('master')).not.toBe(sha);
});

test('a required approval has to come from another user', async () => {
	forge.protectBranch('acme/infra', 'master', { requiredApprovals: 1 });
	const number = await openPull('promote/app');
	const merge = () => status(bot.pulls.merge({ ...repo, pull_number: number }));
	expect(await merge()).toMatch(/^405 At least 1 approving review/);
	const approve = (octokit: Octokit) =>
		status(octokit.pulls.createReview({ ...repo, pull_number: number, event: 'APPROVE' }));
	expect(await approve(bot)).toMatch(/^422 .*approve your own pull request/s);
	expect(await approve(client('reader-token'))).toBe('done');
	expect(await merge()).toMatch(/^405 At least 1 approving review/);
	expect(await approve(reviewer)).toBe('done');
	expect(await merge()).toBe('done');
});

test('a required status holds the merge until it is a success', async () => {
	forge.protectBranch('acme/infra', 'master', { requiredChecks: ['ci'] });
	const number = await openPull('promote/app');
	const sha = (await tip('promote/app')) ?? '';
	const merge = () => status(bot.pulls.merge({ ...repo, pull_number: number }));
	expect(await merge()).toMatch(/^405 Required status check "ci" is expected/);
	await bot.repos.createCommitStatus({ ...repo, sha, state: 'failure', context: 'ci' });
	expect(await merge()).toMatch(/^405 Required status check "ci" is failing/);
	await bot.repos.createCommitStatus({ ...repo, sha, state: 'success', context: 'ci' });
	const { data } = await bot.repos.getCombinedStatusForRef({ ...repo, ref: 'promote/app' });
	expect(data).toMatchObject({ state: 'success', total_count: 1 });
	expect(await merge()).toBe('done');
});

test('deleting the branch closes its pull request; setting it back to the base does too', async () => {
	const one = await openPull('one');
	await bot.git.deleteRef({ ...repo, ref: 'heads/one' });
	const two = await openPull('two', { 'other.yaml': 'a: 3\n' });
	await bot.git.updateRef({
		...repo,
		ref: 'heads/two',
		sha: (await tip('master')) ?? '',
		force: true,
	});
	for (const pull_number of [one, two]) {
		const { data } = await bot.pulls.get({ ...repo, pull_number });
		expect(data).toMatchObject({ state: 'closed', merged: false });
	}
});

test('a merge that somebody pushed himself marks the pull request as merged', async () => {
	const number = await openPull('promote/app');
	const sha = (await tip('promote/app')) ?? '';
	await bot.git.updateRef({ ...repo, ref: 'heads/master', sha });
	const { data } = await bot.pulls.get({ ...repo, pull_number: number });
	expect(data).toMatchObject({ state: 'closed', merged: true, merge_commit_sha: sha });
});

test('labels, assignees, reviewers and comments stay with the pull request', async () => {
	const number = await openPull('promote/app');
	await bot.issues.addLabels({ ...repo, issue_number: number, labels: ['deploy', 'app'] });
	await bot.issues.addAssignees({
		...repo,
		issue_number: number,
		assignees: ['reviewer', 'nobody'],
	});
	await bot.pulls.requestReviewers({ ...repo, pull_number: number, reviewers: ['reviewer'] });
	const own = bot.pulls.requestReviewers({ ...repo, pull_number: number, reviewers: ['bot'] });
	expect(await status(own)).toMatch(/^422/);
	await bot.issues.createComment({ ...repo, issue_number: number, body: 'first' });
	const { data: pull } = await bot.pulls.get({ ...repo, pull_number: number });
	expect(pull.labels.map((label) => label.name)).toEqual(['deploy', 'app']);
	expect(pull.assignees?.map((user) => user.login)).toEqual(['reviewer']);
	expect(pull.requested_reviewers?.map((user) => user.login)).toEqual(['reviewer']);
	const { data: comments } = await bot.issues.listComments({ ...repo, issue_number: number });
	expect(comments.map(({ body }) => body)).toEqual(['first']);
	const files = await bot.pulls.listFiles({ ...repo, pull_number: number });
	expect(files.data).toMatchObject([
		{ filename: 'app.yaml', status: 'modified', additions: 1, deletions: 1 },
	]);
	expect(files.data[0]?.patch).toBe('@@ -1,2 +1,2 @@\n-image: app:1\n+image: app:2\n replicas: 1');
});

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

test('a push event carries what a step reads of GITHUB_EVENT_PATH', async () => {
	await openPull('promote/app');
	const merged = await bot.pulls.merge({ ...repo, pull_number: 1 });
	const push = events.findLast((event) => event.kind === 'push');
	expect(push?.payload).toMatchObject({
		ref: 'refs/heads/master',
		after: merged.data.sha,
		created: false,
		deleted: false,
		head_commit: { id: merged.data.sha, modified: ['app.yaml'] },
		repository: {
			full_name: 'acme/infra',
			default_branch: 'master',
			clone_url: forge.cloneUrl('acme/infra'),
			owner: { login: 'acme' },
		},
		sender: { login: 'bot' },
	});
	expect(events.at(-1)?.payload).toMatchObject({
		action: 'closed',
		pull_request: { merged: true, base: { ref: 'master' }, head: { ref: 'promote/app' } },
	});
});
