import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { detectHost } from '../../shared/ci/detect.ts';
import { capturedEnvironment } from './captured-environment.ts';

const folder = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
	['drone-1.10.1-push', 'DRONE_COMMIT_SHA'],
	['woodpecker-3.17.0-push', 'CI_COMMIT_SHA'],
	['gitea-actions-1.26.0-push', 'GITHUB_SHA'],
])('a push of no commit at all is a deleted branch: %s', (environment, variable) => {
	const env = capturedEnvironment(environment);
	expect(detectHost(env, []).event.deleted).toBeUndefined();
	expect(detectHost({ ...env, [variable]: '0'.repeat(40) }, []).event.deleted).toBe(true);
});

describe('the event, from the variables of a real run', () => {
	test('a push on Drone', () => {
		expect(detectHost(capturedEnvironment('drone-1.10.1-push'), []).event).toEqual({
			kind: 'push',
			repository: {
				owner: 'infra',
				name: 'dr',
				url: 'http://127.0.0.1:23100/infra/dr',
				cloneUrl: 'http://127.0.0.1:23100/infra/dr.git',
				defaultBranch: 'main',
			},
			branch: 'main',
			commit: 'be00bbd4318d13330d66b5cb35fa0e382ca1c46f',
			author: 'alice',
			runUrl: 'http://127.0.0.1:23400/infra/dr/1',
			runNumber: 1,
			netrc: { machine: '127.0.0.1', username: '<token>', password: 'x-oauth-basic' },
		});
	});

	test('a pull request on Drone', () => {
		expect(detectHost(capturedEnvironment('drone-1.10.1-pull_request'), []).event).toMatchObject({
			kind: 'pull-request',
			branch: 'main',
			pullRequest: { number: 1, source: 'f', target: 'main' },
		});
	});

	test('a push on Woodpecker, which sets most of Drone’s variables too', () => {
		const { event } = detectHost(capturedEnvironment('woodpecker-3.17.0-push'), []);
		expect(event).toEqual({
			kind: 'push',
			repository: {
				owner: 'infra',
				name: 'wpr1934',
				url: 'http://127.0.0.1:23100/infra/wpr1934',
				cloneUrl: 'http://127.0.0.1:23100/infra/wpr1934.git',
				defaultBranch: 'main',
			},
			branch: 'main',
			commit: 'bac838fc9805ce51c50b8e5a36bc242edfd0f9be',
			author: 'alice',
			runUrl: 'http://127.0.0.1:23200/repos/2/pipeline/1',
			runNumber: 1,
			forge: { kind: 'gitea', url: 'http://127.0.0.1:23100' },
		});
	});

	test('a pull request on Woodpecker', () => {
		const { event } = detectHost(capturedEnvironment('woodpecker-3.17.0-pull_request'), []);
		expect(event).toMatchObject({
			kind: 'pull-request',
			branch: 'main',
			pullRequest: { number: 1, source: 'f', target: 'main' },
		});
	});

	test('a push on Gitea Actions, which sets GitHub’s variables', () => {
		const { event } = detectHost(capturedEnvironment('gitea-actions-1.26.0-push'), []);
		expect(event).toMatchObject({
			kind: 'push',
			branch: 'main',
			commit: '81b0e1ed226bb26cb3f1d1e41dc9ae42973c2d06',
			runUrl: 'http://127.0.0.1:23100/infra/wf/actions/runs/2',
			forge: {
				kind: 'gitea',
				url: 'http://127.0.0.1:23100',
				apiUrl: 'http://127.0.0.1:23100/api/v1',
			},
		});
	});
});

describe('the event on GitHub, with its payload', () => {
	const github = {
		GITHUB_ACTIONS: 'true',
		GITHUB_SERVER_URL: 'https://github.com',
		GITHUB_API_URL: 'https://api.github.com',
		GITHUB_REPOSITORY: 'acme/application',
		GITHUB_SHA: 'a'.repeat(40),
		GITHUB_RUN_ID: '7',
		GITHUB_RUN_NUMBER: '3',
		GITHUB_ACTOR: 'alice',
	};
	const eventOf = (variables: Record<string, string>, payload: object) => {
		const file = join(folder, 'event.json');
		writeFileSync(file, JSON.stringify(payload));
		return detectHost({ ...github, ...variables, GITHUB_EVENT_PATH: file }, []).event;
	};

	test('a tag', () => {
		expect(
			eventOf(
				{ GITHUB_EVENT_NAME: 'push', GITHUB_REF_TYPE: 'tag', GITHUB_REF_NAME: 'v1.2.0' },
				{
					repository: {
						default_branch: 'main',
						clone_url: 'https://github.com/acme/application.git',
					},
				},
			),
		).toEqual({
			kind: 'tag',
			repository: {
				owner: 'acme',
				name: 'application',
				url: 'https://github.com/acme/application',
				cloneUrl: 'https://github.com/acme/application.git',
				defaultBranch: 'main',
			},
			tag: 'v1.2.0',
			commit: 'a'.repeat(40),
			author: 'alice',
			runUrl: 'https://github.com/acme/application/actions/runs/7',
			runNumber: 3,
			forge: { kind: 'github', url: 'https://github.com', apiUrl: 'https://api.github.com' },
		});
	});

	test('a branch that was deleted', () => {
		expect(
			eventOf(
				{ GITHUB_EVENT_NAME: 'push', GITHUB_REF_TYPE: 'branch', GITHUB_REF_NAME: 'old' },
				{ deleted: true },
			),
		).toMatchObject({ kind: 'push', branch: 'old', deleted: true });
	});

	test('a pull request that was merged', () => {
		expect(
			eventOf(
				{
					GITHUB_EVENT_NAME: 'pull_request',
					GITHUB_REF: 'refs/pull/12/merge',
					GITHUB_BASE_REF: 'main',
					GITHUB_HEAD_REF: 'promote/api',
				},
				{ action: 'closed', pull_request: { number: 12, merged: true } },
			),
		).toMatchObject({
			kind: 'pull-request-closed',
			branch: 'main',
			pullRequest: { number: 12, source: 'promote/api', target: 'main', merged: true },
		});
	});
});

describe('the form of the inputs', () => {
	const read = async (env: Record<string, string>, args: string[] = []) => {
		const host = detectHost(env, args);
		const inputs = await host.inputs({
			step: 'bump-image',
			shapes: [
				{ name: 'tag', shape: 'text' },
				{ name: 'dry-run', shape: 'flag' },
				{ name: 'file', shape: 'list' },
			],
			warn: () => undefined,
		});
		return { inputs: Object.fromEntries(inputs), name: host.nameOf('tag') };
	};

	test('arguments are the inputs on every CI', async () => {
		expect(await read({ DRONE: 'true', PLUGIN_TAG: 'a' }, ['--tag', 'b'])).toEqual({
			inputs: { tag: 'b' },
			name: '--tag',
		});
	});

	test('a container started by hand takes settings', async () => {
		expect(await read({ PLUGIN_TAG: 'a' })).toEqual({
			inputs: { tag: 'a' },
			name: 'settings.tag',
		});
	});

	test('GitHub’s inputs keep their hyphens', async () => {
		const { inputs, name } = await read({ GITHUB_ACTIONS: 'true', 'INPUT_DRY-RUN': 'true' });
		expect({ inputs, name }).toEqual({ inputs: { 'dry-run': 'true' }, name: 'with.tag' });
	});

	test('an Azure task’s have none', async () => {
		expect(await read({ TF_BUILD: 'True', INPUT_DRYRUN: 'true', INPUT_TAG: 'a' })).toEqual({
			inputs: { 'dry-run': 'true', tag: 'a' },
			name: 'tag',
		});
	});

	test('a Bitbucket pipe’s are plain names, and a list has a variable for each item', async () => {
		const pipe = { BITBUCKET_BUILD_NUMBER: '1', BITBUCKET_PIPE_STORAGE_DIR: '/opt/storage' };
		expect(
			await read({ ...pipe, DRY_RUN: 'true', TAG: 'a', FILE_COUNT: '2', FILE_0: 'x', FILE_1: 'y' }),
		).toEqual({ inputs: { 'dry-run': 'true', tag: 'a', file: ['x', 'y'] }, name: 'TAG' });
	});

	test('outside of a pipe a variable of a plain name is none of ours', async () => {
		expect(await read({ BITBUCKET_BUILD_NUMBER: '1', TAG: 'a' })).toMatchObject({ inputs: {} });
	});

	test.each(['GITLAB_CI', 'CIRCLECI', 'BUILDKITE', 'TF_BUILD', 'GITHUB_ACTIONS', 'DRONE'])(
		'variables named LOCKSTEP_* are the inputs of a script: %s',
		async (marker) => {
			expect(await read({ [marker]: 'true', LOCKSTEP_TAG: 'a' })).toEqual({
				inputs: { tag: 'a' },
				name: 'LOCKSTEP_TAG',
			});
		},
	);

	test.each(['TF_BUILD', 'GITHUB_ACTIONS', 'DRONE'])(
		'so are those of the file that LOCKSTEP_CONFIG alone names: %s',
		async (marker) => {
			const file = join(folder, 'lockstep.yaml');
			writeFileSync(file, 'bump-image: { tag: of-file }');
			expect(await read({ [marker]: 'true', LOCKSTEP_CONFIG: file })).toEqual({
				inputs: { tag: 'of-file' },
				name: `tag in ${file}`,
			});
		},
	);

	test('settings are not mixed with variables named LOCKSTEP_*', async () => {
		expect(await read({ DRONE: 'true', PLUGIN_TAG: 'a', LOCKSTEP_DRY_RUN: 'true' })).toEqual({
			inputs: { tag: 'a' },
			name: 'settings.tag',
		});
	});
});
