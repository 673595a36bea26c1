import * as z from 'zod/mini';
import { repositoryInputs } from '../../shared/step/common-inputs.ts';
import { type InputValues, input } from '../../shared/step/declare.ts';

const { username, 'app-id': appId, 'app-private-key': appKey, forge } = repositoryInputs;

/** Inputs for telling the forge what is deployed. */
export const reportInputs = {
	report: input(
		z.array(z.enum(['auto', 'deployment', 'status'])),
		'What to write on the pages of the forge when the rollout starts and when it ends: a `deployment`, which its page of environments shows (GitHub, GitLab), a `status` of the commit (all but a plain git server), or `auto` for what it has. What is asked for by name and not there is bad input.',
		{ otherwise: 'nothing' },
	),
	'report-on': input(
		z.enum(['manifests', 'source']),
		'On which commit: that of the manifests, or that of the application which the image was built from, as the record of the bump in the history of the workspace tells. The token has to be for that repository.',
		{ default: 'manifests' },
	),
	environment: input(z.string(), 'Name of the environment, for `report`.', {
		otherwise: 'what the record of the bump or the CI tells',
	}),
	'environment-url': input(
		z.string(),
		'Where what is deployed can be looked at, for the page of the environment.',
	),
	repository: input(
		z.string(),
		'The repository that `report` writes to: `owner/name` on the forge that the CI works for, or any clone URL.',
		{ otherwise: 'the one whose pipeline this is; the source with `report-on: source`' },
	),
	token: input(
		z.string(),
		'Token for `report`, which may write deployments and commit statuses there.',
		{ secret: true, otherwise: "the CI's netrc" },
	),
	username,
	'app-id': appId,
	'app-private-key': appKey,
	forge,
	'api-url': repositoryInputs['api-url'],
	'ca-certificate': input(
		z.string(),
		"Certificate authority of the forge's server: a path, or the PEM text.",
	),
	'skip-verify': input(z.boolean(), "Do not check the forge's certificate.", { default: 'false' }),
};

export type ReportInputs = InputValues<typeof reportInputs>;
