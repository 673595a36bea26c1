import type { Ci, Environment } from './host.ts';
import { terminalLog } from './plain-log.ts';
import { hasSettings, settingsForm } from './settings.ts';

/**
 * The plain command line: the log goes to standard error and the outputs to standard output as
 * `name=value` lines. A container that is started by hand with `PLUGIN_*` variables takes those.
 */
export function commandLineCi(env: Environment): Ci {
	return {
		event: { kind: 'unknown' },
		workspace: process.cwd(),
		debug: false,
		form: hasSettings(env) ? settingsForm(env) : undefined,
		...terminalLog(process.stderr, Boolean(env.CI)),
		mask: () => undefined,
		handOver({ outputs }) {
			for (const [name, value] of outputs) process.stdout.write(`${name}=${value}\n`);
		},
	};
}
