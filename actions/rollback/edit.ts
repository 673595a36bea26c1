import type { Snapshot } from '../../shared/git/commit-to-branch.ts';
import { repositoryPath } from '../../shared/git/tree.ts';
import { concerns, describeHold, type Hold, isOver, placeHold } from '../../shared/record/hold.ts';
import type { Record } from '../../shared/record/record.ts';
import { type AppliedBump, applyBump, type Bump, planEdit } from '../../shared/step/bump.ts';
import type { StepContext } from '../../shared/step/declare.ts';
import { endOf, holdMessage, readMarkers } from '../../shared/step/hold.ts';
import { checkVersion } from './images.ts';
import type { RollbackInputs } from './inputs.ts';
import { messageOf } from './message.ts';
import type { Found } from './target.ts';

/** What a rollback makes of a branch's tip: the image and its hold, in one commit. */
export interface RollbackEdit extends AppliedBump {
	/** The hold that stands before, in words. */
	readonly standing: string | undefined;
	readonly reason: string;
}

/**
 * The edit that puts an image back and holds it.
 * @throws Failure (bad input) for an end of the hold that cannot be understood.
 */
export function rollbackEdit(
	{ image, record: known }: Found,
	inputs: RollbackInputs,
	{ nameOf, event }: Pick<StepContext, 'nameOf' | 'event'>,
): (snapshot: Snapshot) => Promise<RollbackEdit> {
	checkVersion(image, inputs, { nameOf });
	const { digest } = image;
	const environment = inputs.environment ?? known.environment;
	const run: Record = event.runUrl === undefined ? {} : { run: event.runUrl };
	const end = endOf(inputs.until, new Date(), nameOf);
	const bump: Bump = {
		files: inputs.file.map((path) => repositoryPath(path, nameOf('file'))),
		edit: planEdit({ ...inputs, createMissing: false }, image, { nameOf }),
		image,
		record: { ...known, ...(digest && { digest }), ...(environment && { environment }), ...run },
		source: undefined,
		message: undefined,
	};
	return async (snapshot) => {
		const applied = await applyBump(bump, snapshot, nameOf);
		const changes = applied.files.length > 0;
		const from = changes ? applied.previousImage : undefined;
		const subject = { images: [inputs.image], files: applied.uses.map(({ place }) => place.file) };
		const markers = await readMarkers(snapshot);
		const now = new Date();
		const stand = markers.map(({ hold }) => hold).filter((hold) => !isOver(hold, now));
		const standing = stand.find((hold) => concerns(hold, subject));
		const isHeld = stand.some((hold) => concerns(hold, { ...subject, files: [] }));
		const reason =
			inputs.reason ?? (from ? `Rolled back from ${from}` : `Rolled back to ${applied.image}`);
		const hold: Hold = {
			image: inputs.image,
			reason,
			...end,
			...(event.author && { by: event.author }),
		};
		// Without words of its own, a rollback leaves those of a hold that stands.
		const isNew = inputs.hold && (!isHeld || inputs.reason !== undefined);
		const marker = isNew ? placeHold(markers, hold, now) : undefined;
		const record = { ...applied.record, ...(from && { rolledBackFrom: from }) };
		return {
			...applied,
			record,
			files: [
				...applied.files,
				...(marker ? [{ path: marker.path, bytes: Buffer.from(marker.text) }] : []),
			],
			message: changes
				? messageOf({ ...applied, record, reason }, inputs.commitMessage, nameOf)
				: holdMessage(hold, run),
			standing: standing && describeHold(standing, snapshot.where),
			reason,
		};
	};
}
