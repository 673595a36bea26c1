import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { commitToBranch as pushBehindTheBack } from '../stand-ins/git/bare-repository.ts';
import { git } from '../stand-ins/git/git.ts';
import { type Front, fronts, type Values } from './fronts.ts';
import { deployment, Infra, repository, token } from './infra.ts';
import { runStep } from './run-step.ts';

vi.setConfig({ testTimeout: 60_000 });

const image = 'ghcr.io/acme/api';
const source = 'acme/api';
const path = 'apps/api.yaml';
const marker = '.lockstep-holds/ghcr.io-acme-api.json';
let infra: Infra;
/** Three commits of the application, one after the other. */
let builds: string[];
beforeEach(async () => {
	infra = await Infra.start({ [path]: deployment(`${image}:v0`) });
	await infra.server.createRepository(source, { files: { 'main.go': 'package main\n' } });
	const application = infra.server.repositoryPath(source);
	builds = [await git(application, ['rev-parse', 'main'])];
	for (const name of ['Second', 'Third', 'Fourth'])
		builds.push(await pushBehindTheBack(application, 'main', { 'a.go': name }, name));
});
afterEach(() => infra.close());

/** Bumps to `v<number>`, which was built from that commit of the application. */
const bump = (number: number, inputs: Record<string, string> = {}) =>
	infra.bump({
		tag: `v${number}`,
		'source-repository': infra.server.cloneUrl(source),
		'source-commit': builds[number] ?? '',
		environment: 'staging',
		...inputs,
	});
const rollback = (inputs: Record<string, string | undefined> = {}) => infra.run('rollback', inputs);
const lift = () => infra.run('hold', { lift: 'true' });
const tip = () => infra.git('rev-parse', 'main');
const body = () => infra.git('log', '-1', '--format=%B', 'main');
const push = (files: Record<string, string>, message: string) =>
	pushBehindTheBack(infra.server.repositoryPath(repository), 'main', files, message);
/** Puts so many commits on the branch that change another file. */
async function pushOthers(count: number): Promise<void> {
	const commit = (index: number) =>
		[
			'commit refs/heads/main',
			'committer Other <other@example.com> 1767600000 +0000',
			'data 5\nOther',
			...(index === 0 ? ['from refs/heads/main^0'] : []),
			`M 100644 inline other.txt\ndata ${String(index).length}\n${index}\n\n`,
		].join('\n');
	const input = Array.from({ length: count }, (_, index) => commit(index)).join('');
	await git(infra.server.repositoryPath(repository), ['fast-import', '--quiet'], { input });
}
const written = { exitCode: 0, outputs: { changed: 'true', held: 'false', superseded: 'false' } };

describe.each(Object.entries(fronts))('on %s', (_, front: Front) => {
	test('v1, v2, back, v2 again is held, lifted it goes through', async () => {
		const run = (step: string, inputs: Values, commit = builds[2] ?? '') =>
			runStep(
				step,
				front(
					{ server: infra.server.url, repository: source, commit, branch: 'main' },
					{ repository: infra.url, token, image, ...inputs },
				),
			);
		const bumpTo = (number: number) =>
			run('bump-image', {
				file: path,
				tag: `v${number}`,
				'source-repository': infra.server.cloneUrl(source),
				'source-commit': builds[number] ?? '',
				environment: 'staging',
			});
		expect(await bumpTo(1)).toMatchObject(written);
		expect(await bumpTo(2)).toMatchObject(written);
		expect((await bumpTo(1)).outputs).toMatchObject({ superseded: 'true', changed: 'false' });

		const back = await run('rollback', { file: path, reason: 'v2 loses orders' });
		expect(back, back.stdout + back.stderr).toMatchObject({
			exitCode: 0,
			outputs: {
				changed: 'true',
				commit: await tip(),
				branch: 'main',
				image: `${image}:v1`,
				'previous-image': `${image}:v2`,
				'to-image': `${image}:v1`,
				files: JSON.stringify([path, marker]),
				superseded: 'false',
				held: 'true',
				attempts: '1',
			},
		});
		expect(await infra.file(path)).toBe(deployment(`${image}:v1`));
		const message = await body();
		expect(message).toContain(`Roll back ${image} to v1\n\nv2 loses orders\n\n- ${path}: `);
		expect(message).toContain(`Lockstep-Image: ${image}:v1\n`);
		expect(message).toContain(`Lockstep-Source: ${new URL(infra.url).host}/${source}@${builds[1]}`);
		expect(message).toContain(`Lockstep-Environment: staging\n`);
		expect(message).toContain(`Lockstep-Rolled-Back-From: ${image}:v2`);

		const held = await bumpTo(2);
		expect(held).toMatchObject({ exitCode: 0, outputs: { changed: 'false', held: 'true' } });
		expect(held.stdout + held.stderr).toMatch(/is held in main of .*: v2 loses orders; nothing/);
		const older = await run('bump-image', { file: path, tag: 'v2', 'allow-older': 'true' });
		expect(older.outputs).toMatchObject({ changed: 'false', held: 'true' });

		expect((await run('hold', { lift: 'true' })).outputs).toMatchObject({ held: 'false' });
		expect(await bumpTo(2)).toMatchObject(written);
		expect(await infra.file(path)).toBe(deployment(`${image}:v2`));
		expect(await infra.subjects()).toEqual([
			`Bump ${image} to v2`,
			`Lift the hold on ${image}`,
			`Roll back ${image} to v1`,
			`Bump ${image} to v2`,
			`Bump ${image} to v1`,
			'Lay the first files',
		]);
	});
});

describe('what is gone back to', () => {
	test('a second run changes nothing, and does not go one further', async () => {
		await bump(1);
		await bump(2);
		const first = await rollback();
		const before = await tip();
		const again = await rollback({ reason: 'another' });
		expect(again).toMatchObject({
			exitCode: 0,
			outputs: {
				...{ changed: 'false', image: `${image}:v1`, held: 'true', commit: before },
				...{ 'previous-image': `${image}:v1`, 'to-image': `${image}:v1`, attempts: '1' },
			},
		});
		expect(again.stderr).toContain(
			`was rolled back from ${image}:v2 to ${image}:v1 already, by commit ${first.outputs.commit?.slice(0, 12)}; to go further back give --to`,
		);
		expect((await rollback({ to: 'v0' })).outputs).toMatchObject({ image: `${image}:v0` });
	});

	test('after a rollback and a new bump, it is what ran before that bump', async () => {
		await bump(1);
		await bump(2);
		await rollback();
		await lift();
		await bump(3);
		expect((await rollback()).outputs).toMatchObject({ 'to-image': `${image}:v1` });
	});

	test('what a person wrote between two bumps counts', async () => {
		await bump(1);
		await push({ [path]: deployment(`${image}:hotfix`) }, 'By hand');
		await bump(2);
		expect((await rollback()).outputs).toMatchObject({ 'to-image': `${image}:hotfix` });
	});

	test('where a person wrote the present image, the history of the file tells', async () => {
		await bump(1);
		await push({ [path]: deployment(`${image}:bad`) }, 'By hand');
		await push({ 'other.txt': 'x' }, 'Something else');
		expect((await rollback()).outputs).toMatchObject({ 'to-image': `${image}:v1` });
		expect(await body()).toContain(`/${source}@${builds[1]}`);
	});

	test.each([3, 250])('without any record it is found %d commits below', async (count) => {
		await push({ [path]: deployment(`${image}:bad`) }, 'By hand');
		await pushOthers(count);
		const run = await rollback();
		expect(run.outputs).toMatchObject({ 'to-image': `${image}:v0`, changed: 'true' });
	});

	test('the record is found 250 commits below', async () => {
		await bump(1);
		await bump(2);
		await pushOthers(250);
		expect((await rollback()).outputs).toMatchObject({ 'to-image': `${image}:v1` });
	});

	test('a merge counts as one change of the branch', async () => {
		await bump(1);
		await infra.git('branch', 'promote', 'main');
		await infra.bump({ branch: 'promote', tag: 'v2' });
		await infra.bump({ branch: 'promote', tag: 'v3', 'allow-older': 'true' });
		await push({ 'other.txt': 'x' }, 'On main');
		const tree = await infra.git('merge-tree', '--write-tree', 'main', 'promote');
		const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
		const parents = ['-p', 'main', '-p', 'promote'];
		const merge = await infra.git(...who, 'commit-tree', tree, ...parents, '-m', 'Merge');
		await infra.git('update-ref', 'refs/heads/main', merge);
		const run = await rollback();
		expect(run.outputs).toMatchObject({ 'to-image': `${image}:v1`, changed: 'true' });
	});

	test('other environments of the same branch do not count', async () => {
		await push(
			{ 'qa.yaml': deployment(`${image}:v1`), 'prod.yaml': deployment(`${image}:v0`) },
			'Add environments',
		);
		await bump(2, { file: 'prod.yaml', environment: 'production' });
		await bump(2, { file: 'qa.yaml', environment: 'qa' });
		await bump(3, { file: 'qa.yaml', environment: 'qa' });
		expect((await rollback({ file: 'prod.yaml', hold: 'false' })).outputs).toMatchObject({
			'to-image': `${image}:v0`,
		});
		expect((await rollback({ file: 'qa.yaml' })).outputs).toMatchObject({
			'to-image': `${image}:v2`,
		});
	});

	test('all else that was changed in the file since stays', async () => {
		await bump(1);
		await bump(2);
		await push({ [path]: `${deployment(`${image}:v2`)}\n# new\n` }, 'A comment');
		await rollback();
		expect(`${await infra.file(path)}\n`).toBe(`${deployment(`${image}:v1`)}\n# new\n`);
	});

	test('the message is filled in as that of bump-image is, and with the reason', async () => {
		await bump(1);
		await bump(2);
		const run = await rollback({
			reason: 'it loses orders',
			'commit-message':
				'fix: {{name}} from {{previous-image}} to {{tag}} in {{files}}\n\n{{reason}}',
		});
		expect(run, run.stderr).toMatchObject({ exitCode: 0 });
		expect(await infra.git('log', '-1', '--format=%B', 'main')).toMatch(
			new RegExp(
				`^fix: ${image} from ${image}:v2 to v1 in ${path}\n\nit loses orders\n\nLockstep-Image: ${image}:v1\n`,
			),
		);
	});

	test('a digest comes back with its tag', async () => {
		const digest = `sha256:${'a'.repeat(64)}`;
		await bump(1, { digest });
		await bump(2);
		const run = await rollback();
		expect(run.outputs).toMatchObject({ image: `${image}:v1@${digest}` });
		expect(await body()).toContain(`Lockstep-Digest: ${digest}`);
		await lift();
		await bump(3);
		expect((await rollback({ to: 'v1' })).outputs['to-image']).toBe(`${image}:v1@${digest}`);
	});

	test.each([
		[{ to: 'v1' }, 'v1'],
		[{ to: `${image}:v1` }, 'v1'],
		[{ to: 'never-seen' }, 'never-seen'],
	])('%j names it', async (inputs, tag) => {
		await bump(1);
		await bump(2);
		await bump(3);
		const run = await rollback(inputs);
		expect(run.outputs).toMatchObject({ changed: 'true', image: `${image}:${tag}`, held: 'true' });
	});

	test('to-commit names it by a commit of the repository', async () => {
		const { outputs } = await bump(1);
		await bump(2);
		await bump(3);
		const run = await rollback({ 'to-commit': outputs.commit });
		expect(run.outputs).toMatchObject({ image: `${image}:v1`, 'previous-image': `${image}:v3` });
		expect(await body()).toContain(`@${builds[1]}`);
	});

	test('what is there already is held all the same', async () => {
		await bump(1);
		const run = await rollback({ to: 'v1' });
		expect(run.outputs).toMatchObject({ changed: 'true', files: JSON.stringify([marker]) });
		expect((await infra.subjects())[0]).toBe(`Hold ${image}`);
		expect((await rollback({ to: 'v1' })).outputs).toMatchObject({
			changed: 'false',
			held: 'true',
		});
	});

	test('on a server without partial clones too', async () => {
		await infra.git('config', 'uploadpack.allowFilter', 'false');
		await bump(1);
		await bump(2);
		expect((await rollback()).outputs).toMatchObject({
			'to-image': `${image}:v1`,
			changed: 'true',
		});
		expect((await rollback()).outputs).toMatchObject({ changed: 'false', image: `${image}:v1` });
		await lift();
		await push({ [path]: deployment(`${image}:bad`) }, 'By hand');
		expect((await rollback()).outputs).toMatchObject({
			'to-image': `${image}:v1`,
			changed: 'true',
		});
	});
});

describe('the hold that it leaves', () => {
	test('hold=false leaves none, and the next bump goes through', async () => {
		await bump(1);
		await bump(2);
		expect((await rollback({ hold: 'false' })).outputs).toMatchObject({ held: 'false' });
		expect(await bump(1)).toMatchObject({ outputs: { changed: 'false' } });
		expect(await bump(2)).toMatchObject(written);
	});

	test('ends at its time', async () => {
		await bump(1);
		await bump(2);
		await rollback({ until: '2h' });
		expect(JSON.parse(await infra.file(marker))).toMatchObject({
			reason: `Rolled back from ${image}:v2`,
			for: '2h',
		});
	});

	test('does not stop a rollback, and keeps its reason unless another is given', async () => {
		await bump(1);
		await bump(2);
		await infra.run('hold', { reason: 'by hand' });
		const run = await rollback();
		expect(run.outputs).toMatchObject({ changed: 'true', files: JSON.stringify([path]) });
		expect(run.stderr).toContain('by hand; a rollback goes over that');
		await rollback({ to: 'v0', reason: 'worse' });
		expect(JSON.parse(await infra.file(marker))).toMatchObject({ reason: 'worse' });
	});
});

describe('what cannot be done', () => {
	test.each([
		[{}, 1, /No earlier image of ghcr.io\/acme\/api is found in main of \S+: \S+:v0 is the first/],
		[{ image: 'ghcr.io/acme/ap' }, 1, /ghcr\.io\/acme\/ap is not used in apps\/api\.yaml; images/],
		[{ image: `${image}:v1` }, 2, /--image: "\S+" is no image without a tag/],
		[{ to: 'ghcr.io/acme/web:v1' }, 2, /--to: ghcr.io\/acme\/web:v1 is another image than/],
		[{ to: 'no tag' }, 2, /--to: "no tag" is neither previous, nor a tag/],
		[{ to: 'v1', 'to-commit': 'a'.repeat(40) }, 2, /--to and --to-commit exclude each other/],
		[{ 'to-commit': 'abc123' }, 2, /--to-commit: "abc123" is not a full commit name/],
		[{ 'to-commit': 'a'.repeat(40) }, 1, /has no commit a{40}/],
		[{ file: 'none.yaml' }, 1, /There is no file none\.yaml/],
		[{ hold: 'false', until: '2h' }, 2, /--until is for a hold/],
		[{ 'commit-message': '{{form}}' }, 2, /--commit-message: {{form}} stands for nothing/],
		[{ until: 'soon', to: 'v1' }, 2, /--until: "soon" is neither/],
	])('%j: one sentence, and nothing is written', async (inputs, exitCode, says) => {
		const before = await tip();
		const run = await rollback(inputs);
		expect(run.exitCode, run.stderr).toBe(exitCode);
		expect(run.stderr).toMatch(says);
		expect(run.stderr.trim().split('\n')).toHaveLength(1);
		expect(await tip()).toBe(before);
	});

	test('several images before are named, and narrowed by container or file', async () => {
		const two = (a: string, b: string) =>
			`spec:\n  containers:\n    - {name: a, image: ${image}:${a}}\n    - {name: b, image: ${image}:${b}}\n`;
		await push({ 'two.yaml': two('v1', 'v2') }, 'Two');
		await push({ 'two.yaml': two('v3', 'v3') }, 'Both');
		const run = await rollback({ file: 'two.yaml' });
		expect(run.exitCode).toBe(1);
		expect(run.stderr).toMatch(/the files had \S+:v1 and \S+:v2; say which is meant with --to/);
		expect((await rollback({ file: 'two.yaml', container: 'b' })).outputs).toMatchObject({
			'to-image': `${image}:v2`,
		});
	});

	test('dry-run shows both files, and writes nothing', async () => {
		await bump(1);
		await bump(2);
		const before = await tip();
		const run = await rollback({ 'dry-run': 'true' });
		expect(run.outputs).toMatchObject({ changed: 'true', 'to-image': `${image}:v1` });
		expect(run.stderr).toMatch(/\+ +image: +\S+:v1/);
		expect(run.stderr).toContain(`+++ b/${marker}`);
		expect(await tip()).toBe(before);
	});
});
