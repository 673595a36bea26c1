import { Octokit } from '@octokit/rest';
import { afterEach, beforeEach, expect } from 'vitest';
import { type Forge, type ForgeEvent, startForge } from './forge/forge.ts';
import { githubDescription } from './forge/github-description.ts';
import { commitToBranch } from './git/bare-repository.ts';
import { resolveCommit } from './git/git.ts';

/** What the tests of GitHub's stand-in work on: it is made anew before each of them. */
export const repo = { owner: 'acme', repo: 'infra' };
export let forge: Forge;
export let events: ForgeEvent[];
export let bot: Octokit;
export let reviewer: Octokit;

export function client(token: string): Octokit {
	const silent = () => undefined;
	const log = { debug: silent, info: silent, warn: silent, error: silent };
	return new Octokit({ auth: token, baseUrl: forge.apiUrl, log });
}

beforeEach(async () => {
	forge = await startForge({
		users: [
			{ name: 'bot', token: 'bot-token' },
			{ name: 'reviewer', token: 'reviewer-token' },
			{ name: 'reader', token: 'reader-token', access: 'read' },
			{ name: 'stranger', token: 'stranger-token', access: 'none' },
		],
	});
	await forge.createRepository('acme/infra', {
		files: { 'app.yaml': 'image: app:1\nreplicas: 1\n', 'other.yaml': 'a: 1\n' },
		defaultBranch: 'master',
	});
	events = [];
	forge.onEvent((event) => events.push(event));
	bot = client('bot-token');
	reviewer = client('reviewer-token');
});
/** Whatever a test asks is a request that GitHub knows, and answered in GitHub's own types. */
afterEach(async () => {
	const description = await githubDescription();
	const requests = forge.requests.filter(({ kind, fault }) => kind === 'github' && !fault);
	const problems = requests.flatMap((request) => [
		...description.requestProblems(request),
		...description.answerProblems(request),
	]);
	await forge.close();
	expect(problems).toEqual([]);
});

export const path = () => forge.repositoryPath('acme/infra');
export const tip = (branch: string) => resolveCommit(path(), `refs/heads/${branch}`);

export async function branch(name: string, files: Record<string, string>): Promise<string> {
	const sha = (await tip('master')) ?? '';
	await bot.git.createRef({ ...repo, ref: `refs/heads/${name}`, sha });
	return commitToBranch(path(), name, files, `Change ${Object.keys(files).join(', ')}`);
}

export async function openPull(
	head: string,
	files: Record<string, string> = { 'app.yaml': 'image: app:2\nreplicas: 1\n' },
) {
	await branch(head, files);
	const { data } = await bot.pulls.create({ ...repo, head, base: 'master', title: `Take ${head}` });
	return data.number;
}

export function status(call: Promise<unknown>): Promise<unknown> {
	return call.then(
		() => 'done',
		(error: { status?: number; message: string }) => `${error.status} ${error.message}`,
	);
}

/** Numbers of the pull requests that a filter lets through. */
export async function list(filter: { head?: string; state?: 'all' | 'open' | 'closed' }) {
	const { data } = await bot.pulls.list({ ...repo, ...filter });
	return data.map((pull) => pull.number);
}
