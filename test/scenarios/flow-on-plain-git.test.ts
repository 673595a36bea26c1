import { spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ClusterView } from '../demo/cluster-view.ts';
import {
	contentOf,
	type EnvironmentName,
	environmentNames,
	image,
	manifest,
	type RepositoryName,
	repositoryNames,
} from '../demo/flow.ts';
import { commitToBranch, createBareRepository } from '../stand-ins/git/bare-repository.ts';
import { git, resolveCommit, tryGit } from '../stand-ins/git/git.ts';
import { type Cluster, startCluster } from '../stand-ins/kubernetes/cluster.ts';
import { readRequests } from './git-requests.ts';

const root = join(import.meta.dirname, '../..');
const examples = join(root, 'plugins/cli/examples');
// A push here ends when all that follows from it has ended.
vi.setConfig({ testTimeout: 120_000 });

/** Four bare repositories in a folder, each with its example hook, and three clusters. */
let folder: string;
const clusters: Cluster[] = [];
const views = new Map<EnvironmentName, ClusterView>();
const at = (name: RepositoryName) => join(folder, `${name}.git`);
const tip = (name: RepositoryName) => resolveCommit(at(name), 'refs/heads/main');
const running = async (environment: EnvironmentName) =>
	(await views.get(environment)?.running())?.image;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'plain-flow-'));
	const bin = join(folder, 'bin');
	await mkdir(bin);
	await symlink(join(root, 'dist/lockstep/index.js'), join(bin, 'lockstep'));
	await symlink(process.execPath, join(bin, 'node'));
	await writeFile(join(bin, 'docker'), '#!/bin/sh\n[ "$1" = push ] || cat >/dev/null\n');
	await chmod(join(bin, 'docker'), 0o755);
	await chmod(join(root, 'dist/lockstep/index.js'), 0o755);
	for (const name of repositoryNames) {
		await createBareRepository(at(name), { from: contentOf(name) });
		await copyFile(join(examples, name, 'post-receive'), join(at(name), 'hooks/post-receive'));
	}
	for (const environment of environmentNames) {
		const cluster = await startCluster({
			// v1.2.0 is the one that does not start.
			behaviour: async (reference) =>
				reference.endsWith(':v1.2.0') ? { kind: 'crash', exitCode: 1 } : { kind: 'ready' },
		});
		clusters.push(cluster);
		const kubeconfig = join(folder, `${environment}.kubeconfig`);
		await writeFile(kubeconfig, cluster.kubeconfig());
		await git(at(`infra-${environment}`), ['config', 'lockstep.kubeconfig', kubeconfig]);
		views.set(environment, new ClusterView(cluster.kubeconfig(), 'default'));
	}
});
afterAll(async () => {
	for (const cluster of clusters) await cluster.close();
	await rm(folder, { recursive: true, force: true });
});

/** The variables of somebody on the server: nothing but the programs that the hooks name. */
const env = () => ({
	PATH: `${join(folder, 'bin')}:${dirname(process.execPath)}:/usr/bin:/bin`,
	HOME: folder,
});

/** Pushes as a developer does, from the bare repository's own objects. */
async function push(refspec: string): Promise<void> {
	const clone = await mkdtemp(join(folder, 'developer-'));
	await git(folder, ['clone', '--quiet', '--bare', at('application'), clone]);
	const { code, stderr } = await tryGit(clone, ['push', 'origin', refspec], { env: env() });
	expect(code, stderr).toBe(0);
}

/** Runs a program where it stands, as a shell would. */
async function run(program: string, args: string[], cwd: string, input = '') {
	const child = spawn(program, args, { cwd, env: env() });
	const output = { stdout: '', stderr: '' };
	for (const stream of ['stdout', 'stderr'] as const)
		child[stream].on('data', (chunk: Buffer) => {
			output[stream] += chunk.toString();
		});
	// A program that ends before it has read everything; its code tells why.
	child.stdin.on('error', () => undefined);
	child.stdin.end(input);
	const code = await new Promise((resolve) => child.once('close', resolve));
	return { code, ...output };
}

/** Delivers an event again: what git tells the hook of a push. */
async function deliverAgain(name: RepositoryName, ref: string): Promise<void> {
	const line = `${'0'.repeat(40)} ${await resolveCommit(at(name), ref)} ${ref}\n`;
	const { code, stderr } = await run(join(at(name), 'hooks/post-receive'), [], at(name), line);
	expect(code, stderr).toBe(0);
}

/** Runs `lockstep` as somebody in a clone of infra-production. */
async function lockstep(who: string, ...args: string[]) {
	const clone = await mkdtemp(join(folder, `${who}-`));
	await run('git', ['clone', '--quiet', at('infra-production'), '.'], clone);
	await run('git', ['config', 'user.name', who], clone);
	await run('git', ['config', 'user.email', `${who}@example.com`], clone);
	return await run('lockstep', args, clone);
}

test('a push to a branch is built, committed to staging and rolled out there', async () => {
	const commit = await resolveCommit(at('application'), 'main');
	await push('main:refs/heads/feature/login');
	const wanted = `${image}:feature-login-${commit?.slice(0, 7)}`;
	expect(await git(at('infra-staging'), ['show', `main:${manifest}`])).toContain(wanted);
	expect(await running('staging')).toBe(wanted);
	expect(await git(at('infra-qa'), ['rev-list', '--count', 'main'])).toBe('1');

	const before = await tip('infra-staging');
	await push(':refs/heads/feature/login');
	expect(await tip('infra-staging')).toBe(before);
});

test('a tag goes to QA, and only its healthy rollout asks production for that very image', async () => {
	await push('main:refs/tags/v1.1.0');
	expect(await running('qa')).toBe(`${image}:v1.1.0`);
	const requests = await readRequests(at('infra-production'));
	expect(requests).toMatchObject([{ number: 1, state: 'open', reviewers: ['bob'] }]);
	expect(requests[0]?.body).toContain(`Lockstep-Image: ${image}:v1.1.0`);
	expect(await running('production')).toBeUndefined();
	expect(await git(at('infra-production'), ['rev-list', '--count', 'main'])).toBe('1');
	expect(await git(at('application'), ['tag', '--list', 'deploy/*'])).toMatch(/qa/);
});

test('a version that does not start asks for nothing', async () => {
	await push('main:refs/tags/v1.2.0');
	expect(await git(at('infra-qa'), ['show', `main:${manifest}`])).toContain(`${image}:v1.2.0`);
	const [request, ...more] = await readRequests(at('infra-production'));
	expect(more).toEqual([]);
	expect(request?.body).toContain(`${image}:v1.1.0`);
});

test('a newer version takes the place of the older in the one request', async () => {
	await push('main:refs/tags/v1.3.0');
	const [request, ...more] = await readRequests(at('infra-production'));
	expect(more).toEqual([]);
	expect(request).toMatchObject({ state: 'open', title: expect.stringContaining('v1.3.0') });
});

test('the same event again makes no second commit and no second request', async () => {
	const tips = await Promise.all(repositoryNames.map(tip));
	await deliverAgain('application', 'refs/tags/v1.3.0');
	expect(await Promise.all(repositoryNames.map(tip))).toEqual(tips);
	expect(await readRequests(at('infra-production'))).toHaveLength(1);
});

test('it is shown, approved and merged by the command line, and production rolls it out', async () => {
	const shown = await lockstep('bob', 'show');
	expect(shown.stderr).toMatch(/^1 +[0-9a-f]{12} +Promote \S+ to v1\.3\.0 in production/m);
	const early = await lockstep('alice', 'merge', '1');
	expect(early.code).toBe(1);
	expect(early.stderr).toContain('Request 1 waits for the approval of bob');
	expect(await running('production')).toBeUndefined();

	expect(await lockstep('bob', 'approve', '1')).toMatchObject({ code: 0 });
	const merged = await lockstep('alice', 'merge', '1', '--method', 'squash');
	expect(merged.code, merged.stderr).toBe(0);
	expect(merged.stdout).toContain('merged=true');
	expect(await running('production')).toBe(`${image}:v1.3.0`);
	expect(await running('production')).toBe(await running('qa'));
	const record = await git(at('infra-production'), ['log', '-1', '--format=%B', 'main']);
	const source = await resolveCommit(at('application'), 'v1.3.0');
	expect(record).toContain(`Lockstep-Image: ${image}:v1.3.0`);
	expect(record).toMatch(new RegExp(`Lockstep-Source: \\S+/application@${source}`));
	expect(record).toContain('Lockstep-Environment: production');
	expect(await git(at('application'), ['tag', '--list', 'deploy/*'])).toMatch(/production/);
});

test('nothing is left to promote once production has it', async () => {
	await commitToBranch(at('infra-qa'), 'main', { 'notes.md': 'x\n' }, 'By hand');
	await deliverAgain('infra-qa', 'refs/heads/main');
	expect(await readRequests(at('infra-production'))).toMatchObject([{ state: 'merged' }]);
});
