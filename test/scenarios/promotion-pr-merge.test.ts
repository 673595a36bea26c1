import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { onBitbucketCloud, onBitbucketServer, onGitHub, onGitLab, testedForges } from './forges.ts';
import { commandLine } from './fronts.ts';
import { branch, manifest, name, type Promotion } from './promotion.ts';
import { Merging, until } from './promotion-merging.ts';

vi.setConfig({ testTimeout: 60_000 });

let merging: Merging;
let scene: Promotion;
const start = async (on = onGitHub) => {
	merging = await Merging.start(on);
	scene = merging.scene;
};
afterEach(async () => {
	const problems = await scene.requestProblems();
	await scene.close();
	expect(problems).toEqual([]);
});

describe.each(testedForges)('on $title', (on) => {
	const { plans, review, check, prepare } = on.merging;
	beforeEach(() => start(on));

	test.each(['merge', 'squash', 'rebase'])(
		'auto-merge by %s is made once the base allows it, with the record',
		async (method) => {
			prepare(scene.forge, method);
			merging.guard();
			const running = merging.run({
				'auto-merge': method,
				...(plans ? {} : { wait: 'merged' }),
			});
			if (!plans) await merging.looked();
			else {
				const { exitCode, outputs, stdout } = await running;
				expect({ exitCode, ...outputs }).toMatchObject({
					exitCode: 0,
					operation: 'created',
					merged: 'false',
				});
				expect(stdout).toMatch(/ merges pull request 1 \(\w+\) as soon as/);
				expect(stdout).toContain(`Pull request 1 waits for ${review}`);
			}
			expect(scene.pull.state).toBe('open');
			await merging.approve();
			await running;
			expect(scene.pull.merge?.commit).toBe(await scene.tip('main'));
			expect(await merging.records()).toEqual([`${name}:2`]);
			const parents = (await scene.git('log', '-1', '--format=%P', 'main')).split(' ');
			expect(parents).toHaveLength(method === 'merge' ? 2 : 1);
			if (method === 'squash')
				expect(await scene.git('log', '-1', '--format=%s', 'main')).toBe(
					`Promote ${name} to 2 in production (${on.mark}1)`,
				);
		},
	);

	test('where nothing is missing it is merged at once, and the next run finds that', async () => {
		const { exitCode, outputs } = await merging.run({ 'auto-merge': 'merge', wait: 'merged' });
		expect({ exitCode, ...outputs }).toMatchObject({
			exitCode: 0,
			operation: 'created',
			merged: 'true',
			'merge-commit': await scene.tip('main'),
		});
		expect(scene.pull.merge?.by).toBe('promoter');

		const again = await merging.run({ 'auto-merge': 'merge', wait: 'merged' });
		expect(again.outputs).toMatchObject({
			operation: 'none',
			number: '1',
			merged: 'true',
			'merge-commit': await scene.tip('main'),
		});
	});

	test('it waits for the merge that people make, and says what is missing', async () => {
		merging.guard({ requiredApprovals: 1, requiredChecks: ['ci/test'] });
		const running = merging.run({ wait: 'merged' });
		await merging.opened();
		await merging.report('failure');
		await merging.looked();
		await merging.approve();
		await merging.looked(merging.looks + 2);
		await merging.report('success');
		await scene.merge(1, 'squash');
		const { exitCode, outputs, stdout } = await running;
		expect({ exitCode, ...outputs }).toMatchObject({
			exitCode: 0,
			merged: 'true',
			'merge-commit': await scene.tip('main'),
		});
		expect(stdout).toContain(`waits for ${review}`);
		expect(stdout).toContain(`waits for ${check}`);
		expect(scene.forge.requests.filter(on.merging.asking)).toEqual([]);
	});

	test('who asks for changes is named, and what is closed is an error for who waits for the merge', async () => {
		merging.guard();
		const running = merging.run({ wait: 'merged' });
		await merging.looked();
		await scene.forge.review(on.production, 1, 'bob', 'CHANGES_REQUESTED');
		await merging.looked(merging.looks + 2);
		await merging.close();
		const { exitCode, stdout, outputs } = await running;
		expect(exitCode).toBe(1);
		expect(stdout).toMatch(/waits for .*(asked for changes|reviewers have approved)/);
		expect(stdout).toContain('Pull request 1 was closed without being merged');
		expect(outputs).toMatchObject({ operation: 'created', number: '1', merged: 'false' });
	});

	test('on a conflict the edit is made anew on the base as it is now', async () => {
		merging.guard();
		const running = merging.run({ 'auto-merge': 'squash', wait: 'merged' });
		await merging.looked();
		const ours = await scene.tip(branch);
		const theirs = await scene.commit('main', {
			'api.yaml': manifest(`${name}:1.5`).replace('the api', 'our api'),
		});
		await until(async () => (await scene.tip(branch)) !== ours);
		expect(await scene.git('rev-parse', `${branch}^`)).toBe(theirs);
		await merging.approve();
		const { exitCode, outputs, stdout } = await running;
		expect({ exitCode, ...outputs }).toMatchObject({
			exitCode: 0,
			operation: 'created',
			number: '1',
			merged: 'true',
		});
		expect(stdout).toContain('waits for the end of its conflict with main');
		expect(stdout).toContain('making the edit anew on the base as it is now');
		expect(await scene.git('show', 'main:api.yaml')).toBe(
			manifest(`${name}:2`).replace('the api', 'our api').trimEnd(),
		);
		expect(await merging.records()).toEqual([`${name}:2`]);
	});
});

describe('on GitHub as on any forge', () => {
	beforeEach(() => start());

	test('what is closed is an end for who waits for that', async () => {
		merging.guard();
		const running = merging.run({ wait: 'closed' });
		await merging.looked();
		await merging.close();
		expect(await running).toMatchObject({ exitCode: 0, outputs: { merged: 'false', number: '1' } });
	});

	test('when the time is over it says what was missing', async () => {
		merging.guard({ requiredChecks: ['ci/test'] });
		const running = merging.run({ wait: 'merged', timeout: '6s' });
		await merging.opened();
		await merging.report('failure');
		const { exitCode, stdout } = await running;
		expect(exitCode).toBe(3);
		expect(stdout).toMatch(/Not done within 6 s.*; Pull request 1 waits for the check ci\/test/);
	});

	test('a dry run plans nothing and waits for nothing', async () => {
		const inputs = { 'auto-merge': 'merge', wait: 'merged', 'dry-run': 'true' };
		expect(await merging.run(inputs)).toMatchObject({ exitCode: 0 });
		expect(scene.pulls).toEqual([]);
	});
});

describe.each(testedForges.filter(({ merging: { plans } }) => plans))('on $title', (on) => {
	beforeEach(() => start(on));

	test('running again leaves the plan as it is, and a newer image is planned with its own record', async () => {
		merging.guard();
		await merging.run({ 'auto-merge': 'squash' });
		const planned = scene.pull.autoMerge;
		expect(planned).toMatchObject({ method: 'squash', user: 'promoter' });
		expect(await merging.run({ 'auto-merge': 'squash' })).toMatchObject({
			exitCode: 0,
			outputs: { operation: 'unchanged' },
		});
		expect(scene.pull.autoMerge).toBe(planned);
		await merging.run({ 'auto-merge': 'squash', image: `${name}:3` });
		await merging.approve();
		const message = await scene.git('log', '-1', '--format=%B', 'main');
		expect(message).toContain(`Promote ${name} to 3 in production (${on.mark}1)\n`);
		expect(message).toContain(`\nLockstep-Image: ${name}:3`);
		expect(message).not.toContain(`${name}:2`);
	});
});

describe.each([onGitLab, onBitbucketServer])('on $title', (on) => {
	test('a plan that the forge gave up is made anew', async () => {
		await start(on);
		merging.guard();
		const running = merging.run({ 'auto-merge': 'merge', wait: 'merged' });
		await until(() => scene.pulls[0]?.autoMerge !== undefined);
		scene.pull.autoMerge = undefined;
		await until(() => scene.pull.autoMerge !== undefined);
		await merging.approve();
		expect(await running).toMatchObject({ exitCode: 0, outputs: { merged: 'true' } });
	});
});

describe('on Bitbucket Cloud, which plans no merges', () => {
	beforeEach(() => start(onBitbucketCloud));

	test('auto-merge without waiting fails where something is missing, and says what to do', async () => {
		merging.guard();
		const { exitCode, stdout, outputs } = await merging.run({ 'auto-merge': 'squash' });
		expect(exitCode).toBe(1);
		expect(stdout).toContain(
			'Bitbucket plans no merges by its API, and pull request 1 waits for an approving review; let the step wait for the merge',
		);
		expect(outputs).toMatchObject({ operation: 'created', number: '1', merged: 'false' });
		expect(scene.forge.requests.filter(onBitbucketCloud.merging.asking)).toEqual([]);
	});

	test('a build that failed is not passed over, though no rule asks for it', async () => {
		await merging.run();
		await merging.report('failure');
		const running = merging.run({ 'auto-merge': 'squash', wait: 'merged' });
		await merging.looked(3);
		expect(scene.pull.state).toBe('open');
		await merging.report('success');
		expect(await running).toMatchObject({ exitCode: 0, outputs: { merged: 'true' } });
	});

	test('a token that may not read the rules has the forge say what they want', async () => {
		merging.guard();
		const { exitCode, stdout } = await merging.run({
			'auto-merge': 'squash',
			token: 'writer-token-0123456789',
		});
		expect(exitCode).toBe(1);
		expect(stdout).toContain('(it says: At least 1 approving review is required');
	});
});

test('a repository on GitHub that allows no auto-merge is told of, with where to allow it', async () => {
	await start();
	merging.guard();
	scene.forge.repository(onGitHub.production).allowAutoMerge = false;
	const { exitCode, stdout, outputs } = await merging.run({ 'auto-merge': 'squash' });
	expect(exitCode).toBe(1);
	expect(stdout).toContain(
		"Auto merge is not allowed for this repository; turn on 'Allow auto-merge' in the settings",
	);
	expect(outputs).toMatchObject({ operation: 'created', number: '1', merged: 'false' });
});

test('where Bitbucket Data Center has auto-merge turned off, the step merges while it waits', async () => {
	await start(onBitbucketServer);
	merging.guard();
	scene.forge.repository(onBitbucketServer.production).allowAutoMerge = false;
	const { exitCode, stdout } = await merging.run({ 'auto-merge': 'squash' });
	expect(exitCode).toBe(1);
	expect(stdout).toContain("Auto-merge is not turned on in the repository's settings");
	const running = merging.run({ 'auto-merge': 'squash', wait: 'merged' });
	await merging.looked(merging.looks + 2);
	await merging.approve();
	expect(await running).toMatchObject({ exitCode: 0, outputs: { merged: 'true' } });
});

test.each([
	['rebase', 'merge', "set 'Fast-forward merge' in the project's settings"],
	['merge', 'ff', "set 'Merge commit' in the project's settings"],
] as const)(
	'GitLab merges as its project is set: %s over %s is refused',
	async (wanted, set, advice) => {
		await start(onGitLab);
		scene.forge.repository(onGitLab.production).mergeMethod = set;
		const { exitCode, stdout } = await merging.run({ 'auto-merge': wanted });
		expect(exitCode).toBe(1);
		expect(stdout).toContain(advice);
	},
);

test('what a merge train of GitLab would squash would lose its record, and is refused', async () => {
	await start(onGitLab);
	merging.guard({ mergeQueue: true });
	const { exitCode, stdout } = await merging.run({ 'auto-merge': 'squash' });
	expect(exitCode).toBe(1);
	expect(stdout).toContain("GitLab's merge train takes no message for what it squashes");
	expect(scene.pull.queuedBy).toBeUndefined();
});

test.each([onGitHub, onGitLab])(
	'on $title checks that no rule asks for are not passed over: it is said, or waited for',
	async (on) => {
		await start(on);
		await merging.run();
		await merging.report('failure');
		const { exitCode, stdout } = await merging.run({ 'auto-merge': 'squash' });
		expect(exitCode).toBe(1);
		expect(stdout).toContain(`${on.title} plans no merge of pull request 1 now`);
		const running = merging.run({ 'auto-merge': 'squash', wait: 'merged' });
		await merging.looked(merging.looks + 2);
		expect(scene.pull.state).toBe('open');
		await merging.report('success');
		expect(await running).toMatchObject({ exitCode: 0, outputs: { merged: 'true' } });
	},
);

test('a draft is never merged by itself', async () => {
	await start();
	const inputs = { 'auto-merge': 'merge', draft: 'true', forge: 'gitea' };
	const { exitCode, stderr } = await scene.run(inputs, commandLine);
	expect(exitCode).toBe(2);
	expect(stderr).toContain('--auto-merge and --draft exclude each other');
});

describe.each([onGitHub, onGitLab])('where the base on $title has a merge queue', (on) => {
	const { production } = on;
	const inQueue = () => until(() => scene.pulls[0]?.queuedBy !== undefined);
	beforeEach(() => start(on));

	test.each([0, 1])(
		'it is put into that with %i approvals to come, and is merged out of it with the record',
		async (requiredApprovals) => {
			merging.guard({ requiredApprovals, mergeQueue: true });
			const running = merging.run({ 'auto-merge': 'merge', wait: 'merged' });
			if (requiredApprovals > 0) {
				await merging.looked();
				expect(scene.pull.queuedBy).toBeUndefined();
				await merging.approve();
			}
			await inQueue();
			await merging.looked(merging.looks + 2);
			await scene.forge.settleQueue(production);
			const { exitCode, outputs, stdout } = await running;
			expect({ exitCode, ...outputs }).toMatchObject({
				exitCode: 0,
				merged: 'true',
				'merge-commit': await scene.tip('main'),
			});
			if (on === onGitHub)
				expect(stdout).toContain('waits for the merge queue, in which it stands at place 1');
			expect(await merging.records()).toEqual([`${name}:2`]);
		},
	);

	test('being let go by it is a failure that says why, and the next run puts it in again', async () => {
		merging.guard({ mergeQueue: true });
		const running = merging.run({ 'auto-merge': 'merge', wait: 'merged' });
		await inQueue();
		await scene.forge.settleQueue(production, 'The pull request failed the check ci/test');
		const { exitCode, stdout, outputs } = await running;
		expect(exitCode).toBe(1);
		expect(stdout).toContain(
			`${on.title} took pull request 1 out of its merge queue: The pull request failed the check ci/test; see to that`,
		);
		expect(outputs).toMatchObject({ number: '1', merged: 'false' });
		expect(await merging.run({ 'auto-merge': 'merge' })).toMatchObject({ exitCode: 0 });
		expect(scene.pull.queuedBy).toBe('promoter');
	});
});
