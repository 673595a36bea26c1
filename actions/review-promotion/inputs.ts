import * as z from 'zod/mini';
import { repositoryInputs, stepInputs } from '../../shared/step/common-inputs.ts';
import { type InputValues, input } from '../../shared/step/declare.ts';
import { count } from '../../shared/step/values.ts';

const { branch: _, ...accessInputs } = repositoryInputs;

export const reviewInputs = {
	action: input(
		z.enum(['show', 'approve', 'merge', 'close', 'comment', 'ready']),
		'What to do; `ready` takes a draft for one that may be merged.',
		{ default: 'show' },
	),
	number: input(count, 'Number of the pull request. Without it `show` lists all that are open.', {
		otherwise: 'that of `promotion-pr` earlier in the same workspace',
	}),
	method: input(z.enum(['merge', 'squash', 'rebase']), 'How to merge.', { default: 'merge' }),
	message: input(z.string(), 'The comment, or why it is approved or closed.'),
	commit: input(
		z.string(),
		'Approve or merge only while the pull request stands at this commit, which was looked at.',
	),
	...accessInputs,
	repository: input(
		z.string(),
		'The repository: `owner/name` on the forge that the CI works for, or any clone URL (https, ssh, file).',
		{ otherwise: "the CI's own, else `origin` of the workspace" },
	),
	'author-name': input(z.string(), 'Who does it, on a plain git server.', {
		otherwise: 'who caused the run, else `user.name` of git',
	}),
	'author-email': input(z.string(), 'Their e-mail address.', {
		otherwise: '`user.email` of git',
	}),
	...stepInputs,
};

export type ReviewInputs = InputValues<typeof reviewInputs>;
