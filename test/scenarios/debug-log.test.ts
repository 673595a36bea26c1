import { afterEach, expect, test } from 'vitest';
import { deployment, Infra, token } from './infra.ts';
import { Promotion, token as promoterToken } from './promotion.ts';

let close = async () => {};
afterEach(() => close());

test('debug tells every command of git with its time, every attempt, and no secret', async () => {
	const infra = await Infra.start({ 'apps/api.yaml': deployment('ghcr.io/acme/api:v1') });
	close = () => infra.close();
	const tip = await infra.git('rev-parse', 'main');
	const run = await infra.bump({ 'log-level': 'debug' });
	expect(run).toMatchObject({ exitCode: 0, outputs: { changed: 'true' } });
	for (const command of ['clone', 'fast-import', 'push'])
		expect(run.stderr).toMatch(
			new RegExp(`^git .*\\b${command}\\b.*: ended with 0, after \\d+ ms$`, 'm'),
		);
	expect(run.stderr).toContain(`Attempt 1: the edit is made on ${tip}, the tip of main`);
	expect(run.stderr).not.toContain(token);
	const quiet = await infra.bump({ tag: 'v3' });
	expect(quiet.stderr).not.toMatch(/^git |Attempt/m);
});

test('debug tells every request to a forge with its answer', async () => {
	const scene = await Promotion.start();
	close = () => scene.close();
	const run = await scene.bump({ verified: 'true', 'log-level': 'debug' });
	expect(run.exitCode).toBe(0);
	const graphql = `${scene.forge.url}/api/graphql`;
	expect(run.stdout).toMatch(new RegExp(`POST ${RegExp.escape(graphql)}: 200, after \\d+ ms`));
	expect(run.stdout).toContain(`is taken to be on github, whose API is at ${scene.forge.url}`);
	expect(run.stdout).not.toContain(promoterToken);
});
