import { describe, expect, test } from 'vitest';
import { capturedEnvironment } from '../ci/captured-environment.ts';
import { droneVariables } from './drone/variables.ts';
import { pullRequest, pushed } from './fixture-event.ts';
import { githubVariables, stepVariables } from './github/variables.ts';
import type { PipelineOptions } from './pipeline.ts';
import type { ForgeEvent } from './webhook.ts';
import { woodpeckerVariables } from './woodpecker/variables.ts';

const options: PipelineOptions = {
	folder: '/run',
	secrets: {},
	credentials: { username: 'ci', token: 'ci-token' },
	forge: { kind: 'gitea', url: 'http://127.0.0.1:23100', apiUrl: 'http://127.0.0.1:23100/api/v1' },
};

/** The names of a captured environment, but for the step's own settings. */
function captured(name: string): string[] {
	return Object.keys(capturedEnvironment(name)).sort();
}

function drone(event: ForgeEvent): Record<string, string> {
	const stage = { name: 'default', number: 1, status: 'success', workspace: '/drone/src' } as const;
	return droneVariables(event, stage, options);
}

function woodpecker(event: ForgeEvent): Record<string, string> {
	const step = {
		name: 's',
		type: 'plugin',
		workflow: 'w',
		status: 'success',
		workspace: '/w',
	} as const;
	return woodpeckerVariables(event, step, options);
}

function gitea(event: ForgeEvent): Record<string, string> {
	const run = { event, workflow: 'ci', job: 'a', workspace: '/w', temp: '/t', options };
	return { ...githubVariables(run), ...stepVariables(run, { id: '5', files: '/f' }) };
}

/** What drone/runner-go sets besides, by its own sources. */
const droneOnly = /^(CI|DRONE|GIT_(AUTHOR|COMMITTER)_(NAME|EMAIL)|GIT_TERMINAL_PROMPT)$/;

describe('the variables have the names that a real server gave', () => {
	test.each([
		['drone-1.10.1-push', pushed()],
		['drone-1.10.1-pull_request', pullRequest('opened')],
	])('%s', (file, event) => {
		const names = Object.keys(drone(event)).filter((name) => !droneOnly.test(name));
		expect(names.sort()).toEqual(captured(file));
	});

	test.each([
		['woodpecker-3.17.0-push', pushed()],
		['woodpecker-3.17.0-pull_request', pullRequest('opened')],
	])('%s', (file, event) => {
		// There is no earlier run here.
		const ofEarlierRun = /^CI_PREV_|^DRONE_COMMIT_BEFORE$/;
		const names = Object.keys(woodpecker(event)).filter((name) => name !== 'CI');
		const expected = captured(file).filter((name) => !ofEarlierRun.test(name));
		expect(names.filter((name) => !ofEarlierRun.test(name)).sort()).toEqual(expected);
	});

	test('gitea-actions-1.26.0-push', () => {
		expect(Object.keys(gitea(pushed())).sort()).toEqual(captured('gitea-actions-1.26.0-push'));
	});
});

describe('a tag', () => {
	const event = pushed({ ref: 'refs/tags/v1.2.0' });

	test('is told as one by each CI', () => {
		expect(drone(event)).toMatchObject({
			DRONE_BUILD_EVENT: 'tag',
			DRONE_TAG: 'v1.2.0',
			DRONE_BRANCH: 'main',
			DRONE_COMMIT_REF: 'refs/tags/v1.2.0',
		});
		expect(woodpecker(event)).toMatchObject({
			CI_PIPELINE_EVENT: 'tag',
			CI_COMMIT_TAG: 'v1.2.0',
			CI_COMMIT_REF: 'refs/tags/v1.2.0',
		});
		expect(woodpecker(event)).not.toHaveProperty('CI_COMMIT_BRANCH');
		expect(gitea(event)).toMatchObject({
			GITHUB_REF: 'refs/tags/v1.2.0',
			GITHUB_REF_NAME: 'v1.2.0',
			GITHUB_REF_TYPE: 'tag',
		});
	});
});
