import { Failure } from '../failure/failure.ts';
import { ApiError } from './api-error.ts';
import { mapConcurrently } from './concurrent.ts';
import { explainRefusal } from './explain.ts';
import { isClientSideApplied, migrate } from './migrate.ts';
import { type KubernetesObject, titleOf } from './object.ts';
import { inOrder } from './order.ts';
import { type Planned, type PlanOptions, planDeferred } from './plan.ts';
import { deleteAndWait } from './removal.ts';

/** A planned object and what the server has now. */
export interface Applied extends Planned {
	current: KubernetesObject;
}

export interface ApplySetOptions extends PlanOptions {
	/** Called after each object, written or left as it is. */
	onApplied(applied: Applied): void;
	/** Waits until definitions of kinds are served. */
	untilServed(definitions: readonly Applied[]): Promise<void>;
}

/**
 * Writes what the plan found to differ, in the order of {@link inOrder}, several objects at
 * once. An unchanged object makes no request.
 * @throws Failure at the first refusal; what was written until then went through `onApplied`
 */
export async function applySet(
	planned: readonly Planned[],
	options: ApplySetOptions,
): Promise<Applied[]> {
	const done: Applied[] = [];
	const later = new Map<Planned, Planned>();
	for (const group of inOrder(planned, ({ desired }) => desired)) {
		const now = group.map((item) => later.get(item) ?? item);
		const written = await mapConcurrently(now, options.concurrency, async (item) => {
			const ready =
				item.predicted === undefined ? await whenServed(() => planDeferred(item, options)) : item;
			const applied = { ...ready, current: await write(ready, options) };
			options.onApplied(applied);
			return applied;
		});
		done.push(...written);
		const definitions = written.filter(
			({ desired }) => desired.kind === 'CustomResourceDefinition',
		);
		if (definitions.length > 0) {
			await options.untilServed(definitions);
			await options.discovery.refresh();
		}
		const isGround =
			definitions.length > 0 || group.some(({ desired }) => desired.kind === 'Namespace');
		// What had to wait for these is tried out before anything else is written.
		if (isGround)
			for (const item of planned)
				if (item.predicted === undefined && !later.has(item) && !group.includes(item)) {
					const again = await tryDeferred(item, options);
					if (again !== undefined) later.set(item, again);
				}
	}
	return done;
}

/** Undefined where it still waits for another object of the set. */
async function tryDeferred(item: Planned, options: PlanOptions): Promise<Planned | undefined> {
	try {
		return await planDeferred(item, options);
	} catch (error) {
		if (isNotFound(error)) return undefined;
		throw error;
	}
}

/** A definition that is established is served a moment later by every API server. */
async function whenServed<T>(work: () => Promise<T>): Promise<T> {
	const tries = 20;
	for (let tried = 1; ; tried++) {
		try {
			return await work();
		} catch (error) {
			if (tried === tries || !isNotFound(error)) throw error;
			await new Promise((resolve) => setTimeout(resolve, 250));
		}
	}
}

function isNotFound(error: unknown): boolean {
	const { cause } = error instanceof Failure ? error : {};
	return cause instanceof ApiError && cause.status === 404;
}

async function write(planned: Planned, options: PlanOptions): Promise<KubernetesObject> {
	const { client, fieldManager, forceConflicts, log } = options;
	const { path, desired, live, change, manifest } = planned;
	if (change === 'unchanged' && live !== undefined) return live;
	try {
		if (change === 'replaced') {
			log.info(`${titleOf(desired)}: deleted, to be made anew`);
			await deleteAndWait(client, path, live);
		} else if (live !== undefined && isClientSideApplied(live)) {
			log.debug(`${titleOf(desired)}: taking over what client-side apply owned`);
			await takeOver(planned, options);
		}
		return await client.apply(path, desired, { fieldManager, force: forceConflicts });
	} catch (error) {
		throw explainRefusal(error, manifest, options.nameOf);
	}
}

/** A controller may have written to the object since it was read: then with a fresh copy. */
async function takeOver(
	{ path, live }: Planned,
	{ client, fieldManager }: PlanOptions,
): Promise<void> {
	const tries = 5;
	let object = live;
	for (let tried = 1; object !== undefined; tried++) {
		try {
			await migrate(client, path, object, fieldManager);
			return;
		} catch (error) {
			const changed = error instanceof ApiError && (error.status === 409 || error.status === 422);
			if (!changed || tried === tries) throw error;
			object = await client.find(path);
		}
	}
}
