import { documentedEnvironment } from '../ci/captured-environment.ts';
import type { Front, Values } from './fronts.ts';

/** A repository's address, for the variables of each CI that hold it. */
type AddressOf = (page: string) => Record<string, string>;

/** Inputs of a step that is called in a script: `dry-run` -> `LOCKSTEP_DRY_RUN`. */
function variables(inputs: Values): Record<string, string> {
	return Object.fromEntries(
		Object.entries(inputs).map(([name, value]) => [
			`LOCKSTEP_${name.toUpperCase().replaceAll('-', '_')}`,
			value,
		]),
	);
}

/** A CI by its documentation, with the repository of the run on a server of ours. */
function documented(ci: string, address: AddressOf): Front {
	return ({ server, repository }, inputs) => ({
		env: {
			...documentedEnvironment(ci),
			...address(`${server}/${repository}`),
			...variables(inputs),
		},
	});
}

/**
 * The CIs of which nothing is at hand but their documentation. The commit and the branch are
 * those that `documentedEnvironment` gives.
 */
export const documentedFronts: Readonly<Record<string, Front>> = {
	GitLab: documented('gitlab', (page) => ({
		CI_PROJECT_URL: page,
		CI_SERVER_URL: new URL(page).origin,
		CI_API_V4_URL: `${new URL(page).origin}/api/v4`,
	})),
	'Azure Pipelines': documented('azure', (page) => ({
		BUILD_REPOSITORY_URI: page,
		BUILD_REPOSITORY_PROVIDER: 'Git',
	})),
	Jenkins: documented('jenkins', (page) => ({ GIT_URL: `${page}.git` })),
	Bitbucket: documented('bitbucket', (page) => ({ BITBUCKET_GIT_HTTP_ORIGIN: page })),
	CircleCI: documented('circleci', (page) => ({ CIRCLE_REPOSITORY_URL: `${page}.git` })),
	Buildkite: documented('buildkite', (page) => ({ BUILDKITE_REPO: `${page}.git` })),
};
