import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ci, Environment, RunResult } from './host.ts';
import { outputsWithin } from './outputs.ts';
import { plainLog } from './plain-log.ts';

/**
 * Tekton: a Task's params are the step's arguments, and its results its outputs. It sets no
 * variables, so it is chosen by `--ci tekton`, and knows nothing of what started the run.
 * https://tekton.dev/docs/pipelines/tasks/#emitting-results
 */
export function tektonCi(env: Environment): Ci {
	const folder = env.TEKTON_RESULTS_DIR || '/tekton/results';
	return {
		event: { kind: 'unknown' },
		workspace: process.cwd(),
		debug: false,
		...plainLog(process.stdout),
		mask: () => undefined,
		handOver: (result) => writeResults(folder, result),
	};
}

/**
 * All results of a Task travel in one message of 4096 bytes, as a JSON list, and more of it
 * fails the TaskRun; some of it is the entry point's own.
 */
function writeResults(folder: string, result: RunResult): void {
	if (!existsSync(folder)) {
		result.warn(`There is no folder ${folder} for Tekton's results; is this a Task?`);
		return;
	}
	const limit = {
		of: "Tekton's results",
		bytes: 3500,
		size: (key: string, value: string) =>
			Buffer.byteLength(JSON.stringify({ key, value, type: 1 })) + 1,
		lines: true,
	};
	for (const [name, value] of outputsWithin(limit, result))
		writeFileSync(join(folder, name), value);
}
