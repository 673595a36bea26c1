import { appendFileSync, readFileSync } from 'node:fs';
import * as core from '@actions/core';
import { messageAt } from '../failure/failure.ts';
import { definedOnly, numberOf } from './defined.ts';
import { type CiEvent, type CiRepository, isNoCommit } from './event.ts';
import type { Ci, Environment, InputRequest, RawInput } from './host.ts';
import { inert, printable } from './inert.ts';
import { workspaceFolder } from './workspace.ts';

/** What is read of a webhook's payload; GitHub, Gitea and Forgejo agree on these. */
interface Payload {
	action?: string;
	deleted?: boolean;
	repository?: { default_branch?: string; clone_url?: string };
	pull_request?: { number?: number; merged?: boolean };
	deployment?: { environment?: string };
}

/** GitHub Actions, and those of Gitea and Forgejo, which set the same variables. */
export function githubCi(env: Environment): Ci {
	const place = (at: { file: string; line?: number; column?: number } | undefined) =>
		definedOnly({ file: at?.file, startLine: at?.line, startColumn: at?.column });
	const shown = (text: string) => inert(printable(text));
	return {
		event: githubEvent(env),
		workspace: workspaceFolder(env.GITHUB_WORKSPACE),
		debug: env.RUNNER_DEBUG === '1',
		form: {
			nameOf: (input) => `with.${input}`,
			inputs: async (request) => readInputs(env, request),
		},
		log(level, message, at) {
			// The runner's log shows an annotation's text, and not the file that it stands at.
			const text = shown(messageAt(message, at));
			if (level === 'error') core.error(text, place(at));
			else if (level === 'warn') core.warning(text, place(at));
			else process.stdout.write(`${text}\n`);
		},
		fold(title, text) {
			core.startGroup(shown(title));
			process.stdout.write(`${shown(text)}\n`);
			core.endGroup();
		},
		mask: (secret) => core.setSecret(secret),
		handOver({ outputs, summary }) {
			for (const [name, value] of outputs) core.setOutput(name, value);
			if (summary !== '' && env.GITHUB_STEP_SUMMARY)
				appendFileSync(env.GITHUB_STEP_SUMMARY, `${shortened(summary)}\n`);
		},
	};
}

/** A summary of which GitHub takes all: of one above 1 MiB it shows nothing. */
function shortened(summary: string): string {
	const limit = 1_000_000;
	if (Buffer.byteLength(summary) <= limit) return summary;
	const lines = Buffer.from(summary).subarray(0, limit).toString();
	return `${lines.slice(0, lines.lastIndexOf('\n'))}\n\nThe rest is too long to be shown here.`;
}

/**
 * GitHub hands over each input of `action.yml`, those not given as an empty text. What
 * `action.yml` does not have the runner itself warns of.
 */
function readInputs(env: Environment, { shapes }: InputRequest): Map<string, RawInput> {
	const inputs = new Map<string, RawInput>();
	for (const { name } of shapes) {
		const value = env[`INPUT_${name.toUpperCase()}`];
		if (value?.trim()) inputs.set(name, value);
	}
	return inputs;
}

function githubEvent(env: Environment): CiEvent {
	const payload = readPayload(env.GITHUB_EVENT_PATH);
	const name = env.GITHUB_EVENT_NAME ?? '';
	const pullRequest = name.startsWith('pull_request');
	const isTag = env.GITHUB_REF_TYPE === 'tag';
	const merged = payload.pull_request?.merged;
	return definedOnly<CiEvent>({
		kind: eventKind(env, payload),
		repository: githubRepository(env, payload),
		branch: pullRequest ? env.GITHUB_BASE_REF : isTag ? undefined : env.GITHUB_REF_NAME,
		tag: isTag ? env.GITHUB_REF_NAME : undefined,
		commit: env.GITHUB_SHA,
		deleted: payload.deleted === true || isNoCommit(env.GITHUB_SHA) ? true : undefined,
		pullRequest: pullRequest
			? definedOnly({
					number: payload.pull_request?.number ?? Number(env.GITHUB_REF?.split('/')[2]),
					source: env.GITHUB_HEAD_REF,
					target: env.GITHUB_BASE_REF,
					merged,
				})
			: undefined,
		author: env.GITHUB_ACTOR,
		runUrl:
			env.GITHUB_SERVER_URL && env.GITHUB_REPOSITORY && env.GITHUB_RUN_ID
				? `${env.GITHUB_SERVER_URL}/${env.GITHUB_REPOSITORY}/actions/runs/${env.GITHUB_RUN_ID}`
				: undefined,
		runNumber: numberOf(env.GITHUB_RUN_NUMBER),
		deployTarget: payload.deployment?.environment,
		forge: env.GITHUB_SERVER_URL
			? definedOnly({
					kind: env.GITEA_ACTIONS ? 'gitea' : env.FORGEJO_ACTIONS ? 'forgejo' : 'github',
					url: env.GITHUB_SERVER_URL,
					apiUrl: env.GITHUB_API_URL,
				})
			: undefined,
	});
}

function eventKind(env: Environment, payload: Payload): CiEvent['kind'] {
	switch (env.GITHUB_EVENT_NAME) {
		case 'push':
			return env.GITHUB_REF_TYPE === 'tag' ? 'tag' : 'push';
		case 'pull_request':
		case 'pull_request_target':
			return payload.action !== 'closed' ? 'pull-request' : 'pull-request-closed';
		case 'deployment':
			return 'deployment';
		case 'schedule':
			return 'schedule';
		case 'workflow_dispatch':
		case 'repository_dispatch':
			return 'manual';
		default:
			return 'unknown';
	}
}

function githubRepository(env: Environment, payload: Payload): CiRepository | undefined {
	const [owner, name] = (env.GITHUB_REPOSITORY ?? '').split('/');
	if (!owner || !name) return undefined;
	const url = env.GITHUB_SERVER_URL ? `${env.GITHUB_SERVER_URL}/${owner}/${name}` : undefined;
	return definedOnly({
		owner,
		name,
		url,
		cloneUrl: payload.repository?.clone_url ?? (url ? `${url}.git` : undefined),
		defaultBranch: payload.repository?.default_branch,
	});
}

/** The event's payload; a file that is missing or no JSON tells nothing, and that is no error. */
function readPayload(file: string | undefined): Payload {
	if (!file) return {};
	try {
		return JSON.parse(readFileSync(file, 'utf8')) as Payload;
	} catch {
		return {};
	}
}
