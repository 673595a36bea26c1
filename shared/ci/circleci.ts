import { homedir } from 'node:os';
import { definedOnly, numberOf } from './defined.ts';
import type { CiEvent } from './event.ts';
import type { Ci, Environment, RunResult } from './host.ts';
import { appendLines, outputVariable, shellQuote } from './outputs.ts';
import { plainLog } from './plain-log.ts';
import { repositoryAt } from './run-repository.ts';
import { workspaceFolder } from './workspace.ts';

/**
 * CircleCI: outputs become variables of the job's later steps, by `$BASH_ENV`.
 * https://circleci.com/docs/reference/variables/#built-in-environment-variables
 */
export function circleciCi(env: Environment): Ci {
	return {
		event: circleciEvent(env),
		workspace: workspaceFolder(env.CIRCLE_WORKING_DIRECTORY?.replace(/^~(?=\/|$)/, homedir())),
		debug: false,
		...plainLog(process.stdout),
		mask: () => undefined,
		handOver({ step, outputs }: RunResult) {
			if (!env.BASH_ENV) return;
			appendLines(
				env.BASH_ENV,
				[...outputs].map(
					([name, value]) => `export ${outputVariable(step, name)}=${shellQuote(value)}`,
				),
			);
		},
	};
}

function circleciEvent(env: Environment): CiEvent {
	// A pull request is named by its page alone: its target branch is not told.
	const number = /\/(\d+)$/.exec(env.CIRCLE_PULL_REQUEST ?? '')?.[1];
	return definedOnly<CiEvent>({
		kind: number ? 'pull-request' : env.CIRCLE_TAG ? 'tag' : env.CIRCLE_BRANCH ? 'push' : 'unknown',
		repository: repositoryAt(env.CIRCLE_REPOSITORY_URL),
		branch: number ? undefined : env.CIRCLE_BRANCH,
		tag: env.CIRCLE_TAG,
		commit: env.CIRCLE_SHA1,
		pullRequest: number
			? definedOnly({ number: Number(number), source: env.CIRCLE_BRANCH })
			: undefined,
		author: env.CIRCLE_USERNAME,
		runUrl: env.CIRCLE_BUILD_URL,
		runNumber: numberOf(env.CIRCLE_BUILD_NUM),
	});
}
