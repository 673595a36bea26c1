import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PipelineResult, StepResult } from '../engines/pipeline.ts';
import { type ForgeEvent, readWebhook } from '../engines/webhook.ts';
import {
	type CiName,
	type CiPlan,
	cis,
	type EnvironmentName,
	fullNameOf,
	type RepositoryName,
	repositoryNames,
} from './flow.ts';
import type { RepositoryView } from './repository-view.ts';
import { docker, type Servers } from './servers.ts';

/** One pipeline that a CI has run, or found to be none of the event's business. */
export interface Run {
	readonly repository: RepositoryName;
	readonly ci: CiName;
	/** Counts the runs of a repository, from 1. */
	readonly number: number;
	readonly event: ForgeEvent;
	/** The event had been delivered before. */
	readonly again: boolean;
	readonly result: PipelineResult;
	readonly seconds: number;
}

/** Told what happens while it happens. */
export interface CiWatcher {
	runStarts?(repository: RepositoryName, ci: CiName, event: ForgeEvent): void;
	stepStarts?(repository: RepositoryName, name: string): void;
	log?(line: string): void;
	stepEnds?(repository: RepositoryName, step: StepResult): void;
	runEnds?(run: Run): void;
}

interface CiOptions {
	readonly servers: Servers;
	readonly plan: CiPlan;
	readonly views: Readonly<Record<RepositoryName, RepositoryView>>;
	/** For the workspaces of the runs. */
	readonly folder: string;
	readonly watcher: CiWatcher;
}

/** The CIs of the four repositories: webhooks come in, pipelines of the repositories are run. */
export class CiServer {
	/** Every event that came in, the oldest first. */
	readonly events: ForgeEvent[] = [];
	/** Every run, skipped ones too, the oldest first. */
	readonly runs: Run[] = [];
	readonly #options: CiOptions;
	#work: Promise<void> = Promise.resolve();
	#waiting = 0;

	constructor(options: CiOptions) {
		this.#options = options;
	}

	/** Takes a webhook; its run begins when those before it have ended. */
	take(name: string, payload: unknown): void {
		const event = readWebhook(name, payload);
		if (event === undefined) return;
		this.events.push(event);
		this.#enqueue(event, false);
	}

	/** Delivers an event once more, as a person can on the forge's page of webhooks. */
	async deliverAgain(event: ForgeEvent): Promise<void> {
		this.#enqueue(event, true);
		await this.idle();
	}

	/** Whether no run is under way or waiting. */
	get isIdle(): boolean {
		return this.#waiting === 0;
	}

	/** Resolves when no run is under way or waiting. */
	async idle(): Promise<void> {
		while (this.#waiting > 0) await this.#work;
	}

	#enqueue(event: ForgeEvent, again: boolean): void {
		this.#waiting += 1;
		this.#work = this.#work.then(async () => {
			try {
				await this.#run(event, again);
			} finally {
				this.#waiting -= 1;
			}
		});
		// Whoever waits by `idle` is told.
		this.#work.catch(() => undefined);
	}

	async #run(event: ForgeEvent, again: boolean): Promise<void> {
		const { servers, plan, views, folder, watcher } = this.#options;
		const repository = repositoryNames.find(
			(name) => fullNameOf(name) === event.repository.fullName,
		);
		if (repository === undefined) return;
		const ci = plan[repository];
		const view = await views[repository].update();
		const text = await view.read(event.deleted ? 'main' : event.commit, cis[ci].file);
		if (text === undefined) return;
		const number = this.runs.filter((run) => run.repository === repository).length + 1;
		const runFolder = join(folder, `${repository}-${number}`);
		await mkdir(runFolder, { recursive: true });
		const { name: username, token } = servers.ciAccounts[repository];
		const started = performance.now();
		let hasStarted = false;
		const result = await cis[ci].run(text, event, {
			folder: runFolder,
			secrets: secretsOf(repository, ci, servers),
			credentials: { username, token },
			forge: servers.forge,
			programs: servers.programs,
			number,
			onStep: ({ name }) => {
				if (!hasStarted) watcher.runStarts?.(repository, ci, event);
				hasStarted = true;
				watcher.stepStarts?.(repository, name);
			},
			onLog: (line) => watcher.log?.(line),
			onStepEnd: (step) => watcher.stepEnds?.(repository, step),
		});
		const seconds = (performance.now() - started) / 1000;
		const run = { repository, ci, number, event, again, result, seconds };
		this.runs.push(run);
		if (result.status !== 'skipped') watcher.runEnds?.(run);
	}
}

/** The secrets that a person has put into the CI for a repository. */
export function secretsOf(
	repository: RepositoryName,
	ci: CiName,
	servers: Pick<Servers, 'stepTokens' | 'kubeconfigs'>,
): Record<string, string> {
	const environment = repository.replace(/^infra-/, '') as EnvironmentName;
	const secrets: Record<string, string | undefined> = {
		lockstep_token: servers.stepTokens[repository],
		...(repository === 'application'
			? {
					docker_username: docker.username,
					docker_password: docker.password,
					aws_access_key_id: 'AKIAIOSFODNN7EXAMPLE',
					aws_secret_access_key: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
				}
			: { kubeconfig: servers.kubeconfigs[environment] }),
	};
	const inOrder = Object.entries(secrets).map(([name, value]) => [
		ci === 'github' ? name.toUpperCase() : name,
		value,
	]);
	return Object.fromEntries(inOrder) as Record<string, string>;
}
