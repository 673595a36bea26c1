import { describe, expect, test } from 'vitest';
import { detectHost } from '../../shared/ci/detect.ts';
import type { CiEvent } from '../../shared/ci/event.ts';
import { capturedEnvironment, documentedEnvironment } from './captured-environment.ts';

const commit = '1ecfd275763eff1d6b4844ea3168962458c9f27a';

/** The event of a CI by its documentation: a push to main, with what differs from that. */
function eventOn(ci: string, differing: Record<string, string> = {}): CiEvent {
	return detectHost({ ...documentedEnvironment(ci), ...differing }, []).event;
}

const onGithub = {
	owner: 'acme',
	name: 'application',
	url: 'https://github.com/acme/application',
	cloneUrl: 'git@github.com:acme/application.git',
};

describe('a push', () => {
	const pushes: Record<string, CiEvent> = {
		gitlab: {
			kind: 'push',
			repository: {
				owner: 'acme/shop',
				name: 'application',
				url: 'https://gitlab.example.com/acme/shop/application',
				cloneUrl: 'https://gitlab.example.com/acme/shop/application.git',
				defaultBranch: 'main',
			},
			branch: 'main',
			commit,
			author: 'Alice Doe',
			runUrl: 'https://gitlab.example.com/acme/shop/application/-/pipelines/1000',
			runNumber: 10,
			forge: {
				kind: 'gitlab',
				url: 'https://gitlab.example.com',
				apiUrl: 'https://gitlab.example.com/api/v4',
			},
		},
		azure: {
			kind: 'push',
			repository: {
				owner: 'acme/shop',
				name: 'application',
				url: 'https://dev.azure.com/acme/shop/_git/application',
				cloneUrl: 'https://dev.azure.com/acme/shop/_git/application',
			},
			branch: 'main',
			commit,
			author: 'Alice Doe',
			runUrl: 'https://dev.azure.com/acme/shop/_build/results?buildId=130',
			runNumber: 130,
			forge: { kind: 'azure', url: 'https://dev.azure.com/acme' },
		},
		jenkins: {
			kind: 'push',
			repository: {
				owner: 'acme',
				name: 'application',
				url: 'https://git.example.com/acme/application',
				cloneUrl: 'https://git.example.com/acme/application.git',
			},
			branch: 'main',
			commit,
			runUrl: 'https://jenkins.example.com/job/application/job/main/153/',
			runNumber: 153,
		},
		bitbucket: {
			kind: 'push',
			repository: {
				owner: 'acme',
				name: 'application',
				url: 'https://bitbucket.org/acme/application',
				cloneUrl: 'https://bitbucket.org/acme/application.git',
			},
			branch: 'main',
			commit,
			runUrl: 'https://bitbucket.org/acme/application/pipelines/results/42',
			runNumber: 42,
			forge: { kind: 'bitbucket', url: 'https://bitbucket.org' },
		},
		circleci: {
			kind: 'push',
			repository: onGithub,
			branch: 'main',
			commit,
			author: 'alice',
			runUrl: 'https://circleci.com/gh/acme/application/77',
			runNumber: 77,
		},
		buildkite: {
			kind: 'push',
			repository: { ...onGithub, defaultBranch: 'main' },
			branch: 'main',
			commit,
			author: 'Alice Doe',
			runUrl: 'https://buildkite.com/acme/application/builds/1514',
			runNumber: 1514,
		},
	};
	test.each(Object.entries(pushes))('on %s', (ci, event) => {
		expect(eventOn(ci)).toEqual(event);
	});
});

describe('a tag has no branch', () => {
	test.each([
		['gitlab', { CI_COMMIT_TAG: 'v1.2.0', CI_COMMIT_BRANCH: '', CI_COMMIT_REF_NAME: 'v1.2.0' }],
		['azure', { BUILD_SOURCEBRANCH: 'refs/tags/v1.2.0', BUILD_SOURCEBRANCHNAME: 'v1.2.0' }],
		['jenkins', { TAG_NAME: 'v1.2.0', BRANCH_NAME: 'v1.2.0', GIT_BRANCH: 'v1.2.0' }],
		['jenkins', { BRANCH_NAME: '', GIT_BRANCH: 'refs/tags/v1.2.0' }],
		['bitbucket', { BITBUCKET_TAG: 'v1.2.0', BITBUCKET_BRANCH: '' }],
		['circleci', { CIRCLE_TAG: 'v1.2.0', CIRCLE_BRANCH: '' }],
		['buildkite', { BUILDKITE_TAG: 'v1.2.0', BUILDKITE_BRANCH: 'v1.2.0' }],
	])('on %s', (ci, differing) => {
		const event = eventOn(ci, differing);
		expect(event).toMatchObject({ kind: 'tag', tag: 'v1.2.0' });
		expect(event).not.toHaveProperty('branch');
	});
});

describe('a pull request', () => {
	test.each([
		[
			'gitlab',
			{
				CI_PIPELINE_SOURCE: 'merge_request_event',
				CI_COMMIT_BRANCH: '',
				CI_MERGE_REQUEST_IID: '7',
				CI_MERGE_REQUEST_SOURCE_BRANCH_NAME: 'feature',
				CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main',
			},
		],
		[
			'gitlab',
			{
				CI_PIPELINE_SOURCE: 'external_pull_request_event',
				CI_COMMIT_BRANCH: 'feature',
				CI_EXTERNAL_PULL_REQUEST_IID: '7',
				CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME: 'feature',
				CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME: 'main',
			},
		],
		[
			'azure',
			{
				BUILD_REASON: 'PullRequest',
				BUILD_SOURCEBRANCH: 'refs/pull/7/merge',
				SYSTEM_PULLREQUEST_PULLREQUESTID: '7',
				SYSTEM_PULLREQUEST_SOURCEBRANCH: 'refs/heads/feature',
				SYSTEM_PULLREQUEST_TARGETBRANCH: 'refs/heads/main',
			},
		],
		[
			'azure',
			{
				BUILD_REASON: 'PullRequest',
				BUILD_SOURCEBRANCH: 'refs/pull/7/merge',
				BUILD_REPOSITORY_PROVIDER: 'GitHub',
				BUILD_REPOSITORY_NAME: 'acme/application',
				BUILD_REPOSITORY_URI: 'https://github.com/acme/application',
				SYSTEM_PULLREQUEST_PULLREQUESTID: '1234567',
				SYSTEM_PULLREQUEST_PULLREQUESTNUMBER: '7',
				SYSTEM_PULLREQUEST_SOURCEBRANCH: 'feature',
				SYSTEM_PULLREQUEST_TARGETBRANCH: 'main',
			},
		],
		[
			'jenkins',
			{ BRANCH_NAME: 'PR-7', CHANGE_ID: '7', CHANGE_BRANCH: 'feature', CHANGE_TARGET: 'main' },
		],
		[
			'bitbucket',
			{
				BITBUCKET_PR_ID: '7',
				BITBUCKET_BRANCH: 'feature',
				BITBUCKET_PR_DESTINATION_BRANCH: 'main',
			},
		],
		[
			'buildkite',
			{
				BUILDKITE_PULL_REQUEST: '7',
				BUILDKITE_BRANCH: 'feature',
				BUILDKITE_PULL_REQUEST_BASE_BRANCH: 'main',
			},
		],
	])('on %s has its target as branch', (ci, differing) => {
		expect(eventOn(ci, differing)).toMatchObject({
			kind: 'pull-request',
			branch: 'main',
			pullRequest: { number: 7, source: 'feature', target: 'main' },
		});
	});

	test('on circleci has no target', () => {
		const event = eventOn('circleci', {
			CIRCLE_BRANCH: 'feature',
			CIRCLE_PULL_REQUEST: 'https://github.com/acme/application/pull/7',
		});
		expect(event).toMatchObject({
			kind: 'pull-request',
			pullRequest: { number: 7, source: 'feature' },
		});
		expect(event).not.toHaveProperty('branch');
	});
});

test.each([
	['gitlab', { CI_ENVIRONMENT_NAME: 'production' }],
	['azure', { ENVIRONMENT_NAME: 'production' }],
	['bitbucket', { BITBUCKET_DEPLOYMENT_ENVIRONMENT: 'production' }],
])('%s names what is deployed to', (ci, differing) => {
	expect(eventOn(ci, differing).deployTarget).toBe('production');
});

test.each([
	['gitlab', { CI_PIPELINE_SOURCE: 'schedule' }, 'schedule'],
	['gitlab', { CI_PIPELINE_SOURCE: 'web' }, 'manual'],
	['gitlab', { CI_PIPELINE_SOURCE: 'web', CI_COMMIT_TAG: 'v1' }, 'manual'],
	['azure', { BUILD_REASON: 'Schedule' }, 'schedule'],
	['azure', { BUILD_REASON: 'Manual' }, 'manual'],
	['buildkite', { BUILDKITE_SOURCE: 'schedule' }, 'schedule'],
	['buildkite', { BUILDKITE_SOURCE: 'ui' }, 'manual'],
	['jenkins', { BRANCH_NAME: '', GIT_BRANCH: '' }, 'unknown'],
	['jenkins', { BRANCH_NAME: '', GIT_BRANCH: 'detached' }, 'unknown'],
])('%s with %j is an event of kind %s', (ci, differing, kind) => {
	expect(eventOn(ci, differing).kind).toBe(kind);
});

test.each([
	'origin/feature/x',
	'refs/remotes/origin/feature/x',
	'refs/heads/feature/x',
	'feature/x',
])('a job of Jenkins that is not multibranch is on a branch by GIT_BRANCH=%s', (name) => {
	const event = eventOn('jenkins', { BRANCH_NAME: '', GIT_BRANCH: name });
	expect(event).toMatchObject({ kind: 'push', branch: 'feature/x' });
});

test('no URL of the event holds credentials', () => {
	for (const event of [
		eventOn('gitlab'),
		eventOn('jenkins', { GIT_URL: 'https://bot:secret@git.example.com/acme/application.git' }),
		eventOn('azure', { BUILD_REPOSITORY_URI: 'https://bot:secret@github.com/acme/application' }),
		eventOn('circleci', {
			CIRCLE_REPOSITORY_URL: 'https://secret@github.com/acme/application.git',
		}),
	]) {
		expect(event.repository?.cloneUrl).toMatch(/^https:\/\/[^@]+$/);
		expect(JSON.stringify(event)).not.toMatch(/secret|glcbt/);
	}
});

test('a commit that is not told yet is none', () => {
	expect(eventOn('buildkite', { BUILDKITE_COMMIT: 'HEAD' })).not.toHaveProperty('commit');
});

describe("a neighbour's variables", () => {
	const [jenkins, gitlab] = [documentedEnvironment('jenkins'), documentedEnvironment('gitlab')];
	test.each([
		['a GitLab runner that a Jenkins has started', gitlab, jenkins],
		['an Azure agent that a Jenkins has started', documentedEnvironment('azure'), jenkins],
		[
			'a Woodpecker agent, which sets those of Drone, that a Jenkins has started',
			capturedEnvironment('woodpecker-3.17.0-push'),
			jenkins,
		],
		[
			'a Gitea runner, which sets those of GitHub, with those of GitLab',
			capturedEnvironment('gitea-actions-1.26.0-push'),
			gitlab,
		],
		[
			'a Drone runner with those of GitLab, which names its own CI_* too',
			capturedEnvironment('drone-1.10.1-push'),
			gitlab,
		],
	])('do not count: %s', (_, own, neighbours) => {
		const event = detectHost(own, []).event;
		expect(event.runUrl).toBeDefined();
		expect(detectHost({ ...neighbours, ...own }, []).event).toEqual(event);
	});

	test('nor does the address of a Jenkins alone, which its command line reads', () => {
		expect(detectHost({ JENKINS_URL: 'https://jenkins.example.com/' }, []).event).toEqual({
			kind: 'unknown',
		});
	});

	test.each([
		['an argument', {}, ['--ci', 'jenkins']],
		['an argument', {}, ['--ci=jenkins']],
		['a variable', { LOCKSTEP_CI: 'jenkins' }, []],
	])('%s says which CI it is, whatever the variables', (_, env, args) => {
		const both = { ...jenkins, ...documentedEnvironment('gitlab'), ...env };
		expect(detectHost(both, args).event.runUrl).toContain('jenkins.example.com');
	});

	test('a CI that is not known is refused', () => {
		expect(() => detectHost({}, ['--ci', 'teckton'])).toThrow(
			'--ci: "teckton" is no CI that Lockstep knows (did you mean tekton?); it is one of woodpecker, drone,',
		);
		expect(() => detectHost({}, ['--ci', 'none', '--ci', 'gitlab'])).toThrow('more than once');
	});
});
