import { createHash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Failure } from '../../shared/failure/failure.ts';
import type { KubernetesClient } from '../../shared/kubernetes/client.ts';
import { acquireLease } from '../../shared/kubernetes/lease.ts';
import type { Log } from '../../shared/log/log.ts';

interface LockOptions {
	client: KubernetesClient;
	namespace: string;
	set: string;
	whenLocked: 'wait' | 'fail' | 'ignore';
	/** Told when another run has taken over. */
	onLost(failure: Failure): void;
	signal: AbortSignal;
	log: Log;
}

/** Does the work while no other run does it for the same set. */
export async function locked<T>(
	{ set, whenLocked, ...options }: LockOptions,
	runUrl: string | undefined,
	work: (hasWaited: boolean) => Promise<T>,
): Promise<T> {
	if (whenLocked === 'ignore') return await work(false);
	const lease = await acquireLease({
		...options,
		name: `lockstep-${set}`,
		holder: `${runUrl ?? hostname()} (${randomUUID().slice(0, 8)})`,
		whenHeld: whenLocked,
	});
	try {
		return await work(lease?.hasWaited ?? false);
	} finally {
		await lease?.release();
	}
}

/** A name that is fit for an object of the cluster. */
export function setName(parts: readonly (string | undefined)[]): string {
	return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
