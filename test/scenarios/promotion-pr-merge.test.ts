import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Fault, RecordedRequest } from '../stand-ins/git/exchange.ts';
import { commandLine, type Front, giteaActions, github, type Values } from './fronts.ts';
import { branch, manifest, name, Promotion, production } from './promotion.ts';

vi.setConfig({ testTimeout: 40_000 });

let scene: Promotion;
beforeEach(async () => {
	scene = await Promotion.start();
});
afterEach(async () => {
	const problems = await scene.requestProblems();
	await scene.close();
	expect(problems).toEqual([]);
});

const forges: [string, Front][] = [
	['GitHub', github],
	['Gitea', giteaActions],
];

/** Calls the forge's API as Alice. */
async function asAlice(method: string, path: string, body: object): Promise<void> {
	const answer = await fetch(`${scene.forge.apiUrl}/repos/${production}${path}`, {
		method,
		headers: { authorization: 'token alice-token', 'content-type': 'application/json' },
		body: JSON.stringify(body),
	});
	if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}

const approve = (number = 1) =>
	asAlice('POST', `/pulls/${number}/reviews`, { event: 'APPROVE', body: '' });
const close = () => asAlice('PATCH', '/pulls/1', { state: 'closed' });
const report = async (state: string) =>
	asAlice('POST', `/statuses/${await scene.tip(branch)}`, { state, context: 'ci/test' });

/** Waits until something holds, which a run that goes on meanwhile brings about. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
	for (let look = 0; !(await holds()); look++) {
		if (look > 300) throw new Error('it never came to that');
		await sleep(50);
	}
}

const isOpen = () => scene.pulls.length === 1;
/** Once the step has looked at its pull request and waits. */
const looks = () =>
	scene.forge.requests.filter(
		({ kind, method, path, body }) =>
			(kind === 'graphql' && JSON.stringify(body).includes('query pull')) ||
			(kind === 'gitea' && method === 'GET' && /\/branches\/main$/.test(path)),
	).length;
const looked = (times = 2) => until(() => looks() >= times);

describe.each(forges)('on %s', (forgeTitle, front) => {
	const run = (inputs: Values = {}) => scene.run(inputs, front);
	const guard = () => scene.forge.protectBranch(production, 'main', { requiredApprovals: 1 });

	test.each(['merge', 'squash', 'rebase'])(
		'auto-merge by %s is planned, and made once approved, with the record',
		async (method) => {
			guard();
			const { exitCode, outputs, stdout } = await run({ 'auto-merge': method });
			expect({ exitCode, ...outputs }).toMatchObject({
				exitCode: 0,
				operation: 'created',
				merged: 'false',
			});
			expect(stdout).toContain(`${forgeTitle} merges pull request 1 (${method}) as soon as`);
			expect(stdout).toContain('Pull request 1 waits for an approving review');
			expect(scene.pull.state).toBe('open');
			await approve();
			expect(scene.pull.merge?.commit).toBe(await scene.tip('main'));
			const record = await scene.git(
				'log',
				'--format=%(trailers:key=Lockstep-Image,valueonly)',
				'main',
			);
			expect(record.split('\n').filter(Boolean)).toEqual([`${name}:2`]);
			const parents = (await scene.git('log', '-1', '--format=%P', 'main')).split(' ');
			expect(parents).toHaveLength(method === 'merge' ? 2 : 1);
		},
	);

	test('running again leaves the plan as it is, and a newer image is planned with its own record', async () => {
		guard();
		await run({ 'auto-merge': 'squash' });
		const planned = scene.pull.autoMerge;
		expect(await run({ 'auto-merge': 'squash' })).toMatchObject({
			exitCode: 0,
			outputs: { operation: 'unchanged' },
		});
		expect(scene.pull.autoMerge).toEqual(planned);
		await run({ 'auto-merge': 'squash', image: `${name}:3` });
		await approve();
		const message = await scene.git('log', '-1', '--format=%B', 'main');
		expect(message).toMatch(new RegExp(`^Promote ${name} to 3 in production \\(#1\\)\n`));
		expect(message).toContain(`\nLockstep-Image: ${name}:3`);
		expect(message).not.toContain(`${name}:2`);
	});

	test('where nothing is missing it is merged at once', async () => {
		const { exitCode, outputs } = await run({ 'auto-merge': 'merge', wait: 'merged' });
		expect({ exitCode, ...outputs }).toMatchObject({
			exitCode: 0,
			operation: 'created',
			merged: 'true',
			'merge-commit': await scene.tip('main'),
		});
		expect(scene.pull.merge?.by).toBe('promoter');

		const again = await run({ 'auto-merge': 'merge', wait: 'merged' });
		expect(again.outputs).toMatchObject({
			operation: 'none',
			number: '1',
			merged: 'true',
			'merge-commit': await scene.tip('main'),
		});
	});

	test('it waits for the merge that people make, and says what is missing', async () => {
		scene.forge.protectBranch(production, 'main', {
			requiredApprovals: 1,
			requiredChecks: ['ci/test'],
		});
		const running = run({ wait: 'merged' });
		await until(isOpen);
		await report('failure');
		await looked();
		await approve();
		await report('success');
		await scene.merge(1, 'squash');
		const { exitCode, outputs, stdout } = await running;
		expect({ exitCode, ...outputs }).toMatchObject({
			exitCode: 0,
			merged: 'true',
			'merge-commit': await scene.tip('main'),
		});
		expect(stdout).toMatch(
			/waits for an approving review, the check ci\/test, which (has failed|is not done)/,
		);
	});

	test('what is closed is an error for who waits for the merge, and an end for who waits for that', async () => {
		guard();
		const merged = run({ wait: 'merged' });
		await looked();
		await close();
		const failed = await merged;
		expect(failed.exitCode).toBe(1);
		expect(failed.stdout).toContain('Pull request 1 was closed without being merged');
		expect(failed.outputs).toMatchObject({ operation: 'created', number: '1', merged: 'false' });

		const before = looks();
		const closed = run({ wait: 'closed' });
		await looked(before + 2);
		await asAlice('PATCH', '/pulls/2', { state: 'closed' });
		expect(await closed).toMatchObject({ exitCode: 0, outputs: { merged: 'false', number: '2' } });
	});

	test('on a conflict the edit is made anew on the base as it is now', async () => {
		guard();
		const running = run({ 'auto-merge': 'squash', wait: 'merged' });
		await looked();
		const ours = await scene.tip(branch);
		const theirs = await scene.commit('main', {
			'api.yaml': manifest(`${name}:1.5`).replace('the api', 'our api'),
		});
		await until(async () => (await scene.tip(branch)) !== ours);
		expect(await scene.git('rev-parse', `${branch}^`)).toBe(theirs);
		await approve();
		const { exitCode, outputs, stdout } = await running;
		expect({ exitCode, ...outputs }).toMatchObject({
			exitCode: 0,
			operation: 'created',
			number: '1',
			merged: 'true',
		});
		expect(stdout).toContain('making the edit anew on the base as it is now');
		expect(await scene.git('show', 'main:api.yaml')).toBe(
			manifest(`${name}:2`).replace('the api', 'our api').trimEnd(),
		);
	});

	test('when the time is over it says what was missing', async () => {
		scene.forge.protectBranch(production, 'main', { requiredChecks: ['ci/test'] });
		const running = run({ wait: 'merged', timeout: '6s' });
		await until(isOpen);
		await report('failure');
		const { exitCode, stdout } = await running;
		expect(exitCode).toBe(3);
		expect(stdout).toContain('waits for the check ci/test, which has failed');
		expect(stdout).toMatch(/Not done within 6 s.*; Pull request 1 waits for the check ci\/test/);
	});

	test.each<[string, Fault]>([
		['got lost after it was done', { kind: 'reset', when: 'after' }],
		['never came', { kind: 'reset', when: 'before' }],
		['was a 502', { kind: 'status', status: 502 }],
	])('a plan whose answer %s is made once', async (_what, fault) => {
		guard();
		let left = 1;
		const isPlan = ({ method, path, body }: RecordedRequest) =>
			method === 'POST' &&
			(path.endsWith('/merge') ||
				JSON.stringify(body ?? '').includes('enablePullRequestAutoMerge'));
		scene.forge.onRequest = (request) => (isPlan(request) && left-- > 0 ? fault : undefined);
		expect(await run({ 'auto-merge': 'squash' })).toMatchObject({ exitCode: 0 });
		expect(left).toBeLessThanOrEqual(0);
		expect(scene.pull.autoMerge).toMatchObject({ method: 'squash' });
	});

	test('a merge whose answer got lost is found out', async () => {
		let left = 1;
		scene.forge.onRequest = ({ path }) =>
			path.endsWith('/merge') && left-- > 0 ? { kind: 'reset', when: 'after' } : undefined;
		const { exitCode, outputs } = await run({ 'auto-merge': 'squash' });
		expect({ exitCode, ...outputs }).toMatchObject({ exitCode: 0, merged: 'true' });
	});

	test('a dry run plans nothing and waits for nothing', async () => {
		const inputs = { 'auto-merge': 'merge', wait: 'merged', 'dry-run': 'true' };
		expect(await run(inputs)).toMatchObject({ exitCode: 0 });
		expect(scene.pulls).toEqual([]);
	});
});

test('a repository on GitHub that allows no auto-merge is told of, with where to allow it', async () => {
	scene.forge.protectBranch(production, 'main', { requiredApprovals: 1 });
	scene.forge.repository(production).allowAutoMerge = false;
	const { exitCode, stdout, outputs } = await scene.run({ 'auto-merge': 'squash' });
	expect(exitCode).toBe(1);
	expect(stdout).toContain(
		"Auto merge is not allowed for this repository; turn on 'Allow auto-merge' in the settings",
	);
	expect(outputs).toMatchObject({ operation: 'created', number: '1', merged: 'false' });
});

test('checks that no rule asks for are not passed over: it is said, or waited for', async () => {
	await scene.run();
	await report('failure');
	const { exitCode, stdout } = await scene.run({ 'auto-merge': 'squash' });
	expect(exitCode).toBe(1);
	expect(stdout).toContain('GitHub plans no merge of pull request 1 now: no rule of its base asks');
	const running = scene.run({ 'auto-merge': 'squash', wait: 'merged' });
	await looked(looks() + 2);
	expect(scene.pull.state).toBe('open');
	await report('success');
	expect(await running).toMatchObject({ exitCode: 0, outputs: { merged: 'true' } });
});

test('a draft is never merged by itself', async () => {
	const inputs = { 'auto-merge': 'merge', draft: 'true', forge: 'gitea' };
	const { exitCode, stderr } = await scene.run(inputs, commandLine);
	expect(exitCode).toBe(2);
	expect(stderr).toContain('--auto-merge and --draft exclude each other');
});
