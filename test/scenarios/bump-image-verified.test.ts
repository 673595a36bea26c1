import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Fault, RecordedRequest } from '../stand-ins/git/exchange.ts';
import { git } from '../stand-ins/git/git.ts';
import { type Front, giteaActions, github, type Values } from './fronts.ts';
import { manifest, name, Promotion, production } from './promotion.ts';
import type { StepOptions } from './run-step.ts';

vi.setConfig({ testTimeout: 30_000 });

let scene: Promotion;
beforeEach(async () => {
	scene = await Promotion.start();
	scene.forge.giteaSigns = true;
});
afterEach(async () => {
	const problems = await scene.requestProblems();
	await scene.close();
	expect(problems).toEqual([]);
});

const forges: [string, Front, string][] = [
	['GitHub', github, 'GitHub'],
	['Gitea', giteaActions, 'Gitea'],
];

/** The request that puts the branch on the commit. */
const isWrite = ({ kind, method, path, body }: RecordedRequest) =>
	kind === 'graphql'
		? JSON.stringify(body).includes('createCommitOnBranch')
		: kind === 'gitea' && method === 'PUT' && path.endsWith('/branches/main');

const marker = '.lockstep-holds/all.json';
const hold = JSON.stringify({ image: name, reason: 'it loses orders' });

const log = (format: string, revisions = 'main') =>
	scene.git('log', `--format=${format}`, revisions);

describe.each(forges)('on %s', (_title, front, forgeTitle) => {
	const bump = (inputs: Values = {}, run = 1, options: StepOptions = {}) =>
		scene.bump({ verified: 'true', ...inputs }, front, { run }, options);

	test('the forge writes the commit, with the record, and says that it is verified', async () => {
		const before = await scene.tip('main');
		const { exitCode, stdout, outputs } = await bump();
		expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
		const tip = await scene.tip('main');
		expect(outputs).toMatchObject({
			changed: 'true',
			commit: tip,
			verified: 'true',
			attempts: '1',
		});
		expect(stdout).toContain(`${forgeTitle} shows ${tip} as verified`);
		expect(await scene.git('rev-parse', 'main^')).toBe(before);
		expect(await log('%an', '-1')).toBe('promoter');
		expect(await scene.git('show', 'main:api.yaml')).toBe(manifest(`${name}:2`).trimEnd());
		expect(await scene.git('diff', '--name-only', 'main^', 'main')).toBe('api.yaml');
		expect(await log('%B', '-1')).toContain(`\nLockstep-Image: ${name}:2\n`);
		expect(scene.forge.requests.some(({ path }) => path.endsWith('git-receive-pack'))).toBe(false);

		const again = await bump();
		expect(again.outputs).toMatchObject({ changed: 'false', commit: tip });
		expect(again.outputs.verified).toBeUndefined();
	});

	test('what somebody else pushes meanwhile is kept, and the edit is made on it', async () => {
		let theirs = '';
		scene.forge.onRequest = async (request) => {
			if (isWrite(request) && theirs === '')
				theirs = await scene.commit('main', { 'api.yaml': `# moved\n${manifest(`${name}:1`)}` });
			return undefined;
		};
		const { exitCode, outputs } = await bump();
		expect({ exitCode, ...outputs }).toMatchObject({ exitCode: 0, attempts: '2' });
		expect(await scene.git('rev-parse', 'main^')).toBe(theirs);
		expect(await scene.git('show', 'main:api.yaml')).toBe(
			`# moved\n${manifest(`${name}:2`)}`.trimEnd(),
		);
	});

	test('a hold that somebody sets meanwhile is seen', async () => {
		let theirs = '';
		scene.forge.onRequest = async (request) => {
			if (isWrite(request) && theirs === '')
				theirs = await scene.commit('main', { [marker]: hold });
			return undefined;
		};
		expect(await bump()).toMatchObject({
			exitCode: 0,
			outputs: { held: 'true', changed: 'false' },
		});
		expect(await scene.tip('main')).toBe(theirs);
	});

	test('killed at each request in turn and run again: one commit, and no branch but main', async () => {
		const start = (await scene.tip('main')) ?? '';
		for (let killed = 1; ; killed++) {
			let seen = 0;
			let pid = 0;
			scene.forge.onRequest = () => {
				if (++seen === killed) process.kill(pid, 'SIGKILL');
				return undefined;
			};
			const first = await bump({}, 1, { onStart: (id) => (pid = id) });
			scene.forge.onRequest = undefined;
			if (first.exitCode === 0) break;
			expect(first.exitCode, `request ${killed}`).toBeUndefined();
			expect(await bump()).toMatchObject({ exitCode: 0 });
			expect(await log('%s')).toBe(`Bump ${name} to 2\nLay the first files`);
			const refs = await scene.git('for-each-ref', '--format=%(refname)');
			expect(refs, `request ${killed}`).toBe('refs/heads/main');
			await scene.git('update-ref', 'refs/heads/main', start);
		}
	}, 120_000);

	test.each<[string, Fault]>([
		['is reset after it was done', { kind: 'reset', when: 'after' }],
		['is cut off', { kind: 'truncate', after: 10 }],
		['is reset before', { kind: 'reset', when: 'before' }],
		['is a 502', { kind: 'status', status: 502 }],
	])('an answer that %s leads to one commit', async (_what, fault) => {
		let left = 1;
		scene.forge.onRequest = (request) => (isWrite(request) && left-- > 0 ? fault : undefined);
		const { exitCode, outputs } = await bump();
		expect(left).toBeLessThanOrEqual(0);
		expect({ exitCode, ...outputs }).toMatchObject({
			exitCode: 0,
			changed: 'true',
			verified: 'true',
			commit: await scene.tip('main'),
		});
		expect(await log('%s')).toBe(`Bump ${name} to 2\nLay the first files`);
	});

	test('a lost answer is found below what somebody else pushed on top of it', async () => {
		let left = 1;
		scene.forge.onRequest = async (request) => {
			if (request.path.includes('info/refs') && left === 0) {
				left = -1;
				await scene.commit('main', { 'other.yaml': 'a: 2\n' });
			}
			return isWrite(request) && left-- > 0 ? { kind: 'reset', when: 'after' } : undefined;
		};
		const { exitCode, outputs } = await bump();
		expect({ exitCode, ...outputs }).toMatchObject({
			exitCode: 0,
			changed: 'true',
			commit: await scene.git('rev-parse', 'main^'),
		});
		expect(await log('%s')).toBe(`By a person\nBump ${name} to 2\nLay the first files`);
	});

	test('five at once lose nothing', async () => {
		const files = Object.fromEntries(
			Array.from({ length: 5 }, (_, n) => [`apps/${n}.yaml`, manifest(`${name}-${n}:1`)]),
		);
		await scene.commit('main', files);
		const runs = await Promise.all(
			Array.from({ length: 5 }, (_, n) =>
				bump({ image: `${name}-${n}`, file: `apps/${n}.yaml`, 'outputs-dir': `.out-${n}` }, n),
			),
		);
		expect(runs.map(({ exitCode, stdout }) => (exitCode === 0 ? 0 : stdout))).toEqual(
			runs.map(() => 0),
		);
		expect((await log('%s')).split('\n').filter((line) => line.startsWith('Bump'))).toHaveLength(5);
		for (let n = 0; n < 5; n++)
			expect(await scene.git('show', `main:apps/${n}.yaml`)).toContain(`${name}-${n}:2`);
	}, 120_000);

	test('a protected branch is told, with what to do', async () => {
		scene.forge.protectBranch(production, 'main');
		const { exitCode, stdout } = await bump();
		expect(exitCode).toBe(1);
		expect(stdout).toMatch(/refused to commit to main.*the branch is protected: use promotion-pr/);
		expect(scene.forge.requests.filter(isWrite)).toHaveLength(1);
	});

	test('a token that only reads is told', async () => {
		const { exitCode, stdout } = await bump({ token: 'reader-token-0123456789' });
		expect(exitCode).toBe(1);
		expect(stdout).toMatch(
			/refused to commit to main (of|in) .*give a token that may write contents/,
		);
	});

	test('a dry run writes nothing', async () => {
		const before = await scene.tip('main');
		expect(await bump({ 'dry-run': 'true' })).toMatchObject({ exitCode: 0 });
		expect(await scene.tip('main')).toBe(before);
		expect(scene.forge.requests.filter(isWrite)).toEqual([]);
	});
});

test('a Gitea without a key is told to have signed nothing', async () => {
	scene.forge.giteaSigns = false;
	const { exitCode, stdout, outputs } = await scene.bump({ verified: 'true' }, giteaActions);
	expect({ exitCode, ...outputs }).toMatchObject({ exitCode: 0, verified: 'false' });
	expect(stdout).toContain('as verified (unsigned): it has no key');
});

test.each([
	['a Gitea that cannot swap branches', {}, true],
	['a Forgejo, which is not even asked to', { forge: 'forgejo' }, false],
])('%s commits to the branch at once', async (_, inputs, asks) => {
	let swaps = 0;
	scene.forge.onRequest = (request) =>
		isWrite(request) && ++swaps ? { kind: 'status', status: 405 } : undefined;
	const { exitCode, outputs } = await scene.bump({ verified: 'true', ...inputs }, giteaActions);
	expect({ exitCode, ...outputs }).toMatchObject({
		exitCode: 0,
		changed: 'true',
		commit: await scene.tip('main'),
	});
	expect(swaps).toBe(asks ? 1 : 0);
	expect(await log('%s')).toBe(`Bump ${name} to 2\nLay the first files`);
	expect(await scene.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main');
});

test('a program keeps its mode: GitHub’s API cannot, and the step says so', async () => {
	const folder = scene.forge.repositoryPath(production);
	const tip = await scene.git('rev-parse', 'main');
	const tree = (await scene.git('ls-tree', 'main')).replace(
		/^100644( blob \w+\tapi.yaml)/m,
		'100755$1',
	);
	const made = await git(folder, ['mktree'], { input: `${tree}\n` });
	const commit = await git(folder, ['commit-tree', made, '-p', tip, '-m', 'Make it a program'], {
		env: {
			GIT_AUTHOR_NAME: 'A',
			GIT_AUTHOR_EMAIL: 'a@example.com',
			GIT_COMMITTER_NAME: 'A',
			GIT_COMMITTER_EMAIL: 'a@example.com',
		},
	});
	await git(folder, ['update-ref', 'refs/heads/main', commit]);
	const onGithub = await scene.bump({ verified: 'true' });
	expect(onGithub.exitCode).toBe(1);
	expect(onGithub.stdout).toContain('api.yaml is a program (mode 100755)');
	expect(await scene.bump({ verified: 'true' }, giteaActions)).toMatchObject({ exitCode: 0 });
	expect(await scene.git('ls-tree', 'main', 'api.yaml')).toMatch(/^100755/);
});

test('a plain git server has no API to commit by', async () => {
	const { exitCode, stdout } = await scene.bump({ verified: 'true', forge: 'git' });
	expect(exitCode).toBe(2);
	expect(stdout).toContain('with.verified needs a forge');
});
