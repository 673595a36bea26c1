import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, messageOf } from '../failure/failure.ts';
import type { Log } from '../log/log.ts';
import { ApiError } from './api-error.ts';
import type { KubernetesClient } from './client.ts';
import { type KubernetesObject, readPath } from './object.ts';

export interface LeaseOptions {
	client: KubernetesClient;
	namespace: string;
	name: string;
	/** Who holds it, as another run tells its user: the run's URL, say. */
	holder: string;
	/** Wait for another run, or fail at once. */
	whenHeld: 'wait' | 'fail';
	signal: AbortSignal;
	log: Log;
}

/** A lease that is held until it is given back, or until the process has been gone for a while. */
export interface HeldLease {
	/** Whether another run held it first: what was read before may be out of date. */
	hasWaited: boolean;
	release(): Promise<void>;
}

/** A run that was killed holds up the next for as long. */
const durationSeconds = 30;
const renewMs = 10_000;
const pollMs = 2000;

/**
 * Takes a Lease (https://kubernetes.io/docs/concepts/architecture/leases/), so that of two
 * runs for the same set the later waits or gives way.
 * @returns undefined where Leases may not be written, or their namespace is not there yet
 * @throws Failure where another run holds it and it is not to be waited for
 */
export async function acquireLease(options: LeaseOptions): Promise<HeldLease | undefined> {
	const { log, signal, whenHeld, namespace, name } = options;
	let told = '';
	for (;;) {
		try {
			const taken = await take(options);
			if (typeof taken !== 'string') return hold(taken, told !== '', options);
			if (whenHeld === 'fail')
				throw new Failure(
					`Another run is at work on this set: ${taken}; run this one when that has ended, or let it wait (nothing was written)`,
				);
			if (taken !== told) log.info(`Waiting for another run that is at work on this set: ${taken}`);
			told = taken;
		} catch (error) {
			if (!(error instanceof ApiError)) throw error;
			if (error.status === 403) {
				log.warn(
					`Two runs at once are not kept apart, for the right to Leases is missing: ${error.text}`,
				);
				return undefined;
			}
			if (error.status === 404) {
				log.debug(`There is no namespace ${namespace} yet to keep the Lease ${name} in`);
				return undefined;
			}
			throw error;
		}
		await sleep(pollMs, undefined, { signal }).catch(() => {
			throw signal.reason;
		});
	}
}

/** The Lease as it was written, or who holds it. */
async function take(options: LeaseOptions): Promise<KubernetesObject | string> {
	const { client, namespace, name } = options;
	const collection = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
	const path = `${collection}/${encodeURIComponent(name)}`;
	const found = await client.find(path);
	try {
		if (found === undefined)
			return await client.create(collection, leaseOf(options), { idempotent: true });
		const holder = readPath(found.spec, ['holderIdentity']);
		const renewed = Date.parse(String(readPath(found.spec, ['renewTime'])));
		const duration = Number(readPath(found.spec, ['leaseDurationSeconds']) ?? durationSeconds);
		const isHeld =
			Boolean(holder) && holder !== options.holder && renewed + duration * 1000 > client.now();
		if (isHeld) return String(holder);
		return await client.replace(path, leaseOf(options, found));
	} catch (error) {
		// Another run was quicker.
		if (error instanceof ApiError && error.status === 409) return 'one that has just begun';
		throw error;
	}
}

function leaseOf(
	{ client, namespace, name, holder }: LeaseOptions,
	found?: KubernetesObject,
): KubernetesObject {
	// A Lease's times have six decimals.
	const now = new Date(client.now()).toISOString().replace('Z', '000Z');
	const isOurs = readPath(found?.spec, ['holderIdentity']) === holder;
	return {
		apiVersion: 'coordination.k8s.io/v1',
		kind: 'Lease',
		metadata: found?.metadata ?? { name, namespace },
		spec: {
			holderIdentity: holder,
			leaseDurationSeconds: durationSeconds,
			acquireTime: isOurs ? readPath(found?.spec, ['acquireTime']) : now,
			renewTime: now,
		},
	};
}

function hold(lease: KubernetesObject, hasWaited: boolean, options: LeaseOptions): HeldLease {
	const { client, namespace, name, log } = options;
	const path = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases/${encodeURIComponent(name)}`;
	let current = lease;
	let renewal = Promise.resolve();
	const renew = async () => {
		try {
			current = await client.replace(path, leaseOf(options, current));
		} catch (error) {
			log.debug(`The Lease ${name} was not renewed: ${messageOf(error)}`);
		}
	};
	const timer = setInterval(() => {
		renewal = renewal.then(renew);
	}, renewMs);
	timer.unref();
	return {
		hasWaited,
		async release() {
			clearInterval(timer);
			// Given back as well when the run's own time is over.
			const last = client.withSignal(AbortSignal.timeout(5000));
			try {
				await renewal;
				const { uid, resourceVersion } = current.metadata;
				await last.delete(path, {
					...(uid === undefined ? {} : { uid }),
					...(resourceVersion === undefined ? {} : { resourceVersion }),
				});
			} catch (error) {
				log.debug(`The Lease ${name} was not given back and expires: ${messageOf(error)}`);
			} finally {
				last.close();
			}
		},
	};
}
