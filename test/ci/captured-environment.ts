import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../data/ci-env');

/**
 * The environment that a real CI gave to a step, without the step's own settings.
 * @param name - a file of `test/data/ci-env` without its ending, such as `drone-1.10.1-push`
 */
export function capturedEnvironment(name: string): Record<string, string> {
	return read(name);
}

/**
 * The environment that a CI's documentation says it gives to a push of a branch, from pages
 * that the file names.
 * @param name - a file of `test/data/ci-env/documented` without its ending, such as `gitlab`
 */
export function documentedEnvironment(name: string): Record<string, string> {
	return read(`documented/${name}`);
}

function read(name: string): Record<string, string> {
	const lines = readFileSync(join(folder, `${name}.env`), 'utf8').split('\n');
	return Object.fromEntries(
		lines
			.filter((line) => /^(?!PLUGIN_)\w+=/.test(line))
			.map((line) => {
				const end = line.indexOf('=');
				return [line.slice(0, end), line.slice(end + 1)];
			}),
	);
}
