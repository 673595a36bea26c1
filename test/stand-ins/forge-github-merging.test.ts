import type { Octokit } from '@octokit/rest';
import { expect, test } from 'vitest';
import { commitToBranch } from './git/bare-repository.ts';
import { git } from './git/git.ts';
import { createWorkspace, withToken } from './git/workspace.ts';
import {
	bot,
	client,
	events,
	forge,
	list,
	openPull,
	path,
	repo,
	reviewer,
	status,
	tip,
} from './github-world.ts';

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

test('a merge that somebody pushed himself marks the pull request as merged', async () => {
	const number = await openPull('promote/app');
	const sha = (await tip('promote/app')) ?? '';
	await bot.git.updateRef({ ...repo, ref: 'heads/master', sha });
	const { data } = await bot.pulls.get({ ...repo, pull_number: number });
	expect(data).toMatchObject({ state: 'closed', merged: true, merge_commit_sha: sha });
});

test('a base that wants heads up to date refuses one that is behind, until its button is pressed', async () => {
	const number = await openPull('promote/app');
	forge.protectBranch('acme/infra', 'master', { upToDate: true });
	await commitToBranch(path(), 'master', { 'other.yaml': 'a: 2\n' }, 'Change the other');
	const pull = { ...repo, pull_number: number };
	expect(await status(bot.pulls.merge(pull))).toMatch(/^405 .*not up to date/);
	expect(
		await status(bot.pulls.updateBranch({ ...pull, expected_head_sha: 'f'.repeat(40) })),
	).toMatch(/^422 /);
	const before = await tip('promote/app');
	expect((await reviewer.pulls.updateBranch(pull)).status).toBe(202);
	const parents = await git(path(), ['log', '-1', '--format=%P', 'promote/app']);
	expect(parents).toBe(`${before} ${await tip('master')}`);
	expect(await status(bot.pulls.merge(pull))).toBe('done');
});
