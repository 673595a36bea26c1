import type { Repository } from './repository.ts';

/** A ref that is to be put on a commit, or taken away. */
export interface GuardedRef {
	/** In full: `refs/heads/main`. */
	readonly ref: string;
	readonly commit: string | null;
	/** What the remote has there, null where it has no such ref. */
	readonly expect: string | null;
}

/**
 * Puts refs on commits, all or none, if each still is where it was.
 * @param deadline - milliseconds since the epoch after which a server that is unwell is given up
 * @returns false where one of them has moved meanwhile.
 * @throws Failure where the server refuses.
 */
export async function pushGuarded(
	repository: Repository,
	refs: readonly [GuardedRef, ...GuardedRef[]],
	deadline: number,
): Promise<boolean> {
	for (let attempt = 1; ; attempt++) {
		const outcome = await repository.push(...refs);
		if (outcome.pushed) return true;
		const now = await repository.remoteRefs(...refs.map(({ ref }) => ref));
		if (refs.every(({ ref, commit }) => (now.get(ref) ?? null) === commit)) return true;
		if (refs.some(({ ref, expect }) => (now.get(ref) ?? null) !== expect)) return false;
		if (!outcome.passing || Date.now() >= deadline) throw outcome.failure;
		await repository.transport.pause(attempt, outcome.failure.message);
	}
}
