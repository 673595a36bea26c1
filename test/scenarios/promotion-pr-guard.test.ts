import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { commitToBranch } from '../stand-ins/git/bare-repository.ts';
import { git } from '../stand-ins/git/git.ts';
import type { Values } from './fronts.ts';
import { branch, manifest, name, Promotion, production } from './promotion.ts';

vi.setConfig({ testTimeout: 60_000 });

const source = 'acme/api';
let scene: Promotion;
/** Commits of the application: two in a row, and one beside the second. */
let commits: { old: string; new: string; beside: string };

beforeEach(async () => {
	scene = await Promotion.start();
	await scene.forge.createRepository(source, { files: { 'main.go': 'package main\n' } });
	const path = scene.forge.repositoryPath(source);
	const old = await git(path, ['rev-parse', 'main']);
	await git(path, ['update-ref', 'refs/heads/fix', old]);
	commits = {
		old,
		new: await commitToBranch(path, 'main', { 'a.go': 'a' }, 'New'),
		beside: await commitToBranch(path, 'fix', { 'b.go': 'b' }, 'Beside'),
	};
});
afterEach(() => scene.close());

type Version = keyof typeof commits;

const promote = (version: Version, inputs: Values = {}) =>
	scene.run({
		image: `${name}:${version}`,
		'source-repository': scene.forge.cloneUrl(source),
		'source-commit': commits[version],
		...inputs,
	});
/** As a merged promotion leaves the base. */
const merged = (version: Version) =>
	scene.commit(
		'main',
		{ 'api.yaml': manifest(`${name}:${version}`) },
		`Bump\n\nLockstep-Image: ${name}:${version}\nLockstep-Source: ${new URL(scene.forge.url).host}/${source}@${commits[version]}\n`,
	);
const outdated = { exitCode: 0, outputs: { operation: 'none', outdated: 'true', held: 'false' } };
const opened = { exitCode: 0, outputs: { operation: 'created', outdated: 'false' } };

describe('what the base has', () => {
	test('an image of a later commit is not asked to give way to an older one', async () => {
		await merged('new');
		scene.takeWrites();
		const run = await promote('old');
		expect(run, run.stdout).toMatchObject(outdated);
		expect(run.outputs.image).toBe(`${name}:new`);
		const why = `which comes after ${commits.old.slice(0, 7)}, the commit of ${name}:old: it is left as it is; give with.allow-older to go back`;
		expect(run.stdout).toContain(why);
		expect(run.githubSummary).toContain('comes after');
		expect(scene.pulls).toEqual([]);
		expect(scene.takeWrites()).toEqual([]);
	});

	test('it is with allow-older, and a newer one or one beside it always', async () => {
		await merged('new');
		expect(await promote('old', { 'allow-older': 'true' })).toMatchObject(opened);
		expect((await promote('beside')).outputs).toMatchObject({ operation: 'updated' });
	});

	test('a newer image takes the place of an older one', async () => {
		await merged('old');
		expect(await promote('new')).toMatchObject(opened);
	});

	test('whoever waits for the merge of an outdated one is told that nothing is merged', async () => {
		await merged('new');
		const run = await promote('old', { wait: 'merged', 'auto-merge': 'merge' });
		expect(run).toMatchObject(outdated);
		expect(run.outputs.merged).toBe('false');
	});
});

describe('what is proposed', () => {
	test('the open pull request keeps a newer image', async () => {
		await promote('new');
		const tip = await scene.tip(branch);
		const run = await promote('old');
		expect(run, run.stdout).toMatchObject(outdated);
		expect(run.outputs).toMatchObject({ number: '1', image: `${name}:new` });
		expect(run.stdout).toContain('A pull request is there already');
		expect(await scene.tip(branch)).toBe(tip);
		expect(scene.pull.title).toContain('new');
		expect((await promote('old', { 'allow-older': 'true' })).outputs).toMatchObject({
			operation: 'updated',
			number: '1',
		});
	});

	test('is left open by a late run for what the base has, unless older ones are allowed', async () => {
		await merged('old');
		await promote('new');
		const late = await promote('old');
		expect(late, late.stdout).toMatchObject(outdated);
		expect(late.outputs.number).toBe('1');
		expect(scene.pull.state).toBe('open');
		const back = await promote('old', { 'allow-older': 'true' });
		expect(back.outputs).toMatchObject({ operation: 'closed', number: '1' });
	});

	test('a newer image goes into the open pull request', async () => {
		await promote('old');
		expect((await promote('new')).outputs).toMatchObject({ operation: 'updated', number: '1' });
	});

	test('one on another branch of the step’s is not closed for an older image', async () => {
		await promote('new', { branch: 'promote/other' });
		expect(await promote('old')).toMatchObject(outdated);
		expect(scene.pull).toMatchObject({ state: 'open', head: 'promote/other' });
	});

	test('one that was closed is none: the next image may be any', async () => {
		await promote('new');
		scene.pull.state = 'closed';
		expect(await promote('old')).toMatchObject({
			exitCode: 0,
			outputs: { operation: 'created', number: '2' },
		});
	});

	test('one that another run opens meanwhile is seen too', async () => {
		let raced = false;
		scene.forge.onRequest = async ({ path }) => {
			if (raced || !path.endsWith('/git-receive-pack')) return undefined;
			raced = true;
			expect(await promote('new', { 'outputs-dir': '.newer' })).toMatchObject({ exitCode: 0 });
			return undefined;
		};
		const run = await promote('old');
		expect(run, run.stdout).toMatchObject(outdated);
		expect(await scene.git('show', `${branch}:api.yaml`)).toContain(`${name}:new`);
	});

	test('one that is not open yet is seen by its branch', async () => {
		await promote('new');
		scene.forge.repository(production).pulls.length = 0;
		expect(await promote('old')).toMatchObject(outdated);
	});
});

describe('which commit an image came from', () => {
	test('is read from the history of the workspace, and asked of the forge that it is on', async () => {
		await merged('new');
		const record = `Bump\n\nLockstep-Image: ${name}:old\nLockstep-Source: ${new URL(scene.forge.url).host}/${source}@${commits.old}`;
		await commitToBranch(join(scene.workspace, '.git'), 'main', { a: '1' }, record);
		expect(await scene.run({ image: `${name}:old` })).toMatchObject(outdated);
	});

	test('where nobody knows the promotion goes on', async () => {
		await merged('new');
		expect(await scene.run({ image: `${name}:old` })).toMatchObject(opened);
	});
});
