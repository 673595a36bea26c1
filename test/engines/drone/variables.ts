import type { PipelineOptions } from '../pipeline.ts';
import type { ForgeEvent } from '../webhook.ts';

const server = 'https://drone.example.com';

/** What is different from one stage and one step of a build to the next. */
export interface DroneStage {
	readonly name: string;
	readonly number: number;
	readonly status: 'success' | 'failure';
	readonly workspace: string;
	readonly step?: { readonly name: string; readonly number: number };
}

/**
 * The variables that Drone sets for a step: the names of the captured environments in
 * `test/data/ci-env`, and those of drone/runner-go's own list (`CI`, `DRONE`, `GIT_AUTHOR_*`).
 */
export function droneVariables(
	event: ForgeEvent,
	stage: DroneStage,
	options: Pick<PipelineOptions, 'credentials' | 'number'>,
): Record<string, string> {
	const { repository } = event;
	const number = String(options.number ?? 1);
	const now = String(Math.floor(Date.now() / 1000));
	return {
		CI: 'true',
		DRONE: 'true',
		...bot,
		...legacyVariables(event, stage, { ...options, now, buildNumber: number }),
		...commitVariables(event),
		DRONE_BUILD_ACTION: event.action === 'synchronize' ? 'synchronized' : (event.action ?? ''),
		DRONE_BUILD_CREATED: now,
		DRONE_BUILD_EVENT: event.kind,
		DRONE_BUILD_FINISHED: now,
		DRONE_BUILD_LINK: `${server}/${repository.fullName}/${number}`,
		DRONE_BUILD_NUMBER: number,
		DRONE_BUILD_STARTED: now,
		DRONE_BUILD_STATUS: stage.status,
		DRONE_DEPLOY_TO: '',
		DRONE_GIT_HTTP_URL: repository.cloneUrl,
		DRONE_GIT_SSH_URL: repository.sshUrl,
		DRONE_JOB_FINISHED: now,
		DRONE_JOB_STARTED: now,
		DRONE_JOB_STATUS: stage.status,
		DRONE_MACHINE: 'runner',
		DRONE_NETRC_MACHINE: new URL(repository.cloneUrl).hostname,
		DRONE_NETRC_PASSWORD: 'x-oauth-basic',
		DRONE_NETRC_USERNAME: options.credentials.token,
		DRONE_REMOTE_URL: repository.cloneUrl,
		DRONE_REPO: repository.fullName,
		DRONE_REPO_BRANCH: repository.defaultBranch,
		DRONE_REPO_LINK: repository.url,
		DRONE_REPO_NAME: repository.name,
		DRONE_REPO_NAMESPACE: repository.owner,
		DRONE_REPO_OWNER: repository.owner,
		DRONE_REPO_PRIVATE: String(repository.isPrivate),
		DRONE_REPO_SCM: '',
		DRONE_REPO_VISIBILITY: repository.isPrivate ? 'private' : 'public',
		DRONE_RUNNER_HOST: 'runner',
		DRONE_RUNNER_HOSTNAME: 'runner',
		DRONE_RUNNER_PLATFORM: 'linux/amd64',
		DRONE_STAGE_ARCH: 'amd64',
		DRONE_STAGE_DEPENDS_ON: '',
		DRONE_STAGE_FINISHED: now,
		DRONE_STAGE_KIND: 'pipeline',
		DRONE_STAGE_MACHINE: 'runner',
		DRONE_STAGE_NAME: stage.name,
		DRONE_STAGE_NUMBER: String(stage.number),
		DRONE_STAGE_OS: 'linux',
		DRONE_STAGE_STARTED: now,
		DRONE_STAGE_STATUS: stage.status,
		DRONE_STAGE_VARIANT: '',
		DRONE_STEP_NAME: stage.step?.name ?? '',
		DRONE_STEP_NUMBER: String(stage.step?.number ?? 1),
		DRONE_SYSTEM_HOST: new URL(server).host,
		DRONE_SYSTEM_HOSTNAME: new URL(server).hostname,
		DRONE_SYSTEM_PROTO: 'https',
		DRONE_SYSTEM_VERSION: '1.10.1',
		DRONE_WORKSPACE: stage.workspace,
		DRONE_WORKSPACE_BASE: stage.workspace,
		DRONE_WORKSPACE_PATH: '',
	};
}

/** Who commits where a step does not say. */
const bot = {
	GIT_AUTHOR_NAME: 'drone',
	GIT_AUTHOR_EMAIL: 'noreply@drone',
	GIT_COMMITTER_NAME: 'drone',
	GIT_COMMITTER_EMAIL: 'noreply@drone',
	GIT_TERMINAL_PROMPT: '0',
};

function commitVariables(event: ForgeEvent): Record<string, string> {
	const branch = branchOf(event);
	return {
		DRONE_BRANCH: branch,
		DRONE_COMMIT: event.commit,
		DRONE_COMMIT_AFTER: event.commit,
		DRONE_COMMIT_AUTHOR: event.author.login,
		DRONE_COMMIT_AUTHOR_AVATAR: '',
		DRONE_COMMIT_AUTHOR_EMAIL: event.author.email,
		DRONE_COMMIT_AUTHOR_NAME: event.author.name,
		DRONE_COMMIT_BEFORE: event.kind === 'push' ? event.before : '',
		DRONE_COMMIT_BRANCH: branch,
		DRONE_COMMIT_LINK: event.link,
		DRONE_COMMIT_MESSAGE: event.message,
		DRONE_COMMIT_REF: event.ref,
		DRONE_COMMIT_SHA: event.commit,
		DRONE_SOURCE_BRANCH: event.pullRequest?.source ?? branch,
		DRONE_TARGET_BRANCH: branch,
		...(event.tag !== undefined && { DRONE_TAG: event.tag }),
		...(event.pullRequest && { DRONE_PULL_REQUEST: String(event.pullRequest.number) }),
	};
}

/** The names of Drone 0.8, which later versions set as well; `CI_REPO_NAME` is the full slug. */
function legacyVariables(
	event: ForgeEvent,
	stage: DroneStage,
	{
		credentials,
		now,
		buildNumber,
	}: Pick<PipelineOptions, 'credentials'> & { now: string; buildNumber: string },
): Record<string, string> {
	const { repository } = event;
	return {
		CI_BUILD_CREATED: now,
		CI_BUILD_EVENT: event.kind,
		CI_BUILD_FINISHED: now,
		CI_BUILD_LINK: event.link,
		CI_BUILD_NUMBER: buildNumber,
		CI_BUILD_STARTED: now,
		CI_BUILD_STATUS: stage.status,
		CI_BUILD_TARGET: '',
		CI_COMMIT_AUTHOR: event.author.login,
		CI_COMMIT_AUTHOR_AVATAR: '',
		CI_COMMIT_AUTHOR_EMAIL: event.author.email,
		CI_COMMIT_AUTHOR_NAME: event.author.name,
		CI_COMMIT_BRANCH: branchOf(event),
		CI_COMMIT_MESSAGE: event.message,
		CI_COMMIT_REF: event.ref,
		CI_COMMIT_SHA: event.commit,
		CI_JOB_FINISHED: now,
		CI_JOB_STARTED: now,
		CI_JOB_STATUS: stage.status,
		CI_NETRC_MACHINE: new URL(repository.cloneUrl).hostname,
		CI_NETRC_PASSWORD: 'x-oauth-basic',
		CI_NETRC_USERNAME: credentials.token,
		CI_PARENT_BUILD_NUMBER: '0',
		CI_REMOTE_URL: repository.cloneUrl,
		CI_REPO: repository.fullName,
		CI_REPO_LINK: repository.url,
		CI_REPO_NAME: repository.fullName,
		CI_REPO_PRIVATE: String(repository.isPrivate),
		CI_REPO_REMOTE: repository.cloneUrl,
		CI_WORKSPACE: stage.workspace,
		CI_WORKSPACE_BASE: stage.workspace,
		CI_WORKSPACE_PATH: '',
	};
}

/** On a tag, Drone names the repository's default branch. */
function branchOf(event: ForgeEvent): string {
	return event.branch ?? event.repository.defaultBranch;
}
