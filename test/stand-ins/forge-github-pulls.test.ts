import { expect, test } from 'vitest';
import { git } from './git/git.ts';
import { createWorkspace, withToken } from './git/workspace.ts';
import {
	bot,
	branch,
	events,
	forge,
	list,
	openPull,
	path,
	repo,
	status,
	tip,
} from './github-world.ts';

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

test('a second pull request for the same branches is a 422', async () => {
	await openPull('promote/app');
	const again = bot.pulls.create({ ...repo, head: 'promote/app', base: 'master', title: 'x' });
	expect(await status(again)).toMatch(
		/^422 .*A pull request already exists for acme:promote\/app/s,
	);
});

test('a second pull request is refused, but not to who asks at once; of two merges one is', async () => {
	await branch('promote/app', { 'app.yaml': 'image: app:2\n' });
	const open = () =>
		status(bot.pulls.create({ ...repo, head: 'promote/app', base: 'master', title: 'x' }));
	const opened = await Promise.all([open(), open()]);
	expect(opened).toEqual(['done', 'done']);
	expect(await open()).toMatch(/^422 .*already exists/s);
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
