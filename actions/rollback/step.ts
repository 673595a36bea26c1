import { badInput } from '../../shared/failure/failure.ts';
import type { Forge } from '../../shared/forge/forge.ts';
import type { Rights } from '../../shared/forge/github-app.ts';
import { inertMarkdown } from '../../shared/forge/markdown.ts';
import {
	type BranchCommit,
	commitToBranch,
	fetchTip,
	snapshotOf,
} from '../../shared/git/commit-to-branch.ts';
import type { Repository } from '../../shared/git/repository.ts';
import { formatReference, isRepository } from '../../shared/image/reference.ts';
import { loadParser } from '../../shared/manifest/edit.ts';
import { concerns } from '../../shared/record/hold.ts';
import { describeUse } from '../../shared/step/bump.ts';
import { defineStep, type StepContext } from '../../shared/step/declare.ts';
import { forgeFrom, withTokenAdvice } from '../../shared/step/forge.ts';
import { standingHolds } from '../../shared/step/hold.ts';
import type { Tip } from '../../shared/step/propose.ts';
import { openFrom } from '../../shared/step/repository.ts';
import { type VerifiedWriter, verifiedWriter, writerOn } from '../../shared/step/verified.ts';
import { type RollbackEdit, rollbackEdit } from './edit.ts';
import { checkWanted } from './images.ts';
import { type RollbackInputs, rollbackInputs } from './inputs.ts';
import { checkMessage } from './message.ts';
import { type RollbackOutputs, rollbackOutputs } from './outputs.ts';
import { proposeRollback } from './pull-request.ts';
import { type Found, findTarget } from './target.ts';

export const step = defineStep({
	name: 'rollback',
	title: 'Take an image back in the files of another repository, and keep it there',
	text: `Writes back the image that the files had before the present one, as a new commit on the branch
or, with \`pull-request\`, as a pull request. Nothing is reverted but the image: whatever else was
changed in the files since stays.

Which image that was is read from the record that \`bump-image\` and \`promotion-pr\` leave in their
commits, and held against the files themselves; where there is no record, from the history of
the files. What \`bump-image\` wrote by \`set\` or \`pattern\` is taken back by the same. \`to\` and \`to-commit\` name another one. It is decided once: whatever is bumped while
the step runs, it goes back to that image.

In the same commit the image is held (see \`hold\`), so that no late or new build brings back what
was taken back: a bump then ends with exit code 0 and \`held\`, and says why. Lift the hold when
the next good version is there. With \`pull-request\` the hold stands from the merge on.

Running again changes nothing: an image that was rolled back to already stays, and
\`to: previous\` does not go one further.`,
	branding: { icon: 'rotate-ccw', color: 'red' },
	inputs: rollbackInputs,
	outputs: rollbackOutputs,
	example: {
		repository: 'acme/infra-production',
		file: ['apps/api/*.yaml'],
		image: 'ghcr.io/acme/api',
		reason: '1.4.0 loses orders',
		token: '',
	},
	exclusive: [
		['to', 'to-commit'],
		['set', 'pattern'],
		['container', 'set'],
		['container', 'pattern'],
		['all', 'set'],
		['verified', 'signing-key'],
	],
	async run(inputs, context) {
		const { nameOf, log } = context;
		if (!isRepository(inputs.image))
			throw badInput(
				`${nameOf('image')}: "${inputs.image}" is no image without a tag; give that as ${nameOf('image')}, and what to go back to as ${nameOf('to')}`,
			);
		if (inputs.until !== undefined && !inputs.hold)
			throw badInput(
				`${nameOf('until')} is for a hold; leave it out, or let ${nameOf('hold')} be true`,
			);
		checkWanted(inputs, context);
		checkMessage(inputs, context);
		return await opened(inputs, context, async ({ repository, forge, api }) => {
			const [first] = await Promise.all([fetchTip(repository, inputs.branch), loadParser()]);
			const target = await findTarget(repository, first, inputs, context);
			if (target.kind === 'done') {
				const { image, from, commit } = target;
				const told = `${first.branch} of ${repository.remote.url} was rolled back from ${from} to ${image} already, by commit ${commit.slice(0, 12)}; to go further back give ${nameOf('to')}`;
				log.warn(told);
				context.summary(inertMarkdown(told));
				const snapshot = snapshotOf(repository, first.branch, first.tip);
				const holds = await standingHolds(snapshot);
				const held = holds.some((hold) => concerns(hold, { images: [inputs.image], files: [] }));
				// As of a bump that finds its image there already.
				const same = { image, previousImage: image, toImage: image };
				return { ...nothing(first), ...same, held, attempts: 1 };
			}
			const outputs = forge
				? await proposeRollback({ inputs, context, repository, forge, api }, target, first)
				: await push({ repository, api }, target, first, inputs, context);
			return { ...outputs, toImage: formatReference(target.image), superseded: false };
		});
	},
});

interface Opened {
	readonly repository: Repository;
	/** Where a pull request is asked for. */
	readonly forge: Forge | undefined;
	/** Where the forge is to write the commit. */
	readonly api: VerifiedWriter | undefined;
}

/** Opens the repository, and the forge where one is asked for; closes both. */
async function opened(
	inputs: RollbackInputs,
	context: StepContext,
	work: (opened: Opened) => Promise<RollbackOutputs>,
): Promise<RollbackOutputs> {
	const right = inputs.dryRun ? 'read' : 'write';
	const rights: Rights = { contents: right, ...(inputs.pullRequest && { pull_requests: right }) };
	const forge = inputs.pullRequest ? await forgeFrom(inputs, context, { rights }) : undefined;
	let api: VerifiedWriter | undefined;
	try {
		if (forge && inputs.verified) api = writerOn(forge, context);
		else if (!inputs.dryRun) api = await verifiedWriter(inputs, context);
		const repository = await openFrom(inputs.repository, inputs, context, { rights });
		try {
			if (inputs.branch !== undefined)
				await repository.checkBranch(inputs.branch, context.nameOf('branch'));
			return await work({ repository, forge, api });
		} finally {
			await repository.close();
		}
	} catch (error) {
		throw forge ? withTokenAdvice(error, inputs, context) : error;
	} finally {
		await (forge ?? api)?.close();
	}
}

function nothing({ branch, tip }: Tip): RollbackOutputs {
	return { changed: false, commit: tip, branch, files: [], superseded: false };
}

async function push(
	{ repository, api }: Pick<Opened, 'repository' | 'api'>,
	target: Found,
	{ branch }: Tip,
	inputs: RollbackInputs,
	context: StepContext,
): Promise<RollbackOutputs> {
	const { log } = context;
	const done = await commitToBranch({
		repository,
		branch,
		edit: rollbackEdit(target, inputs, context),
		write: api?.write,
		dryRun: inputs.dryRun,
		patience: inputs.pushTimeout,
		log,
	});
	const { edited, changed, commit } = done;
	const dryRun = inputs.dryRun && changed;
	for (const use of edited.uses) log.info(describeUse(use));
	for (const note of edited.notes) log.warn(note);
	if (edited.standing) log.info(`${edited.standing}; a rollback goes over that`);
	const told = sentence(done, repository.remote.url, dryRun);
	log.info(told);
	if (dryRun) context.fold('What would be written', await repository.diff(done.parent, commit));
	context.summary(inertMarkdown(told));
	const verified = changed && api ? await api.tell(commit) : undefined;
	return {
		changed,
		commit: dryRun ? undefined : commit,
		branch,
		image: edited.image,
		previousImage: edited.previousImage,
		files: edited.files.map(({ path }) => path),
		held: inputs.hold || edited.standing !== undefined,
		verified,
		attempts: done.attempts,
	};
}

function sentence(done: BranchCommit<RollbackEdit>, url: string, dryRun: boolean): string {
	const { changed, branch, commit, edited } = done;
	if (!changed) return `Nothing to roll back: ${branch} of ${url} has ${edited.image} already`;
	if (dryRun) return `Dry run: this would be pushed to ${branch} of ${url}`;
	return `Pushed ${commit} to ${branch} of ${url}: back to ${edited.image}`;
}
