import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Forge, startForge } from '../stand-ins/forge/forge.ts';
import { githubDescription } from '../stand-ins/forge/github-description.ts';
import { git } from '../stand-ins/git/git.ts';
import { Workspace } from '../stand-ins/git/workspace.ts';
import { type Cluster, startCluster } from '../stand-ins/kubernetes/cluster.ts';
import { onGit, onGitHub, type TestedForge, testedForges } from './forges.ts';
import { commandLine, type Values } from './fronts.ts';
import { deploy, deployment, log, writes } from './rolling-deploy-run.ts';

// Every run is a process or two, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const token = 'deployer-token-0123456789';
const reader = 'reader-token-0123456789';

let forge: Forge;
let cluster: Cluster;
let commit: string;
let on: TestedForge;

async function start(where: TestedForge): Promise<void> {
	on = where;
	forge = await startForge({
		...on.options,
		users: [
			{ name: 'deployer', token },
			{ name: 'reader', token: reader, access: 'read' },
		],
	});
	await forge.createRepository(on.production, { files: { 'k.yaml': 'a: 1\n' } });
	commit = await git(forge.repositoryPath(on.production), ['rev-parse', 'main']);
	cluster = await startCluster({
		behaviour: async (image) =>
			image.endsWith(':gone')
				? { kind: 'missing', message: 'not found' }
				: { kind: 'ready', imageID: `acme/web@sha256:${'a'.repeat(64)}` },
	});
}

afterEach(async () => {
	const description = await githubDescription();
	const requests = forge.requests.filter(
		({ kind, path }) => kind === 'github' && !/v4|rest/.test(path),
	);
	const problems = requests.flatMap((request) => description.requestProblems(request));
	await Promise.all([forge.close(), cluster.close()]);
	expect(problems).toEqual([]);
});

/** Deploys an image as the pipeline of production's repository does. */
function run(inputs: Values = {}, tag = '1') {
	const all = {
		repository: on.cloneUrl(forge, on.production),
		...on.inputs(forge),
		token,
		report: 'auto',
		environment: 'production',
		...inputs,
	};
	const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
	const at = { server: forge.url, repository: on.production, commit };
	return deploy(cluster, deployment(`acme/web:${tag}`), given, { front: on.front, at });
}

const repository = () => forge.repository(on.production);
const statuses = () =>
	(repository().statuses.get(commit) ?? []).map(({ state, context, description }) => ({
		state,
		context,
		description,
	}));
const deployments = () =>
	repository().deployments.map(({ sha, environment, states }) => ({
		sha,
		environment,
		states: states.map(({ state }) => state),
	}));

/** How a forge calls what runs, and what failed; undefined where it has no deployments. */
const words: Readonly<Record<string, readonly [string, string] | undefined>> = {
	GitHub: ['in_progress', 'failure'],
	GitLab: ['running', 'failed'],
};

const withApi = testedForges.filter(({ isPlain }) => !isPlain);

describe.each(withApi)('on $title', (where) => {
	beforeEach(() => start(where));
	const named = words[where.title];

	test('commit and environment tell that it runs and how it ended; what is lacking is a sentence', async () => {
		const done = await run();
		expect(done, log(done)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
		const context = 'lockstep/production';
		expect(statuses()).toEqual([
			{ state: 'pending', context, description: 'Rolling out' },
			{ state: 'success', context, description: 'Deployed' },
		]);
		expect(deployments()).toEqual(
			named ? [{ sha: commit, environment: 'production', states: [named[0], 'success'] }] : [],
		);
		expect(/Left out of the report: \S.* has no deployments/.test(done.stdout)).toBe(!named);
	});

	test('a rollout that fails is told with its reason', async () => {
		const failed = await run({}, 'gone');
		expect(failed.exitCode).toBe(1);
		expect(statuses().at(-1)).toMatchObject({
			state: 'failure',
			description: expect.stringMatching(/^Deployment\/web: .*acme\/web:gone/),
		});
		expect(deployments().map(({ states }) => states.at(-1))).toEqual(named ? [named[1]] : []);
	});

	test('what is asked for by name fails before anything is applied where the forge lacks it', async () => {
		const { exitCode, stdout } = await run({ report: 'deployment' });
		expect(exitCode).toBe(named ? 0 : 2);
		expect(statuses()).toEqual([]);
		if (named) return;
		expect(stdout).toMatch(/settings\.report: .* has no deployments|with\.report: .* has no depl/);
		expect(writes(cluster)).toEqual([]);
	});
});

describe('a plain git server', () => {
	beforeEach(() => start(onGit));

	test('is told nothing, which is a sentence, or bad input once something is named', async () => {
		const done = await run();
		expect(done, log(done)).toMatchObject({ exitCode: 0 });
		expect(done.stdout).toMatch(/has no deployments[\s\S]*has no commit statuses/);
		expect((await run({ report: 'status' }, '2')).exitCode).toBe(2);
	});
});

describe('on GitHub', () => {
	beforeEach(() => start(onGitHub));

	test('the repository is that of the pipeline, with links to the run and to what runs', async () => {
		const address = 'https://shop.example.com/';
		await run({ repository: '', report: 'deployment', 'environment-url': address });
		const [first] = repository().deployments;
		const runUrl = `${forge.url}/${on.production}/actions/runs/1`;
		for (const { logUrl, environmentUrl } of first?.states ?? [])
			expect({ logUrl, environmentUrl }).toEqual({ logUrl: runUrl, environmentUrl: address });
		await run({ repository: '', report: 'deployment' }, '2');
		expect(deployments().map(({ states }) => states)).toEqual([
			['in_progress', 'success', 'inactive'],
			['in_progress', 'success'],
		]);
	});

	test('an answer that got lost leaves one deployment', async () => {
		let lost = 0;
		forge.onRequest = ({ method, path }) =>
			method === 'POST' && path.endsWith('/deployments') && lost++ === 0
				? { kind: 'reset', when: 'after' }
				: undefined;
		const done = await run({ report: 'deployment' });
		expect(done, log(done)).toMatchObject({ exitCode: 0 });
		expect(lost).toBe(1);
		expect(deployments().map(({ states }) => states)).toEqual([['in_progress', 'success']]);
	});

	test('a token that may not write them fails what was named, and is a warning else', async () => {
		const refused = await run({ token: reader, report: 'deployment' });
		expect(refused.exitCode).toBe(1);
		expect(refused.stdout).toContain('GitHub refused to write a deployment to production');
		expect(writes(cluster)).toEqual([]);
		const done = await run({ token: reader });
		expect(done).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
		expect(done.stdout).toContain('::warning::GitHub refused to write a commit status');
	});

	test('how it ended is told although the forge had an outage meanwhile, or the log says so', async () => {
		forge.onRequest = ({ method, path, body }) =>
			method === 'POST' && path.includes('/statuses') && /success/.test(JSON.stringify(body))
				? { kind: 'status', status: 422 }
				: undefined;
		const done = await run({ report: 'status' });
		expect(done).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
		expect(done.stdout).toContain('How it ended is not told to the forge: GitHub refused');
	});

	test('a run that is cancelled ends as a failure there too', async () => {
		const hang = deploy(
			cluster,
			deployment('acme/web:1', 'replicas: 2\n  minReadySeconds: 3000'),
			{ token, report: 'auto', environment: 'production' },
			{
				front: on.front,
				at: { server: forge.url, repository: on.production, commit },
				onStart: async (pid) => {
					await vi.waitFor(() => expect(writes(cluster).length).toBeGreaterThan(0), 20_000);
					process.kill(pid, 'SIGTERM');
				},
			},
		);
		expect((await hang).exitCode).toBe(1);
		expect(statuses().at(-1)).toMatchObject({
			state: 'failure',
			description: expect.stringMatching(/^Ended by SIGTERM/),
		});
		expect(deployments()[0]?.states.at(-1)).toBe('failure');
	});

	test('so does one that is cancelled and cannot go back in time', async () => {
		await deploy(cluster, deployment('acme/web:1'));
		const cancelled = await deploy(
			cluster,
			deployment('acme/web:2', 'replicas: 2\n  minReadySeconds: 3000'),
			{ token, report: 'auto', environment: 'production', 'rollback-on-failure': 'true' },
			{
				front: on.front,
				at: { server: forge.url, repository: on.production, commit },
				onStart: async (pid) => {
					const before = writes(cluster).length;
					await vi.waitFor(() => expect(writes(cluster).length).toBeGreaterThan(before), 20_000);
					cluster.fault = ({ method }) =>
						method === 'PUT' ? { kind: 'status', status: 503, retryAfterSeconds: 60 } : undefined;
					process.kill(pid, 'SIGTERM');
				},
			},
		);
		expect(cancelled, log(cancelled)).toMatchObject({ exitCode: 1, outputs: { status: 'failed' } });
		expect(cancelled.outputs.reason).toMatch(/^Ended by SIGTERM; .*; going back .* was not done/);
		expect(cancelled.githubSummary).toContain('### rolling-deploy: failed');
		expect(statuses().at(-1)).toMatchObject({ state: 'failure' });
		expect(deployments()[0]?.states.at(-1)).toBe('failure');
	});

	test('the source is told of what was built from it', async () => {
		await forge.createRepository('acme/api', { files: { 'a.txt': 'a' } });
		const source = await git(forge.repositoryPath('acme/api'), ['rev-parse', 'main']);
		const host = new URL(forge.url).host;
		const record = `Lockstep-Image: acme/web:1\nLockstep-Source: ${host}/acme/api@${source}\nLockstep-Environment: qa`;
		const done = await deploy(
			cluster,
			deployment('acme/web:1'),
			{ token, report: 'auto', 'report-on': 'source' },
			{
				front: on.front,
				at: { server: forge.url, repository: on.production, commit },
				prepare: async (workspace) => {
					const identity = ['-c', 'user.name=a', '-c', 'user.email=a@b.c'];
					const folder = new Workspace(workspace);
					await folder.git(['init', '--quiet']);
					const message = `--message=Bump\n\n${record}`;
					await folder.git([...identity, 'commit', '--quiet', '--allow-empty', message]);
				},
			},
		);
		expect(done, log(done)).toMatchObject({ exitCode: 0 });
		const { deployments: told, statuses: of } = forge.repository('acme/api');
		expect(told.map(({ sha, environment }) => ({ sha, environment }))).toEqual([
			{ sha: source, environment: 'qa' },
		]);
		expect(of.get(source)?.map(({ state }) => state)).toEqual(['pending', 'success']);
		expect(statuses()).toEqual([]);
	});

	test.each([
		[{ report: 'deployment', environment: '' }, 'needs the name of its environment'],
		[{ 'report-on': 'source' }, 'no record in the history of the workspace tells'],
		[{ report: 'nonsense' }, 'report'],
	])('bad input %j is exit code 2 before anything is applied', async (inputs, sentence) => {
		const { exitCode, stdout } = await run(inputs);
		expect(stdout).toContain(sentence);
		expect(exitCode).toBe(2);
		expect(writes(cluster)).toEqual([]);
	});

	test('without an event there is nothing to report on, and without report nobody is asked', async () => {
		const inputs = { report: 'auto', repository: forge.cloneUrl(on.production), token };
		const none = await deploy(cluster, deployment('acme/web:1'), inputs, { front: commandLine });
		expect(none.exitCode).toBe(2);
		expect(none.stderr).toContain('names no repository with a commit to report on');
		const before = forge.requests.length;
		expect(await run({ report: '' })).toMatchObject({ exitCode: 0 });
		expect(forge.requests.length).toBe(before);
	});
});
