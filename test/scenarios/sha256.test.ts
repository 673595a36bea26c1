import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { deployment, Infra, repository } from './infra.ts';

// Some of these are six processes.
vi.setConfig({ testTimeout: 30_000 });

const image = 'ghcr.io/acme/api';
const path = 'apps/api.yaml';

let infra: Infra;
beforeEach(async () => {
	infra = await Infra.start({ [path]: deployment(`${image}:v1`) }, { objectFormat: 'sha256' });
});
afterEach(() => infra.close());

const atServer = () => infra.server.repositoryPath(repository);
const written = { exitCode: 0, outputs: { changed: 'true' } };

describe.each([
	['https', () => infra.url],
	['file', () => `file://${atServer()}`],
])('in a repository whose objects are named by SHA-256, by %s', (_, url) => {
	test.each([undefined, 'main'])('image and hold are written (branch %s)', async (branch) => {
		const where = { repository: url(), branch };
		const source = { 'source-repository': 'acme/api', 'source-commit': '1'.repeat(40) };
		expect(await infra.bump({ ...where, ...source })).toMatchObject(written);
		expect(await infra.file(path)).toBe(deployment(`${image}:v2`));
		expect(await infra.run('rollback', where)).toMatchObject(written);
		expect(await infra.file(path)).toBe(deployment(`${image}:v1`));
		expect(await infra.bump({ ...where, ...source })).toMatchObject({ outputs: { held: 'true' } });
		expect(await infra.run('hold', { ...where, lift: 'true' })).toMatchObject(written);
		const first = await infra.git('rev-parse', 'main~3');
		const back = { ...where, 'to-commit': first, hold: 'false' };
		expect(await infra.bump({ ...where, ...source, tag: 'v3' })).toMatchObject(written);
		expect(await infra.run('rollback', back)).toMatchObject({ outputs: { image: `${image}:v1` } });
		expect(await infra.git('fsck', '--strict')).toBe('');
	});
});
