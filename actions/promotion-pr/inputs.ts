import * as z from 'zod/mini';
import { bumpInputs } from '../../shared/step/bump-inputs.ts';
import { repositoryInputs, stepInputs } from '../../shared/step/common-inputs.ts';
import { type InputValues, input } from '../../shared/step/declare.ts';
import { allowOlderInput } from '../../shared/step/guard.ts';
import { list } from '../../shared/step/values.ts';
import { verifiedInput } from '../../shared/step/verified.ts';

const { branch: _, ...accessInputs } = repositoryInputs;

export const promotionInputs = {
	...bumpInputs,
	branch: input(z.string(), 'Branch of the pull request, which belongs to the step.', {
		otherwise: '`<branch-prefix><environment>-<image>`',
	}),
	image: input(
		z.string(),
		'Image to promote: `ghcr.io/acme/api:1.4.0`, or without a tag the name of one that runs already.',
		{ otherwise: 'the one image of `from-file` or `rolling-deploy` that the files use' },
	),
	tag: input(z.string(), 'Tag of the image.', { otherwise: 'that of the image that runs' }),
	'source-repository': input(
		z.string(),
		'Repository that the image was built from, for the record.',
		{ otherwise: "what the workspace's history tells" },
	),
	'source-commit': input(z.string(), 'Commit that the image was built from, for the record.', {
		otherwise: "what the workspace's history tells",
	}),
	base: input(z.string(), 'Branch that the pull request is to be merged into.', {
		otherwise: "the repository's default branch",
	}),
	'from-file': input(
		z.string(),
		'File that the image is read from, where it runs now: in the workspace, or in `from-repository`.',
	),
	'from-repository': input(
		z.string(),
		'Repository that has `from-file`: `owner/name`, or any clone URL.',
		{ otherwise: 'the workspace' },
	),
	'from-branch': input(z.string(), 'Branch of `from-repository`.', {
		otherwise: 'its default branch',
	}),
	title: input(
		z.string(),
		'Title of the pull request. `{{image}}`, `{{previous-image}}`, `{{name}}`, `{{tag}}`, `{{digest}}`, `{{environment}}`, `{{files}}`, `{{source}}`, `{{from}}`, `{{run}}`, `{{previous-tag}}`, `{{commit-count}}`, `{{authors}}`, `{{compare}}`, `{{proved-in}}`, `{{proved-since}}` and `{{proved-for}}` are filled in.',
		{ otherwise: '`Promote {{name}} to {{tag}} in {{environment}}`' },
	),
	body: input(
		z.string(),
		'Markdown to stand above what the step itself tells in the body; filled in as `title` is. The lists `{{commits}}` and `{{changes}}` and the `{{diff}}` stand where it has them.',
	),
	labels: input(list, 'Labels that the pull request is to have.'),
	reviewers: input(
		list,
		'Users to ask for a review; on a plain git server names or e-mail addresses, whose approvals a merge waits for.',
	),
	'team-reviewers': input(list, 'Teams of the organization to ask for a review.'),
	assignees: input(list, 'Users to assign.'),
	draft: input(z.boolean(), 'Open the pull request as a draft.', { default: 'false' }),
	overwrite: input(
		z.boolean(),
		'Throw away commits that somebody else put on the branch of the pull request.',
		{ default: 'false' },
	),
	'close-superseded': input(
		z.boolean(),
		"Close open pull requests that promote the same image to the same environment from other branches of the step's, with a comment that names this one.",
		{ default: 'true' },
	),
	'auto-merge': input(
		z.enum(['merge', 'squash', 'rebase']),
		'Have the forge merge it in this way as soon as the rules of its base allow it, or at once where they do already. Where the forge has a merge queue, it goes through that. Bitbucket Cloud plans no merges: give `wait` there.',
	),
	wait: input(
		z.enum(['none', 'merged', 'closed']),
		'What to wait for, as long as `timeout` allows: `merged` fails where it is closed without being merged, `closed` takes either end. Where the base moves on so that it conflicts, the edit is made anew on that.',
		{ default: 'none' },
	),
	'branch-prefix': input(z.string(), 'What the names of all branches of the step begin with.', {
		default: 'promote/',
	}),
	...allowOlderInput,
	...verifiedInput,
	...accessInputs,
	...stepInputs,
};

export type PromotionInputs = InputValues<typeof promotionInputs>;
