import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { commitToBranch } from '../stand-ins/git/bare-repository.ts';
import { git } from '../stand-ins/git/git.ts';
import { type Front, giteaActions, github, type Values } from './fronts.ts';
import { manifest, name, Promotion } from './promotion.ts';

vi.setConfig({ testTimeout: 30_000 });

const source = 'acme/api';
let scene: Promotion;
/** Three commits of the application, one after the other, and one beside the last. */
let commits: { first: string; second: string; third: string; beside: string };

beforeEach(async () => {
	scene = await Promotion.start();
	await scene.forge.createRepository(source, { files: { 'main.go': 'package main\n' } });
	const path = scene.forge.repositoryPath(source);
	const first = await git(path, ['rev-parse', 'main']);
	const second = await commitToBranch(path, 'main', { 'a.go': 'a' }, 'Second');
	await git(path, ['update-ref', 'refs/heads/fix', second]);
	const third = await commitToBranch(path, 'main', { 'b.go': 'b' }, 'Third');
	const beside = await commitToBranch(path, 'fix', { 'c.go': 'c' }, 'Beside');
	commits = { first, second, third, beside };
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

describe.each(forges)(
	'where git gets no answer from the source, %s’s compare tells',
	(_forge, front) => {
		const bump = (commit: keyof typeof commits, inputs: Values = {}) =>
			scene.bump(
				{
					tag: `main-${commits[commit].slice(0, 7)}`,
					'source-repository': scene.forge.cloneUrl(source),
					'source-commit': commits[commit],
					'log-level': 'debug',
					...inputs,
				},
				front,
			);
		const compares = () => scene.forge.requests.filter(({ path }) => path.includes('/compare/'));
		const shutGit = () => {
			scene.forge.onRequest = ({ kind, path }) =>
				kind === 'git' && path.startsWith(`/${source}`)
					? { kind: 'status', status: 403 }
					: undefined;
		};

		test('an older commit does not go over a newer one', async () => {
			await bump('third');
			shutGit();
			const { outputs, stdout } = await bump('second');
			expect(outputs).toMatchObject({ superseded: 'true', changed: 'false' });
			expect(stdout).toContain('which comes after');
			expect(compares().length).toBeGreaterThan(0);
		});

		test('a newer one, and one that is neither, does', async () => {
			await bump('second');
			shutGit();
			expect((await bump('third')).outputs).toMatchObject({ superseded: 'false', changed: 'true' });
			expect((await bump('beside')).outputs).toMatchObject({
				superseded: 'false',
				changed: 'true',
			});
			expect(compares().length).toBeGreaterThan(1);
		});

		test('a commit that the forge does not know leaves it to the run, and then goes on', async () => {
			const record = `Lockstep-Image: ${name}:main-eeeeeee\nLockstep-Source: ${new URL(scene.forge.url).host}/${source}@${'e'.repeat(40)}\n`;
			await scene.commit(
				'main',
				{ 'api.yaml': manifest(`${name}:main-eeeeeee`) },
				`Bump\n\n${record}`,
			);
			shutGit();
			const { outputs, stdout } = await bump('second');
			expect(outputs).toMatchObject({ superseded: 'false', changed: 'true' });
			expect(stdout).toContain('cannot be told, so the bump goes on');
		});

		test('a forge that is unwell does not stop the bump', async () => {
			await bump('third');
			scene.forge.onRequest = ({ kind, path }) =>
				path.includes('/compare/') || (kind === 'git' && path.startsWith(`/${source}`))
					? { kind: 'status', status: 403 }
					: undefined;
			expect((await bump('second')).outputs).toMatchObject({ changed: 'true' });
		});
	},
);

test('while git answers, the forge is not asked', async () => {
	const inputs = {
		'source-repository': scene.forge.cloneUrl(source),
	};
	await scene.bump({ ...inputs, tag: '3', 'source-commit': commits.third });
	const late = await scene.bump({ ...inputs, tag: '2', 'source-commit': commits.second });
	expect(late.outputs.superseded).toBe('true');
	expect(scene.forge.requests.some(({ path }) => path.includes('/compare/'))).toBe(false);
});
