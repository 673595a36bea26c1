import { spawn } from 'node:child_process';
import { definedOnly, numberOf } from './defined.ts';
import type { CiEvent } from './event.ts';
import type { Ci, Environment, RunResult } from './host.ts';
import { unfolded } from './inert.ts';
import { plainLog } from './plain-log.ts';
import { childEnvironment } from './process.ts';
import { repositoryAt } from './run-repository.ts';
import { workspaceFolder } from './workspace.ts';

/**
 * Buildkite: outputs become meta-data of the build (`bump-image:commit`), and the summary an
 * annotation, by the agent's own program where it is on the PATH.
 * https://buildkite.com/docs/pipelines/configure/environment-variables
 */
export function buildkiteCi(env: Environment): Ci {
	const { log } = plainLog(process.stdout, unfolded);
	return {
		event: buildkiteEvent(env),
		workspace: workspaceFolder(env.BUILDKITE_BUILD_CHECKOUT_PATH),
		debug: false,
		log,
		fold(title, text) {
			process.stdout.write('--- ');
			log('info', `${title}\n${text}`);
		},
		mask: () => undefined,
		handOver: (result) => tellAgent(env, result),
	};
}

async function tellAgent(
	env: Environment,
	{ step, outputs, summary, succeeded, warn }: RunResult,
): Promise<void> {
	const calls = [...outputs].map(([name, value]): [string[], string] => [
		['meta-data', 'set', `${step}:${name}`],
		value,
	]);
	if (summary !== '')
		calls.push([
			['annotate', '--context', `lockstep-${step}`, '--style', succeeded ? 'info' : 'error'],
			summary,
		]);
	for (const [args, input] of calls) {
		const problem = await callAgent(env, args, input);
		if (problem === 'absent') return;
		if (problem !== undefined) warn(`buildkite-agent ${args.join(' ')} failed: ${problem}`);
	}
}

/** Calls the agent, which takes a value from its standard input. Returns what went wrong. */
async function callAgent(
	env: Environment,
	args: readonly string[],
	input: string,
): Promise<string | undefined> {
	return await new Promise((resolve) => {
		const child = spawn('buildkite-agent', args, {
			env: childEnvironment(env),
			stdio: ['pipe', 'ignore', 'pipe'],
		});
		let complaint = '';
		child.stderr.on('data', (chunk: Buffer) => {
			complaint += chunk.toString();
		});
		child.stdin.on('error', () => undefined);
		child.on('error', (error: NodeJS.ErrnoException) =>
			resolve(error.code === 'ENOENT' ? 'absent' : error.message),
		);
		child.on('close', (code) =>
			resolve(code === 0 ? undefined : complaint.trim() || `exit code ${code}`),
		);
		child.stdin.end(input);
	});
}

const kinds: Readonly<Record<string, CiEvent['kind']>> = {
	webhook: 'push',
	schedule: 'schedule',
	api: 'manual',
	ui: 'manual',
	trigger_job: 'manual',
};

function buildkiteEvent(env: Environment): CiEvent {
	const number = Number(env.BUILDKITE_PULL_REQUEST);
	const pullRequest =
		number > 0
			? definedOnly({
					number,
					source: env.BUILDKITE_BRANCH,
					target: env.BUILDKITE_PULL_REQUEST_BASE_BRANCH,
				})
			: undefined;
	return definedOnly<CiEvent>({
		kind: pullRequest
			? 'pull-request'
			: env.BUILDKITE_TAG
				? 'tag'
				: (kinds[env.BUILDKITE_SOURCE ?? ''] ?? 'unknown'),
		repository: repositoryAt(env.BUILDKITE_REPO, {
			defaultBranch: env.BUILDKITE_PIPELINE_DEFAULT_BRANCH,
		}),
		// For a tag it holds the tag.
		branch: pullRequest ? pullRequest.target : env.BUILDKITE_TAG ? undefined : env.BUILDKITE_BRANCH,
		tag: env.BUILDKITE_TAG,
		// A build that was started by hand may be of HEAD, whatever that will be.
		commit: /^[0-9a-f]{40,64}$/.test(env.BUILDKITE_COMMIT ?? '') ? env.BUILDKITE_COMMIT : undefined,
		pullRequest,
		author: env.BUILDKITE_BUILD_CREATOR || env.BUILDKITE_BUILD_AUTHOR,
		runUrl: env.BUILDKITE_BUILD_URL,
		runNumber: numberOf(env.BUILDKITE_BUILD_NUMBER),
	});
}
