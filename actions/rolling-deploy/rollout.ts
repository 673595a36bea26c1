import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { badInput, Failure } from '../../shared/failure/failure.ts';
import { type Applied, applySet } from '../../shared/kubernetes/apply.ts';
import { KubernetesClient } from '../../shared/kubernetes/client.ts';
import { Discovery } from '../../shared/kubernetes/discovery.ts';
import { Inventory, type Leaver } from '../../shared/kubernetes/inventory.ts';
import { type ClusterOptions, connectionOf } from '../../shared/kubernetes/kubeconfig.ts';
import type { Manifest } from '../../shared/kubernetes/manifest-text.ts';
import { readManifests } from '../../shared/kubernetes/manifests.ts';
import { type KubernetesObject, titleOf } from '../../shared/kubernetes/object.ts';
import { overrideImages } from '../../shared/kubernetes/overrides.ts';
import { type Planned, type PlanOptions, planSet } from '../../shared/kubernetes/plan.ts';
import { checkRights, withMissingRights } from '../../shared/kubernetes/preflight.ts';
import { showEvidence } from '../../shared/kubernetes/report.ts';
import type { Restored } from '../../shared/kubernetes/rollback.ts';
import { isAwaited, type Outcome, waitFor } from '../../shared/kubernetes/wait.ts';
import type { WarningKey } from '../../shared/kubernetes/warnings.ts';
import type { StepContext } from '../../shared/step/declare.ts';
import { type Awaited, failureOf, targetOf } from './awaited.ts';
import { goBack } from './going-back.ts';
import { locked, setName } from './lock.ts';
import { imageChange, imageOutputs, objectOutput, prunedOutput, summaryTable } from './outputs.ts';
import { tellPlan, tellWarnings } from './plan-text.ts';
import { protectSecret } from './secrets.ts';
import { progressOf, reasonOf } from './sentences.ts';

/** The inputs of the step, as plain values. */
export interface RolloutInputs extends ClusterOptions {
	namespace: string | undefined;
	manifests: readonly string[];
	/** Files with the values of charts. */
	values: readonly string[] | undefined;
	images: Readonly<Record<string, string>> | undefined;
	fieldManager: string;
	forceConflicts: boolean;
	wait: boolean;
	/** Milliseconds. */
	stableFor: number;
	rollbackOnFailure: boolean;
	upgradeApis: boolean;
	replaceImmutable: boolean;
	/** Name of the set in the cluster. */
	set: string | undefined;
	prune: boolean;
	pruneKinds: readonly string[] | undefined;
	whenLocked: 'wait' | 'fail' | 'ignore';
	silence: readonly WarningKey[] | undefined;
	concurrency: number;
	dryRun: boolean;
	/** Milliseconds. */
	timeout: number;
}

/** What the step puts out. */
export interface RolloutOutputs {
	status?: 'deployed' | 'unchanged' | 'failed' | 'rolled-back';
	objects?: Record<string, unknown>[];
	images?: string[];
	imageIds?: string[];
	reason?: string;
	seconds?: number;
}

type Context = Omit<StepContext, 'report'> & { report(outputs: RolloutOutputs): void };

/** One run: read, plan, apply, wait, and go back where that is wanted. */
export class Rollout {
	readonly #inputs: RolloutInputs;
	readonly #context: Context;
	readonly #began = Date.now();
	#planned: readonly Planned[] = [];
	#applied: Applied[] = [];
	#isReported = false;
	#outcomes: readonly Outcome<Awaited>[] = [];
	#inventory: Inventory | undefined;
	#leavers: readonly Leaver[] = [];
	/** Aborted when another run has taken over the set. */
	readonly #lost = new AbortController();
	readonly #signal: AbortSignal;

	constructor(inputs: RolloutInputs, context: Context) {
		this.#inputs = inputs;
		this.#context = context;
		this.#signal = AbortSignal.any([context.signal, this.#lost.signal]);
	}

	/** @throws Failure, after what is known has been put out with the status `failed` */
	async run(): Promise<RolloutOutputs> {
		try {
			return await this.#run();
		} catch (error) {
			if (!(error instanceof Failure)) throw error;
			if (!this.#isReported) this.#report({ status: 'failed', reason: reasonOf(error) });
			throw error;
		}
	}

	async #run(): Promise<RolloutOutputs> {
		const { log, childEnvironment: environment } = this.#context;
		const signal = this.#signal;
		const connection = await this.#connection();
		const namespace = this.#inputs.namespace ?? connection.namespace ?? 'default';
		const manifests = await this.#manifests(namespace);
		const { concurrency } = this.#inputs;
		const client = new KubernetesClient(connection, { log, signal, environment, concurrency });
		try {
			const discovery = await Discovery.read(client);
			const { nameOf } = this.#context;
			const options = { ...this.#inputs, client, discovery, namespace, nameOf, log, signal };
			await this.#plan(manifests, options);
			if (this.#inputs.dryRun) return { objects: this.#objects() };
			if (!this.#hasWork()) return await this.#deploy(options);
			const { whenLocked } = this.#inputs;
			const onLost = (failure: Failure) => this.#lost.abort(failure);
			const lock = { ...options, set: this.#set(), whenLocked, onLost, signal };
			return await locked(lock, this.#context.event.runUrl, async (hasWaited) => {
				// Another run may have changed what was read.
				if (hasWaited) await this.#plan(manifests, options);
				return await this.#deploy(options);
			});
		} finally {
			client.close();
		}
	}

	async #connection() {
		const { workspace, childEnvironment, protect, nameOf, log, signal } = this.#context;
		return await connectionOf(this.#inputs, {
			environment: childEnvironment,
			folder: workspace,
			protect,
			nameOf,
			log,
			signal,
		});
	}

	async #manifests(namespace: string): Promise<Manifest[]> {
		const { workspace, childEnvironment, nameOf, protect } = this.#context;
		const values = (this.#inputs.values ?? []).map((file) => resolve(workspace, file));
		const missing = values.find((file) => !existsSync(file));
		if (missing !== undefined) throw badInput(`${nameOf('values')}: there is no ${missing}`);
		const manifests = await readManifests(this.#inputs.manifests, {
			folder: workspace,
			stdin: process.stdin,
			inputName: nameOf('manifests'),
			environment: childEnvironment,
			namespace,
			values,
			signal: this.#signal,
		});
		overrideImages(manifests, this.#inputs.images ?? {}, nameOf('images'));
		for (const { object } of manifests)
			if (object.kind === 'Secret') protectSecret(object, protect);
		return manifests;
	}

	async #plan(manifests: readonly Manifest[], options: PlanOptions): Promise<void> {
		const { inputs, log } = { inputs: this.#inputs, log: this.#context.log };
		const objects = manifests.map(({ object }) => object);
		this.#planned = await planSet(manifests, options).catch(async (error: unknown) => {
			throw await withMissingRights(error, objects, options);
		});
		if (inputs.prune) {
			const pruneKinds = inputs.pruneKinds ?? [];
			this.#inventory = new Inventory({ ...options, set: this.#set(), pruneKinds });
			await this.#inventory.read();
			this.#leavers = await this.#inventory.leavers(this.#desired());
		}
		tellWarnings(this.#planned, inputs.silence ?? [], log);
		tellPlan(this.#planned, this.#leavers, inputs.dryRun, log);
		if (!inputs.dryRun && this.#hasWork()) await this.#checkRights(options);
	}

	#desired(): KubernetesObject[] {
		return this.#planned.map(({ desired }) => desired);
	}

	#isUnchanged(): boolean {
		return (
			this.#leavers.length === 0 && this.#planned.every(({ change }) => change === 'unchanged')
		);
	}

	/** Whether anything is to be written, if only the inventory of a set that is unchanged. */
	#hasWork(): boolean {
		return !this.#isUnchanged() || this.#inventory?.isStale(this.#desired()) === true;
	}

	/** The set's name: given, or the same for the same manifests of the same repository. */
	#set(): string {
		const { set, manifests } = this.#inputs;
		const { repository } = this.#context.event;
		return set ?? setName([repository?.owner, repository?.name, ...manifests]);
	}

	async #deploy(options: PlanOptions): Promise<RolloutOutputs> {
		const { log } = this.#context;
		try {
			await this.#inventory?.expect(this.#desired());
			await applySet(this.#planned, {
				...options,
				onApplied: (applied) => {
					this.#applied.push(applied);
					const { change, desired } = applied;
					const images = imageChange(applied);
					if (change !== 'unchanged')
						log.info(`${titleOf(desired)}: ${change}${images && `, ${images}`}`);
				},
				untilServed: (definitions) => this.#untilServed(definitions, options),
			});
			// The set itself may have brought the namespace that the inventory lies in.
			await this.#inventory?.expect(this.#desired());
			if (this.#inputs.wait) await this.#wait(options);
		} catch (error) {
			if (!(error instanceof Failure)) throw error;
			return await this.#fail(error, options);
		}
		await this.#prune();
		const isUnchanged = this.#isUnchanged();
		const status = isUnchanged ? 'unchanged' : 'deployed';
		this.#summarize(status);
		const what = this.#planned.length === 1 ? '1 object' : `${this.#planned.length} objects`;
		log.info(
			`${isUnchanged ? 'Nothing had to change' : 'Deployed'}: ${what}${this.#inputs.wait ? ', all ready' : ''}, in ${this.#seconds()} s`,
		);
		return { status, ...this.#outputs() };
	}

	/** What is new is ready by now, and what was deleted does not come back: no going back. */
	async #prune(): Promise<void> {
		try {
			await this.#inventory?.prune(this.#leavers, this.#desired());
		} catch (error) {
			if (!(error instanceof Failure)) throw error;
			throw this.#ended(
				'failed',
				error,
				'; the set itself is deployed, and what has left it is not all deleted: run this again',
			);
		}
	}

	async #checkRights(options: PlanOptions): Promise<void> {
		const { wait, rollbackOnFailure } = this.#inputs;
		const targets = this.#planned.map(({ desired, resource }) => ({ object: desired, resource }));
		const awaited = wait ? targets.filter(isAwaited) : [];
		await checkRights(awaited, this.#planned, { ...options, rollbackOnFailure });
	}

	/** Waits for everything, and throws the one sentence that says why it did not get ready. */
	async #wait(options: PlanOptions): Promise<void> {
		const targets = await Promise.all(
			this.#applied.map(
				async (applied) => await targetOf(applied, applied.current, options.client),
			),
		);
		this.#outcomes = await waitFor(targets, {
			...this.#waitOptions(options),
			timeout: this.#patience(),
		});
		const failed = this.#outcomes.filter(
			({ state }) => state === 'failed' || state === 'timed-out',
		);
		const failures: Failure[] = [];
		for (const outcome of failed)
			failures.push(failureOf(outcome, await showEvidence(outcome, options.client, options.log)));
		const [first, ...others] = failures;
		for (const failure of others) options.log.error(failure.message, failure.place);
		if (first !== undefined) throw first;
	}

	async #untilServed(definitions: readonly Applied[], options: PlanOptions): Promise<void> {
		const targets = definitions.map(({ current, resource }) => ({ object: current, resource }));
		const outcomes = await waitFor(targets, {
			...this.#waitOptions(options),
			timeout: Math.min(60_000, this.#patience()),
		});
		for (const { state, reason, current } of outcomes)
			if (state !== 'ready') throw new Failure(`${titleOf(current)}: ${reason}`);
		this.#applied = this.#applied.map((applied) => {
			const served = outcomes.find(({ target }) => target.object === applied.current);
			return served === undefined ? applied : { ...applied, current: served.current };
		});
	}

	/** Ends as failed; before that goes back to what was, where that is wanted. */
	async #fail(failure: Failure, options: PlanOptions): Promise<never> {
		const written = this.#applied.filter(({ change }) => change !== 'unchanged');
		const isOurs = !this.#lost.signal.aborted;
		if (this.#inputs.rollbackOnFailure && isOurs && written.length > 0) {
			this.#context.log.info(`Failed: ${reasonOf(failure)}`);
			const { status, sentence } = await goBack(this.#applied, {
				...options,
				signal: this.#signal,
				untilReady: (restored) => this.#untilRestored(restored, options),
			});
			throw this.#ended(status, failure, `; ${sentence}`);
		}
		const isCutOff = this.#signal.aborted && written.length > 0;
		const sequel = isCutOff ? `; ${progressOf(written, this.#planned)}` : '';
		throw this.#ended('failed', failure, sequel);
	}

	/** Puts out how it ended. */
	#ended(status: 'failed' | 'rolled-back', failure: Failure, sequel: string): Failure {
		const end = new Failure(failure.message + sequel, {
			exitCode: failure.exitCode,
			...(failure.place === undefined ? {} : { place: failure.place }),
			cause: failure,
		});
		this.#summarize(status, reasonOf(end));
		this.#report({ status, reason: reasonOf(end) });
		return end;
	}

	async #untilRestored(restored: readonly Restored[], options: PlanOptions) {
		if (!this.#inputs.wait) return [];
		const targets = await Promise.all(
			restored.map(({ applied, current }) => targetOf(applied, current, options.client)),
		);
		const end = this.#began + this.#inputs.timeout - this.#reserve();
		return await waitFor(targets, {
			...this.#waitOptions(options),
			timeout: Math.max(end - Date.now(), 0),
		});
	}

	#waitOptions({ client, log }: PlanOptions) {
		const { progress } = this.#context;
		return { client, log, progress, signal: this.#signal, stable: this.#inputs.stableFor };
	}

	/** Milliseconds that are left for waiting: the end of the time is for saying why. */
	#patience(): number {
		const { timeout, rollbackOnFailure } = this.#inputs;
		const share = rollbackOnFailure ? (timeout * 2) / 3 : timeout - this.#reserve();
		return Math.max(this.#began + share - Date.now(), 0);
	}

	#reserve(): number {
		return Math.min(5000, this.#inputs.timeout / 10);
	}

	/** Puts out what a failure leaves behind. */
	#report(end: RolloutOutputs): void {
		this.#isReported = true;
		this.#context.report({ ...this.#outputs(), ...end });
	}

	#outputs(): RolloutOutputs {
		const images = imageOutputs(this.#planned, this.#outcomes);
		return {
			...images,
			...(this.#planned.length === 0 ? {} : { objects: this.#objects() }),
			seconds: this.#seconds(),
		};
	}

	#objects(): Record<string, unknown>[] {
		return [
			...this.#planned.map((planned) => objectOutput(planned, this.#outcomeOf(planned))),
			...this.#leavers.map(({ live }) => prunedOutput(live)),
		];
	}

	#outcomeOf({ path }: Planned): Outcome | undefined {
		return this.#outcomes.find(({ target }) => target.applied.path === path);
	}

	#seconds(): number {
		return Math.round((Date.now() - this.#began) / 100) / 10;
	}

	#summarize(status: string, reason?: string): void {
		const rows = this.#planned.map((planned) => ({ planned, outcome: this.#outcomeOf(planned) }));
		this.#context.summary(summaryTable(status, reason, rows, this.#leavers));
	}
}
