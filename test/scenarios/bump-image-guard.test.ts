import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isLaterRun } from '../../shared/step/guard.ts';
import { commitToBranch as pushBehindTheBack } from '../stand-ins/git/bare-repository.ts';
import { git } from '../stand-ins/git/git.ts';
import { deployment, Infra, repository, token } from './infra.ts';
import { runStep } from './run-step.ts';

// Every run is a process or two, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const image = 'ghcr.io/acme/api';
const source = 'acme/api';
let infra: Infra;
/** Three commits of the application, one after the other, and one beside the last. */
let commits: { first: string; second: string; third: string; beside: string };

beforeEach(async () => {
	infra = await Infra.start({ 'apps/api.yaml': deployment(`${image}:v1`) });
	await infra.server.createRepository(source, { files: { 'main.go': 'package main\n' } });
	const path = infra.server.repositoryPath(source);
	const first = await git(path, ['rev-parse', 'main']);
	const second = await pushBehindTheBack(path, 'main', { 'a.go': 'a' }, 'Second');
	await git(path, ['update-ref', 'refs/heads/fix', second]);
	const third = await pushBehindTheBack(path, 'main', { 'b.go': 'b' }, 'Third');
	const beside = await pushBehindTheBack(path, 'fix', { 'c.go': 'c' }, 'Beside');
	commits = { first, second, third, beside };
});
afterEach(() => infra.close());

const bump = (commit: keyof typeof commits, inputs: Record<string, string | undefined> = {}) =>
	infra.bump({
		tag: `main-${commits[commit].slice(0, 7)}`,
		'source-repository': infra.server.cloneUrl(source),
		'source-commit': commits[commit],
		...inputs,
	});
const push = (files: Record<string, string>, message: string) =>
	pushBehindTheBack(infra.server.repositoryPath(repository), 'main', files, message);
const changed = { exitCode: 0, outputs: { changed: 'true', superseded: 'false', held: 'false' } };
const superseded = {
	exitCode: 0,
	outputs: { changed: 'false', superseded: 'true', held: 'false' },
};
const held = { exitCode: 0, outputs: { changed: 'false', superseded: 'false', held: 'true' } };

describe('the order of builds', () => {
	test('a newer commit goes over an older one, and not the other way', async () => {
		expect(await bump('second')).toMatchObject(changed);
		expect(await bump('third')).toMatchObject(changed);
		const tip = await infra.git('rev-parse', 'main');
		const late = await bump('second');
		expect(late).toMatchObject(superseded);
		expect(late.outputs).toMatchObject({
			image: `${image}:main-${commits.third.slice(0, 7)}`,
			commit: tip,
		});
		expect(late.stderr).toContain(
			`which comes after ${commits.second.slice(0, 7)}, the commit of ${image}:main-${commits.second.slice(0, 7)}: it is left as it is; give --allow-older to go back`,
		);
		expect(await infra.git('rev-parse', 'main')).toBe(tip);
	});

	test('allow-older goes back', async () => {
		await bump('third');
		expect(await bump('second', { 'allow-older': 'true' })).toMatchObject(changed);
	});

	test('a commit that is neither before nor after goes over', async () => {
		await bump('third');
		expect(await bump('beside')).toMatchObject(changed);
	});

	test('a rebuild of the same commit under another tag goes over', async () => {
		await bump('second');
		expect(await bump('second', { tag: 'rebuilt' })).toMatchObject(changed);
	});

	test('a lost race to a newer build is seen too', async () => {
		let raced = false;
		infra.server.onRequest = async ({ path }) => {
			if (raced || !path.endsWith('/git-receive-pack')) return undefined;
			raced = true;
			expect(await bump('third')).toMatchObject(changed);
			return undefined;
		};
		expect(await bump('second')).toMatchObject(superseded);
	});

	test.each([3, 250])(
		'the record is found %d commits below the tip',
		async (count) => {
			await bump('third');
			for (let i = 0; i < count; i++) await push({ 'other.txt': `${i}` }, `Other ${i}`);
			expect(await bump('second')).toMatchObject(superseded);
		},
		60_000,
	);

	test('the workspace is asked first', async () => {
		await bump('third');
		const workspace = await mkdtemp(join(tmpdir(), 'workspace-'));
		execFileSync('git', ['clone', '-q', infra.server.repositoryPath(source), workspace]);
		infra.server.requests.length = 0;
		const run = await infra.bump(
			{
				tag: 'old',
				'source-repository': infra.server.cloneUrl(source),
				'source-commit': commits.second,
			},
			{ cwd: workspace },
		);
		expect(run).toMatchObject(superseded);
		expect(infra.server.requests.filter(({ path }) => path.includes(source))).toEqual([]);
		await rm(workspace, { recursive: true });
	});

	test('a workspace that is too shallow to tell leaves it to the source', async () => {
		await bump('third');
		const workspace = await mkdtemp(join(tmpdir(), 'workspace-'));
		const url = `file://${infra.server.repositoryPath(source)}`;
		execFileSync('git', ['clone', '-q', '--depth=1', url, workspace]);
		infra.server.requests.length = 0;
		const run = await infra.bump(
			{
				tag: 'old',
				'source-repository': infra.server.cloneUrl(source),
				'source-commit': commits.second,
			},
			{ cwd: workspace },
		);
		expect(run).toMatchObject(superseded);
		expect(infra.server.requests.some(({ path }) => path.includes(source))).toBe(true);
		await rm(workspace, { recursive: true });
	});

	test('a source on this machine is asked, whatever its configuration', async () => {
		const path = infra.server.repositoryPath(source);
		await git(path, ['config', 'uploadpack.allowFilter', 'false']);
		await bump('third', { 'source-repository': path });
		expect(await bump('second', { 'source-repository': path })).toMatchObject(superseded);
	});

	test('the records come with the file: no request more', async () => {
		await bump('second');
		infra.takeRequests();
		await infra.bump({ 'source-repository': 'acme/other', 'source-commit': commits.second });
		expect(infra.takeRequests()).toHaveLength(7);
	});

	test.each([
		['the tag', 'image:\n  tag: v1\n', 'image.tag={{tag}}'],
		['the whole image', `image: ${image}:v1\n`, 'image={{name}}:{{tag}}'],
	])('is kept too where %s is set by its path', async (_, values, set) => {
		await push({ 'values.yaml': values }, 'Add values');
		const file = { file: 'values.yaml', set };
		const third = await bump('third', file);
		expect(third).toMatchObject({ outputs: { changed: 'true', 'previous-image': `${image}:v1` } });
		expect(await bump('second', file)).toMatchObject(superseded);
	});

	test.each([
		[
			'a tag by its path',
			'values.yaml',
			`image: {repository: ${image}, tag: v1}\n`,
			'image.tag={{tag}}',
		],
		['a tag by a pattern', 'Dockerfile', `FROM ${image}:v1\n`, undefined],
	])('is kept where no image is named, but found by %s', async (_, file, text, set) => {
		await push({ [file]: text }, 'Add a file');
		const edit = set ? { set } : { pattern: '^FROM .*:(?<version>.+)' };
		const named = { file, image: undefined, ...edit };
		expect((await bump('third', named)).outputs).toMatchObject({
			changed: 'true',
			image: `${image}:main-${commits.third.slice(0, 7)}`,
			'previous-image': `${image}:v1`,
		});
		expect(await infra.git('log', '-1', '--format=%B', 'main')).toContain(
			`Lockstep-Image: ${image}:main-`,
		);
		expect(await bump('second', named)).toMatchObject(superseded);
	});

	test('is kept where the file has the tag alone, and the record its digest too', async () => {
		await push({ '.env': 'API=v1\n' }, 'Add variables');
		const file = { file: '.env', pattern: '^API=(?<version>.*)' };
		await bump('third', { ...file, digest: `sha256:${'a'.repeat(64)}` });
		expect(await bump('second', file)).toMatchObject(superseded);
	});

	test('no record, or one of another repository, lets the bump go on', async () => {
		expect(await bump('first')).toMatchObject(changed);
		expect(
			await bump('second', { 'source-repository': 'https://github.com/acme/fork' }),
		).toMatchObject(changed);
	});

	test('where the history cannot be asked the numbers of the runs tell', async () => {
		const drone = (number: number, commit: string) =>
			runStep('bump-image', {
				env: {
					DRONE: 'true',
					CI: 'true',
					DRONE_BUILD_EVENT: 'push',
					DRONE_BRANCH: 'main',
					DRONE_COMMIT_SHA: commit,
					DRONE_REPO_OWNER: 'acme',
					DRONE_REPO_NAME: 'gone',
					DRONE_GIT_HTTP_URL: infra.server.cloneUrl('acme/gone'),
					DRONE_BUILD_LINK: `https://drone.example.com/acme/gone/${number}`,
					PLUGIN_REPOSITORY: infra.url,
					PLUGIN_TOKEN: token,
					PLUGIN_FILE: 'apps/api.yaml',
					PLUGIN_IMAGE: image,
				},
			});
		expect(await drone(10, 'a'.repeat(40))).toMatchObject(changed);
		expect(await drone(9, 'b'.repeat(40))).toMatchObject(superseded);
		expect(await drone(11, 'c'.repeat(40))).toMatchObject(changed);
	});

	test.each([
		[
			true,
			'https://ci/acme/api/10',
			'https://ci/acme/api/9',
			'api:main-1234567',
			'api:main-abcdef0',
		],
		[
			false,
			'https://ci/acme/api/9',
			'https://ci/acme/api/10',
			'api:main-1234567',
			'api:main-abcdef0',
		],
		[
			undefined,
			'https://ci/acme/api/10',
			'https://ci/acme/web/9',
			'api:main-1234567',
			'api:main-abcdef0',
		],
		[
			undefined,
			'https://ci/acme/api/10',
			'https://ci/acme/api/9',
			'api:main-1234567',
			'api:fix-abcdef0',
		],
		[undefined, 'https://ci/acme/api/10', 'https://ci/acme/api/9', 'api:v1', 'api:v2'],
		[undefined, undefined, 'https://ci/acme/api/9', 'api:main-1234567', 'api:main-abcdef0'],
	])('later run is %s: %s after %s for %s and %s', (later, theirs, ours, theirImage, ourImage) => {
		expect(isLaterRun(theirs, ours, theirImage, ourImage)).toBe(later);
	});
});

describe('a hold', () => {
	const marker = (hold: object) =>
		push({ '.lockstep-holds/api.json': JSON.stringify(hold) }, 'Hold the api');

	test('of the image stops every bump of it and says why, even with allow-older', async () => {
		await marker({ image, reason: 'v2 loses orders', by: 'alice' });
		const run = await infra.bump({ 'allow-older': 'true' });
		expect(run).toMatchObject(held);
		expect(run.stderr).toMatch(
			/ghcr\.io\/acme\/api is held in main of \S+ by alice: v2 loses orders; nothing is written until the hold is lifted/,
		);
		expect((await infra.subjects())[0]).toBe('Hold the api');
	});

	test('of the file stops every bump of that file', async () => {
		await marker({ file: 'apps/api.yaml', reason: 'moving' });
		expect(await infra.bump()).toMatchObject(held);
	});

	test('of the image stops the first entry of it in a kustomization', async () => {
		await push({ 'kustomization.yaml': 'resources: [apps]\n' }, 'Add a kustomization');
		await marker({ image, reason: 'v2 loses orders' });
		const run = await infra.bump({ file: 'kustomization.yaml', 'create-missing': 'true' });
		expect(run).toMatchObject(held);
	});

	test.each([{ set: 'metadata.name={{tag}}' }, { pattern: 'image: *[^:]*:(?<version>\\S+)' }])(
		'of the image stops %j',
		async (inputs) => {
			await marker({ image, reason: 'v2 loses orders' });
			expect(await infra.bump(inputs)).toMatchObject(held);
		},
	);

	test.each([
		['a path', 'apps/api.yaml', { set: 'spec.template.spec.containers[0].image=x/y:2' }],
		['a pattern', 'apps/api.yaml', { pattern: 'image: *[^:]*:(?<version>\\S+)' }],
		['a pattern in other text', 'api.tfvars', { pattern: '^image = .*:(?<version>[^"]*)' }],
	])('of the image stops %s that reaches it, named or not', async (_, file, edit) => {
		await push({ 'api.tfvars': `image = "${image}:v1"\n` }, 'Add variables');
		await marker({ image, reason: 'v2 loses orders' });
		expect(await infra.bump({ file, image: undefined, ...edit })).toMatchObject(held);
		expect(await infra.bump({ file, image: 'ghcr.io/acme/web', ...edit })).toMatchObject(held);
	});

	test('of an image is warned of where nobody can tell whose tag is written', async () => {
		await push({ 'values.yaml': 'image: {tag: v1}\nreplicas: 1\n' }, 'Add values');
		await marker({ image, reason: 'v2 loses orders' });
		const values = { file: 'values.yaml', image: undefined };
		const run = await infra.bump({ ...values, set: 'image.tag=v2' });
		expect(run).toMatchObject(changed);
		expect(run.stderr).toContain(
			`Which image image.tag in values.yaml is of cannot be told, so that no hold (of ${image}) keeps it as it is; give --image`,
		);
		expect((await infra.bump({ ...values, set: 'replicas=2' })).stderr).not.toContain('hold');
	});

	test('of another image, or one that is over, stops nothing', async () => {
		await marker({ image: 'ghcr.io/acme/web', reason: 'x' });
		expect(await infra.bump()).toMatchObject(changed);
		await marker({ image, reason: 'x', until: '2020-01-01T00:00:00Z' });
		expect(await infra.bump({ tag: 'v3' })).toMatchObject(changed);
	});

	test('where nothing has to change anyway is not told', async () => {
		await marker({ image, reason: 'x' });
		expect(await infra.bump({ tag: 'v1' })).toMatchObject({
			outputs: { changed: 'false', held: 'false' },
		});
	});

	test.each([
		['not json', /\.lockstep-holds\/api\.json is no hold marker \(.*\), and whom it holds cannot/],
		['{"reason": "x"}', /it names neither image nor file/],
		['{"image": "api", "until": "soon"}', /its until is no date/],
		['{"image": 7}', /its image is no text/],
	])('that cannot be understood stops the step with an error: %s', async (text, message) => {
		await push({ '.lockstep-holds/api.json': text }, 'Hold');
		const run = await infra.bump();
		expect(run.exitCode).toBe(1);
		expect(run.stderr).toMatch(message);
	});
});
