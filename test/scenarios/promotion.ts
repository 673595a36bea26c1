import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Forge, type ForgeOptions, startForge } from '../stand-ins/forge/forge.ts';
import type { PullRequest } from '../stand-ins/forge/model.ts';
import { requestProblems } from '../stand-ins/forge/request-problems.ts';
import { commitToBranch, fixtureSignature } from '../stand-ins/git/bare-repository.ts';
import type { RecordedRequest } from '../stand-ins/git/exchange.ts';
import { git, resolveCommit } from '../stand-ins/git/git.ts';
import { onGitHub, type TestedForge } from './forges.ts';
import { commandLine, type Front, github, type Situation, type Values } from './fronts.ts';
import { requestsAsPulls } from './git-requests.ts';
import { runStep, type StepOptions, type StepRun } from './run-step.ts';

export const token = 'promoter-token-0123456789';
export const production = 'acme/infra-production';
export const qa = 'acme/infra-qa';
export const name = 'ghcr.io/acme/api';
export const branch = 'promote/production-acme-api';

export function manifest(image: string): string {
	return `# the api\nspec:\n  containers:\n    - {name: api, image: "${image}"} # keep\n`;
}

/** A forge with QA's and production's repositories, and what a test asks of them. */
export class Promotion {
	readonly forge: Forge;
	/** QA's repository as its pipeline checked it out. */
	readonly workspace: string;
	readonly situation: Situation;
	/** Where production's repository is. */
	readonly on: TestedForge;
	/** Requests that a test has looked at already. */
	readonly #taken: RecordedRequest[] = [];

	constructor(forge: Forge, workspace: string, situation: Situation, on: TestedForge) {
		this.on = on;
		this.forge = forge;
		this.workspace = workspace;
		this.situation = situation;
	}

	static async start(
		options: Partial<ForgeOptions> = {},
		on: TestedForge = onGitHub,
	): Promise<Promotion> {
		const forge = await startForge({
			...on.options,
			...options,
			users: [
				{ name: 'promoter', token },
				{ name: 'reader', token: 'reader-token-0123456789', access: 'read' },
				{ name: 'writer', token: 'writer-token-0123456789', access: 'write' },
				{ name: 'github-actions[bot]', token: `ghs_${'a'.repeat(500)}`, access: { [qa]: 'admin' } },
				{ name: 'github-actions[bot]', token: `ghs_${'b'.repeat(36)}` },
				{ name: 'alice', token: 'alice-token' },
				{ name: 'bob', token: 'bob-token' },
				// A team of Azure's, where teams are identities as users are.
				{ name: '[shop]\\operations', token: 'no-token-of-a-team' },
			],
		});
		await forge.createRepository(on.production, {
			files: { 'api.yaml': manifest(`${name}:1`), 'other.yaml': 'a: 1\n' },
		});
		await forge.createRepository(qa, { files: { 'api.yaml': manifest(`${name}:1`) } });
		const source = 'c'.repeat(40);
		const commit = await commitToBranch(
			forge.repositoryPath(qa),
			'main',
			{ 'api.yaml': manifest(`${name}:2`) },
			`Bump api\n\nLockstep-Image: ${name}:2\nLockstep-Source: git.example/acme/api@${source}\nLockstep-Environment: qa\n`,
		);
		const workspace = await mkdtemp(join(tmpdir(), 'promotion-'));
		const checkout = join(workspace, 'checkout');
		await git(workspace, ['clone', '--quiet', forge.repositoryPath(qa), checkout]);
		return new Promotion(forge, checkout, { server: forge.url, repository: qa, commit }, on);
	}

	/** Runs the step as QA's pipeline does. */
	async run(
		inputs: Values = {},
		front: Front = this.on.front,
		at: Partial<Situation> = {},
		{ cwd = this.workspace, env = {}, onStart }: StepOptions = {},
	): Promise<StepRun> {
		const all = {
			repository: this.on.cloneUrl(this.forge, this.on.production),
			...this.on.inputs(this.forge),
			token,
			file: 'api.yaml',
			image: `${name}:2`,
			environment: 'production',
			...inputs,
		};
		const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
		const started = front({ ...this.situation, ...at }, given);
		const run = await runStep('promotion-pr', {
			...started,
			cwd,
			env: { ...started.env, ...env },
			...(onStart && { onStart }),
		});
		await this.#look();
		return run;
	}

	/** Takes over what the repository itself says of its pull requests, where no forge does. */
	async #look(): Promise<void> {
		if (!this.on.isPlain) return;
		const { pulls, path } = this.forge.repository(this.on.production);
		const now = await requestsAsPulls(path);
		pulls.splice(0, pulls.length, ...now);
	}

	/** Runs bump-image on production's repository, from the same pipeline. */
	async bump(
		inputs: Values = {},
		front: Front = github,
		at: Partial<Situation> = {},
		options: StepOptions = {},
	): Promise<StepRun> {
		const all = {
			repository: this.forge.cloneUrl(production),
			token,
			file: 'api.yaml',
			image: name,
			tag: '2',
			...inputs,
		};
		const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
		const started = front({ ...this.situation, ...at }, given);
		return await runStep('bump-image', { ...started, cwd: this.workspace, ...options });
	}

	/** What an earlier step of the same workspace left. */
	async leave(step: string, outputs: Values): Promise<void> {
		await mkdir(join(this.workspace, '.lockstep'), { recursive: true });
		await writeFile(join(this.workspace, '.lockstep', `${step}.json`), JSON.stringify(outputs));
	}

	get pulls(): PullRequest[] {
		return this.forge.repository(this.on.production).pulls;
	}

	/** The pull request that is the only one. */
	get pull(): PullRequest {
		const [pull, ...more] = this.pulls;
		if (pull === undefined || more.length > 0)
			throw new Error(`there are ${this.pulls.length} pull requests, not one`);
		return pull;
	}

	tip(of: string): Promise<string | undefined> {
		return resolveCommit(this.forge.repositoryPath(this.on.production), `refs/heads/${of}`);
	}

	git(...args: string[]): Promise<string> {
		return git(this.forge.repositoryPath(this.on.production), args);
	}

	/** A commit of somebody else's in production's repository. */
	commit(to: string, files: Record<string, string>, message = 'By a person'): Promise<string> {
		const author = { ...fixtureSignature, name: 'Alice', email: 'alice@example.com' };
		const path = this.forge.repositoryPath(this.on.production);
		return commitToBranch(path, to, files, message, author);
	}

	/** Merges a pull request as a person does. */
	async merge(number: number, method: 'merge' | 'squash' | 'rebase'): Promise<void> {
		if (!this.on.isPlain)
			return await this.forge.mergePullRequest(this.on.production, number, 'alice', method);
		const merge = { action: 'merge', number: String(number), method, 'author-name': 'alice' };
		const { exitCode, stderr } = await this.review(merge);
		if (exitCode !== 0) throw new Error(stderr);
	}

	/** Runs review-promotion on production's repository, as people do on a command line. */
	async review(inputs: Values, options: StepOptions = {}): Promise<StepRun> {
		const repository = this.on.cloneUrl(this.forge, this.on.production);
		const all = { repository, ...this.on.inputs(this.forge), token, ...inputs };
		const run = await runStep('review-promotion', {
			...commandLine(this.situation, all),
			...options,
		});
		await this.#look();
		return run;
	}

	/** A branch of production's repository that stands where another one does. */
	async makeBranch(of: string, at = 'main'): Promise<void> {
		await this.git('branch', of, at);
	}

	/** Requests since the last call that could have written anything. */
	takeWrites(): string[] {
		const requests = this.forge.requests.splice(0);
		this.#taken.push(...requests);
		return requests
			.filter(({ method, path }) => method !== 'GET' && !path.endsWith('git-upload-pack'))
			.map(({ method, path, status }) => `${method} ${path.replace(/^.*\/acme\//, '')} ${status}`);
	}

	/** What the forges' own descriptions find wrong with the requests so far. */
	requestProblems(): Promise<string[]> {
		return requestProblems([...this.#taken, ...this.forge.requests]);
	}

	async close(): Promise<void> {
		await this.forge.close();
		await rm(join(this.workspace, '..'), { recursive: true, force: true });
	}
}
