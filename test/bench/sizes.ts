import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { table } from './measure.ts';
import { dist } from './paths.ts';

/** Bytes of every bundle; those of well-known actions are 0.9 to 2.8 MB. */
export async function benchSizes(): Promise<void> {
	const rows = readdirSync(dist)
		.filter((name) => !name.includes('.'))
		.map((name) => [name, `${Math.ceil(statSync(join(dist, name, 'index.js')).size / 1024)} KB`]);
	console.log(`\nBundles\n${table(['', 'size'], rows)}`);
}
