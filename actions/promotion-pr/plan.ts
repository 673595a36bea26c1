import { badInput } from '../../shared/failure/failure.ts';
import { snapshotOf } from '../../shared/git/commit-to-branch.ts';
import { parseReference, sameRepository } from '../../shared/image/reference.ts';
import { listImages } from '../../shared/manifest/edit.ts';
import { type Bump, planBump } from '../../shared/step/bump.ts';
import type { StepContext } from '../../shared/step/declare.ts';
import { ownBranch, type Tip } from '../../shared/step/propose.ts';
import { blockNames, toldNames } from '../../shared/step/pull-request-text.ts';
import { recordedSource } from '../../shared/step/source-order.ts';
import { fillTemplate } from '../../shared/step/template.ts';
import type { Candidate } from './image.ts';
import type { PromotionInputs } from './inputs.ts';
import type { Work } from './work.ts';

/** The plan of the edit; the event is that of another repository and says nothing of the image. */
export function planPromotion(
	candidate: Candidate | undefined,
	inputs: PromotionInputs,
	context: StepContext,
): Bump {
	const { tag: _tag, branch: _branch, commit: _commit, pullRequest: _pr, ...event } = context.event;
	const image = candidate?.image;
	const bump = planBump(
		{
			...inputs,
			image: image?.name ?? inputs.image,
			tag: image?.tag ?? inputs.tag,
			digest: image?.digest ?? inputs.digest,
		},
		{ ...context, event },
	);
	const { environment: _environment, ...proof } = candidate?.proof ?? {};
	const record = { ...proof, ...bump.record };
	return { ...bump, record, source: bump.source ?? recordedSource(record.source, inputs, context) };
}

/**
 * Checks the templates before anything is asked for; what the files tell is known later.
 * @throws Failure (bad input) for a name in one that stands for nothing.
 */
export function checkTemplates(
	inputs: PromotionInputs,
	{ nameOf, event }: Pick<StepContext, 'nameOf' | 'event'>,
): void {
	const known = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, '?']));
	const { environment } = inputs;
	const found = ['image', 'previous-image', 'name', 'tag', 'digest', 'files', 'source'] as const;
	const values = {
		...known(found),
		environment,
		run: event.runUrl,
	};
	const told = { ...values, from: '?', ...known(toldNames) };
	const templates = [
		['title', inputs.title, told],
		['body', inputs.body, { ...told, ...known(blockNames) }],
		['commit-message', inputs.commitMessage, values],
	] as const;
	for (const [input, text, names] of templates)
		if (text !== undefined) fillTemplate(text, names, nameOf(input));
}

/** The image that is meant: of several that run, the one that the files use. */
export async function chooseCandidate(
	{ inputs, context, repository }: Work,
	candidates: readonly Candidate[],
	base: Tip,
): Promise<Candidate | undefined> {
	if (candidates.length < 2) return candidates[0];
	const snapshot = snapshotOf(repository, base.branch, base.tip);
	const used: string[] = [];
	for (const [name, bytes] of await snapshot.read(await snapshot.list(inputs.file)))
		for (const { image } of await listImages({ name, bytes }))
			used.push(parseReference(image)?.name ?? image);
	const meant = candidates.filter(({ image }) =>
		used.some((name) => sameRepository(name, image.name)),
	);
	if (meant.length === 1) return meant[0];
	const names = (meant.length > 0 ? meant : candidates).map(({ image }) => image.name);
	throw badInput(
		`${context.nameOf('image')} is missing: ${meant.length > 0 ? 'several images that run are used in the files' : 'none of the images that run is used in the files'} (${[...new Set(names)].join(', ')}); say which is to be promoted`,
	);
}

/** The branch of a promotion: `promote/production-acme-api`. */
export function branchName(
	{ image }: Bump,
	{ branchPrefix, environment }: PromotionInputs,
	nameOf: StepContext['nameOf'],
): string {
	if (image === undefined)
		throw badInput(
			`${nameOf('branch')} is missing: without ${nameOf('image')} there is no name to make one of`,
		);
	return ownBranch(branchPrefix, environment, image.name);
}
