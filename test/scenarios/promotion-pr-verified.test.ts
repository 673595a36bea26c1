import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Fault, RecordedRequest } from '../stand-ins/git/exchange.ts';
import { git } from '../stand-ins/git/git.ts';
import { onBitbucketServer, onGitea, onGitHub } from './forges.ts';
import type { Values } from './fronts.ts';
import { branch, manifest, name, Promotion } from './promotion.ts';
import { runStep } from './run-step.ts';

vi.setConfig({ testTimeout: 60_000 });

let scene: Promotion;
afterEach(async () => {
	const problems = await scene.requestProblems();
	await scene.close();
	expect(problems).toEqual([]);
});

/** The request that writes the commit. */
const isWrite = ({ kind, method, path, body }: RecordedRequest) =>
	method === 'POST' &&
	((kind === 'graphql' && JSON.stringify(body).includes('createCommitOnBranch')) ||
		(kind === 'gitea' && path.endsWith('/contents')));

const branches = async () =>
	(await scene.git('for-each-ref', '--format=%(refname:short)', 'refs/heads/')).split('\n');
const commits = () => scene.git('log', '--format=%s|%an', `main..${branch}`);
const content = () => scene.git('show', `${branch}:api.yaml`);

describe.each([onGitHub, onGitea])('on $title', (on) => {
	beforeEach(async () => {
		scene = await Promotion.start({}, on);
		scene.forge.giteaSigns = true;
	});

	const promote = (inputs: Values = {}) => scene.run({ verified: 'true', ...inputs });

	test('the forge writes the commit of the pull request, on the tip of the base', async () => {
		const first = await promote();
		expect(first, first.stdout).toMatchObject({
			exitCode: 0,
			outputs: { operation: 'created', verified: 'true', commit: await scene.tip(branch) },
		});
		expect(scene.pull).toMatchObject({ state: 'open', head: branch });
		expect(await commits()).toBe(`Bump ${name} to 2|promoter`);
		expect(await scene.git('rev-parse', `${branch}^`)).toBe(await scene.tip('main'));
		expect(await content()).toBe(manifest(`${name}:2`).trimEnd());
		expect(await scene.git('log', '-1', '--format=%B', branch)).toContain(
			`\nLockstep-Image: ${name}:2\n`,
		);
		expect(await branches()).toEqual(['main', branch]);

		scene.takeWrites();
		const again = await promote();
		expect(again.outputs).toMatchObject({ operation: 'unchanged', commit: first.outputs.commit });
		expect(again.outputs.verified).toBeUndefined();
		expect(scene.takeWrites()).toEqual([]);
	});

	test('a newer image goes into the same pull request, which is never closed meanwhile', async () => {
		await promote();
		await scene.commit('main', { 'other.yaml': 'a: 2\n' });
		const { exitCode, outputs } = await promote({ image: `${name}:3` });
		expect({ exitCode, ...outputs }).toMatchObject({
			exitCode: 0,
			operation: 'updated',
			number: '1',
			verified: 'true',
		});
		expect(scene.pull).toMatchObject({ state: 'open', headSha: outputs.commit });
		expect(await commits()).toBe(`Bump ${name} to 3|promoter`);
		expect(await scene.git('rev-parse', `${branch}^`)).toBe(await scene.tip('main'));
		expect(await branches()).toEqual(['main', branch]);
	});

	test('what was pushed before is written anew, and what the forge wrote stays without it', async () => {
		const pushed = await scene.run();
		const written = await promote();
		expect(written.outputs).toMatchObject({ operation: 'updated', verified: 'true' });
		expect(written.outputs.commit).not.toBe(pushed.outputs.commit);
		expect((await scene.run()).outputs).toMatchObject({
			operation: 'unchanged',
			commit: written.outputs.commit,
		});
	});

	test.each<[string, Fault]>([
		['is reset after it was done', { kind: 'reset', when: 'after' }],
		['is cut off', { kind: 'truncate', after: 10 }],
		['is reset before', { kind: 'reset', when: 'before' }],
		['is a 502', { kind: 'status', status: 502 }],
	])('an answer that %s leads to one commit', async (_what, fault) => {
		let left = 1;
		scene.forge.onRequest = (request) => (isWrite(request) && left-- > 0 ? fault : undefined);
		const { exitCode, outputs } = await promote();
		expect(left).toBeLessThanOrEqual(0);
		expect({ exitCode, ...outputs }).toMatchObject({ exitCode: 0, verified: 'true' });
		expect(await commits()).toBe(`Bump ${name} to 2|promoter`);
		expect(await branches()).toEqual(['main', branch]);
	});

	test('what somebody puts on the branch meanwhile is not thrown away', async () => {
		await promote();
		let theirs = '';
		scene.forge.onRequest = async (request) => {
			if (isWrite(request) && theirs === '')
				theirs = await scene.commit(branch, { 'notes.md': 'x\n' });
			return undefined;
		};
		const { exitCode, stdout } = await promote({ image: `${name}:3` });
		expect(exitCode).toBe(1);
		expect(stdout).toContain('has a commit that this step did not make');
		expect(await scene.tip(branch)).toBe(theirs);
	});

	test('a base that moves on meanwhile is no matter', async () => {
		let moved = false;
		scene.forge.onRequest = async (request) => {
			if (!isWrite(request) || moved) return undefined;
			moved = true;
			await scene.commit('main', { 'other.yaml': 'a: 3\n' });
			return undefined;
		};
		expect(await promote()).toMatchObject({ exitCode: 0, outputs: { operation: 'created' } });
		expect(await commits()).toBe(`Bump ${name} to 2|promoter`);
		expect((await promote()).outputs).toMatchObject({ operation: 'unchanged' });
	});

	test('five at once leave one pull request with one commit', async () => {
		const runs = await Promise.all(
			Array.from({ length: 5 }, (_, n) => promote({ 'outputs-dir': `.out-${n}` })),
		);
		expect(runs.map(({ exitCode, stdout }) => (exitCode === 0 ? 0 : stdout))).toEqual(
			runs.map(() => 0),
		);
		expect(scene.pulls.filter(({ state }) => state === 'open')).toMatchObject([
			{ headSha: await scene.tip(branch) },
		]);
		expect(await commits()).toBe(`Bump ${name} to 2|promoter`);
		expect(await content()).toBe(manifest(`${name}:2`).trimEnd());
	});

	test('killed at each request that writes and run again: one pull request with one commit', async () => {
		scene.forge.requests.length = 0;
		await promote();
		const writes = scene.forge.requests.flatMap(({ method, path }, index) =>
			method === 'GET' || path.endsWith('git-upload-pack') ? [] : [index + 1],
		);
		expect(writes.length).toBeGreaterThan(3);
		for (const killed of writes) {
			await scene.close();
			scene = await Promotion.start({}, on);
			scene.forge.giteaSigns = true;
			let seen = 0;
			let pid = 0;
			scene.forge.onRequest = () => {
				if (++seen === killed) process.kill(pid, 'SIGKILL');
				return undefined;
			};
			const onStart = (id: number) => (pid = id);
			const ended = await scene.run({ verified: 'true' }, on.front, {}, { onStart });
			expect(ended.exitCode, `request ${killed}`).toBeUndefined();
			scene.forge.onRequest = undefined;
			const again = await promote();
			expect(again, `request ${killed}`).toMatchObject({ exitCode: 0 });
			expect(scene.pull).toMatchObject({ state: 'open', headSha: await scene.tip(branch) });
			expect(await commits()).toBe(`Bump ${name} to 2|promoter`);
			expect(await branches(), `request ${killed}`).toEqual(['main', branch]);
		}
	}, 300_000);

	test('killed before its branch is there, and not needed any more: nothing is left', async () => {
		let pid = 0;
		scene.forge.onRequest = (request) => {
			if (isWrite(request)) process.kill(pid, 'SIGKILL');
			return undefined;
		};
		const onStart = (id: number) => (pid = id);
		const ended = await scene.run({ verified: 'true' }, on.front, {}, { onStart });
		expect(ended.exitCode).toBeUndefined();
		scene.forge.onRequest = undefined;
		await scene.commit('main', { 'api.yaml': manifest(`${name}:2`) });
		expect(await branches()).toContain(`${branch}.next`);
		const inputs = { verified: 'true', 'dry-run': 'true' };
		expect((await scene.run(inputs)).outputs).toMatchObject({ operation: 'none' });
		expect(await branches()).toContain(`${branch}.next`);
		expect((await promote()).outputs).toMatchObject({ operation: 'none' });
		expect((await branches()).filter((one) => !one.startsWith('lockstep-temporary/'))).toEqual([
			'main',
		]);
	});

	test('a rollback by pull request and a hold are written by the forge too', async () => {
		await scene.commit(
			'main',
			{ 'api.yaml': manifest(`${name}:2`) },
			`Bump\n\nLockstep-Image: ${name}:2\nLockstep-Environment: production\n`,
		);
		const run = (step: string, inputs: Values) =>
			runStep(step, {
				...on.front(scene.situation, {
					repository: on.cloneUrl(scene.forge, on.production),
					token: 'promoter-token-0123456789',
					image: name,
					verified: 'true',
					...inputs,
				}),
				cwd: scene.workspace,
			});
		const back = await run('rollback', { file: 'api.yaml', 'pull-request': 'true' });
		expect(back, back.stdout).toMatchObject({
			exitCode: 0,
			outputs: { operation: 'created', verified: 'true', 'to-image': `${name}:1` },
		});
		const own = 'rollback/production-acme-api';
		expect(await scene.git('log', '-1', '--format=%an', own)).toBe('promoter');
		expect(await branches()).toEqual(['main', own]);

		const pushed = await run('rollback', { file: 'api.yaml' });
		expect(pushed.outputs).toMatchObject({ changed: 'true', verified: 'true', held: 'true' });
		expect(await scene.git('log', '-1', '--format=%an|%s', 'main')).toBe(
			`promoter|Roll back ${name} to 1`,
		);
		const lifted = await run('hold', { lift: 'true' });
		expect(lifted.outputs).toMatchObject({ changed: 'true', verified: 'true', held: 'false' });
		const set = await run('hold', { reason: 'bad' });
		expect(set.outputs).toMatchObject({ changed: 'true', verified: 'true', held: 'true' });
		const shown = await run('hold', {});
		expect(shown.outputs).toMatchObject({ changed: 'false', held: 'true' });
		expect(shown.outputs.verified).toBeUndefined();
		const authors = await scene.git('log', '-3', '--format=%an', 'main');
		expect(new Set(authors.split('\n'))).toEqual(new Set(['promoter']));
	});
});

test('a Gitea that commits by a name of its own is known again', async () => {
	scene = await Promotion.start({}, onGitea);
	scene.forge.giteaSigns = true;
	const inputs = { verified: 'true' };
	await scene.run(inputs);
	const folder = scene.forge.repositoryPath(onGitea.production);
	const signed = (await git(folder, ['cat-file', 'commit', branch]))
		.replace(/^committer .*>/m, 'committer Gitea <gitea@example.com>')
		.replace(/\n\n/, '\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n -----END PGP SIGNATURE-----\n\n');
	const commit = await git(folder, ['hash-object', '-t', 'commit', '-w', '--stdin'], {
		input: `${signed}\n`,
	});
	await git(folder, ['update-ref', `refs/heads/${branch}`, commit]);
	expect((await scene.run(inputs)).outputs).toMatchObject({ operation: 'unchanged' });
	// Who does not ask for such commits has one of somebody else's there.
	const { exitCode, stdout } = await scene.run({ image: `${name}:3` });
	expect({ exitCode, stdout }).toMatchObject({
		exitCode: 1,
		stdout: expect.stringContaining('did not make'),
	});
});

test('a forge that signs nothing is told', async () => {
	scene = await Promotion.start({}, onBitbucketServer);
	const { exitCode, stdout } = await scene.run({ verified: 'true' });
	expect(exitCode).toBe(2);
	expect(stdout).toContain('Bitbucket has no way to write a commit that it signs');
});
