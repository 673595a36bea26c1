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
