import { messageOf } from '../../shared/failure/failure.ts';
import type { Applied } from '../../shared/kubernetes/apply.ts';
import type { KubernetesClient } from '../../shared/kubernetes/client.ts';
import { titleOf } from '../../shared/kubernetes/object.ts';
import { type Restored, restoreSet } from '../../shared/kubernetes/rollback.ts';
import type { Outcome } from '../../shared/kubernetes/wait.ts';
import type { Log } from '../../shared/log/log.ts';
import { graceMs } from '../../shared/step/declare.ts';

/** How going back ended: `rolled-back` where all is as it was before. */
export interface End {
	status: 'failed' | 'rolled-back';
	/** Part of a sentence. */
	sentence: string;
}

export interface GoingBackOptions {
	client: KubernetesClient;
	concurrency: number;
	log: Log;
	/** Of the run: what is brought back is not waited for once it is aborted. */
	signal: AbortSignal;
	/** Waits until what was brought back is ready. */
	untilReady(restored: readonly Restored[]): Promise<readonly Outcome[]>;
}

/** Of the step's own grace; after it the Lease is given back, and the forge is told. */
const longestMs = graceMs - 4000;

/** Brings back what was there before, of a run that is cancelled too, and never throws. */
export async function goBack(
	applied: readonly Applied[],
	{ client, concurrency, log, signal, untilReady }: GoingBackOptions,
): Promise<End> {
	log.info('Going back to what was there before');
	const writer = client.withSignal(lastingFor(longestMs, signal));
	try {
		const restored = await restoreSet(applied, { client: writer, concurrency, log });
		if (signal.aborted)
			return {
				status: 'rolled-back',
				sentence: 'what was there before was brought back, and is not waited for',
			};
		const bad = (await untilReady(restored)).find(({ state }) => state !== 'ready');
		if (bad === undefined)
			return { status: 'rolled-back', sentence: 'what was there before is back' };
		return {
			status: 'failed',
			sentence: `what was there before was brought back, but ${titleOf(bad.current)} does not get ready: ${bad.reason}`,
		};
	} catch (error) {
		if (signal.aborted && error === signal.reason)
			return {
				status: 'failed',
				sentence: `going back to what was there before was not done within ${longestMs / 1000} s; what is back stands in the log, so look after the rest`,
			};
		return { status: 'failed', sentence: `going back failed as well: ${messageOf(error)}` };
	} finally {
		writer.close();
	}
}

/** Aborted some time after `signal` is. */
function lastingFor(ms: number, signal: AbortSignal): AbortSignal {
	const controller = new AbortController();
	const end = () => setTimeout(() => controller.abort(signal.reason), ms).unref();
	if (signal.aborted) end();
	else signal.addEventListener('abort', end, { once: true });
	return controller.signal;
}
