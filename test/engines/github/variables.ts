import { join } from 'node:path';
import type { PipelineOptions } from '../pipeline.ts';
import type { ForgeEvent } from '../webhook.ts';

/** What is the same for every step of a run. */
export interface GithubRun {
	readonly event: ForgeEvent;
	readonly workflow: string;
	readonly job: string;
	/** Folder of the checked-out repository. */
	readonly workspace: string;
	/** Folder for files of the runner's own. */
	readonly temp: string;
	readonly options: PipelineOptions;
}

/** The files by which a step hands things to the runner. */
export const commandFiles = ['OUTPUT', 'ENV', 'PATH', 'STATE', 'STEP_SUMMARY'] as const;

/**
 * The variables that a runner sets for every step: GitHub's by its documentation
 * (https://docs.github.com/actions/reference/workflows-and-actions/variables), Gitea's by the
 * captured environment in `test/data/ci-env`.
 */
export function githubVariables(run: GithubRun): Record<string, string> {
	const { event, workspace, temp, options } = run;
	const { repository, pullRequest: pull } = event;
	const { url, apiUrl } = options.forge;
	const number = String(options.number ?? 1);
	return {
		CI: 'true',
		GITHUB_ACTIONS: 'true',
		GITHUB_ACTOR: event.sender,
		GITHUB_API_URL: apiUrl,
		GITHUB_BASE_REF: pull?.target ?? '',
		GITHUB_EVENT_NAME: event.webhook.name,
		GITHUB_EVENT_PATH: join(temp, '_github_workflow', 'event.json'),
		GITHUB_HEAD_REF: pull?.source ?? '',
		GITHUB_JOB: run.job,
		GITHUB_REF: event.ref,
		GITHUB_REF_NAME: event.ref.replace(/^refs\/(heads|tags|pull)\//, ''),
		GITHUB_REF_TYPE: event.kind === 'tag' ? 'tag' : 'branch',
		GITHUB_REPOSITORY: repository.fullName,
		GITHUB_REPOSITORY_OWNER: repository.owner,
		GITHUB_RUN_ATTEMPT: '1',
		GITHUB_RUN_ID: number,
		GITHUB_RUN_NUMBER: number,
		GITHUB_SERVER_URL: url,
		GITHUB_SHA: event.commit,
		GITHUB_WORKFLOW: run.workflow,
		GITHUB_WORKSPACE: workspace,
		RUNNER_TEMP: temp,
		RUNNER_TOOL_CACHE: join(temp, 'tool-cache'),
		...(options.forge.kind === 'gitea' ? giteaVariables(url) : githubOnly(run, url)),
	};
}

/** What a step finds out about itself. */
export function stepVariables(
	run: GithubRun,
	step: { readonly id: string; readonly action?: string; readonly files: string },
): Record<string, string> {
	const isGitea = run.options.forge.kind === 'gitea';
	const [, actionRepository = '', actionRef = ''] =
		/^([^/]+\/[^/@]+)[^@]*@(.+)$/.exec(step.action ?? '') ?? [];
	const files = commandFiles.flatMap((name) => {
		const file = join(step.files, name.toLowerCase());
		return isGitea
			? [
					[`GITHUB_${name}`, file],
					[`GITEA_${name}`, file],
				]
			: [[`GITHUB_${name}`, file]];
	});
	return {
		GITHUB_ACTION: step.id,
		GITHUB_ACTION_REF: isGitea ? '' : actionRef,
		GITHUB_ACTION_REPOSITORY: isGitea ? '' : actionRepository,
		...(isGitea && { GITHUB_ACTION_PATH: '' }),
		...(Object.fromEntries(files) as Record<string, string>),
	};
}

function githubOnly({ event, workflow, options }: GithubRun, url: string): Record<string, string> {
	const { repository, commit, ref } = event;
	return {
		GITHUB_ACTOR_ID: '1',
		GITHUB_GRAPHQL_URL: options.forge.apiUrl.replace(/\/v3$/, '/graphql'),
		GITHUB_REF_PROTECTED: 'false',
		GITHUB_REPOSITORY_ID: '1',
		GITHUB_REPOSITORY_OWNER_ID: '1',
		GITHUB_RETENTION_DAYS: '90',
		GITHUB_TRIGGERING_ACTOR: event.sender,
		GITHUB_WORKFLOW_REF: `${repository.fullName}/.github/workflows/${workflow}.yml@${ref}`,
		GITHUB_WORKFLOW_SHA: commit,
		RUNNER_ARCH: 'X64',
		RUNNER_ENVIRONMENT: 'github-hosted',
		RUNNER_NAME: 'GitHub Actions 1',
		RUNNER_OS: 'Linux',
		...(url === 'https://github.com' && { ImageOS: 'ubuntu24' }),
	};
}

function giteaVariables(url: string): Record<string, string> {
	return {
		ACTIONS_RESULTS_URL: url,
		ACTIONS_RUNTIME_TOKEN: 'runtime-token',
		ACTIONS_RUNTIME_URL: `${url}/api/actions_pipeline/`,
		GITEA_ACTIONS: 'true',
		GITEA_ACTIONS_RUNNER_VERSION: 'v1.0.8',
		GITHUB_GRAPHQL_URL: '',
		GITHUB_RETENTION_DAYS: '',
		RUNNER_ARCH: 'amd64',
		RUNNER_OS: 'linux',
		RUNNER_PERFLOG: '/dev/null',
		RUNNER_TRACKING_ID: '',
	};
}
