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

/**
 * The branch or tag of a job that is not multibranch, by what the git plugin has checked out:
 * `origin/main`, `refs/tags/v1`, or `detached` for a commit that was asked for by its name.
 */
function checkedOut(name: string | undefined): { branch?: string; tag?: string } {
	if (!name || name === 'detached') return {};
	const tag = /^(?:refs\/)?tags\/(.+)$/.exec(name)?.[1];
	return tag ? { tag } : { branch: name.replace(/^(refs\/(heads|remotes\/origin)|origin)\//, '') };
}

function jenkinsEvent(env: Environment): CiEvent {
	const found = checkedOut(env.GIT_BRANCH);
	const branch = env.BRANCH_NAME || found.branch;
	const tag = env.TAG_NAME || (env.BRANCH_NAME ? undefined : found.tag);
	const pullRequest = env.CHANGE_ID
		? definedOnly({
				number: Number(env.CHANGE_ID),
				source: env.CHANGE_BRANCH,
				target: env.CHANGE_TARGET,
			})
		: undefined;
	return definedOnly<CiEvent>({
		kind: pullRequest ? 'pull-request' : tag ? 'tag' : branch ? 'push' : 'unknown',
		repository: repositoryAt(env.GIT_URL || env.GIT_URL_1),
		// For a pull request BRANCH_NAME is PR-12, and for a tag it is the tag.
		branch: pullRequest ? pullRequest.target : tag ? undefined : branch,
		tag,
		commit: env.GIT_COMMIT,
		pullRequest,
		author: env.CHANGE_AUTHOR,
		runUrl: env.BUILD_URL,
		runNumber: numberOf(env.BUILD_NUMBER),
	});
}
