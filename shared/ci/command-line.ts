import { readArguments } from './arguments.ts';
import type { Environment, Host } from './host.ts';
import { plainLog } from './plain-log.ts';
import { hasSettings, readSettings } from './settings.ts';

/**
 * The plain command line: inputs are arguments, the log goes to standard error and the
 * outputs to standard output as `name=value` lines. A container that is started by hand
 * with `PLUGIN_*` variables and no arguments takes those.
 */
export function commandLineHost(env: Environment, args: readonly string[]): Host {
	const settings = args.length === 0 && hasSettings(env);
	return {
		event: { kind: 'unknown' },
		workspace: process.cwd(),
		debug: false,
		nameOf: (input) => (settings ? `settings.${input}` : `--${input}`),
		inputs: (shapes) => (settings ? readSettings(env, shapes) : readArguments(args, shapes)),
		...plainLog(process.stderr),
		outputs: (values) => {
			for (const [name, value] of values) process.stdout.write(`${name}=${value}\n`);
		},
		summary: () => undefined,
	};
}
