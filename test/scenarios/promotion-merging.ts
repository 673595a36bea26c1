import { setTimeout as sleep } from 'node:timers/promises';
import type { TestedForge } from './forges.ts';
import type { Values } from './fronts.ts';
import { branch, Promotion } from './promotion.ts';
import type { StepRun } from './run-step.ts';

/** A promotion that is merged, by whichever forge, and what people do to it meanwhile. */
export class Merging {
	readonly scene: Promotion;
	readonly #on: TestedForge;

	constructor(scene: Promotion) {
		this.scene = scene;
		this.#on = scene.on;
	}

	static async start(on: TestedForge): Promise<Merging> {
		return new Merging(await Promotion.start({}, on));
	}

	run(inputs: Values = {}): Promise<StepRun> {
		return this.scene.run(inputs);
	}

	/** The base is protected from now on; by default one approval has to be there. */
	guard(protection: object = { requiredApprovals: 1 }): void {
		this.scene.forge.protectBranch(this.#on.production, 'main', protection);
	}

	async approve(number = 1): Promise<void> {
		await this.scene.forge.review(this.#on.production, number, 'alice', 'APPROVED');
	}

	async report(state: string): Promise<void> {
		const commit = await this.scene.tip(branch);
		await this.scene.forge.report(this.#on.production, commit ?? '', 'ci/test', state);
	}

	async close(number = 1): Promise<void> {
		await this.scene.forge.closePullRequest(this.#on.production, number, 'alice');
	}

	/** How often the step has looked at how its pull request stands. */
	get looks(): number {
		return this.scene.forge.requests.filter(this.#on.merging.looking).length;
	}

	/** Waits until the step has looked at its pull request, and waits. */
	async looked(times = 2): Promise<void> {
		await until(() => this.looks >= times);
	}

	async opened(): Promise<void> {
		await until(() => this.scene.pulls.length === 1);
	}

	/** Records in the base's history, the newest first. */
	async records(): Promise<string[]> {
		const format = '--format=%(trailers:key=Lockstep-Image,valueonly)';
		return (await this.scene.git('log', format, 'main')).split('\n').filter(Boolean);
	}
}

/** Waits until something holds, which a run that goes on meanwhile brings about. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
	for (let look = 0; !(await holds()); look++) {
		if (look > 400) throw new Error('it never came to that');
		await sleep(50);
	}
}
