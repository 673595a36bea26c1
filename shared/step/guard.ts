import * as z from 'zod/mini';
import type { Snapshot } from '../git/commit-to-branch.ts';
import type { RecordedCommit } from '../git/history.ts';
import { repositoryId } from '../git/remote.ts';
import { isRecordOf, parseReference } from '../image/reference.ts';
import { concerns, describeHold, type Hold, heldThing } from '../record/hold.ts';
import type { Record } from '../record/record.ts';
import type { AppliedBump, Bump } from './bump.ts';
import { input } from './declare.ts';
import type { Context, ForgeInputs } from './forge.ts';
import { standingHolds } from './hold.ts';
import { relationTo } from './source-order.ts';
import { splitSource } from './workspace-history.ts';

/** The input of every step that the guard can stop. */
export const allowOlderInput = {
	'allow-older': input(
		z.boolean(),
		'Write the image even over one that was built from a later commit.',
		{ default: 'false' },
	),
};

/** Why a bump is not written although it would change something. */
export interface Stop {
	readonly kind: 'held' | 'superseded';
	/** A sentence for people. */
	readonly why: string;
	/** The image that stays, a whole reference. */
	readonly image: string | undefined;
}

type Guarded = ForgeInputs & { readonly allowOlder: boolean };

/**
 * Whether a bump has to stop: for a hold, or since a newer image is there already.
 * `allowOlder` lets it go back to an older image, but lifts no hold.
 */
export async function stopOf(
	bump: Bump,
	applied: AppliedBump,
	snapshot: Snapshot,
	inputs: Guarded,
	context: Context,
): Promise<Stop | undefined> {
	if (applied.files.length === 0) return undefined;
	const { previousImage, written } = applied;
	const files = applied.files.map(({ path }) => path);
	const images = written.flatMap(({ from, to }) =>
		[from, to].flatMap((image) => parseReference(image ?? '')?.name ?? []),
	);
	const holds = await standingHolds(snapshot);
	const hold = holds.find((one) => concerns(one, { images, files }));
	if (hold) {
		const told = describeHold(hold, snapshot.where);
		const why = `${told}; nothing is written until the hold is lifted`;
		return { kind: 'held', why, image: previousImage };
	}
	if (images.length === 0) warnOfHolds(holds, applied, context);
	if (inputs.allowOlder || bump.source === undefined) return undefined;
	for (const { from, to } of written) {
		if (from === undefined || to === undefined) continue;
		const present = await recordOf(from, snapshot);
		const there = { ...present?.record, image: from };
		const stop = await supersededBy(there, { bump, image: to }, inputs, context);
		if (stop) return stop;
	}
	return undefined;
}

/** A tag by no name, or a version in a text, may be of an image that is held. */
function warnOfHolds(
	holds: readonly Hold[],
	{ uses }: AppliedBump,
	{ log, nameOf }: Context,
): void {
	const held = holds.filter(({ image }) => image !== undefined).map(heldThing);
	const use = uses.find(({ from, to, path }) => from !== to && versionPath.test(path));
	if (held.length === 0 || use === undefined) return;
	log.warn(
		`Which image ${use.path} in ${use.place.file} is of cannot be told, so that no hold (of ${held.join(', ')}) keeps it as it is; give ${nameOf('image')}`,
		use.place,
	);
}

/** Keys that hold a version or an image, and the lines of a text that a pattern finds. */
const versionPath = /(tag|digest|version|image)"?$|^line \d+$/i;

/**
 * Whether a bump would put an older image over a newer one, by what is on record of that.
 * Where it cannot be told it says so in the log and lets the bump go on.
 */
export async function supersededBy(
	there: Record,
	{ bump, image }: { readonly bump: Bump; readonly image: string | undefined },
	inputs: Guarded,
	context: Context,
): Promise<Stop | undefined> {
	const { source, record: ours } = bump;
	const { image: present } = there;
	if (inputs.allowOlder || source === undefined || present === undefined) return undefined;
	const origin = splitSource(there.source ?? '');
	if (origin === undefined) {
		context.log.debug(`No record tells which commit ${present} came from`);
		return undefined;
	}
	const { repository, commit } = origin;
	if (repository !== repositoryId(source.remote)) {
		context.log.debug(
			`${present} came from ${repository}, not from ${repositoryId(source.remote)}`,
		);
		return undefined;
	}
	const relation = await relationTo(source, commit, inputs, context);
	const which = `${present} came from commit ${commit.slice(0, 7)} of ${repository}`;
	const stop = (how: string): Stop => ({
		kind: 'superseded',
		why: `${which}${how}: it is left as it is; give ${context.nameOf('allow-older')} to go back`,
		image: present,
	});
	if (relation === 'older')
		return stop(`, which comes after ${source.commit.slice(0, 7)}, the commit of ${image}`);
	if (relation !== undefined) return undefined;
	const later = isLaterRun(there.run, ours.run, present, image);
	if (later) return stop(` in a later run (${there.run})`);
	if (later === undefined)
		context.log.info(
			`${which}; whether that is newer than ${source.commit.slice(0, 7)} cannot be told, so the bump goes on`,
		);
	return undefined;
}

/** The newest record of an image; it is looked for in all of the history if it has to be. */
async function recordOf(image: string, snapshot: Snapshot): Promise<RecordedCommit | undefined> {
	const present = parseReference(image) ?? { name: image };
	const isOfImage = ({ record }: RecordedCommit) => isRecordOf(record.image, present);
	const near = (await snapshot.records()).find(isOfImage);
	return near ?? (await snapshot.records(true)).find(isOfImage);
}

/**
 * Whether `theirs` is a later run of the same pipeline for the same branch, by the numbers
 * that end their links and the branch in `<branch>-<sha7>`; undefined where these do not tell.
 */
export function isLaterRun(
	theirs: string | undefined,
	ours: string | undefined,
	theirImage: string,
	ourImage: string | undefined,
): boolean | undefined {
	const [, theirPipeline, theirNumber] = /^(.*\/)(\d+)$/.exec(theirs ?? '') ?? [];
	const [, ourPipeline, ourNumber] = /^(.*\/)(\d+)$/.exec(ours ?? '') ?? [];
	const branch = (image: string | undefined) => /:(.+)-[0-9a-f]{7}(@|$)/.exec(image ?? '')?.[1];
	if (theirPipeline === undefined || theirPipeline !== ourPipeline) return undefined;
	if (branch(theirImage) === undefined || branch(theirImage) !== branch(ourImage)) return undefined;
	return Number(theirNumber) > Number(ourNumber);
}
