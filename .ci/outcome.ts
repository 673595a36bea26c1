import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root } from './steps.ts';

/** Files to be, by path from the project's folder. */
export type Files = ReadonlyMap<string, string | Uint8Array>;

/**
 * Writes the files that differ from what is there; with `--check` on the command line only
 * tells which those are, and ends the process with 1 if there are any.
 * @param files - what has to be there
 * @param obsolete - files that are there and should not be
 * @param command - what a person runs to bring them up to date
 */
export function settle(files: Files, obsolete: readonly string[], command: string): string[] {
	const stale = [...files]
		.filter(([path, content]) => !isSame(join(root, path), content))
		.map(([path]) => path);
	if (process.argv.includes('--check')) {
		const wrong = [...stale, ...obsolete];
		if (wrong.length > 0) {
			console.error(
				`Stale, run \`${command}\` and commit what it writes:\n  ${wrong.join('\n  ')}`,
			);
			process.exitCode = 1;
		}
		return wrong;
	}
	for (const path of stale) {
		mkdirSync(dirname(join(root, path)), { recursive: true });
		writeFileSync(join(root, path), files.get(path) ?? '');
	}
	return stale;
}

function isSame(path: string, content: string | Uint8Array): boolean {
	try {
		return readFileSync(path).equals(Buffer.from(content as Uint8Array));
	} catch {
		return false;
	}
}

/** `path` as it is named from the project's folder. */
export function fromRoot(path: string): string {
	return relative(root, path);
}
