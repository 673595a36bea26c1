import { setTimeout as sleep } from 'node:timers/promises';
import { exitCode, Failure, messageOf } from '../../shared/failure/failure.ts';
import type { Log } from '../../shared/log/log.ts';

/** One thing that has to hold. */
export interface Check {
	/** What a person reads: `GET https://web.example.com/healthz`. */
	name: string;
	/** What kind of check it is: `image`, `http`, `tcp` or `command`. */
	kind: string;
	/** Tries once. @throws Failure that says what does not hold */
	run(signal: AbortSignal): Promise<void>;
}

/** How a check ended. */
export interface Result {
	check: Check;
	/** Undefined where it passed. */
	failure?: string;
	attempts: number;
	seconds: number;
}

export interface Patience {
	attempts: number;
	/** Milliseconds between two attempts. */
	interval: number;
	/** Milliseconds that one attempt may take. */
	checkTimeout: number;
	signal: AbortSignal;
	log: Log;
}

/** Tries a check until it holds, has been tried often enough, or the run is ended. */
export async function tryCheck(check: Check, patience: Patience): Promise<Result> {
	const { attempts, interval, checkTimeout, signal, log } = patience;
	const began = Date.now();
	let last = 'it was ended before it was answered';
	for (let attempt = 1; ; attempt++) {
		const seconds = () => Math.round((Date.now() - began) / 100) / 10;
		try {
			await runInTime(check, checkTimeout, signal);
			log.info(`${check.name}: passed${attempt > 1 ? ` at attempt ${attempt}` : ''}`);
			return { check, attempts: attempt, seconds: seconds() };
		} catch (error) {
			if (!signal.aborted && !isOutcome(error)) throw error;
			const failure = signal.aborted ? last : messageOf(error);
			if (attempt >= attempts || signal.aborted)
				return { check, failure, attempts: attempt, seconds: seconds() };
			log.info(`${check.name}: attempt ${attempt} of ${attempts}: ${failure}`);
			last = failure;
			// An end in the middle of it is seen by the next attempt.
			await sleep(interval, undefined, { signal }).catch(() => undefined);
		}
	}
}

/** What is wrong with the input itself does not hold at a later attempt either. */
function isOutcome(error: unknown): boolean {
	return error instanceof Failure && error.exitCode !== exitCode.badInput;
}

async function runInTime(check: Check, ms: number, signal: AbortSignal): Promise<void> {
	signal.throwIfAborted();
	const late = new AbortController();
	const timer = setTimeout(() => late.abort(new Failure(`it took longer than ${ms / 1000} s`)), ms);
	try {
		await check.run(AbortSignal.any([signal, late.signal]));
	} catch (error) {
		throw late.signal.aborted ? late.signal.reason : error;
	} finally {
		clearTimeout(timer);
	}
}
