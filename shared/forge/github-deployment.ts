import type { Octokit } from '@octokit/rest';
import { Failure } from '../failure/failure.ts';
import type { DeploymentStatus, RunStatus } from './run-status.ts';

/** One repository, and how to ask for it. */
export interface DeploymentQuestion {
	readonly octokit: Octokit;
	readonly where: { readonly owner: string; readonly repo: string };
	/** Whether a request may have been done although it failed. */
	readonly isLost: (error: unknown) => boolean;
	/** Waits before another attempt. */
	readonly pause: (attempt: number) => Promise<void>;
}

const attempts = 4;

/** What GitHub tells of runs on the pages of commits and environments. */
export class GitHubDeployments {
	readonly #question: DeploymentQuestion;
	/** Numbers of the deployments that this process opened, by environment. */
	readonly #open = new Map<string, number>();

	constructor(question: DeploymentQuestion) {
		this.#question = question;
	}

	/** See docs.github.com/rest/commits/statuses. */
	async writeStatus({ commit, state, context, description, runUrl }: RunStatus): Promise<void> {
		const { octokit, where } = this.#question;
		await octokit.rest.repos.createCommitStatus({
			...where,
			sha: commit,
			state: state === 'running' ? 'pending' : state,
			context,
			description,
			...(runUrl && { target_url: runUrl }),
		});
	}

	/** See docs.github.com/rest/deployments: a success takes the place of earlier ones. */
	async write(deployment: DeploymentStatus): Promise<void> {
		const { octokit, where } = this.#question;
		const { state, description, runUrl, environment, environmentUrl } = deployment;
		const number = this.#open.get(environment) ?? (await this.#create(deployment));
		this.#open.set(environment, number);
		await octokit.rest.repos.createDeploymentStatus({
			...where,
			deployment_id: number,
			state: state === 'running' ? 'in_progress' : state,
			description,
			environment,
			auto_inactive: true,
			...(runUrl && { log_url: runUrl }),
			...(environmentUrl && { environment_url: environmentUrl }),
		});
	}

	/** Waits for no checks, and has nothing merged into what is deployed. */
	async #create(deployment: DeploymentStatus): Promise<number> {
		const { octokit, where, isLost, pause } = this.#question;
		const { commit, environment, description, runUrl } = deployment;
		for (let attempt = 1; ; attempt++) {
			try {
				const { data } = await octokit.rest.repos.createDeployment({
					...where,
					ref: commit,
					environment,
					description,
					auto_merge: false,
					required_contexts: [],
					payload: { run: runUrl ?? '' },
				});
				if ('id' in data) return data.id;
				throw new Failure(`GitHub did not open a deployment: ${data.message ?? 'it says nothing'}`);
			} catch (error) {
				if (!isLost(error) || attempt === attempts) throw error;
			}
			// The answer got lost, and perhaps only the answer.
			await pause(attempt);
			const found = await this.#find(deployment);
			if (found !== undefined) return found;
		}
	}

	/** The newest deployment of this commit that this run opened. */
	async #find({ commit, environment, runUrl }: DeploymentStatus): Promise<number | undefined> {
		const { octokit, where } = this.#question;
		const request = { ...where, sha: commit, environment };
		const { data } = await octokit.rest.repos.listDeployments(request);
		return data.find(({ payload }) => runIn(payload) === (runUrl ?? ''))?.id;
	}
}

/** GitHub gives back an object as it was sent, or its JSON. */
function runIn(payload: unknown): unknown {
	try {
		const told: unknown = typeof payload === 'string' ? JSON.parse(payload) : payload;
		return (told as { run?: unknown } | null)?.run;
	} catch {
		return undefined;
	}
}
