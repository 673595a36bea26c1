import type { Environment } from './host.ts';

/** The variables that this process was started with. */
export function processEnvironment(): Environment {
	return process.env;
}

/**
 * The variables for child processes such as git: without the step's own inputs, which may
 * be secrets and are nobody else's business.
 */
export function childEnvironment(env: Environment): Environment {
	return Object.fromEntries(
		Object.entries(env).filter(
			([name]) => !name.startsWith('INPUT_') && !name.startsWith('PLUGIN_'),
		),
	);
}
