import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { deployment, Infra } from './infra.ts';

let infra: Infra;
let workspace: string;
beforeAll(async () => {
	infra = await Infra.start({ 'apps/api.yaml': deployment('ghcr.io/acme/api:v1') });
});
beforeEach(async () => {
	workspace = await mkdtemp(join(tmpdir(), 'workspace-'));
	return () => rm(workspace, { recursive: true });
});
afterAll(() => infra.close());

test.each([
	['.lockstep', {}],
	['out', { 'outputs-dir': 'out/a/b' }],
])('where a file %s is in the way nothing is pushed', async (file, inputs) => {
	await writeFile(join(workspace, file), 'mine');
	const before = await infra.subjects();
	const run = await infra.bump(inputs, { cwd: workspace });
	expect(run).toMatchObject({ exitCode: 1, stdout: '' });
	expect(run.stderr).toMatch(/^error: The outputs cannot be written to \S+ \(\S+ is no folder\)/);
	expect(run.stderr).toContain('name another folder with --outputs-dir');
	expect(run.stderr.trim().split('\n')).toHaveLength(1);
	expect(await infra.subjects()).toEqual(before);
	expect(infra.takeRequests()).toEqual([]);
	expect(await readFile(join(workspace, file), 'utf8')).toBe('mine');
});

test('a step that ends before it has outputs leaves no folder', async () => {
	expect((await infra.bump({ file: '../x' }, { cwd: workspace })).exitCode).toBe(2);
	expect(await readdir(workspace)).toEqual([]);
});

test('a link in the place of an output is replaced, never written through', async () => {
	const victim = join(workspace, 'victim');
	await writeFile(victim, 'mine');
	await mkdir(join(workspace, '.lockstep'));
	for (const ending of ['json', 'env'])
		await symlink(victim, join(workspace, '.lockstep', `bump-image.${ending}`));
	const run = await infra.bump({ tag: 'v2' }, { cwd: workspace });
	expect(run).toMatchObject({ exitCode: 0, outputs: { image: 'ghcr.io/acme/api:v2' } });
	expect(await readFile(victim, 'utf8')).toBe('mine');
});

test.each([
	['a link in place of the folder', '.lockstep'],
	['a link on the way to it', 'a/out'],
])('%s is not followed, and nothing is pushed', async (_what, folder) => {
	const elsewhere = await mkdtemp(join(tmpdir(), 'elsewhere-'));
	try {
		const [first = ''] = folder.split('/');
		await symlink(elsewhere, join(workspace, first));
		const before = await infra.subjects();
		const run = await infra.bump({ 'outputs-dir': folder }, { cwd: workspace });
		expect(run.exitCode).toBe(2);
		expect(run.stderr).toContain(`--outputs-dir: ${first} is a link, which is not followed`);
		expect(await infra.subjects()).toEqual(before);
		expect(await readdir(elsewhere)).toEqual([]);
	} finally {
		await rm(elsewhere, { recursive: true });
	}
});

test.each(['../x', 'a/../../x', '..'])('%s leads out of the workspace', async (folder) => {
	const run = await infra.bump({ 'outputs-dir': folder }, { cwd: workspace });
	expect(run.exitCode).toBe(2);
	expect(run.stderr).toContain(`--outputs-dir: ${folder} leads out of the workspace`);
});

test('an absolute path may lead anywhere, also by a link', async () => {
	const elsewhere = await mkdtemp(join(tmpdir(), 'elsewhere-'));
	try {
		await symlink(elsewhere, join(workspace, 'link'));
		for (const folder of [join(elsewhere, 'a'), join(workspace, 'link')]) {
			const run = await infra.bump({ 'outputs-dir': folder }, { cwd: workspace });
			expect(run, run.stderr).toMatchObject({ exitCode: 0 });
			expect(JSON.parse(await readFile(join(folder, 'bump-image.json'), 'utf8'))).toMatchObject({
				image: 'ghcr.io/acme/api:v2',
			});
		}
	} finally {
		await rm(elsewhere, { recursive: true });
	}
});

test('a folder that is there keeps its .gitignore, a new one is ignored by git', async () => {
	await writeFile(join(workspace, '.gitignore'), 'node_modules\n');
	await infra.bump({ 'outputs-dir': '.' }, { cwd: workspace });
	expect(await readFile(join(workspace, '.gitignore'), 'utf8')).toBe('node_modules\n');
	await infra.bump({}, { cwd: workspace });
	expect(await readFile(join(workspace, '.lockstep', '.gitignore'), 'utf8')).toBe('*\n');
});
