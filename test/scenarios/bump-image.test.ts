import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseTrailers } from '../../shared/record/record.ts';
import { capturedEnvironment } from '../ci/captured-environment.ts';
import { deployment, Infra, repository, token } from './infra.ts';
import { runStep } from './run-step.ts';

const image = 'ghcr.io/acme/api';
let infra: Infra;
beforeEach(async () => {
	infra = await Infra.start({
		'apps/api.yaml': deployment(`${image}:v1`),
		'apps/web.yaml': deployment('ghcr.io/acme/web:v1', 'web'),
		'values.yaml': 'image:\n  tag: "1.0"\nreplicas: 2\n',
		'version.tfvars': 'api_version = "v1"\n',
		'kustomization.yaml': 'resources: [apps]\n',
	});
});
afterEach(() => infra.close());

describe('on each front the same commit', () => {
	const github = {
		GITHUB_ACTIONS: 'true',
		GITHUB_EVENT_NAME: 'push',
		GITHUB_REF: 'refs/heads/feature/login',
		GITHUB_REF_NAME: 'feature/login',
		GITHUB_REF_TYPE: 'branch',
		GITHUB_SHA: '81b0e1ed226bb26cb3f1d1e41dc9ae42973c2d06',
		GITHUB_REPOSITORY: 'acme/api',
		GITHUB_SERVER_URL: 'https://github.com',
		GITHUB_RUN_ID: '42',
		GITHUB_RUN_NUMBER: '7',
	};
	const settings = (url: string) => ({ repository: url, token, file: 'apps/*.yaml', image });
	const prefixed = (prefix: string, inputs: Record<string, string>) =>
		Object.fromEntries(
			Object.entries(inputs).map(([name, value]) => [`${prefix}${name.toUpperCase()}`, value]),
		);

	test.each([
		{
			front: 'Drone',
			env: capturedEnvironment('drone-1.10.1-push'),
			prefix: 'PLUGIN_',
			tag: 'main-be00bbd',
			record: {
				source: '127.0.0.1:23100/infra/dr@be00bbd4318d13330d66b5cb35fa0e382ca1c46f',
				run: 'http://127.0.0.1:23400/infra/dr/1',
			},
		},
		{
			front: 'Woodpecker',
			env: capturedEnvironment('woodpecker-3.17.0-push'),
			prefix: 'PLUGIN_',
			tag: 'main-bac838f',
			record: {
				source: '127.0.0.1:23100/infra/wpr1934@bac838fc9805ce51c50b8e5a36bc242edfd0f9be',
				run: 'http://127.0.0.1:23200/repos/2/pipeline/1',
			},
		},
		{
			front: 'Gitea Actions',
			env: capturedEnvironment('gitea-actions-1.26.0-push'),
			prefix: 'INPUT_',
			tag: 'main-81b0e1e',
			record: {
				source: '127.0.0.1:23100/infra/wf@81b0e1ed226bb26cb3f1d1e41dc9ae42973c2d06',
				run: 'http://127.0.0.1:23100/infra/wf/actions/runs/2',
			},
		},
		{
			front: 'GitHub Actions',
			env: github,
			prefix: 'INPUT_',
			tag: 'feature-login-81b0e1e',
			record: {
				source: 'github.com/acme/api@81b0e1ed226bb26cb3f1d1e41dc9ae42973c2d06',
				run: 'https://github.com/acme/api/actions/runs/42',
			},
		},
	])('$front', async ({ env, prefix, tag, record }) => {
		// Drone sets these for its own clone; the commit must not be made with them.
		const drone = { GIT_AUTHOR_NAME: 'alice', GIT_COMMITTER_EMAIL: 'alice@x.test' };
		const run = await runStep('bump-image', {
			env: { ...env, ...drone, ...prefixed(prefix, settings(infra.url)) },
		});
		expect(run).toMatchObject({ exitCode: 0, stderr: '' });
		const commit = await infra.git('rev-parse', 'main');
		const outputs = {
			changed: 'true',
			commit,
			branch: 'main',
			image: `${image}:${tag}`,
			'previous-image': `${image}:v1`,
			files: '["apps/api.yaml"]',
			superseded: 'false',
			held: 'false',
			attempts: '1',
		};
		expect(run.outputs).toEqual(outputs);
		if (prefix === 'INPUT_') expect(run.githubOutputs).toEqual(outputs);
		expect(await infra.file('apps/api.yaml')).toBe(deployment(`${image}:${tag}`));
		expect(parseTrailers(await infra.git('log', '-1', '--format=%B', 'main'))).toEqual({
			image: `${image}:${tag}`,
			...record,
		});
		expect(await infra.git('log', '-1', '--format=%an %ae %cn %ce', 'main')).toBe(
			'lockstep lockstep@noreply.invalid lockstep lockstep@noreply.invalid',
		);
		expect(await infra.git('diff', '--stat', 'main~', 'main')).toContain(
			'1 file changed, 1 insertion(+), 1 deletion(-)',
		);
	});

	test('a tag on the application becomes the tag of the image', async () => {
		const env = { ...github, GITHUB_REF_TYPE: 'tag', GITHUB_REF_NAME: 'v2.0.0' };
		await runStep('bump-image', { env: { ...env, ...prefixed('INPUT_', settings(infra.url)) } });
		expect(await infra.file('apps/api.yaml')).toBe(deployment(`${image}:v2.0.0`));
	});

	test('a deleted branch is nothing to do, and nobody is asked', async () => {
		const folder = await mkdtemp(join(tmpdir(), 'event-'));
		const event = join(folder, 'event.json');
		await writeFile(event, JSON.stringify({ deleted: true }));
		const env = { ...github, GITHUB_EVENT_PATH: event, ...prefixed('INPUT_', settings(infra.url)) };
		const run = await runStep('bump-image', { env });
		expect(run).toMatchObject({ exitCode: 0, outputs: { changed: 'false' } });
		expect(run.stdout).toContain('Branch feature/login was deleted: there is nothing to bump');
		expect(infra.takeRequests()).toEqual([]);
		await rm(folder, { recursive: true });
	});
});

test('the same event again changes nothing', async () => {
	const first = await infra.bump();
	infra.takeRequests();
	const second = await infra.bump();
	expect(second).toMatchObject({
		exitCode: 0,
		outputs: { changed: 'false', commit: first.outputs.commit, image: `${image}:v2`, files: '[]' },
	});
	expect(second.stderr).toContain(`Nothing to change: main of ${infra.url} says so already`);
	expect(await infra.subjects()).toEqual([`Bump ${image} to v2`, 'Lay the first files']);
	expect(infra.takeRequests().filter((request) => request.includes('receive-pack'))).toEqual([]);
});

test('only the tip and the edited file are asked for, in seven requests', async () => {
	await infra.bump();
	expect(infra.takeRequests()).toEqual([
		'GET info/refs?service=git-upload-pack',
		'POST git-upload-pack',
		'POST git-upload-pack',
		'GET info/refs?service=git-upload-pack',
		'POST git-upload-pack',
		'GET info/refs?service=git-receive-pack',
		'POST git-receive-pack',
	]);
});

test('a server without partial clones gets a plain shallow fetch', async () => {
	await infra.git('config', 'uploadpack.allowFilter', 'false');
	expect(await infra.bump({ branch: 'main' })).toMatchObject({
		exitCode: 0,
		outputs: { changed: 'true' },
	});
	expect(await infra.file('apps/api.yaml')).toBe(deployment(`${image}:v2`));
});

test('a dry run shows the diff and writes nothing', async () => {
	const run = await infra.bump({ 'dry-run': 'true' });
	expect(run).toMatchObject({ exitCode: 0, outputs: { changed: 'true', image: `${image}:v2` } });
	expect(run.outputs).not.toHaveProperty('commit');
	expect(run.stderr).toContain(`-                  image:   ${image}:v1   # kept by bump-image`);
	expect(run.stderr).toContain(`+                  image:   ${image}:v2   # kept by bump-image`);
	expect(await infra.subjects()).toEqual(['Lay the first files']);
});

test('values of any file are set by their paths', async () => {
	const run = await infra.bump({
		file: 'values.yaml',
		image: undefined,
		set: 'image.tag={{tag}}\nreplicas=3',
		tag: '1.20',
	});
	expect(run.exitCode).toBe(0);
	expect(await infra.file('values.yaml')).toBe('image:\n  tag: "1.20"\nreplicas: 3');
	expect((await infra.subjects())[0]).toBe('Set image.tag, replicas');
});

test('an entry that a kustomization is given is on record as a whole image', async () => {
	const run = await infra.bump({ file: 'kustomization.yaml', 'create-missing': 'true' });
	expect(run).toMatchObject({ exitCode: 0, outputs: { image: `${image}:v2` } });
	expect(run.outputs).not.toHaveProperty('previous-image');
	expect(parseTrailers(await infra.git('log', '-1', '--format=%B', 'main'))).toEqual({
		image: `${image}:v2`,
	});
});

test('a version in any text is found by a pattern', async () => {
	const run = await infra.bump({
		file: 'version.tfvars',
		pattern: '^api_version = "(?<version>[^"]*)"',
	});
	expect(run).toMatchObject({ exitCode: 0, outputs: { image: `${image}:v2` } });
	expect(await infra.file('version.tfvars')).toBe('api_version = "v2"');
});

test('a version without an image is told by its file', async () => {
	const pattern = '^api_version = "(?<version>[^"]*)"';
	await infra.bump({ file: 'version.tfvars', image: undefined, pattern });
	expect((await infra.subjects())[0]).toBe('Set the version in version.tfvars to v2');
});

test('the message is made from a template, and cannot forge the record', async () => {
	await infra.bump({
		'commit-message': 'Deploy {{ name }} {{tag}} to {{environment}}\n\nLockstep-Source: evil',
		environment: 'staging\nLockstep-Image: evil',
		'source-repository': 'acme/api',
		'source-commit': 'b'.repeat(40),
	});
	expect(
		await infra.git('log', '-1', '--format=%B', 'main'),
	).toBe(`Deploy ${image} v2 to staging Lockstep-Image: evil

Lockstep-Image: ${image}:v2
Lockstep-Source: github.com/acme/api@${'b'.repeat(40)}
Lockstep-Environment: staging Lockstep-Image: evil
`);
});

test('a path on this machine is a repository too', async () => {
	const path = infra.server.repositoryPath(repository);
	const run = await infra.bump({ repository: path, token: undefined });
	expect(run.exitCode).toBe(0);
	expect(await infra.file('apps/api.yaml')).toBe(deployment(`${image}:v2`));
	expect(infra.takeRequests()).toEqual([]);
});

test('nothing is left on the machine', async () => {
	const temporary = await mkdtemp(join(tmpdir(), 'left-'));
	await infra.bump({}, { env: { TMPDIR: temporary } });
	await infra.bump({ branch: 'none' }, { env: { TMPDIR: temporary } });
	expect(await readdir(temporary)).toEqual([]);
	await rm(temporary, { recursive: true });
});
