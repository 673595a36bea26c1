import { pipeVariable } from './bitbucket.ts';
import type { Environment } from './host.ts';

/** The variables that this process was started with. */
export function processEnvironment(): Environment {
	return process.env;
}

/**
 * The variables for child processes such as git: without the step's own inputs, which may
 * be secrets and are nobody else's business.
 * @param inputs - the names of the step's inputs, of which a Bitbucket pipe has plain variables
 */
export function childEnvironment(env: Environment, inputs: readonly string[] = []): Environment {
	const ofPipe = env.BITBUCKET_PIPE_STORAGE_DIR ? inputs.map(pipeVariable) : [];
	return Object.fromEntries(
		Object.entries(env).filter(
			([name]) =>
				!/^(INPUT|PLUGIN|LOCKSTEP)_/.test(name) &&
				!ofPipe.includes(name.replace(/_(COUNT|\d+)$/, '')),
		),
	);
}
