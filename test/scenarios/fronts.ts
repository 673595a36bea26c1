import { capturedEnvironment } from '../ci/captured-environment.ts';
import type { StepOptions } from './run-step.ts';

/** What a run of a pipeline is about. */
export interface Situation {
	/** The forge's address. */
	readonly server: string;
	/** `owner/name` of the repository whose pipeline this is. */
	readonly repository: string;
	readonly commit: string;
	/** A push to this branch, unless there is a tag. */
	readonly branch?: string;
	readonly tag?: string;
	/** Number of the run. */
	readonly run?: number;
}

export type Values = Readonly<Record<string, string>>;

/** How a step is started: the variables and arguments that a front hands over. */
export type Front = (situation: Situation, inputs: Values) => Pick<StepOptions, 'env' | 'args'>;

/** What the captured environments have for the forge's address and repository. */
const captured = 'http://127.0.0.1:23100';

function withServer(environment: string, server: string): Record<string, string> {
	const host = new URL(server).host;
	return Object.fromEntries(
		Object.entries(capturedEnvironment(environment)).flatMap(([name, value]) =>
			value === undefined || name.startsWith('PLUGIN_') || name.includes('NETRC')
				? []
				: [[name, value.replaceAll(captured, server).replaceAll('127.0.0.1:23100', host)]],
		),
	);
}

function actionVariables({ repository, commit, branch = 'main', tag, run = 1 }: Situation) {
	return {
		GITHUB_REPOSITORY: repository,
		GITHUB_REPOSITORY_OWNER: repository.split('/')[0] ?? '',
		GITHUB_SHA: commit,
		GITHUB_EVENT_NAME: 'push',
		GITHUB_REF: tag === undefined ? `refs/heads/${branch}` : `refs/tags/${tag}`,
		GITHUB_REF_NAME: tag ?? branch,
		GITHUB_REF_TYPE: tag === undefined ? 'branch' : 'tag',
		GITHUB_RUN_ID: String(run),
		GITHUB_RUN_NUMBER: String(run),
		GITHUB_EVENT_PATH: '/nonexistent/event.json',
		GITHUB_WORKSPACE: '/nonexistent',
	};
}

const actionInputs = (inputs: Values) =>
	Object.fromEntries(
		Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
	);

/** GitHub Actions on Enterprise Server, whose API is below `/api/v3`. */
export const github: Front = (situation, inputs) => ({
	env: {
		CI: 'true',
		GITHUB_ACTIONS: 'true',
		GITHUB_ACTION: 'step',
		GITHUB_ACTOR: 'alice',
		GITHUB_SERVER_URL: situation.server,
		GITHUB_API_URL: `${situation.server}/api/v3`,
		GITHUB_GRAPHQL_URL: `${situation.server}/api/graphql`,
		RUNNER_OS: 'Linux',
		RUNNER_ARCH: 'X64',
		...actionVariables(situation),
		...actionInputs(inputs),
	},
});

export const giteaActions: Front = (situation, inputs) => ({
	env: {
		...withServer('gitea-actions-1.26.0-push', situation.server),
		...actionVariables(situation),
		...actionInputs(inputs),
	},
});

export const drone: Front = (situation, inputs) => {
	const { server, repository, commit, branch = 'main', tag, run = 1 } = situation;
	const [owner = '', name = ''] = repository.split('/');
	return {
		env: {
			...withServer('drone-1.10.1-push', server),
			DRONE_WORKSPACE: '/nonexistent',
			DRONE_REPO: repository,
			DRONE_REPO_OWNER: owner,
			DRONE_REPO_NAME: name,
			DRONE_REPO_LINK: `${server}/${repository}`,
			DRONE_GIT_HTTP_URL: `${server}/${repository}.git`,
			DRONE_BUILD_EVENT: tag === undefined ? 'push' : 'tag',
			DRONE_BRANCH: tag === undefined ? branch : 'main',
			DRONE_COMMIT_SHA: commit,
			DRONE_BUILD_NUMBER: String(run),
			DRONE_BUILD_LINK: `http://127.0.0.1:23400/${repository}/${run}`,
			...(tag === undefined ? {} : { DRONE_TAG: tag }),
			...Object.fromEntries(
				Object.entries(inputs).map(([key, value]) => [`PLUGIN_${key.toUpperCase()}`, value]),
			),
		},
	};
};

export const woodpecker: Front = (situation, inputs) => {
	const { server, repository, commit, branch = 'main', tag, run = 1 } = situation;
	const [owner = '', name = ''] = repository.split('/');
	return {
		env: {
			...withServer('woodpecker-3.17.0-push', server),
			CI_WORKSPACE: '/nonexistent',
			CI_REPO: repository,
			CI_REPO_OWNER: owner,
			CI_REPO_NAME: name,
			CI_REPO_URL: `${server}/${repository}`,
			CI_REPO_CLONE_URL: `${server}/${repository}.git`,
			CI_PIPELINE_EVENT: tag === undefined ? 'push' : 'tag',
			CI_COMMIT_BRANCH: tag === undefined ? branch : 'main',
			CI_COMMIT_SHA: commit,
			CI_PIPELINE_NUMBER: String(run),
			CI_PIPELINE_URL: `http://127.0.0.1:23200/repos/2/pipeline/${run}`,
			...(tag === undefined ? {} : { CI_COMMIT_TAG: tag }),
			...Object.fromEntries(
				Object.entries(inputs).map(([key, value]) => [
					`PLUGIN_${key.toUpperCase().replaceAll('-', '_')}`,
					value,
				]),
			),
		},
	};
};

/** The command line knows of no event: everything is an input. */
export const commandLine: Front = (_situation, inputs) => ({
	args: Object.entries(inputs).map(([name, value]) => `--${name}=${value}`),
});

export const fronts: Readonly<Record<string, Front>> = {
	'GitHub Actions': github,
	'Gitea Actions': giteaActions,
	Drone: drone,
	Woodpecker: woodpecker,
	'the command line': commandLine,
};
