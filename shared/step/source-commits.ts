import { Failure } from '../failure/failure.ts';
import type { Forge } from '../forge/forge.ts';
import { type CommitsBetween, commitsBetween } from '../git/commits-between.ts';
import type { Git } from '../git/git.ts';
import { fetchBoth, type RecordedCommit, recordsBefore } from '../git/history.ts';
import { type Repository, recentCommits } from '../git/repository.ts';
import type { Record } from '../record/record.ts';
import type { Context, ForgeInputs } from './forge.ts';
import { askSource } from './source-history.ts';
import { recordedSource } from './source-order.ts';
import { recordsInWorkspace, splitSource } from './workspace-history.ts';

/** What the source brings with an image, or why that is not known. */
export type SourceCommits =
	| ({ readonly known: true } & SourceRange & CommitsBetween)
	| { readonly known: false; readonly why: string };

/** Two commits of one repository, which the record names as `host/owner/name`. */
export interface SourceRange {
	readonly repository: string;
	readonly from: string;
	readonly to: string;
}

/** What the files are to have, and had. */
export interface ImageChange {
	readonly image: string | undefined;
	readonly previousImage: string | undefined;
	/** The record of the new image. */
	readonly record: Record;
}

/** So many commits are listed. */
const listed = 50;

/** Milliseconds after which the source is asked no further: the list is worth no longer wait. */
const patience = 20_000;

/**
 * The commits of the source between the images that files had and are to have: what the
 * records name, asked of the workspace, the source repository, or its forge. Undefined where
 * no image takes the place of another one. Never fails: what cannot be found out is told.
 * @param base - the commit that the edit was made on, whose history tells of the present image
 */
export async function sourceCommits(
	change: ImageChange,
	base: { readonly repository: Repository; readonly tip: string },
	inputs: ForgeInputs,
	context: Context,
): Promise<SourceCommits | undefined> {
	const { image, previousImage, record } = change;
	if (image === undefined || previousImage === undefined || image === previousImage)
		return undefined;
	const untold = (which: string) => unknown(`no record tells which commit ${which} was built from`);
	const to = record.source === undefined ? undefined : splitSource(record.source);
	if (to === undefined) return untold(image);
	const source = await sourceOnRecord(previousImage, base, context);
	const from = source === undefined ? undefined : splitSource(source);
	if (from === undefined) return untold(previousImage);
	if (from.repository !== to.repository)
		return unknown(`${previousImage} was built from another repository, ${from.repository}`);
	const range = { repository: to.repository, from: from.commit, to: to.commit };
	const between = await inTime(context, (limited) => readBetween(range, inputs, limited));
	if (between === undefined) return unknown(`the history of ${range.repository} could not be read`);
	return { known: true, ...range, ...between };
}

function unknown(why: string): SourceCommits {
	return { known: false, why };
}

/** What the newest record of an image says that it was built from. */
async function sourceOnRecord(
	image: string,
	{ repository, tip }: { repository: Repository; tip: string },
	context: Context,
): Promise<string | undefined> {
	const isOfImage = ({ record }: RecordedCommit) => record.image === image && record.source;
	if (repository.filters && !repository.hasHistory)
		await repository.fetchHistory([tip], recentCommits);
	const here = (await recordsBefore(repository, tip)).find(isOfImage);
	const found = here ?? (await recordsInWorkspace(context)).find(isOfImage);
	return found?.record.source;
}

async function readBetween(
	range: SourceRange,
	inputs: ForgeInputs,
	context: Context,
): Promise<CommitsBetween | undefined> {
	const { from, to } = range;
	const question = {
		inWorkspace: (git: Git) => commitsBetween(git, range, listed),
		ofRemote: async (repository: Repository) =>
			(await fetchBoth(repository, from, to))
				? await commitsBetween(repository.history, range, listed)
				: undefined,
		ofForge: (forge: Forge) => forge.commitsBetween?.(from, to, listed),
	};
	const source = recordedSource(`${range.repository}@${to}`, inputs, context);
	return source && (await askSource(source.remote, question, inputs, context));
}

/** What comes of work within the time that there is for it; undefined where that is not enough. */
async function inTime<T>(
	context: Context,
	work: (context: Context) => Promise<T | undefined>,
): Promise<T | undefined> {
	const { signal, log } = context;
	const late = new AbortController();
	const timer = setTimeout(
		() => late.abort(new Failure('The source was not asked any longer')),
		patience,
	);
	try {
		return await work({ ...context, signal: AbortSignal.any([signal, late.signal]) });
	} catch (error) {
		signal.throwIfAborted();
		if (!(error instanceof Failure)) throw error;
		log.debug(`The commits of the source cannot be read: ${error.message}`);
		return undefined;
	} finally {
		clearTimeout(timer);
	}
}
