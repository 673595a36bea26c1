import type { PipelineOptions } from '../pipeline.ts';
import type { ForgeEvent } from '../webhook.ts';

const server = 'https://woodpecker.example.com';

export interface WoodpeckerStep {
	readonly name: string;
	readonly type: 'plugin' | 'commands';
	readonly workflow: string;
	readonly status: 'success' | 'failure';
	readonly workspace: string;
}

/**
 * The variables that Woodpecker sets for a step: the names of the captured environments in
 * `test/data/ci-env`, and `CI=woodpecker`. Those of the run before are there where there was one,
 * which no step reads; so every run is a first one here.
 */
export function woodpeckerVariables(
	event: ForgeEvent,
	step: WoodpeckerStep,
	options: Pick<PipelineOptions, 'forge' | 'number'>,
): Record<string, string> {
	const { repository } = event;
	const number = String(options.number ?? 1);
	const now = String(Math.floor(Date.now() / 1000));
	const run = `${server}/repos/${repository.fullName}/pipeline/${number}`;
	return {
		CI: 'woodpecker',
		...commitVariables(event, now),
		CI_FORGE_TYPE: options.forge.kind,
		CI_FORGE_URL: options.forge.url,
		CI_MACHINE: 'agent',
		CI_PIPELINE_AUTHOR: event.sender,
		CI_PIPELINE_AVATAR: '',
		CI_PIPELINE_CREATED: now,
		CI_PIPELINE_EVENT: event.kind,
		CI_PIPELINE_FILES: '[]',
		CI_PIPELINE_FORGE_URL: event.link,
		CI_PIPELINE_NUMBER: number,
		CI_PIPELINE_PARENT: '0',
		CI_PIPELINE_STARTED: now,
		CI_PIPELINE_STATUS: step.status,
		CI_PIPELINE_URL: run,
		CI_PREV_COMMIT_TIMESTAMP: '0',
		CI_PREV_PIPELINE_CREATED: '0',
		CI_PREV_PIPELINE_FINISHED: '0',
		CI_PREV_PIPELINE_NUMBER: '0',
		CI_PREV_PIPELINE_PARENT: '0',
		CI_PREV_PIPELINE_STARTED: '0',
		CI_PREV_PIPELINE_URL: `${server}/repos/${repository.fullName}/pipeline/0`,
		CI_REPO: repository.fullName,
		CI_REPO_CLONE_SSH_URL: repository.sshUrl,
		CI_REPO_CLONE_URL: repository.cloneUrl,
		CI_REPO_DEFAULT_BRANCH: repository.defaultBranch,
		CI_REPO_NAME: repository.name,
		CI_REPO_OWNER: repository.owner,
		CI_REPO_PRIVATE: String(repository.isPrivate),
		CI_REPO_REMOTE_ID: '1',
		CI_REPO_TRUSTED: 'false',
		CI_REPO_TRUSTED_NETWORK: 'false',
		CI_REPO_TRUSTED_SECURITY: 'false',
		CI_REPO_TRUSTED_VOLUMES: 'false',
		CI_REPO_URL: repository.url,
		CI_STEP_NAME: step.name,
		CI_STEP_NUMBER: '0',
		CI_STEP_STARTED: now,
		CI_STEP_TYPE: step.type,
		CI_STEP_URL: run,
		CI_SYSTEM_HOST: new URL(server).host,
		CI_SYSTEM_NAME: 'woodpecker',
		CI_SYSTEM_PLATFORM: 'linux/amd64',
		CI_SYSTEM_URL: server,
		CI_SYSTEM_VERSION: '3.17.0',
		CI_WORKFLOW_NAME: step.workflow,
		CI_WORKFLOW_NUMBER: '1',
		CI_WORKSPACE: step.workspace,
		...droneVariables(event, { run, number, now }),
	};
}

function commitVariables(event: ForgeEvent, now: string): Record<string, string> {
	const pull = event.pullRequest;
	return {
		CI_COMMIT_AUTHOR: event.author.login,
		CI_COMMIT_AUTHOR_AVATAR: '',
		CI_COMMIT_AUTHOR_EMAIL: event.author.email,
		...(event.branch !== undefined && { CI_COMMIT_BRANCH: event.branch }),
		CI_COMMIT_MESSAGE: event.message,
		CI_COMMIT_REF: event.ref,
		CI_COMMIT_SHA: event.commit,
		...(event.tag !== undefined && { CI_COMMIT_TAG: event.tag }),
		CI_COMMIT_TIMESTAMP: pull ? '0' : now,
		...(pull && {
			CI_COMMIT_PULL_REQUEST: String(pull.number),
			CI_COMMIT_PULL_REQUEST_DRAFT: String(pull.draft),
			CI_COMMIT_REFSPEC: `${pull.source}:${pull.target}`,
			CI_COMMIT_SOURCE_BRANCH: pull.source,
			CI_COMMIT_TARGET_BRANCH: pull.target,
		}),
	};
}

/** Woodpecker's copies of Drone's variables; the build's status is `success` whatever it is. */
function droneVariables(
	event: ForgeEvent,
	{ run, number, now }: { run: string; number: string; now: string },
): Record<string, string> {
	const { repository, pullRequest: pull } = event;
	return {
		...(event.branch !== undefined && {
			DRONE_BRANCH: event.branch,
			DRONE_COMMIT_BRANCH: event.branch,
		}),
		DRONE_BUILD_CREATED: now,
		DRONE_BUILD_EVENT: event.kind,
		DRONE_BUILD_LINK: run,
		DRONE_BUILD_NUMBER: number,
		DRONE_BUILD_PARENT: '0',
		DRONE_BUILD_STARTED: '0',
		DRONE_BUILD_STATUS: 'success',
		DRONE_COMMIT: event.commit,
		DRONE_COMMIT_AUTHOR: event.author.login,
		DRONE_COMMIT_AUTHOR_AVATAR: '',
		DRONE_COMMIT_AUTHOR_EMAIL: event.author.email,
		DRONE_COMMIT_AUTHOR_NAME: event.author.login,
		DRONE_COMMIT_LINK: event.link,
		DRONE_COMMIT_MESSAGE: event.message,
		DRONE_COMMIT_REF: event.ref,
		DRONE_COMMIT_SHA: event.commit,
		DRONE_GIT_HTTP_URL: repository.cloneUrl,
		...(pull && {
			DRONE_PULL_REQUEST: String(pull.number),
			DRONE_SOURCE_BRANCH: pull.source,
			DRONE_TARGET_BRANCH: pull.target,
		}),
		DRONE_REMOTE_URL: repository.cloneUrl,
		DRONE_REPO: repository.fullName,
		DRONE_REPO_BRANCH: repository.defaultBranch,
		DRONE_REPO_LINK: repository.url,
		DRONE_REPO_NAME: repository.name,
		DRONE_REPO_OWNER: repository.owner,
		DRONE_REPO_PRIVATE: String(repository.isPrivate),
		DRONE_REPO_SCM: 'git',
		DRONE_STEP_NUMBER: '0',
		DRONE_SYSTEM_HOST: new URL(server).host,
		...(event.tag !== undefined && { DRONE_TAG: event.tag }),
	};
}
