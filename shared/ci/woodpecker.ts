import { definedOnly, numberOf } from './defined.ts';
import { type CiEvent, isNoCommit } from './event.ts';
import type { Ci, Environment } from './host.ts';
import { plainLog } from './plain-log.ts';
import { settingsForm } from './settings.ts';
import { workspaceFolder } from './workspace.ts';

/**
 * Woodpecker: inputs are the step's `settings`; it takes no outputs and no summary.
 * Only its own `CI_*` variables are read, for its copies of Drone's are not all true.
 */
export function woodpeckerCi(env: Environment): Ci {
	return {
		event: woodpeckerEvent(env),
		workspace: workspaceFolder(env.CI_WORKSPACE),
		debug: false,
		form: settingsForm(env),
		...plainLog(process.stdout),
		mask: () => undefined,
		handOver: () => undefined,
	};
}

const kinds: Readonly<Record<string, CiEvent['kind']>> = {
	push: 'push',
	tag: 'tag',
	release: 'tag',
	pull_request: 'pull-request',
	pull_request_metadata: 'pull-request',
	pull_request_closed: 'pull-request-closed',
	deployment: 'deployment',
	cron: 'schedule',
	manual: 'manual',
};

/** The names that Woodpecker has for the forges. */
const forges: Readonly<Record<string, NonNullable<CiEvent['forge']>['kind']>> = {
	github: 'github',
	gitea: 'gitea',
	forgejo: 'forgejo',
	gitlab: 'gitlab',
	bitbucket: 'bitbucket',
	bitbucket_dc: 'bitbucket',
};

function woodpeckerEvent(env: Environment): CiEvent {
	const kind = kinds[env.CI_PIPELINE_EVENT ?? ''] ?? 'unknown';
	const forge = forges[env.CI_FORGE_TYPE ?? ''];
	return definedOnly<CiEvent>({
		kind,
		repository:
			env.CI_REPO_OWNER && env.CI_REPO_NAME
				? definedOnly({
						owner: env.CI_REPO_OWNER,
						name: env.CI_REPO_NAME,
						url: env.CI_REPO_URL,
						cloneUrl: env.CI_REPO_CLONE_URL,
						defaultBranch: env.CI_REPO_DEFAULT_BRANCH,
					})
				: undefined,
		branch: kind === 'tag' ? undefined : env.CI_COMMIT_BRANCH,
		tag: env.CI_COMMIT_TAG,
		commit: env.CI_COMMIT_SHA,
		deleted: isNoCommit(env.CI_COMMIT_SHA) ? true : undefined,
		pullRequest: env.CI_COMMIT_PULL_REQUEST
			? definedOnly({
					number: Number(env.CI_COMMIT_PULL_REQUEST),
					source: env.CI_COMMIT_SOURCE_BRANCH,
					target: env.CI_COMMIT_TARGET_BRANCH,
				})
			: undefined,
		author: env.CI_COMMIT_AUTHOR,
		runUrl: env.CI_PIPELINE_URL,
		runNumber: numberOf(env.CI_PIPELINE_NUMBER),
		deployTarget: env.CI_PIPELINE_DEPLOY_TARGET,
		netrc:
			env.CI_NETRC_MACHINE && env.CI_NETRC_USERNAME
				? {
						machine: env.CI_NETRC_MACHINE,
						username: env.CI_NETRC_USERNAME,
						password: env.CI_NETRC_PASSWORD ?? '',
					}
				: undefined,
		forge:
			env.CI_FORGE_URL && forge !== undefined ? { kind: forge, url: env.CI_FORGE_URL } : undefined,
	});
}
