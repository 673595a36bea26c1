import { definedOnly, numberOf } from './defined.ts';
import type { CiEvent } from './event.ts';
import type { Ci, Environment } from './host.ts';
import { plainLog } from './plain-log.ts';
import { repositoryAt } from './run-repository.ts';
import { workspaceFolder } from './workspace.ts';

/**
 * Jenkins: it takes outputs from files alone, which those of the outputs folder are.
 * https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables, and
 * /env-vars.html of a Jenkins for what multibranch pipelines and the git plugin add
 */
export function jenkinsCi(env: Environment): Ci {
	return {
		event: jenkinsEvent(env),
		workspace: workspaceFolder(env.WORKSPACE),
		debug: false,
		...plainLog(process.stdout),
		mask: () => undefined,
		handOver: () => undefined,
	};
}

function jenkinsEvent(env: Environment): CiEvent {
	const branch = env.BRANCH_NAME || env.GIT_BRANCH?.replace(/^origin\//, '');
	const pullRequest = env.CHANGE_ID
		? definedOnly({
				number: Number(env.CHANGE_ID),
				source: env.CHANGE_BRANCH,
				target: env.CHANGE_TARGET,
			})
		: undefined;
	return definedOnly<CiEvent>({
		kind: pullRequest ? 'pull-request' : env.TAG_NAME ? 'tag' : branch ? 'push' : 'unknown',
		repository: repositoryAt(env.GIT_URL || env.GIT_URL_1),
		// For a pull request BRANCH_NAME is PR-12, and for a tag it is the tag.
		branch: pullRequest ? pullRequest.target : env.TAG_NAME ? undefined : branch,
		tag: env.TAG_NAME,
		commit: env.GIT_COMMIT,
		pullRequest,
		author: env.CHANGE_AUTHOR,
		runUrl: env.BUILD_URL,
		runNumber: numberOf(env.BUILD_NUMBER),
	});
}
