import * as z from 'zod/mini';
import { type BranchCommit, commitToBranch } from '../../shared/git/commit-to-branch.ts';
import { loadParser } from '../../shared/manifest/edit.ts';
import { contentRights, readRights } from '../../shared/step/app-token.ts';
import { type AppliedBump, applyBump, describeUse, planBump } from '../../shared/step/bump.ts';
import { bumpExclusive, bumpInputs } from '../../shared/step/bump-inputs.ts';
import { repositoryInputs, stepInputs } from '../../shared/step/common-inputs.ts';
import { defineStep, output } from '../../shared/step/declare.ts';
import { allowOlderInput, type Stop, stopOf } from '../../shared/step/guard.ts';
import { openFrom } from '../../shared/step/repository.ts';
import {
	type VerifiedWriter,
	verifiedInput,
	verifiedOutput,
	verifiedWriter,
} from '../../shared/step/verified.ts';

export const step = defineStep({
	name: 'bump-image',
	title: 'Write an image into the files of another repository, as one commit',
	text: `Finds every use of an image in Kubernetes manifests, kustomizations, Helm values and the
like, changes the bytes that mean its tag and no other, and pushes that as one commit.

Where others push to the branch at the same time, the edit is applied anew to what they
pushed; nothing is forced, nothing is lost. Where the files say it already there is no commit
and \`changed\` is \`false\`, so the same event may come twice. A deleted branch is nothing to
do.

The commit carries the record of what was written: image, source commit, environment and run, as
git trailers. By that record a late run does not put an older image over a newer one
(\`superseded\`): where the present image was built from a commit that comes after this run's,
nothing is written. A hold in the branch (see \`hold\` and \`rollback\`) keeps the image, or the
file, as it is for everybody (\`held\`). Both end with exit code 0 and say why.

Only the branch's tip is fetched, without files but those that are edited, so that a large
repository costs no more than a small one.`,
	branding: { icon: 'arrow-up-circle', color: 'blue' },
	inputs: {
		...bumpInputs,
		...allowOlderInput,
		...verifiedInput,
		...repositoryInputs,
		...stepInputs,
	},
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
		superseded: output(
			z.boolean(),
			'Whether nothing was written since the present image is newer than that of this run.',
		),
		held: output(z.boolean(), 'Whether nothing was written since the image or file is held.'),
		...verifiedOutput,
		attempts: output(z.int(), 'How often the edit was applied: 1 where nobody else was pushing.'),
	},
	example: {
		repository: 'acme/infra-staging',
		file: ['apps/api/*.yaml'],
		image: 'ghcr.io/acme/api',
		environment: 'staging',
		token: '',
	},
	exampleAlone: { tag: 'v1.4.0' },
	exclusive: [...bumpExclusive, ['verified', 'signing-key']],
	async run(inputs, context) {
		const { event, log } = context;
		if (event.deleted) {
			log.info(`Branch ${event.branch ?? ''} was deleted: there is nothing to bump`);
			return { changed: false };
		}
		const bump = planBump(inputs, context);
		const repository = await openFrom(inputs.repository, inputs, context, {
			rights: inputs.dryRun ? readRights : contentRights,
		});
		let api: VerifiedWriter | undefined;
		try {
			if (!inputs.dryRun) api = await verifiedWriter(inputs, context);
			if (inputs.branch !== undefined)
				await repository.checkBranch(inputs.branch, context.nameOf('branch'));
			const done = await commitToBranch({
				repository,
				branch: inputs.branch,
				edit: async (snapshot): Promise<GuardedBump> => {
					const applied = await applyBump(bump, snapshot, context.nameOf);
					const stop = await stopOf(bump, applied, snapshot, inputs, context);
					return stop ? { ...applied, files: [], image: applied.previousImage, stop } : applied;
				},
				write: api?.write,
				prepare: loadParser,
				history: bump.source !== undefined && !inputs.allowOlder,
				dryRun: inputs.dryRun,
				patience: inputs.pushTimeout,
				log,
			});
			const { edited, changed } = done;
			const dryRun = inputs.dryRun && changed;
			if (!edited.stop) for (const use of edited.uses) log.info(describeUse(use));
			if (!edited.stop) for (const note of edited.notes) log.warn(note);
			const told = sentence(done, repository.remote.url, dryRun);
			if (edited.stop) log.warn(told);
			else log.info(told);
			if (dryRun)
				context.fold('What would be written', await repository.diff(done.parent, done.commit));
			context.summary(told);
			const verified = changed && api ? await api.tell(done.commit) : undefined;
			return {
				changed,
				commit: dryRun ? undefined : done.commit,
				branch: done.branch,
				image: edited.image,
				previousImage: edited.previousImage,
				files: edited.files.map(({ path }) => path),
				superseded: edited.stop?.kind === 'superseded',
				held: edited.stop?.kind === 'held',
				verified,
				attempts: done.attempts,
			};
		} finally {
			await api?.close();
			await repository.close();
		}
	},
});

/** A bump that may have been stopped; it has no files then. */
interface GuardedBump extends AppliedBump {
	readonly stop?: Stop;
}

function sentence(done: BranchCommit<GuardedBump>, url: string, dryRun: boolean): string {
	const { changed, branch, commit, attempts, edited } = done;
	if (edited.stop) return edited.stop.why;
	if (!changed) return `Nothing to change: ${branch} of ${url} says so already`;
	if (dryRun) return `Dry run: this would be pushed to ${branch} of ${url}`;
	const tries = attempts > 1 ? `, in attempt ${attempts} since others pushed too` : '';
	return `Pushed ${commit} to ${branch} of ${url}${tries}`;
}
