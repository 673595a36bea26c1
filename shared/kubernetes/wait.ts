import type { Place } from '../failure/failure.ts';
import type { Log } from '../log/log.ts';
import type { KubernetesClient } from './client.ts';
import { type Cause, diagnose, type Evidence, stableAt } from './diagnosis.ts';
import { type KubernetesObject, readPath, titleOf } from './object.ts';
import { hasPods, type Observed, Observer } from './observer.ts';
import { notSeenYet, type Readiness, readinessOf } from './readiness.ts';

/** An object to wait for. */
export interface Target extends Observed {
	/** Where it is written, for annotations. */
	place?: Place;
	/** A claim whose volume is bound when a pod uses it. */
	bindsOnUse?: boolean;
}

export interface WaitOptions {
	client: KubernetesClient;
	log: Log;
	/** Ends the waiting at once; its reason is thrown. */
	signal: AbortSignal;
	/** Milliseconds that each object has. */
	timeout: number;
	/** Milliseconds that a container without a readiness probe has to run. */
	stable: number;
	/** Milliseconds without news after which a log is told what is missing; 30 s by default. */
	remindEvery?: number;
	/** Shows where each object stands, to a person; without it the log tells every change. */
	progress?: ((lines: readonly string[]) => void) | undefined;
}

/** How the waiting for one object ended. */
export interface Outcome<T extends Target = Target> {
	target: T;
	/** `waiting`: another object failed before this one was ready. */
	state: 'ready' | 'failed' | 'timed-out' | 'waiting';
	/** What is wrong, without the object's name; empty where nothing is. */
	reason: string;
	cause?: Cause;
	/** Pods of the new revision, and the warnings about them. */
	evidence: Evidence;
	current: KubernetesObject;
	/** Since the waiting began. */
	milliseconds: number;
}

const reminderMs = 30_000;
/** Time-dependent rules are looked at this often; changes at once. */
const tickMs = 500;

/**
 * Waits until every object is ready, each within its own deadline, or one has failed. Tells
 * of progress when something changes, and every 30 s of what is still missing.
 * @returns the outcomes in the order of the targets
 * @throws the signal's reason
 */
export async function waitFor<T extends Target>(
	targets: readonly T[],
	options: WaitOptions,
): Promise<Outcome<T>[]> {
	const began = Date.now();
	const stop = new AbortController();
	const changes = new Changes();
	const open = targets.filter((target) => isAwaited(target));
	const observer = new Observer(open, {
		client: options.client,
		log: options.log,
		signal: AbortSignal.any([options.signal, stop.signal]),
		onChange: () => changes.notify(),
	});
	const waits = open.map((target) => new Wait(target, observer, options, began));
	try {
		let toldAt = began;
		for (;;) {
			if (options.signal.aborted) for (const wait of waits) wait.leave();
			options.signal.throwIfAborted();
			const before = waits.filter(({ outcome }) => outcome !== undefined).length;
			let told = false;
			for (const wait of waits) told = wait.look() || told;
			const pending = waits.filter(({ outcome }) => outcome === undefined);
			const hasFailed = waits.some(({ outcome }) => outcome && outcome.state !== 'ready');
			if (pending.length === 0 || hasFailed) break;
			const now = Date.now();
			options.progress?.(pending.map((wait) => wait.line(now - began)));
			if (told || pending.length < waits.length - before) toldAt = now;
			if (now - toldAt >= (options.remindEvery ?? reminderMs) && options.progress === undefined) {
				toldAt = now;
				for (const wait of pending) wait.remind(now - began);
			}
			const left = began + options.timeout - now;
			await changes.next(Math.max(Math.min(tickMs, left), 1), options.signal);
		}
	} finally {
		options.progress?.([]);
		stop.abort();
		await observer.ended();
	}
	const byTarget = new Map<Target, Outcome<T>>(
		waits.map((wait) => [wait.target, wait.outcome ?? wait.unfinished()]),
	);
	return targets.map(
		(target) =>
			byTarget.get(target) ?? {
				target,
				state: 'ready',
				reason: '',
				evidence: { pods: [], events: [] },
				current: target.object,
				milliseconds: 0,
			},
	);
}

/** What is ready as soon as it is there needs no watch; a workload that runs pods always does. */
export function isAwaited({ object, bindsOnUse = false }: Target): boolean {
	if (readinessOf(object, { bindsOnUse }).state !== 'ready') return true;
	return hasPods(object) && readPath(object.spec, ['replicas']) !== 0;
}

/** How long one watch may be behind another. */
const behindMs = 1000;

/** The waiting for one object. */
class Wait<T extends Target> {
	readonly target: T;
	outcome: Outcome<T> | undefined;
	readonly #observer: Observer;
	readonly #options: WaitOptions;
	readonly #began: number;
	/** When each cause was first seen without a break since. */
	#since = new Map<string, number>();
	readonly #warned = new Set<string>();
	#told = '';
	/** What keeps it, as far as that is known. */
	#hint = '';
	#current: KubernetesObject;
	#evidence: Evidence = { pods: [], events: [] };
	/** When all of the rollout's containers were first seen running, and in which state. */
	#running: { state: string; since: number } | undefined;
	/** When it was first seen to have failed. */
	#failed: number | undefined;

	constructor(target: T, observer: Observer, options: WaitOptions, began: number) {
		this.target = target;
		this.#observer = observer;
		this.#options = options;
		this.#began = began;
		this.#current = target.object;
	}

	/** Looks at what is known now. True where it told something. */
	look(): boolean {
		if (this.outcome !== undefined) return false;
		const current = this.#observer.current(this.target);
		if (current === 'gone') {
			this.#end('failed', 'it was deleted by somebody else while it was waited for');
			return true;
		}
		this.#current = current;
		this.#evidence = this.#observer.evidence(this.target, current);
		const readiness = readinessOf(current, {
			excusedPods: this.#observer.excusedPods(this.target),
			bindsOnUse: this.target.bindsOnUse ?? false,
		});
		const causes = diagnose(current, this.#evidence);
		this.#hint = causes[0] === undefined ? '' : `; ${causes[0].reason}`;
		const now = Date.now();
		this.#since = new Map(causes.map(({ key }) => [key, this.#since.get(key) ?? now]));
		const told = this.#tell(readiness, causes);
		if (readiness.state === 'ready' && this.#isStable(current, causes)) {
			if (this.#options.progress !== undefined)
				this.#options.log.info(`${titleOf(this.target.object)}: ${this.#told}`);
			this.#end('ready', '');
			return true;
		}
		const isReady = readiness.state === 'ready';
		const fatal = causes.find(
			(cause) => cause.graceMs === 0 || (!isReady && now - this.#sinceOf(cause) >= cause.graceMs),
		);
		if (fatal !== undefined) this.#end('failed', fatal.reason, fatal);
		else if (readiness.state === 'failed' && !this.#isBehind(now))
			this.#endWith(readiness, causes[0]);
		else if (now - this.#began >= this.#options.timeout)
			this.#end(
				'timed-out',
				`not ready within ${seconds(this.#options.timeout)}: ${causes[0]?.reason ?? detailOf(readiness)}`,
				causes[0],
			);
		return told || this.outcome !== undefined;
	}

	#sinceOf({ key }: Cause): number {
		return this.#since.get(key) ?? Date.now();
	}

	remind(waitedMs: number): void {
		this.#options.log.info(
			`${titleOf(this.target.object)}: still waiting after ${seconds(waitedMs)}: ${this.#told}${this.#hint}`,
		);
	}

	/** Where it stands, for a person who looks on. */
	line(waitedMs: number): string {
		return `${titleOf(this.target.object)}: ${this.#told} (${seconds(waitedMs)})${this.#hint}`;
	}

	/** Says where it stands when the run ends. */
	leave(): void {
		if (this.outcome === undefined && this.#told !== '')
			this.#options.log.info(
				`${titleOf(this.target.object)}: not waited for any more: ${this.#told}`,
			);
	}

	unfinished(): Outcome<T> {
		return this.#outcome('waiting', this.#told);
	}

	#tell(readiness: Readiness, causes: readonly Cause[]): boolean {
		const title = titleOf(this.target.object);
		for (const { key, reason, isWarning } of causes)
			if (isWarning && !this.#warned.has(key)) {
				this.#warned.add(key);
				this.#options.log.warn(`${title}: ${reason}`, this.target.place);
			}
		const detail = detailOf(readiness);
		if (detail === this.#told) return false;
		this.#told = detail;
		if (detail === notSeenYet || this.#options.progress !== undefined) return false;
		this.#options.log.info(`${title}: ${detail}`);
		return true;
	}

	/**
	 * A rollout that is complete by its numbers may still be of containers that are about to
	 * crash, where no probe holds them back.
	 */
	#isStable(current: KubernetesObject, causes: readonly Cause[]): boolean {
		if (!hasPods(current) || current.kind === 'Job') return true;
		const hasEnded = readPath(current.status, ['phase']) === 'Succeeded';
		if (current.kind === 'Pod' && hasEnded) return true;
		const canSee = this.#observer.canSeePods(this.target);
		if (canSee === 'refused') return true;
		if (!canSee || causes.some(({ container }) => container !== undefined)) return false;
		const { pods } = this.#evidence;
		const wanted = Number(
			readPath(current.status, ['readyReplicas']) ?? readPath(current.status, ['numberReady']) ?? 0,
		);
		// The pods' watch may be behind the Deployment's.
		if (current.kind === 'Deployment' && pods.filter(hasTold).length < wanted) return false;
		const state = runningState(pods);
		const now = Date.now();
		if (this.#running?.state !== state) this.#running = { state, since: now };
		// By the server's clock, or by ours where the node's is ahead of both.
		const at = stableAt(pods, this.#options.stable);
		if (at === Number.POSITIVE_INFINITY) return false;
		const isSettled = at <= this.#options.client.now();
		return isSettled || now - this.#running.since >= this.#options.stable;
	}

	/** The watch of a Job's pods may be behind that of the Job: the last one still seems to run. */
	#isBehind(now: number): boolean {
		if (this.#current.kind !== 'Job') return false;
		this.#failed ??= now;
		const runs = this.#evidence.pods.some(
			({ metadata, status }) =>
				metadata.deletionTimestamp === undefined &&
				!['Failed', 'Succeeded'].includes(status?.phase ?? ''),
		);
		return runs && now - this.#failed < behindMs;
	}

	#endWith({ detail, ...readiness }: Extract<Readiness, { state: 'failed' }>, cause?: Cause): void {
		const reason = cause === undefined ? detail : `${detail}: ${cause.reason}`;
		this.#end(readiness.timedOut === true ? 'timed-out' : 'failed', reason, cause);
	}

	#end(state: Outcome['state'], reason: string, cause?: Cause): void {
		this.outcome = this.#outcome(state, reason, cause);
	}

	#outcome(state: Outcome['state'], reason: string, cause?: Cause): Outcome<T> {
		return {
			target: this.target,
			state,
			reason,
			...(cause === undefined ? {} : { cause }),
			evidence: this.#evidence,
			current: this.#current,
			milliseconds: Date.now() - this.#began,
		};
	}
}

function detailOf({ detail }: Readiness): string {
	return detail;
}

/** Whether the node has told of every container of a pod. */
function hasTold({ spec, status }: Evidence['pods'][number]): boolean {
	return (status?.containerStatuses ?? []).length >= (spec?.containers ?? []).length;
}

/** Changes whenever a container starts or stops. */
function runningState(pods: Evidence['pods']): string {
	return pods
		.flatMap((pod) =>
			(pod.status?.containerStatuses ?? []).map(
				({ name, restartCount, state }) =>
					`${pod.metadata.uid}/${name}/${restartCount}/${state?.running?.startedAt}`,
			),
		)
		.sort()
		.join();
}

function seconds(ms: number): string {
	return `${Math.round(ms / 1000)} s`;
}

/** Wakes up whoever waits for a change; what comes in one go wakes once. */
class Changes {
	#wake: (() => void) | undefined;
	#isDue = false;

	notify(): void {
		this.#isDue = true;
		this.#wake?.();
	}

	/** Resolves after a change, after `ms`, or with the signal. */
	async next(ms: number, signal: AbortSignal): Promise<void> {
		if (!this.#isDue)
			await new Promise<void>((resolve) => {
				const wake = () => {
					clearTimeout(timer);
					signal.removeEventListener('abort', wake);
					resolve();
				};
				const timer = setTimeout(wake, ms);
				signal.addEventListener('abort', wake);
				this.#wake = wake;
			});
		this.#isDue = false;
		this.#wake = undefined;
		// Lets the other events that have come in already be read first.
		await new Promise((resolve) => setImmediate(resolve));
	}
}
