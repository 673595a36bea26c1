import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure/failure.ts';
import type { Snapshot } from '../git/commit-to-branch.ts';
import type { Credentials } from '../git/credentials.ts';
import { Git, gitVariables } from '../git/git.ts';
import { type RecordedCommit, type Relation, relationIn, relationOf } from '../git/history.ts';
import { type Remote, repositoryId } from '../git/remote.ts';
import { openRepository } from '../git/repository.ts';
import { parseReference } from '../image/reference.ts';
import { concerns, describeHold, type Hold, isOver } from '../record/hold.ts';
import type { AppliedBump, Bump } from './bump.ts';
import type { StepContext } from './declare.ts';
import { readMarkers } from './hold.ts';
import { type AccessInputs, credentialsFrom, remoteFrom } from './repository.ts';

/** The inputs by which a step gets into the repository that it writes to. */
type Inputs = AccessInputs & { readonly repository: string };

type Context = Pick<
	StepContext,
	'event' | 'log' | 'workspace' | 'childEnvironment' | 'signal' | 'protect' | 'nameOf'
>;

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
	inputs: Inputs & { readonly allowOlder: boolean },
	context: Context,
): Promise<Stop | undefined> {
	if (applied.files.length === 0) return undefined;
	const hold = await holdOn(applied, snapshot);
	if (hold) {
		const told = describeHold(hold, snapshot.where);
		return { kind: 'held', why: `${told}; nothing is written until the hold is lifted` };
	}
	if (inputs.allowOlder) return undefined;
	const why = await supersededBy(bump, applied, snapshot, inputs, context);
	return why === undefined ? undefined : { kind: 'superseded', why };
}

/**
 * The hold that keeps a bump from being written: a marker in the branch for its image or for
 * one of the files that it would change.
 */
async function holdOn(
	{ image, files }: Pick<AppliedBump, 'image' | 'files'>,
	snapshot: Snapshot,
	now = new Date(),
): Promise<Hold | undefined> {
	const name = image === undefined ? undefined : parseReference(image)?.name;
	const subject = { image: name, files: files.map(({ path }) => path) };
	const markers = await readMarkers(snapshot);
	return markers
		.map(({ hold }) => hold)
		.find((hold) => concerns(hold, subject) && !isOver(hold, now));
}

/**
 * Why a bump would put an older image over a newer one: a sentence, or undefined where it
 * would not. Where that cannot be told it says so in the log and lets the bump go on.
 */
async function supersededBy(
	bump: Bump,
	{ previousImage, image }: AppliedBump,
	snapshot: Snapshot,
	inputs: Inputs,
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

/** Asks the workspace, and where its history does not tell, the source repository itself. */
async function relationTo(
	{ remote, commit }: NonNullable<Bump['source']>,
	theirs: string,
	inputs: Inputs,
	context: Context,
): Promise<Relation> {
	const { childEnvironment, log, protect, signal } = context;
	const folder = join(context.workspace, '.git');
	if (existsSync(folder)) {
		const variables = { ...gitVariables(childEnvironment, {}, []), GIT_NO_LAZY_FETCH: '1' };
		const relation = await relationIn(new Git({ folder, variables, signal }), commit, theirs);
		if (relation !== undefined) return relation;
	}
	try {
		const repository = await openRepository({
			remote,
			credentials: await credentialsFor(remote, inputs, context),
			author: { name: inputs.authorName, email: inputs.authorEmail },
			log,
			signal,
			variables: childEnvironment,
			protect,
		});
		try {
			return await relationOf(repository, commit, theirs);
		} finally {
			await repository.close();
		}
	} catch (error) {
		signal.throwIfAborted();
		if (!(error instanceof Failure)) throw error;
		log.debug(`The history of ${remote.url} cannot be asked: ${error.message}`);
		return undefined;
	}
}

/**
 * How to get into the source repository: as the CI itself does, else with what was given for
 * the other repository, if that is on the same host. A token goes to no other host.
 */
async function credentialsFor(
	{ host }: Remote,
	inputs: Inputs,
	context: Context,
): Promise<Credentials> {
	if (remoteFrom(inputs.repository, context).host !== host) return { netrc: context.event.netrc };
	const { ca, skipVerify, ...given } = await credentialsFrom(inputs.repository, inputs, context);
	const { netrc } = given;
	const hostname = host.replace(/:\d+$/, '');
	const ofCi = netrc !== undefined && (netrc.machine === hostname || netrc.machine === host);
	return { ...(ofCi ? { netrc } : given), ca, skipVerify };
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
