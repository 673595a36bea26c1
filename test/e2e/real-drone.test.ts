import { randomUUID } from 'node:crypto';
import { appendFile, chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inject, test } from 'vitest';
import { root, stepNames } from '../../.ci/steps.ts';
import { secretsOf } from '../demo/ci-server.ts';
import { cis, contentOf, fullNameOf, type RepositoryName, repositoryNames } from '../demo/flow.ts';
import { programsFor } from '../demo/programs.ts';
import { docker } from '../demo/servers.ts';
import type { Program } from '../engines/pipeline.ts';
import { Drone } from '../servers/drone.ts';
import { startRegistry } from '../stand-ins/registry/registry.ts';
import { realClusters } from './real-clusters.ts';
import { createAccount, realForge } from './real-forge.ts';
import { walkUnattended } from './unattended-flow.ts';

const minute = 60_000;

test('a push goes to production over four repositories with a real Drone, by its examples', {
	timeout: 10 * minute,
}, async () => {
	const folder = await mkdtemp(join(tmpdir(), 'real-drone-'));
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
		const images = join(folder, 'images');
		await layImages(images, registry.url);
		const user = await createAccount(gitea.url, forge.admin, `drone-${randomUUID().slice(0, 8)}`);
		const commands = join(root, 'test/demo/programs/bin');
		const place = { images, commands, folder: join(folder, 'drone'), log: console.error };
		const drone = await Drone.start({ gitea, user, ...place });
		ends.unshift(() => drone.stop());

		for (const name of repositoryNames) {
			const content = join(folder, 'first', name);
			await layRepository(name, content);
			await clusters.useNamespace(name, content);
			await forge.createRepository(name, content, async () => {
				const path = `/repos/${fullNameOf(name)}/collaborators/${user.name}`;
				await forge.admin.send('PUT', path, { permission: 'admin' });
				await drone.activate(fullNameOf(name));
				const servers = { stepTokens: forge.stepTokens, kubeconfigs: clusters.kubeconfigs };
				for (const [secret, value] of Object.entries(secretsOf(name, 'drone', servers)))
					await appendFile(
						join(content, cis.drone.file),
						await drone.secretDocument(fullNameOf(name), secret, value),
					);
			});
		}
		const ci = { failure: () => failureOf(drone) };
		await walkUnattended({ forge, clusters, ci, folder: join(folder, 'people') });
	} finally {
		for (const end of ends) await end();
	}
});

/** What stands for the images of the examples: Lockstep's own are the bundles. */
async function layImages(folder: string, registryUrl: string): Promise<void> {
	await cp(join(import.meta.dirname, '../servers/drone/images'), folder, { recursive: true });
	const programs: Record<string, Program> = { ...programsFor(registryUrl) };
	for (const step of stepNames())
		programs[`ghcr.io/lockstep-ci/lockstep:${step}`] = {
			entry: [process.execPath, join(root, 'dist', step, 'index.js')],
		};
	for (const [image, { entry }] of Object.entries(programs)) {
		if (entry === undefined) continue;
		const file = join(folder, image);
		const command = entry.map((part) => `'${part}'`).join(' ');
		await mkdir(dirname(file), { recursive: true });
		await writeFile(file, `#!/bin/sh\nexec ${command} "$@"\n`);
		await chmod(file, 0o755);
	}
}

async function layRepository(name: RepositoryName, folder: string): Promise<void> {
	const { examples, file } = cis.drone;
	await cp(contentOf(name), folder, { recursive: true });
	await cp(join(examples, name, file), join(folder, file));
}

/** The log of a build that has failed. */
async function failureOf(drone: Drone): Promise<string | undefined> {
	for (const name of repositoryNames.map(fullNameOf))
		for (const { number, status, ref } of await drone.builds(name))
			if (['failure', 'error', 'killed'].includes(status))
				return `${name} ${ref}: ${status}\n${await drone.log(name, number)}`;
	return undefined;
}
