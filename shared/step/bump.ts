import type { CiEvent } from '../ci/event.ts';
import { badInput, exitCode, Failure, formatPlace } from '../failure/failure.ts';
import type { Edited, Snapshot } from '../git/commit-to-branch.ts';
import { type Remote, repositoryId } from '../git/remote.ts';
import { repositoryPath } from '../git/tree.ts';
import { formatReference, type Reference, tagFromBranch } from '../image/reference.ts';
import {
	type Assignment,
	type ChangedImage,
	changedImages,
	compilePattern,
	type EditedUse,
	type EditResult,
	editImageInFiles,
	editPattern,
	type ImageChange,
	type ManifestFile,
	parseAssignment,
	setValues,
} from '../manifest/edit.ts';
import { checkImageChange } from '../manifest/image-change.ts';
import { oneLine, type Record, withTrailers } from '../record/record.ts';
import type { bumpInputs } from './bump-inputs.ts';
import type { InputValues, StepContext } from './declare.ts';
import { remoteFrom } from './repository.ts';
import { fillTemplate, type TemplateValues } from './template.ts';

/** How files are to be changed. */
export type Edit =
	| { readonly kind: 'image'; readonly change: ImageChange }
	| {
			readonly kind: 'set';
			readonly assignments: readonly Assignment[];
			readonly createMissing: boolean;
	  }
	| {
			readonly kind: 'pattern';
			readonly pattern: string;
			readonly version: string;
			readonly all: boolean;
	  };

/** What is to be done to which files, from inputs and event. */
export interface Bump {
	/** Paths and globs. */
	readonly files: readonly string[];
	readonly edit: Edit;
	/** The image that is written, as far as it is known before the files are read. */
	readonly image: Reference | undefined;
	readonly record: Record;
	/** What the image was built from, as far as it is known. */
	readonly source: { readonly remote: Remote; readonly commit: string } | undefined;
	/** Template of the commit's message; undefined for the usual one. */
	readonly message: string | undefined;
}

/** A bump applied to the files of one commit. */
export interface AppliedBump extends Edited {
	/** Whole reference that the files have now. */
	readonly image: string | undefined;
	/** Whole reference that they had. */
	readonly previousImage: string | undefined;
	/** Every image that changes, as far as files and inputs tell. */
	readonly written: readonly ChangedImage[];
	/** Every value that was meant, changed or not. */
	readonly uses: readonly EditedUse[];
	/** Sentences for the log. */
	readonly notes: readonly string[];
	readonly record: Record;
}

/** The values of `bumpInputs` that say what to do. */
export type BumpValues = Omit<InputValues<typeof bumpInputs>, 'pushTimeout'>;

type Context = Pick<
	StepContext,
	'event' | 'log' | 'nameOf' | 'workspace' | 'childEnvironment' | 'signal' | 'protect' | 'mask'
>;

/**
 * Makes a plan of the inputs, with defaults from the event.
 * @throws Failure (bad input) for what can be known to be wrong before any file is read.
 */
export function planBump(inputs: BumpValues, context: Context): Bump {
	const { nameOf, event, log } = context;
	const files = inputs.file.map((path) => repositoryPath(path, nameOf('file')));
	if (files.length === 0) throw badInput(`${nameOf('file')} names no file; give a path or glob`);
	const tag = inputs.tag ?? (inputs.digest === undefined ? tagOf(event) : undefined);
	warnOfMangledTag(inputs.tag, context);
	if (inputs.tag === undefined && tag !== undefined) log.debug(`The event's tag is ${tag}`);
	const source = sourceOf(inputs, context);
	const version = { ...(tag && { tag }), ...(inputs.digest && { digest: inputs.digest }) };
	return {
		files,
		edit: planEdit(inputs, version, context),
		image: inputs.image === undefined ? undefined : { name: inputs.image, ...version },
		record: {
			...(inputs.digest && { digest: inputs.digest }),
			...(source && { source: `${repositoryId(source.remote)}@${source.commit}` }),
			...(inputs.environment && { environment: inputs.environment }),
			...(event.runUrl && { run: event.runUrl }),
		},
		source,
		message: inputs.commitMessage,
	};
}

/** The inputs that say how files are to be changed. */
export type EditValues = Pick<
	BumpValues,
	'image' | 'set' | 'pattern' | 'all' | 'createMissing' | 'container' | 'environment'
>;

/**
 * How the inputs have a version written.
 * @throws Failure (bad input) for what can be known to be wrong before any file is read.
 */
export function planEdit(
	inputs: EditValues,
	{ tag, digest }: Pick<Reference, 'tag' | 'digest'>,
	{ nameOf }: Pick<Context, 'nameOf'>,
): Edit {
	const { image, set, pattern, all, createMissing, container, environment } = inputs;
	if (set !== undefined) {
		const values = { name: image, tag, digest, environment };
		const name = nameOf('set');
		const assignments = Object.entries(set).map(([path, value]) =>
			assignmentFrom(`${path}=${fillTemplate(value, values, name)}`, name),
		);
		return { kind: 'set', assignments, createMissing };
	}
	if (pattern === undefined && image === undefined)
		throw badInput(
			`${nameOf('image')} is missing: give the image to look for, or say what to edit with ${nameOf('set')} or ${nameOf('pattern')}`,
		);
	const version = tag ?? digest;
	if (version === undefined)
		throw badInput(
			`${nameOf('tag')} is missing, and what made this run start has neither a tag nor a branch with a commit; give the tag or ${nameOf('digest')}`,
		);
	if (pattern !== undefined) {
		compilePattern(pattern, nameOf('pattern'));
		return { kind: 'pattern', pattern, version, all };
	}
	const change: ImageChange = {
		image: image ?? '',
		...(tag && { tag }),
		...(digest && { digest }),
		...(container && { container }),
		all,
		createMissing,
	};
	checkImageChange(change, nameOf);
	return { kind: 'image', change };
}

function assignmentFrom(line: string, name: string): Assignment {
	try {
		return parseAssignment(line);
	} catch (error) {
		if (!(error instanceof Failure) || error.exitCode !== exitCode.badInput) throw error;
		throw badInput(`${name}: ${error.message}`, { cause: error });
	}
}

/** The tag that an event means: its own, or `<branch made fit for a tag>-<sha7>`. */
export function tagOf(event: CiEvent): string | undefined {
	if (event.tag) return event.tag;
	const branch = event.pullRequest?.source ?? event.branch;
	if (!branch || !event.commit) return undefined;
	return `${tagFromBranch(branch)}-${event.commit.slice(0, 7)}`;
}

/** YAML makes the number 1.2 of an unquoted 1.20, before a step ever sees it. */
function warnOfMangledTag(tag: string | undefined, { event, log, nameOf }: Context): void {
	if (tag === undefined || !event.tag || tag === event.tag) return;
	if (/^[\d.]+$/.test(tag) && Number(tag) === Number(event.tag))
		log.warn(
			`${nameOf('tag')} is ${tag}, but the tag of this event is ${event.tag}: YAML reads it as a number; leave ${nameOf('tag')} out, or put it in quotes`,
		);
}

function sourceOf(inputs: BumpValues, context: Context): Bump['source'] {
	const { event, nameOf } = context;
	const commit = inputs.sourceCommit ?? event.commit;
	if (commit === undefined) return undefined;
	if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) {
		if (inputs.sourceCommit === undefined) return undefined;
		throw badInput(
			`${nameOf('source-commit')}: "${commit}" is not a full commit name; give all 40 hexadecimal digits`,
		);
	}
	const url = inputs.sourceRepository ?? event.repository?.cloneUrl ?? event.repository?.url;
	if (url === undefined) return undefined;
	return { remote: remoteFrom(url, context, 'source-repository'), commit };
}

/**
 * Applies a bump to the files of a commit.
 * @throws Failure where a file or the image is not there, or the edit cannot be proven.
 */
export async function applyBump(
	bump: Bump,
	snapshot: Snapshot,
	nameOf: StepContext['nameOf'],
): Promise<AppliedBump> {
	const selected = await snapshot.list(bump.files);
	const contents = await snapshot.read(selected);
	const files = selected.map(({ path }) => ({ name: path, bytes: bytesOf(contents, path) }));
	const results = await editAll(bump.edit, files, nameOf);
	const uses = results.flatMap((result) => result.uses);
	const changed = results.flatMap((result, index) =>
		result.changed ? [{ path: files[index]?.name ?? '', bytes: result.bytes }] : [],
	);
	// Those that change come first: they are what is told of.
	const told = [...uses].sort((a, b) => Number(a.from === a.to) - Number(b.from === b.to));
	const { image, previousImage, written } = await imagesOf(bump, told, files, results);
	const record = { ...(image && { image }), ...bump.record };
	return {
		files: changed,
		image,
		previousImage,
		written,
		uses,
		notes: [...new Set(results.flatMap(({ notes }) => notes))],
		record,
		message: messageOf(bump, { image, previousImage, uses, record }, nameOf),
	};
}

type Images = Pick<AppliedBump, 'image' | 'previousImage' | 'written'>;

/**
 * What a bump does to images. Those that `set` and `pattern` reach are found in the files;
 * the one of the inputs is meant all the same, for a tag may stand there by no name.
 */
async function imagesOf(
	{ edit, image: given }: Bump,
	uses: readonly EditedUse[],
	files: readonly ManifestFile[],
	results: readonly EditResult[],
): Promise<Images> {
	if (edit.kind === 'image') {
		const all = uses.map(({ from, to }) => ({ from: from || undefined, to }));
		const written = all.filter(({ from, to }) => from !== to);
		return { image: all[0]?.to, previousImage: all[0]?.from, written: each(written) };
	}
	const pairs = files.map((file, index) => ({ file, result: results[index] }));
	const found = await Promise.all(
		pairs.map(async ({ file, result }) =>
			result?.changed ? await changedImages(file, { ...file, bytes: result.bytes }) : [],
		),
	);
	const written = each(found.flat());
	if (given !== undefined) {
		const image = formatReference(given);
		const previousImage = previousOf(given, uses);
		const others = written.filter(({ from, to }) => from !== previousImage || to !== image);
		return { image, previousImage, written: [{ from: previousImage, to: image }, ...others] };
	}
	const [one, another] = new Set(written.map(({ to }) => to));
	const only = another === undefined ? written.find(({ to }) => to === one) : undefined;
	return { image: only?.to, previousImage: only?.from, written };
}

/** Every change once, however many uses of the image it was made to. */
function each(changes: readonly ChangedImage[]): ChangedImage[] {
	return [...new Map(changes.map((change) => [`${change.from} ${change.to}`, change])).values()];
}

/**
 * The image that was there, if any. What `set` overwrites may be any value: that tells it which
 * now has the image, its tag or its digest, within the same text as before.
 */
function previousOf(image: Reference, uses: readonly EditedUse[]): string | undefined {
	const whole = textBefore(formatReference(image), uses);
	if (whole !== undefined) return whole;
	const parts = [image.tag, image.digest].flatMap((part) => textBefore(part, uses) ?? []);
	if (parts.length === 0) return undefined;
	const [tag, digest] = [false, true].map((isDigest) =>
		parts.find((part) => part.includes(':') === isDigest),
	);
	return formatReference({ name: image.name, ...(tag && { tag }), ...(digest && { digest }) });
}

/** What stood in the place of a text that is written. */
function textBefore(part: string | undefined, uses: readonly EditedUse[]): string | undefined {
	if (part === undefined) return undefined;
	for (const { from, to } of uses) {
		const at = to.indexOf(part);
		if (at === -1) continue;
		const [start, end] = [to.slice(0, at), to.slice(at + part.length)];
		const old = from.slice(start.length, from.length - end.length);
		if (old !== '' && from === start + old + end) return old;
	}
	return undefined;
}

async function editAll(
	edit: Edit,
	files: readonly ManifestFile[],
	nameOf: StepContext['nameOf'],
): Promise<readonly EditResult[]> {
	switch (edit.kind) {
		case 'image':
			return await editImageInFiles(files, edit.change);
		case 'set':
			return await Promise.all(
				files.map((file) =>
					setValues(file, edit.assignments, { createMissing: edit.createMissing }),
				),
			);
		case 'pattern':
			return files.map((file) =>
				editPattern(file, edit.pattern, edit.version, { all: edit.all, name: nameOf('pattern') }),
			);
	}
}

function bytesOf(contents: ReadonlyMap<string, Uint8Array>, path: string): Uint8Array {
	const bytes = contents.get(path);
	if (bytes === undefined) throw new Failure(`${path} could not be read; run the step again`);
	return bytes;
}

/** So many places are listed in a message. */
const listedPlaces = 20;

function messageOf(
	{ edit, image: reference, message }: Bump,
	applied: Pick<AppliedBump, 'image' | 'previousImage' | 'uses' | 'record'>,
	nameOf: StepContext['nameOf'],
): string {
	const { image, previousImage, uses, record } = applied;
	const changed = uses.filter(({ from, to }) => from !== to);
	const files = [...new Set(changed.map(({ place }) => place.file))];
	const values: TemplateValues = {
		image,
		'previous-image': previousImage,
		name: reference?.name,
		tag: reference?.tag ?? (edit.kind === 'pattern' ? edit.version : undefined),
		digest: record.digest,
		environment: record.environment,
		files: files.join(', '),
		source: record.source,
		run: record.run,
	};
	if (message !== undefined)
		return withTrailers(fillTemplate(message, values, nameOf('commit-message')), record);
	return withTrailers(`${subjectOf(values, changed)}\n\n${listChanges(uses)}`, record);
}

/** A line for each value that changes, for a commit's message. */
export function listChanges(uses: readonly EditedUse[]): string {
	const changed = uses.filter(({ from, to }) => from !== to);
	const places = changed
		.slice(0, listedPlaces)
		.map(
			({ place, path, from, to }) =>
				`- ${oneLine(`${place.file}: ${path}: ${from || 'nothing'} -> ${to}`)}`,
		);
	if (changed.length > places.length) places.push(`- and ${changed.length - places.length} more`);
	return places.join('\n');
}

function subjectOf(values: TemplateValues, changed: readonly EditedUse[]): string {
	const version = values.tag ?? values.digest;
	if (values.name !== undefined && version !== undefined)
		return oneLine(`Bump ${values.name} to ${version}`);
	// Of a pattern; the path of what it finds is no more than a line's number.
	if (values.tag !== undefined)
		return oneLine(`Set the version in ${values.files} to ${values.tag}`).slice(0, 100);
	const paths = [...new Set(changed.map(({ path }) => path))];
	const [first] = changed;
	return oneLine(
		paths.length === 1 && first ? `Set ${first.path} to ${first.to}` : `Set ${paths.join(', ')}`,
	).slice(0, 100);
}

/** A line for the log on one value: where it stands, what it was and is. */
export function describeUse({ place, from, to }: EditedUse): string {
	const where = formatPlace(place);
	return from === to ? `${where}: ${to} already` : `${where}: ${from || 'nothing'} -> ${to}`;
}
