import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { commitToBranch as pushBehindTheBack } from '../stand-ins/git/bare-repository.ts';
import { git } from '../stand-ins/git/git.ts';
import { deployment, Infra, repository } from './infra.ts';

vi.setConfig({ testTimeout: 60_000 });

// What `bump-image` wrote by `set` or `pattern`, and `rollback` is told of by the same.

const image = 'ghcr.io/acme/api';
const source = 'acme/api';
const path = 'apps/api.yaml';
let infra: Infra;
/** Three commits of the application, one after the other. */
let builds: string[];
beforeEach(async () => {
	infra = await Infra.start({ [path]: deployment(`${image}:v0`) });
	await infra.server.createRepository(source, { files: { 'main.go': 'package main\n' } });
	const application = infra.server.repositoryPath(source);
	builds = [await git(application, ['rev-parse', 'main'])];
	for (const name of ['Second', 'Third'])
		builds.push(await pushBehindTheBack(application, 'main', { 'a.go': name }, name));
});
afterEach(() => infra.close());

/** Bumps to `v<number>`, which was built from that commit of the application. */
const bump = (number: number, inputs: Record<string, string> = {}) =>
	infra.bump({
		tag: `v${number}`,
		'source-repository': infra.server.cloneUrl(source),
		'source-commit': builds[number] ?? '',
		...inputs,
	});
const rollback = (inputs: Record<string, string>) => infra.run('rollback', inputs);
const tip = () => infra.git('rev-parse', 'main');
const body = () => infra.git('log', '-1', '--format=%B', 'main');
const push = (files: Record<string, string>, message: string) =>
	pushBehindTheBack(infra.server.repositoryPath(repository), 'main', files, message);

test.each([
	['a tag by its path', 'values.yaml', 'image: {tag: v0}\n', { set: 'image.tag={{tag}}' }],
	['a part of a value', 'values.yaml', 'app: "svc-v0-x"\n', { set: 'app=svc-{{tag}}-x' }],
	['a whole image', 'a.yaml', `ref: ${image}:v0\n`, { set: 'ref={{name}}:{{tag}}' }],
	['a pattern', '.env', 'A=1\nAPI=v0\n', { pattern: '^API=(?<version>.*)' }],
])('what was written by %s comes back by the same', async (_, file, text, edit) => {
	await push({ [file]: text }, 'Add a file');
	for (const number of [1, 2]) await bump(number, { file, ...edit });
	await push({ 'other.txt': 'x' }, 'Something else');
	const back = { changed: 'true', 'previous-image': `${image}:v2`, 'to-image': `${image}:v1` };
	expect((await rollback({ file, ...edit })).outputs).toMatchObject({ ...back, held: 'true' });
	expect(`${await infra.file(file)}\n`).toBe(text.replace('v0', 'v1'));
	expect(await body()).toContain(`/${source}@${builds[1]}`);
	expect((await rollback({ file, ...edit })).outputs).toMatchObject({ changed: 'false' });
	expect((await bump(2, { file, ...edit })).outputs).toMatchObject({ held: 'true' });
});

test('a tag and a digest by paths of their own come back together', async () => {
	const [zero, one, two] = ['0', '1', '2'].map((hex) => `sha256:${hex.repeat(64)}`);
	const file = 'values.yaml';
	const text = `image:\n  tag: v0\n  digest: ${zero}\n`;
	await push({ [file]: text }, 'Add a file');
	const edit = { file, set: 'image.tag={{tag}}\nimage.digest={{digest}}' };
	await bump(1, { ...edit, digest: one ?? '' });
	expect((await bump(2, { ...edit, digest: two ?? '' })).outputs).toMatchObject({
		'previous-image': `${image}:v1@${one}`,
	});
	expect(await bump(1, { ...edit, digest: one ?? '' })).toMatchObject({
		outputs: { superseded: 'true' },
	});
	expect((await rollback(edit)).outputs).toMatchObject({ 'to-image': `${image}:v1@${one}` });
	expect(await infra.file(file)).toBe(`image:\n  tag: v1\n  digest: ${one}`);
	const run = await rollback({ ...edit, to: 'v7' });
	expect(run.exitCode).toBe(2);
	expect(run.stderr).toContain(
		`${image}:v7 has no digest, which --set writes at image.digest; give it in --to, as name:tag@digest`,
	);
});

describe('what cannot be done', () => {
	test.each([
		[{ set: 'a=1' }, 2, /--set: a=1 has neither {{tag}} nor {{digest}}, and nothing else is/],
		[{ set: 'a..b={{tag}}' }, 2, /--set: "a\.\.b=x" is not a path/],
		[{ set: 'metadata={{tag}}' }, 1, /metadata is a map; name a value in it/],
		[{ set: 'kind=b{{tag}}' }, 1, /has "Deployment" at kind=b{{tag}}, which is no tag or digest/],
		[{ pattern: '(' }, 2, /--pattern: \( is no regular expression/],
		[{ pattern: '^(?<version># .*)' }, 1, /has "# the api" at \^.*, which is no tag or digest/],
		[{ pattern: 'none(?<version>.)' }, 1, /The pattern none\S+ finds nothing in apps\/api\.yaml/],
	])('%j: one sentence, and nothing is written', async (inputs, exitCode, says) => {
		const before = await tip();
		const run = await rollback(inputs);
		expect(run.exitCode, run.stderr).toBe(exitCode);
		expect(run.stderr).toMatch(says);
		expect(run.stderr.trim().split('\n')).toHaveLength(1);
		expect(await tip()).toBe(before);
	});
});
