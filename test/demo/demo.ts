/**
 * `npm run demo [-- --keep DIR] [--json]`: plays the whole flow on embedded stand-ins, with the
 * bundles in `dist` and the example pipelines as they are.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { badInput, Failure, messageOf } from '../../shared/failure/failure.ts';
import { type CiPlan, repositoryNames } from './flow.ts';
import { pageOf } from './page.ts';
import { Play } from './play.ts';
import { git } from './repository-view.ts';
import { resultOf, toJson } from './result.ts';
import { playFlow } from './scenario.ts';
import { Show } from './show.ts';
import { startStandIns } from './stand-ins.ts';
import { makeWorld, type World } from './world.ts';

const plan: CiPlan = {
	application: 'drone',
	'infra-staging': 'woodpecker',
	'infra-qa': 'github',
	'infra-production': 'github',
};

interface Options {
	/** Where repositories and page are left. */
	readonly keep: string | undefined;
	readonly json: boolean;
}

function readOptions(): Options {
	try {
		const { values } = parseArgs({
			options: { keep: { type: 'string' }, json: { type: 'boolean', default: false } },
		});
		return {
			keep: values.keep === undefined ? undefined : resolve(values.keep),
			json: values.json,
		};
	} catch (error) {
		throw badInput(`${messageOf(error)}; npm run demo -- [--keep DIR] [--json]`);
	}
}

async function main(): Promise<boolean> {
	const { keep, json } = readOptions();
	const folder = keep ?? (await mkdtemp(join(tmpdir(), 'lockstep-demo-')));
	const files = repositoryNames.map((name) => join(folder, `${name}.git`));
	const taken = keep === undefined ? undefined : files.find((file) => existsSync(file));
	if (taken !== undefined) throw new Failure(`${taken} is there already; name another folder`);
	await mkdir(folder, { recursive: true });
	const show = new Show(json ? process.stderr : process.stdout);
	show.start();
	const started = performance.now();
	const servers = await startStandIns();
	let world: World | undefined;
	try {
		world = await makeWorld(servers, plan, show);
		const play = new Play(world, show);
		const problem = await playFlow(play).then(() => undefined, problemOf);
		const result = await resultOf(play, (performance.now() - started) / 1000, problem);
		const page = join(folder, 'flow.html');
		await writeFile(page, await pageOf(result));
		if (keep !== undefined) await keepRepositories(world, folder);
		show.summary(result);
		show.page(page);
		if (json) console.log(toJson(result, { page, ...(keep !== undefined && kept(folder)) }));
		return result.ok;
	} finally {
		show.stop();
		await (world ?? servers).close();
	}
}

/** One sentence for what the play met with. */
function problemOf(error: unknown): string {
	return error instanceof Error && error.name !== 'Unmet' && error.stack
		? `The demo itself failed: ${error.stack}`
		: messageOf(error);
}

async function keepRepositories({ views }: World, folder: string): Promise<void> {
	for (const name of repositoryNames) {
		const target = join(folder, `${name}.git`);
		await rm(target, { recursive: true, force: true });
		await git(['clone', '--quiet', '--mirror', (await views[name].update()).folder, target]);
		await git(['-C', target, 'remote', 'remove', 'origin']);
	}
}

function kept(folder: string): { repositories: Record<string, string> } {
	const entries = repositoryNames.map((name) => [name, join(folder, `${name}.git`)]);
	return { repositories: Object.fromEntries(entries) as Record<string, string> };
}

try {
	process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
	if (!(error instanceof Failure)) throw error;
	console.error(error.message);
	process.exitCode = error.exitCode;
}
