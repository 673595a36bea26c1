import type { Forge } from '../../shared/forge/forge.ts';
import { code, link } from '../../shared/forge/markdown.ts';
import { bringAbout, closeOpen, pullRequestOf } from '../../shared/forge/pull-request.ts';
import type { Repository } from '../../shared/git/repository.ts';
import { describeUse } from '../../shared/step/bump.ts';
import type { StepContext } from '../../shared/step/declare.ts';
import { ownBranch, type Tip, writeBranch } from '../../shared/step/propose.ts';
import { composeBody, composeTitle, type Proposed } from '../../shared/step/pull-request-text.ts';
import { knownSites } from '../../shared/step/sites.ts';
import { sourceCommits } from '../../shared/step/source-commits.ts';
import type { VerifiedWriter } from '../../shared/step/verified.ts';
import { rollbackEdit } from './edit.ts';
import type { RollbackInputs } from './inputs.ts';
import type { RollbackOutputs } from './outputs.ts';
import type { Found } from './target.ts';

interface Work {
	readonly inputs: RollbackInputs;
	readonly context: StepContext;
	readonly repository: Repository;
	readonly forge: Forge;
	/** Makes the commit, where the forge is to. */
	readonly api: VerifiedWriter | undefined;
}

/** Opens or updates the pull request that takes an image back, or closes one that is done. */
export async function proposeRollback(
	{ inputs, context, repository, forge, api }: Work,
	target: Found,
	first: Tip,
): Promise<RollbackOutputs> {
	const { log, nameOf } = context;
	const environment = inputs.environment ?? target.record.environment;
	const branch = ownBranch(inputs.branchPrefix, environment, inputs.image);
	await repository.checkBranch(branch, nameOf('branch-prefix'));
	const present = pullRequestOf(await forge.openPullRequests(), branch, first.branch);
	const edit = await writeBranch({
		repository,
		forge,
		log,
		edit: rollbackEdit(target, inputs, context),
		branch,
		first,
		present,
		authorEmail: inputs.authorEmail,
		write: api?.write,
		overwrite: inputs.overwrite,
		dryRun: inputs.dryRun,
		patience: inputs.pushTimeout,
	});
	const { base, applied } = edit;
	const where = `${base.branch} of ${repository.remote.url}`;
	const { image, previousImage } = applied;
	const outputs = { branch, image, previousImage, held: applied.standing !== undefined };
	for (const use of applied.uses) log.info(describeUse(use));
	for (const note of applied.notes) log.warn(note);
	if (edit.kind === 'nothing') {
		log.info(`Nothing to roll back: ${where} says so already`);
		if (present === undefined) return { ...outputs, changed: false, operation: 'none' };
		const { number, url } = present;
		const done = { ...outputs, changed: false, operation: 'closed', number, url } as const;
		if (inputs.dryRun) log.info(`Dry run: pull request ${number} would be closed (${url})`);
		else {
			const why = `${code(base.branch)} has ${code(image ?? '')} already, so there is nothing left to roll back.`;
			await closeOpen(forge, present, why);
		}
		return done;
	}
	const change = { ...applied, record: { ...applied.record, ...edit.circumstances } };
	const proposed: Proposed = {
		...change,
		does: 'rollback',
		at: edit.at,
		commits: await sourceCommits(change, { repository, tip: base.tip }, inputs, context),
		diff: await repository.diff(base.tip, edit.made),
		sites: knownSites(repository.remote, forge, context.event),
	};
	const title = composeTitle(undefined, proposed, 'title');
	const body = composeBody(undefined, proposed, 'body', forge.longestBody);
	const files = applied.files.map(({ path }) => path);
	if (inputs.dryRun) {
		log.info(`Dry run: a pull request into ${where} would be opened or updated: ${title}`);
		context.fold('What would be written', proposed.diff);
		return { ...outputs, changed: true, files };
	}
	const wanted = { head: branch, base: base.branch, title, body, draft: false };
	const { request, operation } = await bringAbout(forge, present, wanted, edit);
	const { number, url } = request;
	log.info(`Pull request ${number} ${operation}: ${url}`);
	context.summary(
		`${link(`Pull request ${number}`, url)} (${operation}): back to ${code(image ?? '')} in ${where}`,
	);
	const changed = operation !== 'unchanged';
	const verified = edit.pushed ? await api?.tell(edit.commit) : undefined;
	return { ...outputs, changed, commit: edit.commit, files, verified, operation, number, url };
}
