import { cardData, cardLine } from './card.ts';
import { definedOnly, numberOf } from './defined.ts';
import { type CiEvent, isNoCommit } from './event.ts';
import type { Ci, Environment, RunResult } from './host.ts';
import { appendLines, outputsWithin } from './outputs.ts';
import { plainLog } from './plain-log.ts';
import { settingsForm } from './settings.ts';
import { workspaceFolder } from './workspace.ts';

/** Drone: inputs are the step's `settings`; what it shows of a run is a card. */
export function droneCi(env: Environment): Ci {
	return {
		event: droneEvent(env),
		workspace: workspaceFolder(env.DRONE_WORKSPACE),
		debug: false,
		form: settingsForm(env),
		...plainLog(process.stdout),
		mask: () => undefined,
		handOver: (result) => handOver(env, result),
	};
}

function handOver(env: Environment, result: RunResult): void {
	if (env.DRONE_OUTPUT) appendOutputs(env.DRONE_OUTPUT, result);
	if (env.DRONE_CARD_PATH) process.stdout.write(cardLine(cardData(result)));
}

/** Drone itself has no such file: Harness has, which runs the same plugins. */
function appendOutputs(file: string, result: RunResult): void {
	const limit = {
		of: 'DRONE_OUTPUT',
		bytes: Number.POSITIVE_INFINITY,
		size: () => 0,
		lines: false,
	};
	appendLines(
		file,
		[...outputsWithin(limit, result)].map(
			([name, value]) => `${name.toUpperCase().replaceAll('-', '_')}=${value}`,
		),
	);
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
		runNumber: numberOf(env.DRONE_BUILD_NUMBER),
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
