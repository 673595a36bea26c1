import * as z from 'zod/mini';
import { defineStep, output } from '../../shared/step/declare.ts';
import { reviewInputs } from './inputs.ts';
import { review } from './review.ts';

export const step = defineStep({
	name: 'review-promotion',
	title: 'Show, approve, merge or close pull requests, even where there is no forge',
	text: `What people do on a forge's pages, as a step and as a command: lists the open pull requests of
a repository, shows one with its diff and what it waits for, approves, merges, closes or
comments on it.

On a plain git server (\`forge: git\`) this is where the requests of \`promotion-pr\` are dealt with:
they are refs of the repository itself, so whoever may push there may use it, and nothing else has
to run. An approval is of one commit: it counts no more when the branch moves on. One's own counts
neither, that is, neither of who opened the request nor of who made the commit. A request is merged
when everybody whom \`reviewers\` of \`promotion-pr\` names has approved, by a push that goes through
only while both the base and the request are as they were; the record is in the merged history
whichever the method. With \`auto-merge\` in \`promotion-pr\` the last approval merges.

On a forge, \`show\`, \`comment\`, \`merge\` and \`close\` do the same by its API, as whoever the token
belongs to; to approve, and to end a draft, it has its pages, and the step says so.

On a command line \`lockstep show\`, \`lockstep approve 3\`, \`lockstep merge 3\` and so on are short for
it: a command for each action.
In a clone they need no more than \`--forge git\`, and not even that where its \`origin\` is a path: the
repository is \`origin\`, and who approves is who commits there.`,
	branding: { icon: 'check-circle', color: 'purple' },
	inputs: reviewInputs,
	outputs: {
		number: output(z.int(), 'Number of the pull request.'),
		url: output(z.string(), 'Page of the pull request, or where git finds it.'),
		state: output(z.enum(['open', 'closed', 'merged']), 'What it is now.'),
		approvals: output(
			z.array(z.string()),
			'Names of those who approved the commit that it stands at.',
		),
		'waits-for': output(z.array(z.string()), 'What it waits for, where the forge tells.'),
		merged: output(z.boolean(), 'Whether it is merged now.'),
		'merge-commit': output(z.string(), 'The commit of the base that it became.'),
		requests: output(
			z.array(
				z.object({
					number: z.int(),
					title: z.string(),
					head: z.string(),
					base: z.string(),
					commit: z.string(),
					url: z.string(),
				}),
			),
			'The open pull requests, the newest first, where `show` lists them.',
		),
	},
	example: {
		repository: 'https://git.example.com/infra-production.git',
		forge: 'git',
		action: 'approve',
		number: '3',
		token: '',
	},
	async run(inputs, context) {
		return await review(inputs, context);
	},
});
