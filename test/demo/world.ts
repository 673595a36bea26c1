import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CiServer, type CiWatcher } from './ci-server.ts';
import { ClusterView } from './cluster-view.ts';
import { Developer } from './developer.ts';
import {
	type CiPlan,
	cis,
	contentOf,
	type EnvironmentName,
	type RepositoryName,
	repositoryNames,
} from './flow.ts';
import { ForgeView } from './forge-view.ts';
import { RepositoryView } from './repository-view.ts';
import { byRepository, type Servers } from './servers.ts';

/** How long a forge may take to tell of what has happened on it. */
const webhookPatienceMs = 30_000;

/** The four repositories on their servers, the people who work on them, and the CIs. */
export interface World {
	readonly servers: Servers;
	readonly ci: CiServer;
	readonly developer: Developer;
	readonly reviewer: ForgeView;
	readonly views: Readonly<Record<RepositoryName, RepositoryView>>;
	readonly clusters: Readonly<Record<EnvironmentName, ClusterView>>;
	/** The commit that each repository began with. */
	readonly firstCommits: Readonly<Record<RepositoryName, string>>;
	/** Resolves when all that has happened on the forge has been told, and what it started is done. */
	settled(): Promise<void>;
	close(): Promise<void>;
}

/** Lays the four repositories, each with its example pipeline, and connects the CIs. */
export async function makeWorld(
	servers: Servers,
	plan: CiPlan,
	watcher: CiWatcher = {},
): Promise<World> {
	const folder = await mkdtemp(join(tmpdir(), 'lockstep-world-'));
	const views = byRepository(
		(name) =>
			new RepositoryView(
				join(folder, 'mirrors', `${name}.git`),
				servers.cloneUrl(name),
				servers.ciAccounts[name].token,
			),
	);
	const firstCommits: Partial<Record<RepositoryName, string>> = {};
	for (const name of repositoryNames) {
		await servers.createRepository(name, await lay(name, plan, join(folder, 'first', name)));
		firstCommits[name] = await (await views[name].update()).tip();
	}
	const ci = new CiServer({ servers, plan, views, folder: join(folder, 'runs'), watcher });
	await servers.onWebhook((name, payload) => ci.take(name, payload));
	const developer = new Developer(
		join(folder, 'developer'),
		servers.cloneUrl('application'),
		servers.developer,
	);
	await developer.clone();
	const reviewer = new ForgeView(servers.forge, servers.reviewer);
	const known = new Set(Object.values(firstCommits));
	const world: World = {
		servers,
		ci,
		developer,
		reviewer,
		views,
		clusters: {
			staging: clusterOf(servers, 'staging'),
			qa: clusterOf(servers, 'qa'),
			production: clusterOf(servers, 'production'),
		},
		firstCommits: firstCommits as Record<RepositoryName, string>,
		settled: async () => {
			let deadline = Date.now() + webhookPatienceMs;
			for (;;) {
				if (!ci.isIdle) {
					await ci.idle();
					deadline = Date.now() + webhookPatienceMs;
				}
				const untold = await untoldOf(world, known);
				// A webhook may have come in while the repositories were looked at.
				if (untold === undefined && ci.isIdle) return;
				if (untold !== undefined && Date.now() > deadline)
					throw new Error(`The forge has told nobody of ${untold}`);
				await new Promise((resolve) => setTimeout(resolve, 100));
			}
		},
		close: async () => {
			await servers.close();
			await rm(folder, { recursive: true, force: true });
		},
	};
	return world;
}

/** The content of a repository with the example pipeline for the CI that works for it. */
async function lay(name: RepositoryName, plan: CiPlan, folder: string): Promise<string> {
	const { file, examples } = cis[plan[name]];
	await cp(contentOf(name), folder, { recursive: true });
	await mkdir(dirname(join(folder, file)), { recursive: true });
	await cp(join(examples, name, file), join(folder, file));
	return folder;
}

function clusterOf(servers: Servers, environment: EnvironmentName): ClusterView {
	return new ClusterView(servers.kubeconfigs[environment], servers.namespaces[environment]);
}

/** A branch, tag or pull request that no webhook has told of yet. */
async function untoldOf(world: World, known: ReadonlySet<string>): Promise<string | undefined> {
	const { ci, views, reviewer } = world;
	for (const name of repositoryNames) {
		const events = ci.events.filter(
			({ repository }) => repository.cloneUrl === world.servers.cloneUrl(name),
		);
		for (const [ref, object] of await (await views[name].update()).refs()) {
			const told = events.some(
				(event) => event.ref === ref && (event.tag !== undefined || event.commit === object),
			);
			if (!told && !known.has(object)) return `${ref} of ${name}`;
		}
	}
	for (const { number } of await reviewer.pulls('infra-production')) {
		const told = ci.events.some(({ pullRequest }) => pullRequest?.number === number);
		if (!told) return `pull request ${number} of infra-production`;
	}
	return undefined;
}
