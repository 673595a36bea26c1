import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deployment, Infra } from './infra.ts';

let infra: Infra;
let parent: string;
beforeAll(async () => {
	infra = await Infra.start({ 'apps/api.yaml': deployment('ghcr.io/acme/api:v1') });
	parent = await mkdtemp(join(tmpdir(), 'parent-'));
	await writeFile(join(parent, 'file'), '');
});
afterAll(async () => {
	await infra.close();
	await rm(parent, { recursive: true });
});

test.each([
	['is not there', 'missing', 'ENOENT'],
	['is a file', 'file', 'ENOTDIR'],
])('a TMPDIR that %s: one sentence, and nothing is asked of the server', async (_, name, code) => {
	const TMPDIR = join(parent, name);
	const run = await infra.bump({}, { env: { TMPDIR } });
	expect(run).toMatchObject({ exitCode: 1, stdout: '' });
	expect(run.stderr).toMatch(
		/^error: There can be no temporary folder in \S+ \(.+\); set TMPDIR to /,
	);
	expect(run.stderr).toContain(`${TMPDIR} (${code}`);
	expect(run.stderr.trim().split('\n')).toHaveLength(1);
	expect(infra.takeRequests()).toEqual([]);
});
