import { describe, expect, test } from 'vitest';
import { identitiesAt, projectOf } from '../../shared/forge/azure.ts';
import { detectForge } from '../../shared/forge/detect.ts';
import { parseRemote } from '../../shared/git/remote.ts';

const silent = () => undefined;

async function apiOf(repository: string): Promise<string> {
	const found = await detectForge({
		remote: parseRemote(repository),
		tls: {},
		environment: {},
		log: { debug: silent, info: silent, warn: silent, error: silent },
		signal: AbortSignal.timeout(1000),
	});
	return found.kind === 'azure' ? found.apiUrl : `no Azure: ${found.kind}`;
}

describe('the project that a repository of Azure DevOps is in', () => {
	test.each([
		['https://dev.azure.com/acme/shop/_git/infra', 'shop'],
		['https://dev.azure.com/acme/Big%20Shop/_git/infra', 'Big Shop'],
		['https://dev.azure.com/acme/_git/infra', 'infra'],
		['https://acme.visualstudio.com/shop/_git/infra', 'shop'],
		['https://acme.visualstudio.com/DefaultCollection/shop/_git/infra', 'shop'],
		['https://acme.visualstudio.com/_git/infra', 'infra'],
		['https://tfs.example.com/tfs/DefaultCollection/shop/_git/infra', 'shop'],
		['git@ssh.dev.azure.com:v3/acme/shop/infra', 'shop'],
		['acme@vs-ssh.visualstudio.com:v3/acme/shop/infra', 'shop'],
	])('%s', async (repository, project) => {
		expect(projectOf(parseRemote(repository), await apiOf(repository))).toBe(project);
	});
});

test.each([
	['https://dev.azure.com/acme', 'https://vssps.dev.azure.com/acme'],
	['https://acme.visualstudio.com', 'https://acme.vssps.visualstudio.com'],
	['https://tfs.example.com/tfs/Main', 'https://tfs.example.com/tfs/Main'],
])('users of %s are asked for at %s', (api, identities) => {
	expect(identitiesAt(api)).toBe(identities);
});
