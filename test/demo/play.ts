import type { Run } from './ci-server.ts';
import { manifest, type RepositoryName, repositoryNames } from './flow.ts';
import type { RepositoryView } from './repository-view.ts';
import type { World } from './world.ts';

/** Something that had to be so at the end of an act and is not. */
export class Unmet extends Error {
	override readonly name = 'Unmet';
}

/** A part of the play: what is done, what has to come of it, and the pipelines that ran. */
export interface Act {
	readonly title: string;
	readonly story: string;
	/** What was looked at and found to be so. */
	readonly checks: string[];
	runs: readonly Run[];
}

export interface PlayWatcher {
	actStarts?(act: Act): void;
	checked?(sentence: string): void;
}

/** Plays acts, one after the other, in a world. */
export class Play {
	readonly world: World;
	readonly acts: Act[] = [];
	readonly #watcher: PlayWatcher;
	#act: Act | undefined;

	constructor(world: World, watcher: PlayWatcher = {}) {
		this.world = world;
		this.#watcher = watcher;
	}

	/** @throws Unmet where something is not so that has to be. */
	async act(title: string, story: string, play: () => Promise<void>): Promise<void> {
		const act: Act = { title, story, checks: [], runs: [] };
		const before = this.world.ci.runs.length;
		this.acts.push(act);
		this.#act = act;
		this.#watcher.actStarts?.(act);
		try {
			await play();
		} finally {
			act.runs = this.#ran(before);
		}
	}

	/** @param found - what is there instead, for the message */
	check(sentence: string, holds: boolean, found?: unknown): void {
		if (!holds) {
			const instead = found === undefined ? '' : ` It is ${JSON.stringify(found)}.`;
			throw new Unmet(`In "${this.#act?.title}": not so: ${sentence}.${instead}`);
		}
		this.#act?.checks.push(sentence);
		this.#watcher.checked?.(sentence);
	}

	/** Checks that something is there, and hands it over. */
	need<T>(sentence: string, found: T | undefined): T {
		this.check(sentence, found !== undefined);
		return found as T;
	}

	/** Does something, waits until all that it started is done, and returns the runs. */
	async runsAfter(happening: () => Promise<void>): Promise<Run[]> {
		const before = this.world.ci.runs.length;
		await happening();
		await this.world.settled();
		return this.#ran(before);
	}

	/** Every branch and tag of the four repositories, and every pull request, in one text. */
	async everything(): Promise<string> {
		const { views, reviewer } = this.world;
		const refs: string[] = [];
		for (const name of repositoryNames)
			for (const [ref, object] of await (await views[name].update()).refs())
				refs.push(`${name} ${ref} ${object}`);
		const pulls = await reviewer.pulls('infra-production');
		return JSON.stringify([
			refs,
			pulls.map(({ number, state, title, body }) => [number, state, title, body]),
		]);
	}

	/** Checks that main of an infra repository has one new commit, which changes the image alone. */
	async checkBump(repository: RepositoryName, since: string, image: string): Promise<string> {
		const view = await this.world.views[repository].update();
		const commits = await view.log(`${since}..main`);
		this.check(`${repository} has one new commit`, commits.length === 1, commits);
		this.check('lockstep is its author', commits[0]?.author === 'lockstep', commits[0]?.author);
		await this.checkImageAlone(view, since, image);
		return commits[0]?.id ?? '';
	}

	/** Checks that between a commit and main nothing differs but the image. */
	async checkImageAlone(view: RepositoryView, since: string, image: string): Promise<void> {
		const files = await view.changedFiles(since, 'main');
		const lines = await view.changedLines(since, 'main');
		const isImage = (line: string) => /^[+-] +- image: \S+$/.test(line);
		this.check(
			`nothing but the line with the image differs, and that says ${image}`,
			files.join() === manifest &&
				lines.length === 2 &&
				lines.every(isImage) &&
				lines[1]?.endsWith(` image: ${image}`) === true,
			{ files, lines },
		);
	}

	/** The runs since, without those that the pipelines' own conditions said no to. */
	#ran(since: number): Run[] {
		return this.world.ci.runs.slice(since).filter(({ result }) => result.status !== 'skipped');
	}
}

/** `infra-qa: success` for each run, to compare with what was expected. */
export function outcomes(runs: readonly Run[]): string[] {
	return runs.map(({ repository, result }) => `${repository}: ${result.status}`);
}

/** An output of a run's step; undefined on CIs that know no outputs. */
export function outputOf(run: Run | undefined, step: RegExp, name: string): string | undefined {
	return run?.result.steps.find(({ uses }) => step.test(uses))?.outputs[name];
}

/** Why a run failed: what its step said of it, as an output or in the log. */
export function reasonOf(run: Run | undefined): string {
	const failed = run?.result.steps.find(({ status }) => status === 'failure');
	const error = /^(?:error|Error): (.*)$/m.exec(failed?.log ?? '')?.[1];
	return failed?.outputs.reason ?? error ?? '';
}
