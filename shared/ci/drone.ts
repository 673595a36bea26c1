import { definedOnly } from './defined.ts';
import { type CiEvent, isNoCommit } from './event.ts';
import type { Environment, Host } from './host.ts';
import { plainLog } from './plain-log.ts';
import { readSettings } from './settings.ts';
import { workspaceFolder } from './workspace.ts';

/** Drone: inputs are the step's `settings`; it takes no outputs and no summary. */
export function droneHost(env: Environment): Host {
	return {
		event: droneEvent(env),
		workspace: workspaceFolder(env.DRONE_WORKSPACE),
		debug: false,
		nameOf: (input) => `settings.${input}`,
		inputs: (shapes) => readSettings(env, shapes),
		...plainLog(process.stdout),
		outputs: () => undefined,
		summary: () => undefined,
	};
}

const kinds: Readonly<Record<string, CiEvent['kind']>> = {
	push: 'push',
	tag: 'tag',
	pull_request: 'pull-request',
	promote: 'deployment',
	rollback: 'deployment',
	cron: 'schedule',
	custom: 'manual',
};

function droneEvent(env: Environment): CiEvent {
	const kind = kinds[env.DRONE_BUILD_EVENT ?? ''] ?? 'unknown';
	return definedOnly<CiEvent>({
		kind,
		repository:
			env.DRONE_REPO_OWNER && env.DRONE_REPO_NAME
				? definedOnly({
						owner: env.DRONE_REPO_OWNER,
						name: env.DRONE_REPO_NAME,
						url: env.DRONE_REPO_LINK,
						cloneUrl: env.DRONE_GIT_HTTP_URL,
						defaultBranch: env.DRONE_REPO_BRANCH,
					})
				: undefined,
		branch: kind === 'tag' ? undefined : env.DRONE_BRANCH,
		tag: env.DRONE_TAG,
		commit: env.DRONE_COMMIT_SHA,
		deleted: isNoCommit(env.DRONE_COMMIT_SHA) ? true : undefined,
		pullRequest: env.DRONE_PULL_REQUEST
			? definedOnly({
					number: Number(env.DRONE_PULL_REQUEST),
					source: env.DRONE_SOURCE_BRANCH,
					target: env.DRONE_TARGET_BRANCH,
				})
			: undefined,
		author: env.DRONE_COMMIT_AUTHOR_NAME || env.DRONE_COMMIT_AUTHOR,
		runUrl: env.DRONE_BUILD_LINK,
		runNumber: env.DRONE_BUILD_NUMBER ? Number(env.DRONE_BUILD_NUMBER) : undefined,
		deployTarget: env.DRONE_DEPLOY_TO,
		netrc:
			env.DRONE_NETRC_MACHINE && env.DRONE_NETRC_USERNAME
				? {
						machine: env.DRONE_NETRC_MACHINE,
						username: env.DRONE_NETRC_USERNAME,
						password: env.DRONE_NETRC_PASSWORD ?? '',
					}
				: undefined,
	});
}
