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
	/** Told when another run has taken it over, which must not be written against. */
	onLost(failure: Failure): void;
	/** Milliseconds between two renewals; 10 s by default. */
	renewEvery?: number;
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
const renewEveryMs = 10_000;
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
	const { client } = options;
	const path = pathOf(options);
	const found = await client.find(path);
	try {
		if (found === undefined)
			return await client.create(collectionOf(options), leaseOf(options), { idempotent: true });
		const holder = holderOf(found);
		const renewed = Date.parse(String(readPath(found.spec, ['renewTime'])));
		const duration = Number(readPath(found.spec, ['leaseDurationSeconds']) ?? durationSeconds);
		const isHeld =
			holder !== '' && holder !== options.holder && renewed + duration * 1000 > client.now();
		if (isHeld) return holder;
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
	const isOurs = holderOf(found) === holder;
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
	const { client, name, log, renewEvery = renewEveryMs } = options;
	const upkeep = new Upkeep(lease, options);
	let renewal = Promise.resolve();
	const timer = setInterval(() => {
		renewal = renewal.then(() => upkeep.renew());
	}, renewEvery);
	timer.unref();
	return {
		hasWaited,
		async release() {
			clearInterval(timer);
			// Given back as well when the run's own time is over.
			const last = client.withSignal(AbortSignal.timeout(5000));
			try {
				await renewal;
				if (upkeep.isLost) return;
				const { uid, resourceVersion } = upkeep.current.metadata;
				await last.delete(pathOf(options), {
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

/** Keeps a Lease that is held, and sees when it is held no more. */
class Upkeep {
	current: KubernetesObject;
	isLost = false;
	readonly #options: LeaseOptions;
	#renewedAt = Date.now();
	#hasWarned = false;

	constructor(lease: KubernetesObject, options: LeaseOptions) {
		this.current = lease;
		this.#options = options;
	}

	async renew(): Promise<void> {
		if (this.isLost) return;
		try {
			await this.#renew();
		} catch (error) {
			this.#tell(error);
		}
	}

	async #renew(): Promise<void> {
		const { client, holder, onLost } = this.#options;
		const path = pathOf(this.#options);
		const found = await client.find(path);
		const isOurs = holderOf(found) === holder;
		if (!isOurs && (found !== undefined || this.#isExpired)) {
			this.isLost = true;
			return onLost(takenOver(holderOf(found)));
		}
		this.current =
			found === undefined
				? await client.create(collectionOf(this.#options), leaseOf(this.#options))
				: await client.replace(path, leaseOf(this.#options, found));
		this.#renewedAt = Date.now();
		this.#hasWarned = false;
	}

	get #isExpired(): boolean {
		return Date.now() - this.#renewedAt > durationSeconds * 1000;
	}

	#tell(error: unknown): void {
		const { log, name, signal } = this.#options;
		if (signal.aborted) return;
		log.debug(`The Lease ${name} was not renewed: ${messageOf(error)}`);
		if (this.#hasWarned || !this.#isExpired) return;
		this.#hasWarned = true;
		log.warn(
			`The Lease ${name} could not be renewed for ${durationSeconds} s, so another run may begin on this set: ${messageOf(error)}`,
		);
	}
}

function takenOver(holder: string): Failure {
	const who = holder === '' ? 'Another run' : `Another run, ${holder},`;
	return new Failure(
		`${who} has taken over this set, for this one could not renew its Lease for ${durationSeconds} s; nothing more is written here: look at what that run does, and run this one again after it`,
	);
}

function holderOf(lease: KubernetesObject | undefined): string {
	return String(readPath(lease?.spec, ['holderIdentity']) ?? '');
}

function collectionOf({ namespace }: LeaseOptions): string {
	return `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
}

function pathOf(options: LeaseOptions): string {
	return `${collectionOf(options)}/${encodeURIComponent(options.name)}`;
}
