import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { table } from './measure.ts';
import { dist } from './paths.ts';

/** Bytes of every bundle; those of well-known actions are 0.9 to 2.8 MB. */
export async function benchSizes(): Promise<void> {
	const rows = readdirSync(dist)
		.filter((name) => !name.includes('.'))
		.map((name) => {
			const scripts = readdirSync(join(dist, name)).filter((file) => file.endsWith('.js'));
			const bytes = scripts.map((file) => statSync(join(dist, name, file)).size);
			return [name, `${Math.ceil(bytes.reduce((sum, size) => sum + size, 0) / 1024)} KB`];
		});
	console.log(`\nBundles\n${table(['', 'size'], rows)}`);
}
