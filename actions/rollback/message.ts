import { parseReference } from '../../shared/image/reference.ts';
import { withTrailers } from '../../shared/record/record.ts';
import { type AppliedBump, listChanges } from '../../shared/step/bump.ts';
import type { StepContext } from '../../shared/step/declare.ts';
import { fillTemplate, type TemplateValues } from '../../shared/step/template.ts';
import type { RollbackInputs } from './inputs.ts';

/** What a commit that takes an image back tells of. */
type Told = Pick<AppliedBump, 'image' | 'previousImage' | 'uses' | 'record'> & {
	readonly reason: string;
};

/**
 * Checks the template before anything is asked for.
 * @throws Failure (bad input) for a name in it that stands for nothing.
 */
export function checkMessage(
	{ commitMessage }: RollbackInputs,
	{ nameOf, event }: Pick<StepContext, 'nameOf' | 'event'>,
): void {
	if (commitMessage === undefined) return;
	const later = '?';
	const found = { image: later, previousImage: later, reason: later, uses: [] };
	const record = { digest: later, source: later, environment: later };
	const values = valuesOf({
		...found,
		record: { ...record, ...(event.runUrl && { run: event.runUrl }) },
	});
	fillTemplate(commitMessage, { ...values, tag: later }, nameOf('commit-message'));
}

/** The message of the commit, by the template where there is one, with the record below. */
export function messageOf(
	told: Told,
	template: string | undefined,
	nameOf: StepContext['nameOf'],
): string {
	const { reason, uses, record } = told;
	const values = valuesOf(told);
	const text =
		template === undefined
			? `Roll back ${values.name} to ${values.tag ?? values.digest}\n\n${reason}\n\n${listChanges(uses)}`
			: fillTemplate(template, values, nameOf('commit-message'));
	return withTrailers(text, record);
}

function valuesOf({ image, previousImage, uses, record, reason }: Told): TemplateValues {
	const reference = image === undefined ? undefined : parseReference(image);
	const changed = uses.filter(({ from, to }) => from !== to);
	return {
		image,
		'previous-image': previousImage,
		name: reference?.name ?? image,
		tag: reference?.tag,
		digest: reference?.digest ?? record.digest,
		environment: record.environment,
		files: [...new Set(changed.map(({ place }) => place.file))].join(', '),
		source: record.source,
		run: record.run,
		reason,
	};
}
