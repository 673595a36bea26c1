import { badInput } from '../failure/failure.ts';
import { azureCi } from './azure.ts';
import { bitbucketCi } from './bitbucket.ts';
import { buildkiteCi } from './buildkite.ts';
import { circleciCi } from './circleci.ts';
import { commandInputs, hasInputVariables, takeCi } from './command-inputs.ts';
import { commandLineCi } from './command-line.ts';
import { droneCi } from './drone.ts';
import { githubCi } from './github.ts';
import { gitlabCi } from './gitlab.ts';
import type { Ci, Environment, Host } from './host.ts';
import { jenkinsCi } from './jenkins.ts';
import { nearest } from './nearest.ts';
import { tektonCi } from './tekton.ts';
import { woodpeckerCi } from './woodpecker.ts';

interface Candidate {
	/** True where these variables are the CI's own, and not those of one that it imitates. */
	is(env: Environment): boolean;
	open(env: Environment): Ci;
}

const never = () => false;

/**
 * The CIs by the name that `--ci` takes, in the order in which they are looked for. One that
 * sets another's variables too stands before it: Woodpecker sets Drone's (but never `DRONE` and
 * `DRONE_SYSTEM_VERSION`), Gitea and Forgejo set GitHub's, and a runner that a Jenkins has
 * started inherits those of Jenkins.
 */
const candidates: Readonly<Record<string, Candidate>> = {
	woodpecker: {
		is: (env) => env.CI === 'woodpecker' || env.CI_SYSTEM_NAME === 'woodpecker',
		open: woodpeckerCi,
	},
	drone: {
		is: (env) => env.DRONE === 'true' || env.DRONE_SYSTEM_VERSION !== undefined,
		open: droneCi,
	},
	gitea: { is: (env) => Boolean(env.GITEA_ACTIONS), open: githubCi },
	forgejo: { is: (env) => Boolean(env.FORGEJO_ACTIONS), open: githubCi },
	github: { is: (env) => env.GITHUB_ACTIONS === 'true', open: githubCi },
	gitlab: { is: (env) => env.GITLAB_CI === 'true', open: gitlabCi },
	azure: { is: (env) => env.TF_BUILD?.toLowerCase() === 'true', open: azureCi },
	// JENKINS_URL alone is what people set who use Jenkins' command line.
	jenkins: { is: (env) => Boolean(env.JENKINS_URL && env.BUILD_NUMBER), open: jenkinsCi },
	bitbucket: { is: (env) => Boolean(env.BITBUCKET_BUILD_NUMBER), open: bitbucketCi },
	circleci: { is: (env) => env.CIRCLECI === 'true', open: circleciCi },
	buildkite: { is: (env) => env.BUILDKITE === 'true', open: buildkiteCi },
	tekton: { is: never, open: tektonCi },
	none: { is: never, open: commandLineCi },
};

/**
 * The CI that this process runs in, and the form in which this run's inputs were given. Where
 * there are arguments it is the form of a command, on every CI, for a step may be called in a
 * CI's script; else it is the CI's own form, if it has one.
 * @throws Failure (bad input) where `--ci` or `LOCKSTEP_CI` name a CI that is not known.
 */
export function detectHost(env: Environment, args: readonly string[]): Host {
	const { ci, rest } = takeCi(args);
	const { form, ...host } = candidateFor(ci ?? env.LOCKSTEP_CI, env).open(env);
	if (form !== undefined && rest.length === 0 && !onlyVariables(env)) return { ...host, ...form };
	return { ...host, ...commandInputs(env, rest, host.workspace) };
}

function candidateFor(name: string | undefined, env: Environment): Candidate {
	const found = name
		? candidates[name.toLowerCase()]
		: (Object.values(candidates).find(({ is }) => is(env)) ?? candidates.none);
	if (found !== undefined) return found;
	const names = Object.keys(candidates);
	throw badInput(
		`--ci: "${name}" is no CI that Lockstep knows${nearest(name ?? '', names)}; it is one of ${names.join(', ')}`,
	);
}

/** True where a CI's script gives inputs by `LOCKSTEP_*` variables, and none in the CI's form. */
function onlyVariables(env: Environment): boolean {
	const own = Object.keys(env).some((name) =>
		/^(INPUT|PLUGIN)_|^BITBUCKET_PIPE_STORAGE_DIR$/.test(name),
	);
	return hasInputVariables(env) && !own;
}
