import { readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, ratio, table, timeInTurn } from './measure.ts';
import { dist } from './paths.ts';

/** The start of every bundle (`--help`) beside a node that runs an empty file. */
export async function benchStart(): Promise<void> {
	const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
	const empty = join(folder, 'empty.mjs');
	writeFileSync(empty, '');
	const names = readdirSync(dist).filter((name) => !name.includes('.'));
	const node = (...args: string[]) => ({ program: process.execPath, args });
	const timings = await timeInTurn(
		{
			'bare node': node(empty),
			...Object.fromEntries(
				names.map((name) => [name, node(join(dist, name, 'index.js'), '--help')]),
			),
		},
		15,
	);
	const bare = timings.get('bare node') ?? [];
	const rows = [...timings].map(([name, times]) => [
		name,
		`${median(times).toFixed(0)} ms`,
		ratio(times, bare).toFixed(2),
	]);
	console.log(`\nStart: --help\n${table(['', 'median', 'to bare node'], rows)}`);
	await rm(folder, { recursive: true });
}
