import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder of the bundles. */
export const dist = join(import.meta.dirname, '../../dist');

/** What takes long to make, and is kept for the next run. */
export const cache = join(
	process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
	'lockstep',
	'bench',
);
