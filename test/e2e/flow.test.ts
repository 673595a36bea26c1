import { expect, inject, test } from 'vitest';
import type { CiPlan } from '../demo/flow.ts';
import { Play } from '../demo/play.ts';
import { programsFor } from '../demo/programs.ts';
import { resultOf } from '../demo/result.ts';
import { playFlow } from '../demo/scenario.ts';
import { docker, type Servers } from '../demo/servers.ts';
import { makeWorld } from '../demo/world.ts';
import { startRegistry } from '../stand-ins/registry/registry.ts';
import { realClusters } from './real-clusters.ts';
import { realForge } from './real-forge.ts';

const minute = 60_000;

/** The other way round than in the demo, so that every example of these two CIs is played. */
const plan: CiPlan = {
	application: 'woodpecker',
	'infra-staging': 'drone',
	'infra-qa': 'github',
	'infra-production': 'github',
};

/** A real Gitea and a real control plane; only builds go to an embedded registry. */
async function realServers(): Promise<Servers> {
	const [forge, clusters] = [
		await realForge(inject('gitea')),
		await realClusters(inject('kubernetes')),
	];
	const accounts = { [docker.username]: { password: docker.password, push: true } };
	const registry = await startRegistry({ auth: { kind: 'basic', accounts } });
	return {
		...forge,
		kubeconfigs: clusters.kubeconfigs,
		namespaces: clusters.namespaces,
		// The fake node reads from the name how a container ends.
		brokenVersion: 'v1.2.0-fake-crash-loop',
		registryUrl: registry.url,
		programs: programsFor(registry.url),
		createRepository: async (name, folder) => {
			await clusters.useNamespace(name, folder);
			await forge.createRepository(name, folder);
		},
		close: async () => {
			await Promise.all([forge.close(), clusters.close(), registry.close()]);
		},
	};
}

test('the flow of the demo walks on a real Gitea and a real Kubernetes', {
	timeout: 10 * minute,
}, async () => {
	const servers = await realServers();
	const world = await makeWorld(servers, plan).catch(async (error: unknown) => {
		await servers.close();
		throw error;
	});
	try {
		const play = new Play(world, {
			actStarts: ({ title }) => console.log(title),
		});
		await playFlow(play);
		const { environments } = await resultOf(play, 0);
		const [, qa, production] = environments;
		expect(production).toMatchObject({
			image: qa?.image,
			imageId: qa?.imageId,
			commit: qa?.commit,
		});
	} finally {
		await world.close();
	}
});
