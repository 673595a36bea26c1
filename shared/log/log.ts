import type { Place } from '../failure/failure.ts';

/**
 * Where a step tells what it does. `warn` and `error` may name a place in a file, which
 * the CIs that can do so show beside that line.
 */
export interface Log {
	debug(message: string): void;
	info(message: string): void;
	warn(message: string, place?: Place): void;
	error(message: string, place?: Place): void;
}
