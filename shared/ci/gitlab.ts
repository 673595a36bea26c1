import { definedOnly, numberOf } from './defined.ts';
import type { CiEvent } from './event.ts';
import type { Ci, Environment, RunResult } from './host.ts';
import { dotenvOf, outputsWithin, outputVariable } from './outputs.ts';
import { plainLog } from './plain-log.ts';
import { repositoryAt } from './run-repository.ts';
import { workspaceFolder } from './workspace.ts';

/**
 * GitLab CI/CD: outputs go to `<step>.dotenv` of the outputs folder, for the job to hand on as
 * `artifacts: reports: dotenv`.
 * https://docs.gitlab.com/ci/variables/predefined_variables/
 */
export function gitlabCi(env: Environment): Ci {
	const { log } = plainLog(process.stdout);
	let sections = 0;
	return {
		event: gitlabEvent(env),
		workspace: workspaceFolder(env.CI_PROJECT_DIR),
		debug: env.CI_DEBUG_TRACE === 'true',
		log,
		fold(title, text) {
			sections += 1;
			const name = `lockstep_${process.pid}_${sections}`;
			process.stdout.write(sectionMark('start', `${name}[collapsed=true]`));
			log('info', `${title}\n${text}`);
			process.stdout.write(`${sectionMark('end', name)}\n`);
		},
		mask: () => undefined,
		handOver: writeDotenv,
	};
}

/** https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections */
function sectionMark(kind: 'start' | 'end', name: string): string {
	return `\x1b[0Ksection_${kind}:${Math.floor(Date.now() / 1000)}:${name}\r\x1b[0K`;
}

/**
 * A line for each output, not quoted: GitLab takes what follows the `=` as it is, one line of
 * it, and 5 KB in all. https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsdotenv
 */
async function writeDotenv(result: RunResult): Promise<void> {
	const { step } = result;
	const lineOf = (name: string, value: string) => `${outputVariable(step, name)}=${value}\n`;
	const limit = {
		of: "GitLab's dotenv report",
		bytes: 5000,
		size: (name: string, value: string) => Buffer.byteLength(lineOf(name, value)),
		lines: false,
	};
	const lines = [...outputsWithin(limit, result)].map(([name, value]) => lineOf(name, value));
	await result.writeFile(dotenvOf(step), lines.join(''));
}

const kinds: Readonly<Record<string, CiEvent['kind']>> = {
	push: 'push',
	merge_request_event: 'pull-request',
	external_pull_request_event: 'pull-request',
	schedule: 'schedule',
	api: 'manual',
	chat: 'manual',
	pipeline: 'manual',
	trigger: 'manual',
	web: 'manual',
	webide: 'manual',
};

/** A merge request, or a pull request on GitHub for which GitLab runs the pipelines. */
function pullRequestOf(env: Environment): CiEvent['pullRequest'] {
	const name = env.CI_MERGE_REQUEST_IID ? 'CI_MERGE_REQUEST' : 'CI_EXTERNAL_PULL_REQUEST';
	const number = env[`${name}_IID`];
	if (!number) return undefined;
	return definedOnly({
		number: Number(number),
		source: env[`${name}_SOURCE_BRANCH_NAME`],
		target: env[`${name}_TARGET_BRANCH_NAME`],
	});
}

function gitlabEvent(env: Environment): CiEvent {
	const pullRequest = pullRequestOf(env);
	return definedOnly<CiEvent>({
		kind:
			env.CI_COMMIT_TAG && env.CI_PIPELINE_SOURCE === 'push'
				? 'tag'
				: (kinds[env.CI_PIPELINE_SOURCE ?? ''] ?? 'unknown'),
		// CI_REPOSITORY_URL holds the job's token.
		repository: repositoryAt(env.CI_PROJECT_URL && `${env.CI_PROJECT_URL}.git`, {
			url: env.CI_PROJECT_URL,
			defaultBranch: env.CI_DEFAULT_BRANCH,
		}),
		branch: pullRequest ? pullRequest.target : env.CI_COMMIT_BRANCH,
		tag: env.CI_COMMIT_TAG,
		commit: env.CI_COMMIT_SHA,
		pullRequest,
		author: env.CI_COMMIT_AUTHOR?.replace(/\s*<[^<>]*>$/, '') || env.GITLAB_USER_LOGIN,
		runUrl: env.CI_PIPELINE_URL,
		runNumber: numberOf(env.CI_PIPELINE_IID),
		deployTarget: env.CI_ENVIRONMENT_NAME,
		forge: env.CI_SERVER_URL
			? definedOnly({ kind: 'gitlab' as const, url: env.CI_SERVER_URL, apiUrl: env.CI_API_V4_URL })
			: undefined,
	});
}
