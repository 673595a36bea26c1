import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject, test } from 'vitest';
import { root } from '../../.ci/steps.ts';
import { secretsOf } from '../demo/ci-server.ts';
import { cis, contentOf, fullNameOf, repositoryNames } from '../demo/flow.ts';
import { layCommands } from '../demo/programs.ts';
import { git, tokenEnvironment } from '../demo/repository-view.ts';
import { docker } from '../demo/servers.ts';
import type { GiteaAddress } from '../servers/gitea.ts';
import { startRunner } from '../servers/gitea-runner.ts';
import { startRegistry } from '../stand-ins/registry/registry.ts';
import { realClusters } from './real-clusters.ts';
import { type Api, realForge } from './real-forge.ts';
import { walkUnattended } from './unattended-flow.ts';

const minute = 60_000;

test("a push goes to production over four repositories with Gitea's own Actions, by the examples", {
	timeout: 10 * minute,
}, async () => {
	const folder = await mkdtemp(join(tmpdir(), 'real-actions-'));
	const ends: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
	try {
		const gitea = inject('gitea');
		const forge = await realForge(gitea);
		ends.unshift(() => forge.close());
		const clusters = await realClusters(inject('kubernetes'));
		ends.unshift(() => clusters.close());
		const accounts = { [docker.username]: { password: docker.password, push: true } };
		const registry = await startRegistry({ auth: { kind: 'basic', accounts } });
		ends.unshift(() => registry.close());
		const commands = join(folder, 'bin');
		await layCommands(commands, registry.url);
		await publishActions(gitea, forge.admin, join(folder, 'actions'));
		const place = { commands, folder: join(folder, 'runner'), log: console.error };
		const runner = await startRunner({ gitea, ...place });
		ends.unshift(() => runner.stop());

		for (const name of repositoryNames) {
			const content = join(folder, 'first', name);
			await cp(contentOf(name), content, { recursive: true });
			await cp(join(cis.github.examples, name), content, { recursive: true });
			await clusters.useNamespace(name, content);
			await forge.createRepository(name, content, async () => {
				const servers = { stepTokens: forge.stepTokens, kubeconfigs: clusters.kubeconfigs };
				for (const [secret, value] of Object.entries(secretsOf(name, 'github', servers)))
					await forge.admin.send('PUT', `/repos/${fullNameOf(name)}/actions/secrets/${secret}`, {
						data: value,
					});
			});
		}
		const ci = { failure: () => failureOf(gitea, forge.admin) };
		await walkUnattended({ forge, clusters, ci, folder: join(folder, 'people') });
	} finally {
		for (const end of ends) await end();
	}
});

/** Puts the actions that the examples use where Gitea looks for them: on itself. */
async function publishActions(gitea: GiteaAddress, admin: Api, folder: string): Promise<void> {
	const lockstep = join(folder, 'lockstep');
	for (const part of ['actions', 'dist'])
		await cp(join(root, part), join(lockstep, part), { recursive: true });
	const checkout = join(folder, 'checkout');
	await cp(join(root, 'test/servers/gitea-runner/checkout'), checkout, { recursive: true });
	await mkdir(folder, { recursive: true });
	await publish(gitea, admin, 'lockstep-ci/lockstep', 'v1', lockstep);
	await publish(gitea, admin, 'actions/checkout', 'v4', checkout);
}

async function publish(
	gitea: GiteaAddress,
	admin: Api,
	repository: string,
	version: string,
	folder: string,
): Promise<void> {
	const [owner = '', name = ''] = repository.split('/');
	await admin.post('/orgs', { username: owner, visibility: 'public' }, [422]);
	await admin.send('DELETE', `/repos/${repository}`, undefined, [404]);
	await admin.post(`/orgs/${owner}/repos`, { name, default_branch: 'main', private: false });
	const identity = ['-c', 'user.name=Fixture', '-c', 'user.email=fixture@example.com'];
	const at = ['-C', folder];
	await git(['init', '--quiet', '--initial-branch=main', folder]);
	await git([...at, 'add', '--force', '--all']);
	await git([...at, ...identity, 'commit', '--quiet', '--message=Publish']);
	await git([...at, 'tag', version]);
	const url = `${gitea.url}/${repository}.git`;
	await git([...at, 'push', '--quiet', url, 'main', version], tokenEnvironment(gitea.adminToken));
}

interface Job {
	readonly id: number;
	readonly name: string;
	readonly conclusion?: string;
}

/** The log of a job that has failed. */
async function failureOf(gitea: GiteaAddress, admin: Api): Promise<string | undefined> {
	for (const name of repositoryNames.map(fullNameOf)) {
		const found = (await admin.send('GET', `/repos/${name}/actions/jobs`)) as { jobs?: Job[] };
		const failed = found.jobs?.find(({ conclusion }) => conclusion === 'failure');
		if (failed === undefined) continue;
		const log = await fetch(`${gitea.url}/api/v1/repos/${name}/actions/jobs/${failed.id}/logs`, {
			headers: { authorization: `token ${gitea.adminToken}` },
		});
		return `${name}, ${failed.name}:\n${await log.text()}`;
	}
	return undefined;
}
