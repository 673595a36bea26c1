import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { onGitea, onGitHub } from './forges.ts';
import { branch, manifest, name, Promotion } from './promotion.ts';

// Every run is a process or two, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

let scene: Promotion;

/** What the button does that brings a pull request's branch up to date: a merge by a person. */
async function pressUpdate(from = 'main', tree?: string): Promise<string> {
	const merged = tree ?? (await scene.git('merge-tree', '--write-tree', branch, from));
	const merge = await scene.git(
		...['-c', 'user.name=Alice', '-c', 'user.email=alice@example.com'],
		...['commit-tree', '-p', branch, '-p', from, '-m', `Merge branch '${from}' into ${branch}`],
		merged,
	);
	await scene.git('update-ref', `refs/heads/${branch}`, merge);
	return merge;
}

const wider = manifest(`${name}:1`).replace('the api', 'our api');

describe.each([onGitHub, onGitea])('the button that updates a branch, on $title,', (on) => {
	beforeEach(async () => {
		scene = await Promotion.start({}, on);
		await scene.run();
	});
	afterEach(async () => {
		const problems = await scene.requestProblems();
		await scene.close();
		expect(problems).toEqual([]);
	});

	test.each([
		['in another file', { 'other.yaml': 'a: 2\n' }, 'unchanged'],
		// The diff that the body shows is another one then.
		['in the same file', { 'api.yaml': wider }, 'updated'],
	])(
		'leaves the branch the step’s own where the base changed %s',
		async (_where, files, operation) => {
			await scene.commit('main', files);
			const merge = await pressUpdate();
			const again = await scene.run({}, on.front, { run: 2 });
			expect(again).toMatchObject({
				exitCode: 0,
				outputs: { operation, number: '1', commit: merge },
			});
			expect(await scene.tip(branch)).toBe(merge);

			const newer = await scene.run({ image: `${name}:3` });
			expect(newer).toMatchObject({ exitCode: 0, outputs: { operation: 'updated', number: '1' } });
			expect(await scene.git('rev-parse', `${branch}^`)).toBe(await scene.tip('main'));
			expect(await scene.git('rev-list', '--count', `main..${branch}`)).toBe('1');
		},
	);

	test('may be pressed again and again', async () => {
		for (const a of [2, 3, 4]) {
			await scene.commit('main', { 'other.yaml': `a: ${a}\n` });
			await pressUpdate();
		}
		await scene.commit('main', { 'other.yaml': 'a: 5\n' });
		expect((await scene.run()).outputs).toMatchObject({ operation: 'unchanged' });
		expect((await scene.run({ image: `${name}:3` })).outputs).toMatchObject({
			operation: 'updated',
		});
	});

	test('hides nobody’s work: what else is in the merge is told and stays', async () => {
		const own = (await scene.tip(branch)) ?? '';
		await scene.commit('main', { 'other.yaml': 'a: 2\n' });
		await pressUpdate();
		const mixed = await scene.commit(branch, { 'notes.md': 'careful\n' });
		await scene.git('update-ref', `refs/heads/${branch}`, own);
		const merge = await pressUpdate('main', `${mixed}^{tree}`);
		const { exitCode, stdout } = await scene.run({ image: `${name}:3` });
		expect(exitCode).toBe(1);
		expect(stdout).toContain(`${merge.slice(0, 12)} "Merge branch 'main' into ${branch}" by Alice`);
		expect(await scene.tip(branch)).toBe(merge);
	});

	test('is told from a merge of another branch', async () => {
		await scene.makeBranch('feature');
		await scene.commit('feature', { 'notes.md': 'careful\n' });
		const merge = await pressUpdate('feature');
		const { exitCode, stdout } = await scene.run({ image: `${name}:3` });
		expect(exitCode).toBe(1);
		expect(stdout).toContain("Merge branch 'feature'");
		expect(await scene.tip(branch)).toBe(merge);
	});
});

test('where GitHub asks for it the edit is made anew on the base’s tip, also over the button’s merge', async () => {
	scene = await Promotion.start({}, onGitHub);
	try {
		scene.forge.protectBranch(onGitHub.production, 'main', { upToDate: true });
		await scene.run();
		await scene.commit('main', { 'other.yaml': 'a: 2\n' });
		const pressed = await fetch(
			`${scene.forge.apiUrl}/repos/${onGitHub.production}/pulls/1/update-branch`,
			{ method: 'PUT', headers: { authorization: 'token alice-token', 'user-agent': 'test' } },
		);
		expect(pressed.status).toBe(202);
		const merge = await scene.tip(branch);
		await scene.commit('main', { 'other.yaml': 'a: 3\n' });
		const waiting = scene.run({ wait: 'merged' });
		await vi.waitFor(
			async () => expect(await scene.git('rev-parse', `${branch}^`)).toBe(await scene.tip('main')),
			30_000,
		);
		expect(await scene.tip(branch)).not.toBe(merge);
		await scene.merge(1, 'merge');
		const { exitCode, outputs, stdout } = await waiting;
		expect(stdout).toContain('its branch to be brought up to date with main');
		expect({ exitCode, merged: outputs.merged, operation: outputs.operation }).toEqual({
			exitCode: 0,
			merged: 'true',
			operation: 'updated',
		});
		expect(await scene.requestProblems()).toEqual([]);
	} finally {
		await scene.close();
	}
});
