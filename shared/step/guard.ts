import type { Snapshot } from '../git/commit-to-branch.ts';
import type { RecordedCommit } from '../git/history.ts';
import { repositoryId } from '../git/remote.ts';
import { parseReference } from '../image/reference.ts';
import { describeHold } from '../record/hold.ts';
import type { AppliedBump, Bump } from './bump.ts';
import type { Context, ForgeInputs } from './forge.ts';
import { standingHold } from './hold.ts';
import { relationTo } from './source-order.ts';

/** Why a bump is not written although it would change something. */
export interface Stop {
	readonly kind: 'held' | 'superseded';
	/** A sentence for people. */
	readonly why: string;
}

/**
 * Whether a bump has to stop: for a hold, or since a newer image is there already.
 * `allowOlder` lets it go back to an older image, but lifts no hold.
 */
export async function stopOf(
	bump: Bump,
	applied: AppliedBump,
	snapshot: Snapshot,
	inputs: ForgeInputs & { readonly allowOlder: boolean },
	context: Context,
): Promise<Stop | undefined> {
	if (applied.files.length === 0) return undefined;
	const name = applied.image === undefined ? undefined : parseReference(applied.image)?.name;
	const files = applied.files.map(({ path }) => path);
	const hold = await standingHold(snapshot, { image: name, files });
	if (hold) {
		const told = describeHold(hold, snapshot.where);
		return { kind: 'held', why: `${told}; nothing is written until the hold is lifted` };
	}
	if (inputs.allowOlder) return undefined;
	const why = await supersededBy(bump, applied, snapshot, inputs, context);
	return why === undefined ? undefined : { kind: 'superseded', why };
}

/**
 * Why a bump would put an older image over a newer one: a sentence, or undefined where it
 * would not. Where that cannot be told it says so in the log and lets the bump go on.
 */
async function supersededBy(
	bump: Bump,
	{ previousImage, image }: AppliedBump,
	snapshot: Snapshot,
	inputs: ForgeInputs,
	context: Context,
): Promise<string | undefined> {
	const { source, record: ours } = bump;
	if (source === undefined || previousImage === undefined) return undefined;
	const present = await recordOf(previousImage, snapshot);
	const [id, commit] = splitSource(present?.record.source);
	if (present === undefined || id === undefined || commit === undefined) {
		context.log.debug(`No record tells which commit ${previousImage} came from`);
		return undefined;
	}
	if (id !== repositoryId(source.remote)) {
		context.log.debug(`${previousImage} came from ${id}, not from ${repositoryId(source.remote)}`);
		return undefined;
	}
	const relation = await relationTo(source, commit, inputs, context);
	const which = `${previousImage} came from commit ${commit.slice(0, 7)} of ${id}`;
	const advice = `it is left as it is; give ${context.nameOf('allow-older')} to go back`;
	if (relation === 'older')
		return `${which}, which comes after ${source.commit.slice(0, 7)}, the commit of ${image}: ${advice}`;
	if (relation !== undefined) return undefined;
	const later = isLaterRun(present.record.run, ours.run, previousImage, image);
	if (later) return `${which} in a later run (${present.record.run}): ${advice}`;
	if (later === undefined)
		context.log.info(
			`${which}; whether that is newer than ${source.commit.slice(0, 7)} cannot be told, so the bump goes on`,
		);
	return undefined;
}

/** The newest record of an image; it is looked for in all of the history if it has to be. */
async function recordOf(image: string, snapshot: Snapshot): Promise<RecordedCommit | undefined> {
	const isOfImage = ({ record }: RecordedCommit) => record.image === image;
	const near = (await snapshot.records()).find(isOfImage);
	return near ?? (await snapshot.records(true)).find(isOfImage);
}

function splitSource(source: string | undefined): [id?: string, commit?: string] {
	const match = /^(.+)@([0-9a-f]{40,64})$/.exec(source ?? '');
	return match?.[1] === undefined ? [] : [match[1], match[2] ?? ''];
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
