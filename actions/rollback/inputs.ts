import * as z from 'zod/mini';
import { bumpInputs } from '../../shared/step/bump-inputs.ts';
import { repositoryInputs, stepInputs } from '../../shared/step/common-inputs.ts';
import { type InputValues, input } from '../../shared/step/declare.ts';
import { pairs } from '../../shared/step/values.ts';
import { verifiedInput } from '../../shared/step/verified.ts';

const { branch: _, ...accessInputs } = repositoryInputs;

export const rollbackInputs = {
	file: bumpInputs.file,
	image: input(z.string(), 'Image to take back, without tag: `ghcr.io/acme/api`.', {
		required: true,
	}),
	to: input(
		z.string(),
		'What to go back to: `previous`, a tag, or a whole reference (`ghcr.io/acme/api:1.3.0`).',
		{ default: 'previous' },
	),
	'to-commit': input(
		z.string(),
		'Commit of the repository, in full: go back to the image as the files had it then.',
	),
	container: bumpInputs.container,
	all: bumpInputs.all,
	set: input(
		pairs,
		'Where the version stands that was written by paths, in place of looking for `image`: the lines that `bump-image` was given, as `image.tag={{tag}}`, without those of other values.',
	),
	pattern: input(
		z.string(),
		'The same by a regular expression with a group `version`, for files that are no YAML or JSON.',
	),
	reason: input(z.string(), 'Why, for the commit and for everybody whom the hold stops.', {
		otherwise: '`Rolled back from {{previous-image}}`',
	}),
	hold: input(
		z.boolean(),
		'Hold the image, so that no `bump-image` brings back what was taken back; `hold` lifts it.',
		{ default: 'true' },
	),
	until: input(
		z.string(),
		'When the hold ends by itself: a time (`2026-03-01T12:00:00Z`), or a duration from now (`2h`).',
		{ otherwise: 'never' },
	),
	environment: input(z.string(), 'Environment that the files belong to, for the record.', {
		otherwise: 'what the record says',
	}),
	'pull-request': input(z.boolean(), 'Open a pull request in place of pushing.', {
		default: 'false',
	}),
	'branch-prefix': input(
		z.string(),
		'What the names of the branches of pull requests begin with.',
		{
			default: 'rollback/',
		},
	),
	overwrite: input(
		z.boolean(),
		'Throw away commits that somebody else put on the branch of the pull request.',
		{ default: 'false' },
	),
	'commit-message': input(
		z.string(),
		'Message of the commit that takes the image back. `{{image}}`, `{{previous-image}}`, `{{name}}`, `{{tag}}`, `{{digest}}`, `{{environment}}`, `{{files}}`, `{{source}}`, `{{run}}` and `{{reason}}` are filled in; the record is added below.',
		{ otherwise: '`Roll back {{name}} to {{tag}}`, why, and where' },
	),
	...verifiedInput,
	'push-timeout': bumpInputs['push-timeout'],
	branch: input(z.string(), 'Branch to take the image back in.', {
		otherwise: "the repository's default branch",
	}),
	...accessInputs,
	...stepInputs,
};

export type RollbackInputs = InputValues<typeof rollbackInputs>;
