import * as z from 'zod/mini';
import { badInput } from '../../shared/failure/failure.ts';
import { type BranchCommit, commitToBranch } from '../../shared/git/commit-to-branch.ts';
import { type AppliedBump, applyBump, describeUse, planBump } from '../../shared/step/bump.ts';
import { bumpExclusive, bumpInputs } from '../../shared/step/bump-inputs.ts';
import { repositoryInputs, stepInputs } from '../../shared/step/common-inputs.ts';
import { defineStep, output } from '../../shared/step/declare.ts';
import { openFrom } from '../../shared/step/repository.ts';

export const step = defineStep({
	name: 'bump-image',
	title: 'Write an image into the files of another repository, as one commit',
	text: `Finds every use of an image in Kubernetes manifests, kustomizations, Helm values and the
like, changes the bytes that mean its tag and no other, and pushes that as one commit.

Where others push to the branch at the same time, the edit is applied anew to what they
pushed; nothing is forced, nothing is lost. Where the files say it already there is no commit
and \`changed\` is \`false\`, so the same event may come twice. A deleted branch is nothing to
do.

Only the branch's tip is fetched, without files but those that are edited, so that a large
repository costs no more than a small one.`,
	branding: { icon: 'arrow-up-circle', color: 'blue' },
	inputs: { ...stepInputs, ...repositoryInputs, ...bumpInputs },
	outputs: {
		changed: output(z.boolean(), 'Whether anything had to change.'),
		commit: output(
			z.string(),
			'The commit that was pushed, or the tip of the branch where nothing had to change.',
		),
		branch: output(z.string(), 'The branch that was written to.'),
		image: output(z.string(), 'The image as it stands in the files now, a whole reference.'),
		'previous-image': output(z.string(), 'The image as it stood in the files before.'),
		files: output(z.array(z.string()), 'Paths of the files that were changed.'),
		attempts: output(z.int(), 'How often the edit was applied: 1 where nobody else was pushing.'),
	},
	example: {
		repository: 'acme/infra-staging',
		file: ['apps/api/*.yaml'],
		image: 'ghcr.io/acme/api',
		environment: 'staging',
		token: '',
	},
	exclusive: bumpExclusive,
	async run(inputs, context) {
		const { event, log } = context;
		if (event.deleted) {
			log.info(`Branch ${event.branch ?? ''} was deleted: there is nothing to bump`);
			return { changed: false };
		}
		const bump = planBump(inputs, context);
		const repository = await openFrom(inputs.repository, inputs, context);
		try {
			if (inputs.branch !== undefined)
				await repository.checkBranch(inputs.branch, context.nameOf('branch'));
			let applied: AppliedBump | undefined;
			const done = await commitToBranch({
				repository,
				branch: inputs.branch,
				edit: async (snapshot) => {
					applied = await applyBump(bump, snapshot, context.nameOf);
					return applied;
				},
				dryRun: inputs.dryRun,
				patience: inputs.pushTimeout,
				log,
			});
			if (applied === undefined) throw badInput(`${context.nameOf('file')} names no file`);
			for (const use of applied.uses) log.info(describeUse(use));
			for (const note of applied.notes) log.warn(note);
			const { url } = repository.remote;
			if (inputs.dryRun && done.changed) {
				log.info(`Dry run: this would be pushed to ${done.branch} of ${url}`);
				log.info(await repository.diff(done.parent, done.commit));
			} else log.info(sentence(done, url));
			context.summary(summary(done, applied, url, inputs.dryRun));
			return {
				changed: done.changed,
				commit: inputs.dryRun && done.changed ? undefined : done.commit,
				branch: done.branch,
				image: applied.image,
				previousImage: applied.previousImage,
				files: done.files.map(({ path }) => path),
				attempts: done.attempts,
			};
		} finally {
			await repository.close();
		}
	},
});

function sentence({ changed, branch, commit, attempts }: BranchCommit, url: string): string {
	if (!changed) return `Nothing to change: ${branch} of ${url} says so already`;
	const tries = attempts > 1 ? `, in attempt ${attempts} since others pushed too` : '';
	return `Pushed ${commit} to ${branch} of ${url}${tries}`;
}

function summary(
	{ changed, branch, commit, files }: BranchCommit,
	{ image, previousImage }: AppliedBump,
	url: string,
	dryRun: boolean,
): string {
	const code = (text: string) => `\`${text.replaceAll('`', '')}\``;
	const what = image ? code(image) : files.map(({ path }) => code(path)).join(', ');
	if (!changed) return `${what} stands in ${code(branch)} of ${url} already.`;
	const before = previousImage ? ` (before: ${code(previousImage)})` : '';
	if (dryRun) return `Dry run: ${what}${before} would be written to ${code(branch)} of ${url}.`;
	return `${what}${before} is in ${code(branch)} of ${url} by commit ${code(commit)}.`;
}
