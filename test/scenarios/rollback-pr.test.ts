import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { onGitea, onGitHub, onGitLab } from './forges.ts';
import type { Values } from './fronts.ts';
import { manifest, name, Promotion, token } from './promotion.ts';
import { runStep } from './run-step.ts';

// Every run is a process or two, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const branch = 'rollback/production-acme-api';
const marker = '.lockstep-holds/ghcr.io-acme-api.json';

describe.each([onGitHub, onGitea, onGitLab])('on $title', (on) => {
	let scene: Promotion;
	beforeEach(async () => {
		scene = await Promotion.start({}, on);
		await bumped(2);
	});
	afterEach(async () => {
		const problems = await scene.requestProblems();
		await scene.close();
		expect(problems).toEqual([]);
	});

	/** As bump-image leaves it. */
	const bumped = (version: number) =>
		scene.commit(
			'main',
			{ 'api.yaml': manifest(`${name}:${version}`) },
			`Bump\n\nLockstep-Image: ${name}:${version}\nLockstep-Environment: production\n`,
		);
	const run = (step: string, inputs: Values) =>
		runStep(step, {
			...on.front(scene.situation, {
				repository: on.cloneUrl(scene.forge, on.production),
				...on.inputs(scene.forge),
				token,
				image: name,
				...inputs,
			}),
			cwd: scene.workspace,
		});
	const rollback = (inputs: Values = {}) =>
		run('rollback', { file: 'api.yaml', 'pull-request': 'true', reason: 'loses #1', ...inputs });

	test('one pull request takes the image back and holds it; running again writes nothing', async () => {
		const base = await scene.tip('main');
		const first = await rollback({ environment: 'production' });
		expect(first, first.stdout).toMatchObject({ exitCode: 0 });
		expect(first.outputs).toEqual({
			changed: 'true',
			commit: await scene.tip(branch),
			branch,
			image: `${name}:1`,
			'previous-image': `${name}:2`,
			'to-image': `${name}:1`,
			files: JSON.stringify(['api.yaml', marker]),
			superseded: 'false',
			held: 'false',
			operation: 'created',
			number: '1',
			url: expect.stringMatching(/pull|merge_request/),
		});
		expect(await scene.git('diff', '--name-only', base ?? '', branch)).toBe(`${marker}\napi.yaml`);
		expect(await scene.tip('main')).toBe(base);
		expect(scene.pull).toMatchObject({
			head: branch,
			base: 'main',
			title: `Roll back ${name} to 1 in production`,
		});
		expect(scene.pull.body).toMatch(/^Rolls back `\S+` from `2` to `1` in `production`\./);
		expect(scene.pull.body).toContain('- Reason: loses #\u20601');
		expect(scene.pull.body).toContain(`Lockstep-Rolled-Back-From: ${name}:2`);

		scene.takeWrites();
		const again = await rollback({ environment: 'production' });
		expect(again.outputs).toEqual({ ...first.outputs, changed: 'false', operation: 'unchanged' });
		expect(scene.takeWrites()).toEqual([]);
	});

	test('merged, the image is held, and another run goes no further back', async () => {
		await rollback();
		await scene.git('update-ref', 'refs/heads/main', (await scene.tip(branch)) ?? '');
		expect((await run('hold', {})).outputs).toMatchObject({ held: 'true', reason: 'loses #1' });
		const bump = await run('bump-image', { file: 'api.yaml', tag: '3' });
		expect(bump.outputs).toMatchObject({ held: 'true', changed: 'false' });
		expect((await rollback()).outputs).toMatchObject({
			changed: 'false',
			image: `${name}:1`,
			held: 'true',
		});
	});

	test('it is closed when its base is back already', async () => {
		await rollback({ to: '1', hold: 'false' });
		await scene.commit('main', { 'api.yaml': manifest(`${name}:1`) });
		const run = await rollback({ to: '1', hold: 'false' });
		expect(run.outputs).toMatchObject({ operation: 'closed', number: '1', changed: 'false' });
		expect(scene.pull).toMatchObject({ state: 'closed', merge: undefined });
	});

	test('dry-run opens nothing', async () => {
		const run = await rollback({ 'dry-run': 'true' });
		expect(run.outputs).toMatchObject({ changed: 'true', 'to-image': `${name}:1` });
		expect(scene.pulls).toEqual([]);
		expect(await scene.tip(branch)).toBeUndefined();
	});

	test('commits of others on its branch are not thrown away', async () => {
		await rollback();
		await scene.commit(branch, { 'notes.md': 'careful' });
		const run = await rollback({ reason: 'another' });
		expect(run.exitCode).toBe(1);
		expect(run.stdout).toContain('has a commit that this step did not make');
	});
});

describe('merged on GitHub', () => {
	test.each(['merge', 'squash', 'rebase'] as const)(
		'by %s it is known as rolled back',
		async (method) => {
			const scene = await Promotion.start({}, onGitHub);
			const run = (step: string, inputs: Values) =>
				runStep(step, {
					...onGitHub.front(scene.situation, {
						...{ repository: scene.forge.cloneUrl(onGitHub.production), token, image: name },
						...{ file: 'api.yaml', ...inputs },
					}),
					cwd: scene.workspace,
				});
			try {
				await run('bump-image', { tag: '2' });
				expect((await run('rollback', { 'pull-request': 'true' })).exitCode).toBe(0);
				await scene.merge(1, method);
				for (const pullRequest of ['true', 'false']) {
					const again = await run('rollback', { 'pull-request': pullRequest });
					expect(again.outputs).toMatchObject({
						changed: 'false',
						image: `${name}:1`,
						held: 'true',
					});
				}
				expect((await run('bump-image', { tag: '2' })).outputs).toMatchObject({ held: 'true' });
			} finally {
				await scene.close();
			}
		},
	);
});
