import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startForge } from '../stand-ins/forge/forge.ts';
import type { Permission, User } from '../stand-ins/git/accounts.ts';
import { askRegistry } from '../stand-ins/kubernetes/ask-registry.ts';
import { startCluster } from '../stand-ins/kubernetes/cluster.ts';
import { startRegistry } from '../stand-ins/registry/registry.ts';
import {
	type EnvironmentName,
	environmentNames,
	fullNameOf,
	owner,
	type RepositoryName,
	repositoryNames,
} from './flow.ts';
import { programsFor } from './programs.ts';
import { type Account, byRepository, docker, type Servers, writableBy } from './servers.ts';

/** Starts the embedded stand-ins, all on 127.0.0.1: a forge, a registry and three clusters. */
export async function startStandIns(): Promise<Servers> {
	const folder = await mkdtemp(join(tmpdir(), 'lockstep-forge-'));
	const developer = { name: 'alice', token: 'token-of-alice' };
	const reviewer = { name: 'bob', token: 'token-of-bob' };
	const ciAccounts = byRepository((name) => ({ name: 'ci', token: `ci-token-of-${name}` }));
	const stepTokens = byRepository((name) => `step-token-of-${name}`);
	const forge = await startForge({
		root: folder,
		users: [
			user(developer, ['application']),
			user(reviewer, ['infra-production']),
			...repositoryNames.flatMap((name) => [
				// Drone's credentials are those of the person who activated the repository.
				user(ciAccounts[name], name === 'application' ? [name] : [], [name]),
				user({ name: 'lockstep', token: stepTokens[name] }, writableBy[name]),
			]),
		],
	});
	const registry = await startRegistry({
		auth: {
			kind: 'basic',
			accounts: { [docker.username]: { password: docker.password, push: true } },
			anonymousPull: true,
		},
	});
	const behaviour = askRegistry({ mirrors: { 'docker.io': registry.url } });
	const clusters = await Promise.all(environmentNames.map(() => startCluster({ behaviour })));
	const kubeconfigs = environmentNames.map((name, index) => [name, clusters[index]?.kubeconfig()]);
	return {
		forge: { kind: 'github', url: forge.url, apiUrl: forge.apiUrl },
		developer,
		reviewer,
		ciAccounts,
		stepTokens,
		kubeconfigs: Object.fromEntries(kubeconfigs) as Record<EnvironmentName, string>,
		namespaces: { staging: 'default', qa: 'default', production: 'default' },
		brokenVersion: 'v1.2.0',
		registryUrl: registry.url,
		programs: programsFor(registry.url),
		cloneUrl: (name) => forge.cloneUrl(fullNameOf(name)),
		createRepository: async (name, from) => {
			await forge.createRepository(fullNameOf(name), { from, defaultBranch: 'main' });
			if (name === 'infra-production')
				forge.protectBranch(fullNameOf(name), 'main', { requiredApprovals: 1 });
		},
		onWebhook: async (listener) => forge.onEvent(({ kind, payload }) => listener(kind, payload)),
		close: async () => {
			await Promise.all([forge.close(), registry.close(), ...clusters.map((one) => one.close())]);
			await rm(folder, { recursive: true, force: true });
		},
	};
}

function user(
	{ name, token }: Account,
	writable: readonly RepositoryName[],
	readable: readonly RepositoryName[] = [],
): User {
	const access: Record<string, Permission> = {};
	for (const repository of readable) access[fullNameOf(repository)] = 'read';
	for (const repository of writable) access[fullNameOf(repository)] = 'write';
	return { name, token, access, email: `${name}@${owner}.example` };
}
