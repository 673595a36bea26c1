import * as z from 'zod/mini';
import { badInput } from '../../shared/failure/failure.ts';
import { bumpExclusive } from '../../shared/step/bump-inputs.ts';
import { defineStep, output } from '../../shared/step/declare.ts';
import { verifiedOutput } from '../../shared/step/verified.ts';
import { promotionInputs } from './inputs.ts';
import { checkTemplates } from './plan.ts';
import { promote } from './promote.ts';

export const step = defineStep({
	name: 'promotion-pr',
	title: 'Ask by a pull request that an environment takes an image, and keep that request true',
	text: `Writes an image into the files of another repository, as \`bump-image\` does, but on a branch of
its own, and opens a pull request for it. There is one branch for each image and environment:
running again updates the commit, the title and the body of the one pull request, and changes
nothing where it says all of it already. It is merged by people, or with \`auto-merge\` by the
forge once the rules of the base are met.

The edit is always made on the tip of the base, so a newer image takes the place of an older
one. The other way round it does not: where the base, or an open pull request, has an image that
was built from a later commit, a late run changes nothing, says so and ends with exit code 0
(\`outdated\`), unless \`allow-older\` is given. Where the base has the image already, an open pull
request is closed. Commits that somebody else put on the branch are never thrown away without
being told: the step says so and fails, unless \`overwrite\` is given. Title and body belong to the
step. A hold in the base (see \`hold\`) keeps a pull request from being opened or changed (\`held\`).

The image is \`image\` with its tag or digest; else the one that runs where \`from-file\` says;
else the one that \`rolling-deploy\` deployed earlier in the same workspace. After a rollout that
failed nothing is promoted. Where it was built from, and the environment it was proved in, are
read from the history of the workspace.

Where there is nothing but a git server, the repository itself keeps the request, and
\`lockstep show\`, \`approve\` and \`merge\` deal with it: see
[FORGES.md](../../actions/promotion-pr/FORGES.md#a-plain-git-server).

Pull requests that are made with a GitHub workflow's own \`GITHUB_TOKEN\` start no workflows, and
that token reaches no other repository: give the token of a GitHub App, or a fine-grained one.`,
	branding: { icon: 'git-pull-request', color: 'purple' },
	inputs: promotionInputs,
	outputs: {
		operation: output(
			z.enum(['created', 'updated', 'unchanged', 'closed', 'none']),
			'What became of the pull request; with `dry-run` what would have.',
		),
		number: output(z.int(), 'Number of the pull request.'),
		url: output(z.string(), 'Page of the pull request.'),
		branch: output(z.string(), 'Branch of the pull request.'),
		commit: output(z.string(), "The commit at the branch's tip."),
		image: output(z.string(), 'The image that is promoted, a whole reference.'),
		held: output(z.boolean(), 'Whether nothing was done since the image or file is held.'),
		merged: output(
			z.boolean(),
			'With `auto-merge` or `wait`: whether the pull request is merged by the end of this run.',
		),
		'merge-commit': output(
			z.string(),
			'The commit of the base that it became, where the forge tells.',
		),
		superseded: output(z.array(z.int()), 'Numbers of the older pull requests that were closed.'),
		outdated: output(
			z.boolean(),
			'Whether nothing was done since the base, or an open pull request, has a newer image than that of this run.',
		),
		...verifiedOutput,
	},
	example: {
		repository: 'acme/infra-production',
		file: ['apps/api/*.yaml'],
		image: 'ghcr.io/acme/api',
		environment: 'production',
		labels: ['promotion'],
		token: '',
	},
	exampleAlone: { tag: 'v1.4.0' },
	exclusive: [...bumpExclusive, ['verified', 'signing-key']],
	async run(inputs, context) {
		const { event, log, nameOf } = context;
		if (event.deleted) {
			log.info(`Branch ${event.branch ?? ''} was deleted: there is nothing to promote`);
			return { operation: 'none' as const };
		}
		if (inputs.fromBranch !== undefined && inputs.fromRepository === undefined)
			throw badInput(`${nameOf('from-branch')} needs ${nameOf('from-repository')}`);
		if (inputs.fromRepository !== undefined && inputs.fromFile === undefined)
			throw badInput(`${nameOf('from-repository')} needs ${nameOf('from-file')}`);
		checkTemplates(inputs, context);
		return await promote(inputs, context);
	},
});
