import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../data/ci-env');

/**
 * The environment that a real CI gave to a step, without the step's own settings.
 * @param name - a file of `test/data/ci-env` without its ending, such as `drone-1.10.1-push`
 */
export function capturedEnvironment(name: string): Record<string, string> {
	const lines = readFileSync(join(folder, `${name}.env`), 'utf8').split('\n');
	return Object.fromEntries(
		lines
			.filter((line) => line.includes('=') && !line.startsWith('PLUGIN_'))
			.map((line) => {
				const end = line.indexOf('=');
				return [line.slice(0, end), line.slice(end + 1)];
			}),
	);
}
