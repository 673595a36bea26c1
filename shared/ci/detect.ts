import { readArguments } from './arguments.ts';
import { commandLineHost } from './command-line.ts';
import { droneHost } from './drone.ts';
import { githubHost } from './github.ts';
import type { Environment, Host } from './host.ts';
import { woodpeckerHost } from './woodpecker.ts';

/**
 * The CI that this process runs in. Woodpecker is asked for first, since it sets Drone's
 * variables as well (but never `DRONE` and `DRONE_SYSTEM_VERSION`). Where there are arguments they are the inputs, on
 * every CI: a step may be called in a CI's script as a command.
 */
export function detectHost(env: Environment, args: readonly string[]): Host {
	const host = ciOf(env);
	if (host === undefined) return commandLineHost(env, args);
	if (args.length === 0) return host;
	return {
		...host,
		nameOf: (input) => `--${input}`,
		inputs: (shapes) => readArguments(args, shapes),
	};
}

function ciOf(env: Environment): Host | undefined {
	if (env.CI === 'woodpecker' || env.CI_SYSTEM_NAME === 'woodpecker') return woodpeckerHost(env);
	if (env.DRONE === 'true' || env.DRONE_SYSTEM_VERSION !== undefined) return droneHost(env);
	if (env.GITHUB_ACTIONS === 'true') return githubHost(env);
	return undefined;
}
