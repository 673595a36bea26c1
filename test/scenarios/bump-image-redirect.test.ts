import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GitServer, startGitServer } from '../stand-ins/git/git-server.ts';
import { deployment, Infra, repository } from './infra.ts';

let infra: Infra;
let elsewhere: GitServer;
beforeAll(async () => {
	infra = await Infra.start({ 'apps/api.yaml': deployment('ghcr.io/acme/api:v1') });
	elsewhere = await startGitServer();
	await elsewhere.createRepository(repository, {
		files: { 'apps/api.yaml': deployment('ghcr.io/acme/api:v1') },
	});
});
afterAll(async () => {
	await infra.close();
	await elsewhere.close();
});

test('a server that sends git on to another host does not bring the token there', async () => {
	infra.server.onRequest = ({ path, query }) => ({
		kind: 'status',
		status: 302,
		headers: { location: `${elsewhere.url}${path}?${new URLSearchParams(query)}` },
	});
	const run = await infra.bump();
	for (const { authorization } of elsewhere.requests) expect(authorization).toBeUndefined();
	expect(run.exitCode).toBe(1);
	expect(run.stderr).toContain('give the address that the repository has now');
	expect(run.stderr.trim().split('\n')).toHaveLength(1);
});
