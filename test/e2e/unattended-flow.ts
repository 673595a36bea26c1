import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { ClusterView } from '../demo/cluster-view.ts';
import { Developer } from '../demo/developer.ts';
import { type EnvironmentName, fullNameOf, image, type RepositoryName } from '../demo/flow.ts';
import { ForgeView } from '../demo/forge-view.ts';
import { RepositoryView } from '../demo/repository-view.ts';
import type { RealClusters } from './real-clusters.ts';
import type { realForge } from './real-forge.ts';

/** A real CI that works for the four repositories. */
export interface RealCi {
	/** The log of a pipeline that has failed, if one has. */
	failure(): Promise<string | undefined>;
}

interface Unattended {
	readonly forge: Awaited<ReturnType<typeof realForge>>;
	readonly clusters: RealClusters;
	readonly ci: RealCi;
	/** An empty folder to work in. */
	readonly folder: string;
}

const patienceMs = 120_000;

/**
 * Walks from a push to production with nothing done by hand but what people do: push, tag,
 * approve, merge. All else has to be started by webhooks, and done by the CI.
 */
export async function walkUnattended({ forge, clusters, ci, folder }: Unattended): Promise<void> {
	const until = async <T>(what: string, look: () => Promise<T | undefined>): Promise<T> => {
		const deadline = Date.now() + patienceMs;
		for (;;) {
			const found = await look();
			if (found !== undefined) return found;
			const failure = await ci.failure();
			if (failure !== undefined) throw new Error(`Before ${what} a pipeline failed:\n${failure}`);
			if (Date.now() > deadline) throw new Error(`It is not so: ${what}`);
			await new Promise((resolve) => setTimeout(resolve, 250));
		}
	};
	const runs = (environment: EnvironmentName, version: string) => {
		const view = new ClusterView(
			clusters.kubeconfigs[environment],
			clusters.namespaces[environment],
		);
		return until(`${environment} runs ${version}`, async () => {
			const running = await view.running();
			const isThere = running?.image === `${image}:${version}` && running.imageIds.length === 1;
			return isThere ? running.imageIds[0] : undefined;
		});
	};
	const viewOf = (name: RepositoryName) =>
		new RepositoryView(
			join(folder, `${name}.git`),
			forge.cloneUrl(name),
			forge.ciAccounts[name].token,
		);
	const application = viewOf('application');
	const tagged = (environment: EnvironmentName, version: string) =>
		until(`the application has a tag that ${environment} runs ${version}`, async () =>
			(await (await application.update()).refs()).get(`refs/tags/deploy/${environment}/${version}`),
		);
	await mkdir(folder, { recursive: true });
	const { developer: account, reviewer: person } = forge;
	const developer = new Developer(
		join(folder, 'developer'),
		forge.cloneUrl('application'),
		account,
	);
	await developer.clone();

	const commit = await developer.commit('feature/greeting', 'Greet the world', {
		'src/index.html': '<h1>Hello, world</h1>\n',
	});
	await developer.push('feature/greeting');
	const built = `feature-greeting-${commit.slice(0, 7)}`;
	await runs('staging', built);
	await tagged('staging', built);

	await developer.tag('v1.1.0');
	await developer.push('v1.1.0');
	const onQa = await runs('qa', 'v1.1.0');
	const reviewer = new ForgeView(forge.forge, person);
	const pull = await until('production is asked to take v1.1.0', async () =>
		(await reviewer.pulls('infra-production')).at(0),
	);
	expect(pull).toMatchObject({ state: 'open', title: expect.stringContaining('v1.1.0') });
	expect(await reviewer.merge('infra-production', pull.number)).toBe(false);
	await reviewer.approve('infra-production', pull.number);
	expect(await reviewer.merge('infra-production', pull.number)).toBe(true);
	expect(await runs('production', 'v1.1.0')).toBe(onQa);
	await tagged('production', 'v1.1.0');

	expect(await ci.failure()).toBeUndefined();
	expect(await reviewer.pulls('infra-production')).toHaveLength(1);
	const manifests = await viewOf('infra-production').update();
	const lines = await manifests.changedLines(await first(manifests), 'main');
	expect(lines.filter((line) => !line.includes(`image: ${image}:`))).toEqual([]);
	expect(fullNameOf('application')).toBe(image);
}

/** The first commit of main, with which the repository was laid. */
async function first(view: RepositoryView): Promise<string> {
	return await view.git('rev-list', '--max-parents=0', 'main');
}
