import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../.ci/steps.ts';
import { secretsOf } from '../demo/ci-server.ts';
import { ClusterView } from '../demo/cluster-view.ts';
import { Developer } from '../demo/developer.ts';
import {
	cis,
	contentOf,
	type EnvironmentName,
	fullNameOf,
	image,
	manifest,
	type RepositoryName,
	repositoryNames,
} from '../demo/flow.ts';
import { ForgeView } from '../demo/forge-view.ts';
import { layCommands } from '../demo/programs.ts';
import { git, RepositoryView, tokenEnvironment } from '../demo/repository-view.ts';
import type { Servers } from '../demo/servers.ts';
import { startStandIns } from '../demo/stand-ins.ts';
import { findAct } from '../servers/act.ts';

const execute = promisify(execFile);
const minute = 60_000;

interface Push {
	readonly ref: string;
	readonly after: string;
	readonly repository: { readonly full_name: string };
}

let act: string;
let folder: string;
let servers: Servers;
let developer: Developer;
/** Every push that the forge has told of, the oldest first. */
const pushes: Push[] = [];
beforeAll(async () => {
	act = await findAct(console.error);
	folder = await mkdtemp(join(tmpdir(), 'act-'));
	servers = await startStandIns();
	for (const name of repositoryNames) {
		const content = join(folder, 'first', name);
		await cp(contentOf(name), content, { recursive: true });
		await cp(join(cis.github.examples, name), content, { recursive: true });
		await servers.createRepository(name, content);
	}
	await servers.onWebhook((name, payload) => {
		if (name === 'push') pushes.push(payload as Push);
	});
	// Not the checkout itself: act copies all of it for each step.
	for (const part of ['actions', 'dist'])
		await cp(join(root, part), join(folder, 'lockstep', part), { recursive: true });
	await layCommands(join(folder, 'bin'), servers.registryUrl);
	const url = servers.cloneUrl('application');
	developer = new Developer(join(folder, 'developer'), url, servers.developer);
	await developer.clone();
}, 10 * minute);
afterAll(async () => {
	await servers?.close();
	await rm(folder, { recursive: true, force: true });
});

/** Runs a workflow of a repository for the last push to it, as GitHub's runner would. */
async function play(name: RepositoryName, workflow: string): Promise<string> {
	const push = pushes.findLast(({ repository }) => repository.full_name === fullNameOf(name));
	if (push === undefined) throw new Error(`Nothing was pushed to ${name}`);
	const workspace = await mkdtemp(join(folder, 'workspace-'));
	const { token } = servers.ciAccounts[name];
	const at = ['-C', workspace];
	await git(
		['clone', '--quiet', '--no-checkout', servers.cloneUrl(name), workspace],
		tokenEnvironment(token),
	);
	const branch = /^refs\/heads\/(.+)$/.exec(push.ref)?.[1];
	await git([
		...at,
		'checkout',
		'--quiet',
		...(branch ? ['-B', branch] : ['--detach']),
		push.after,
	]);
	const event = join(workspace, '..', `event-${push.after}.json`);
	await writeFile(event, JSON.stringify(push));
	const secrets = { ...secretsOf(name, 'github', servers), GITHUB_TOKEN: token };
	const { forge } = servers;
	const { stdout } = await execute(
		act,
		['push', '--workflows', `.github/workflows/${workflow}`, '--eventpath', event]
			.concat('--platform', 'ubuntu-latest=-self-hosted')
			.concat('--local-repository', `lockstep-ci/lockstep@v1=${join(folder, 'lockstep')}`)
			.concat('--container-daemon-socket', '-', '--no-cache-server')
			.concat('--env', `GITHUB_SERVER_URL=${forge.url}`, '--env', `GITHUB_API_URL=${forge.apiUrl}`)
			.concat('--env', `GITHUB_REPOSITORY=${fullNameOf(name)}`)
			// By name alone it reads them from the environment.
			.concat(...Object.keys(secrets).map((secret) => ['--secret', secret])),
		{
			cwd: workspace,
			env: {
				PATH: [join(folder, 'bin'), dirname(process.execPath), process.env.PATH].join(delimiter),
				HOME: folder,
				ACT_DISABLE_VERSION_CHECK: '1',
				...secrets,
			},
		},
	).catch((error: { stdout: string; stderr: string }) => {
		throw new Error(`act failed:\n${error.stdout}\n${error.stderr}`);
	});
	for (const secret of Object.values(secrets)) expect(stdout).not.toContain(secret);
	return stdout;
}

function view(name: RepositoryName): Promise<RepositoryView> {
	const mirror = join(folder, 'mirrors', name);
	const { token } = servers.ciAccounts[name];
	return new RepositoryView(mirror, servers.cloneUrl(name), token).update();
}

async function imageIn(name: RepositoryName): Promise<string | undefined> {
	const text = await (await view(name)).read('main', manifest);
	return /image: (\S+)/.exec(text ?? '')?.[1];
}

async function runningIn(environment: EnvironmentName): Promise<string | undefined> {
	const kubeconfig = servers.kubeconfigs[environment];
	return (await new ClusterView(kubeconfig, servers.namespaces[environment]).running())?.image;
}

async function tags(): Promise<string[]> {
	const refs = [...(await (await view('application')).refs()).keys()];
	return refs.filter((ref) => ref.startsWith('refs/tags/')).map((ref) => ref.slice(10));
}

test('act runs every example workflow, in the order of the flow', {
	timeout: 5 * minute,
}, async () => {
	const commit = await developer.commit('feature/greeting', 'Greet the world', {
		'src/index.html': '<h1>Hello, world</h1>\n',
	});
	await developer.push('feature/greeting');
	const built = `${image}:feature-greeting-${commit.slice(0, 7)}`;
	await play('application', 'staging.yml');
	expect(await imageIn('infra-staging')).toBe(built);

	await play('infra-staging', 'deploy.yml');
	expect(await runningIn('staging')).toBe(built);
	expect(await tags()).toContain(`deploy/staging/feature-greeting-${commit.slice(0, 7)}`);

	await developer.tag('v1.1.0');
	await developer.push('v1.1.0');
	await play('application', 'release.yml');
	expect(await imageIn('infra-qa')).toBe(`${image}:v1.1.0`);
	expect(await tags()).toContain('ami/us-east-1/v1.1.0');

	await play('infra-qa', 'deploy.yml');
	expect(await runningIn('qa')).toBe(`${image}:v1.1.0`);
	const reviewer = new ForgeView(servers.forge, servers.reviewer);
	const [pull] = await reviewer.pulls('infra-production');
	expect(pull).toMatchObject({ state: 'open', title: expect.stringContaining('v1.1.0') });

	await reviewer.approve('infra-production', pull?.number ?? 0);
	expect(await reviewer.merge('infra-production', pull?.number ?? 0)).toBe(true);
	await play('infra-production', 'deploy.yml');
	expect(await runningIn('production')).toBe(`${image}:v1.1.0`);
	expect(await tags()).toContain('deploy/production/v1.1.0');
});
