import { definedOnly, numberOf } from './defined.ts';
import type { CiEvent } from './event.ts';
import type { Ci, Environment, InputForm, InputRequest, RawInput, RunResult } from './host.ts';
import { appendLines, outputsWithin, outputVariable } from './outputs.ts';
import { plainLog } from './plain-log.ts';
import { repositoryAt } from './run-repository.ts';
import { workspaceFolder } from './workspace.ts';

/**
 * Bitbucket Pipelines: as a pipe the inputs are the pipe's `variables`; outputs go to the file
 * of variables that later steps share.
 * https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
 */
export function bitbucketCi(env: Environment): Ci {
	return {
		event: bitbucketEvent(env),
		workspace: workspaceFolder(env.BITBUCKET_CLONE_DIR),
		debug: false,
		// Only a pipe's container has a place to keep things between pipes.
		form: env.BITBUCKET_PIPE_STORAGE_DIR ? pipeForm(env) : undefined,
		...plainLog(process.stdout),
		mask: () => undefined,
		handOver: (result) => shareVariables(env.BITBUCKET_PIPELINES_VARIABLES_PATH, result),
	};
}

/** https://support.atlassian.com/bitbucket-cloud/docs/variable-sharing/ */
function shareVariables(file: string | undefined, result: RunResult): void {
	if (!file) return;
	const limit = {
		of: "Bitbucket's shared variables",
		bytes: Number.POSITIVE_INFINITY,
		size: () => 0,
		lines: false,
	};
	appendLines(
		file,
		[...outputsWithin(limit, result)].map(
			([name, value]) => `${outputVariable(result.step, name)}=${value}`,
		),
	);
}

/** The variable of a pipe that an input is: `dry-run` -> `DRY_RUN`. */
export function pipeVariable(input: string): string {
	return input.toUpperCase().replaceAll('-', '_');
}

function pipeForm(env: Environment): InputForm {
	return {
		nameOf: pipeVariable,
		inputs: async (request) => readVariables(env, request),
	};
}

/**
 * A list that is written as one arrives as `NAME_COUNT` and `NAME_0`, `NAME_1`, ...
 * https://support.atlassian.com/bitbucket-cloud/docs/advanced-techniques-for-writing-pipes/
 */
function readVariables(env: Environment, { shapes }: InputRequest): Map<string, RawInput> {
	const inputs = new Map<string, RawInput>();
	for (const { name, shape } of shapes) {
		const variable = pipeVariable(name);
		const count = shape === 'list' ? Number(env[`${variable}_COUNT`] ?? '') : 0;
		const value =
			count > 0
				? Array.from({ length: count }, (_, index) => env[`${variable}_${index}`] ?? '')
				: env[variable];
		if (value !== undefined) inputs.set(name, value);
	}
	return inputs;
}

function bitbucketEvent(env: Environment): CiEvent {
	// Documented with http:, by which a token would go in the clear.
	const origin = env.BITBUCKET_GIT_HTTP_ORIGIN?.replace(
		/^http:\/\/bitbucket\.org\//,
		'https://bitbucket.org/',
	);
	const repository = repositoryAt(origin && `${origin}.git`, { url: origin });
	const pullRequest = env.BITBUCKET_PR_ID
		? definedOnly({
				number: Number(env.BITBUCKET_PR_ID),
				source: env.BITBUCKET_BRANCH,
				target: env.BITBUCKET_PR_DESTINATION_BRANCH,
			})
		: undefined;
	return definedOnly<CiEvent>({
		kind: pullRequest
			? 'pull-request'
			: env.BITBUCKET_TAG
				? 'tag'
				: env.BITBUCKET_BRANCH
					? 'push'
					: 'unknown',
		repository,
		branch: pullRequest ? pullRequest.target : env.BITBUCKET_BRANCH,
		tag: env.BITBUCKET_TAG,
		commit: env.BITBUCKET_COMMIT,
		pullRequest,
		runUrl: repository?.url
			? `${repository.url}/pipelines/results/${env.BITBUCKET_BUILD_NUMBER}`
			: undefined,
		runNumber: numberOf(env.BITBUCKET_BUILD_NUMBER),
		deployTarget: env.BITBUCKET_DEPLOYMENT_ENVIRONMENT,
		forge: repository?.url ? { kind: 'bitbucket', url: new URL(repository.url).origin } : undefined,
	});
}
