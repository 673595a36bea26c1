import { messageAt } from '../failure/failure.ts';
import { definedOnly, numberOf } from './defined.ts';
import type { CiEvent, CiRepository } from './event.ts';
import type { Ci, Environment, InputForm, InputRequest, RawInput, RunResult } from './host.ts';
import { inert, printable } from './inert.ts';
import { repositoryAt } from './run-repository.ts';
import { workspaceFolder } from './workspace.ts';

/**
 * Azure Pipelines: as a task the inputs are the task's; everything that goes back is a command
 * in the log.
 * https://learn.microsoft.com/azure/devops/pipelines/build/variables and
 * https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands
 */
export function azureCi(env: Environment): Ci {
	const write = (line: string) => process.stdout.write(`${line}\n`);
	const log: Ci['log'] = (level, message, at) => {
		const text = inert(printable(messageAt(message, at)));
		if (level === 'info') write(text);
		else if (level === 'debug') write(text.replace(/^/gm, '##[debug]'));
		else
			write(
				command('task.logissue', text, {
					type: level === 'warn' ? 'warning' : 'error',
					sourcepath: at?.file,
					linenumber: at?.line,
					columnnumber: at?.column,
				}),
			);
	};
	return {
		event: azureEvent(env),
		workspace: workspaceFolder(env.BUILD_SOURCESDIRECTORY),
		debug: env.SYSTEM_DEBUG?.toLowerCase() === 'true',
		form: Object.keys(env).some((name) => name.startsWith('INPUT_')) ? taskForm(env) : undefined,
		log,
		fold(title, text) {
			write(`##[group]${inert(printable(title))}`);
			log('info', text);
			write('##[endgroup]');
		},
		mask: (secret) => write(command('task.setsecret', secret)),
		handOver: async (result) => {
			for (const line of await resultCommands(result)) write(line);
		},
	};
}

async function resultCommands({ step, outputs, summary, writeFile }: RunResult): Promise<string[]> {
	const commands = [...outputs].map(([name, value]) =>
		command('task.setvariable', value, { variable: azureName(name), isOutput: true }),
	);
	const page = summary === '' ? undefined : await writeFile(`${step}.md`, `${summary}\n`);
	return page === undefined ? commands : [...commands, command('task.uploadsummary', page)];
}

/**
 * A command of the agent's, as its own library escapes it (azure-pipelines-task-lib,
 * taskcommand.ts), so that no value ends it or begins another.
 */
function command(
	name: string,
	value: string,
	properties: Readonly<Record<string, string | number | boolean | undefined>> = {},
): string {
	const escaped = (text: string) =>
		text.replaceAll('%', '%AZP25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
	const given = Object.entries(definedOnly(properties)).map(
		([key, property]) =>
			`${key}=${escaped(String(property)).replaceAll(']', '%5D').replaceAll(';', '%3B')};`,
	);
	return `##vso[${[name, given.join('')].join(' ').trim()}]${escaped(value)}`;
}

/** `dry-run` -> `dryRun`: the names of a task's inputs, and of variables, take no hyphens. */
export function azureName(name: string): string {
	return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function taskForm(env: Environment): InputForm {
	return {
		nameOf: azureName,
		async inputs({ shapes }: InputRequest) {
			const given = shapes.flatMap(({ name }): [string, RawInput][] => {
				const value = env[`INPUT_${azureName(name).toUpperCase()}`];
				return value === undefined ? [] : [[name, value]];
			});
			return new Map(given);
		},
	};
}

const kinds: Readonly<Record<string, CiEvent['kind']>> = {
	IndividualCI: 'push',
	BatchedCI: 'push',
	PullRequest: 'pull-request',
	Schedule: 'schedule',
	Manual: 'manual',
	BuildCompletion: 'manual',
	ResourceTrigger: 'manual',
};

function azureEvent(env: Environment): CiEvent {
	const ref = env.BUILD_SOURCEBRANCH ?? '';
	const tag = /^refs\/tags\/(.+)$/.exec(ref)?.[1];
	const number = env.SYSTEM_PULLREQUEST_PULLREQUESTNUMBER || env.SYSTEM_PULLREQUEST_PULLREQUESTID;
	const pullRequest = number
		? definedOnly({
				number: Number(number),
				source: branchOf(env.SYSTEM_PULLREQUEST_SOURCEBRANCH),
				target: branchOf(env.SYSTEM_PULLREQUEST_TARGETBRANCH),
			})
		: undefined;
	const kind = kinds[env.BUILD_REASON ?? ''] ?? 'unknown';
	return definedOnly<CiEvent>({
		kind: kind === 'push' && tag ? 'tag' : kind,
		repository: azureRepository(env),
		branch: pullRequest ? pullRequest.target : /^refs\/heads\/(.+)$/.exec(ref)?.[1],
		tag,
		commit: env.BUILD_SOURCEVERSION,
		pullRequest,
		author: env.BUILD_REQUESTEDFOR,
		runUrl: runUrl(env),
		runNumber: numberOf(env.BUILD_BUILDID),
		deployTarget: env.ENVIRONMENT_NAME,
		forge: forgeOf(env),
	});
}

/** `refs/heads/main`, as it is for Azure Repos, or `main`, as it is for GitHub. */
function branchOf(ref: string | undefined): string | undefined {
	return ref?.replace(/^refs\/heads\//, '');
}

function azureRepository(env: Environment): CiRepository | undefined {
	const found = repositoryAt(env.BUILD_REPOSITORY_URI);
	return found && { ...found, owner: found.owner.replace(/\/_git$/, '') };
}

function runUrl(env: Environment): string | undefined {
	const { SYSTEM_COLLECTIONURI: collection, SYSTEM_TEAMPROJECT: project } = env;
	if (!collection || !project) return undefined;
	return `${collection.replace(/\/?$/, '/')}${encodeURIComponent(project)}/_build/results?buildId=${env.BUILD_BUILDID}`;
}

/** Azure Repos has repositories below the address of an organisation, not of the host alone. */
function forgeOf(env: Environment): CiEvent['forge'] | undefined {
	const repository = repositoryAt(env.BUILD_REPOSITORY_URI);
	if (!repository?.url) return undefined;
	const { origin } = new URL(repository.url);
	if (env.BUILD_REPOSITORY_PROVIDER === 'TfsGit')
		return { kind: 'azure', url: env.SYSTEM_COLLECTIONURI?.replace(/\/+$/, '') || origin };
	if (env.BUILD_REPOSITORY_PROVIDER?.startsWith('GitHub')) return { kind: 'github', url: origin };
	return undefined;
}
