import { join } from 'node:path';

/** The folder of the bundles. */
export const dist = join(import.meta.dirname, '../../dist');
