import { runInNewContext } from 'node:vm';
import { badInput } from '../failure/failure.ts';

/** So long a pattern may take for one text; repetitions in a repetition may take years. */
const longestMs = 5000;

/**
 * What a match of a user's own regular expression comes to. Only this of node's can end one
 * that is under way.
 * @param expression - as its user wrote it, with the name of the input
 * @param where - what is searched
 * @throws Failure (bad input) where it takes too long
 */
export function matchInTime<T>(match: () => T, expression: string, where: string): T {
	try {
		return runInNewContext('match()', { match }, { timeout: longestMs }) as T;
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
		throw badInput(
			`${expression} takes longer than ${longestMs / 1000} s in ${where}; write it without a repetition in a repetition, such as (a+)+`,
		);
	}
}
