import { Failure } from '../failure/failure.ts';
import type { AutoMerge, AutoMergeOutcome } from './forge.ts';
import type { Rest } from './rest.ts';

/** What came of one attempt, after which another one may fare better. */
export interface Again {
	/** What is thrown where it was the last one. */
	readonly failure?: unknown;
}

export type Attempt = AutoMergeOutcome | Again;

/** What of a pull request tells whether there is anything left to merge. */
interface Standing {
	readonly state: 'open' | 'merged' | 'closed';
}

const attempts = 5;

/**
 * Looks at a pull request and tries to have it merged, until that settles it or nothing more is
 * to be hoped for: a forge needs a while to find out whether it can be merged, and an answer
 * may get lost after the work was done.
 * @throws Failure where it was closed, or with the failure of the last attempt.
 */
export async function keepTrying<P extends Standing>(
	rest: Pick<Rest, 'pause'>,
	number: number,
	look: () => Promise<P>,
	attempt: (pull: P) => Promise<Attempt>,
): Promise<AutoMergeOutcome> {
	for (let count = 1; ; count++) {
		const pull = await look();
		if (pull.state === 'merged') return 'merged';
		if (pull.state === 'closed')
			throw new Failure(`Pull request ${number} was closed, so that it cannot be merged`);
		const outcome = await attempt(pull);
		if (typeof outcome === 'string' || 'noPlan' in outcome) return outcome;
		if (count === attempts) {
			if (outcome.failure === undefined) return 'not-yet';
			throw outcome.failure;
		}
		await rest.pause(count);
	}
}

/** The message of the commit that a squash makes, whole. */
export function squashMessage({ text }: AutoMerge): string | undefined {
	return text && `${text.title}\n\n${text.body}`;
}

/** What a check or build that is missing is waited for as. */
export function missingCheck(name: string, failed: boolean): string {
	return `${name}, which ${failed ? 'has failed' : 'is not done'}`;
}

/** What is asked for; undefined where it is refused, for what only explains a wait is no reason to end it. */
export async function ifTold<T>(asked: Promise<T>): Promise<T | undefined> {
	try {
		return await asked;
	} catch (error) {
		if (error instanceof Failure) return undefined;
		throw error;
	}
}

/** Reasons that are worded alike on every forge. */
export const waits = {
	draft: 'somebody to say that it is no draft any more',
	review: 'an approving review',
	rejection: 'a reviewer who asked for changes',
	discussions: 'its discussions to be resolved',
	conflict: (base: string) => `the end of its conflict with ${base}`,
	behind: (base: string) => `its branch to be brought up to date with ${base}`,
} as const;
