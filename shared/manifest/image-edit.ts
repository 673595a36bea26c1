import { Failure, formatPlace, type Place } from '../failure/failure.ts';
import { formatReference, type Reference, sameRepository } from '../image/reference.ts';
import { coveringAnchors } from './anchors.ts';
import { type Change, joinChanges, setScalar } from './change.ts';
import { readDocuments, type Source } from './document.ts';
import {
	changedReference,
	checkImageChange,
	type ImageChange,
	type PlannedUse,
	planUse,
} from './image-change.ts';
import { type Embedded, findImageUses, type ImageUse, mayUse } from './image-uses.ts';
import { addToKustomization } from './kustomization.ts';
import { findNearMisses, type NearMisses } from './near-misses.ts';
import type { Scalar } from './node.ts';
import { formatPath } from './path.ts';
import { applyProven } from './proof.ts';
import { type EditResult, edited, unchanged } from './result.ts';
import { editTemplate, findTemplateUses, isTemplate, type TemplateUse } from './template.ts';
import { decodeText, type ManifestFile, placesIn } from './text.ts';

export interface ListedImage {
	place: Place;
	/** In the notation of `set`; `line 7` in a template. */
	path: string;
	/** The whole reference, as it is written. */
	image: string;
	/** The container, or the key of Helm values or compose service that holds the image. */
	container?: string;
}

/** All uses of images in a file. */
export async function listImages(file: ManifestFile): Promise<ListedImage[]> {
	const { uses } = await readImages(file);
	return uses.map(({ place, path, reference, container }) => ({
		place,
		path,
		image: formatReference(reference),
		...(container && { container }),
	}));
}

/** Changes an image in one file; see editImageInFiles. */
export async function editImage(file: ManifestFile, change: ImageChange): Promise<EditResult> {
	const [result] = await editImageInFiles([file], change);
	if (!result) throw new Error('one file gives one result');
	return result;
}

/**
 * Changes every use of an image in the files, and proves that nothing else changed. At
 * least one file has to use it. Uses with different present tags are a Failure unless
 * `container` leaves out the others or `all` is given. Results are in the order of the files.
 */
export async function editImageInFiles(
	files: readonly ManifestFile[],
	change: ImageChange,
): Promise<EditResult[]> {
	checkImageChange(change);
	const found: (FileImages & { meant: FoundUse[] })[] = [];
	for (const file of files) {
		// Parsing costs nearly all of an edit, and most files do not name the image at all.
		const images = mayUse(decodeText(file), change.image)
			? await readImages(file)
			: { file, uses: [] };
		found.push({ ...images, meant: images.uses.filter((use) => isMeant(use, change)) });
	}
	const meant = found.flatMap((images) => images.meant);
	if (meant.length === 0) {
		const created = change.createMissing ? await addToKustomization(files, change) : undefined;
		if (created) return created;
		throw await noMatch(files, change);
	}
	refuseDifferentVersions(meant, change);
	return Promise.all(found.map((images) => editUses(images, images.meant, change)));
}

/** A use with what is said of it, whether it was found in documents or in a template. */
interface FoundUse {
	reference: Reference;
	place: Place;
	path: string;
	container?: string;
	from: { kind: 'document'; use: ImageUse } | { kind: 'template'; use: TemplateUse };
}

interface FileImages {
	file: ManifestFile;
	/** Undefined for a template, and for a file that was not read at all. */
	source?: Source;
	uses: FoundUse[];
}

async function readImages(file: ManifestFile): Promise<FileImages> {
	const text = decodeText(file);
	let source: Source;
	try {
		source = await readDocuments(file.name, text);
	} catch (failure) {
		if (!(failure instanceof Failure) || !isTemplate(text)) throw failure;
		const placeAt = placesIn(file.name, text);
		const uses = findTemplateUses(file.name, text).map((use) => ({
			reference: use.reference,
			place: placeAt(use.start),
			path: `line ${use.line}`,
			from: { kind: 'template' as const, use },
		}));
		return { file, uses };
	}
	const uses = (await findImageUses(source)).map((use) => ({
		reference: use.reference,
		place: placeOf(source, use),
		path: pathOf(source, use),
		...(use.container && { container: use.container }),
		from: { kind: 'document' as const, use },
	}));
	return { file, source, uses };
}

function placeOf({ file, placeAt }: Source, { at, within }: ImageUse): Place {
	if (!within) return placeAt(at.start);
	const block = placeAt(within.at.node.start);
	const inner = within.source.placeAt(at.start);
	return { file, line: (block.line ?? 0) + (inner.line ?? 0) };
}

function pathOf(source: Source, { path, within }: ImageUse): string {
	if (!within) return formatPath(source, path);
	return `${formatPath(source, within.at.path)}: ${formatPath(within.source, path)}`;
}

function isMeant({ reference, container }: FoundUse, change: ImageChange): boolean {
	if (!sameRepository(reference.name, change.image)) return false;
	return change.container === undefined || container === change.container;
}

async function editUses(
	{ file, source, uses }: FileImages,
	meant: readonly FoundUse[],
	change: ImageChange,
): Promise<EditResult> {
	if (meant.length === 0) return unchanged(file);
	const before = decodeText(file);
	const planned = meant.map((found) => ({ found, ...plan(found, source, change) }));
	const after = source
		? await applyProven(source, await gather(source, uses.flatMap(documentUse), planned))
		: editTemplate(
				file.name,
				before,
				planned.flatMap(({ found, to }) => templateEdit(found, to)),
			);
	return edited(file, before, after, {
		uses: planned.map(({ found, to }) => ({
			place: found.place,
			path: found.path,
			from: formatReference(found.reference),
			to: formatReference(to),
		})),
		notes: [...new Set(planned.flatMap(({ notes }) => notes))],
	});
}

function plan(
	{ from, reference }: FoundUse,
	source: Source | undefined,
	change: ImageChange,
): PlannedUse {
	const inDocument = source && from.kind === 'document';
	return inDocument
		? planUse(from.use.within?.source ?? source, from.use, change)
		: changedReference(reference, change);
}

function documentUse({ from }: FoundUse): ImageUse[] {
	return from.kind === 'document' ? [from.use] : [];
}

function templateEdit({ from }: FoundUse, to: Reference): { use: TemplateUse; to: Reference }[] {
	return from.kind === 'template' ? [{ use: from.use, to }] : [];
}

/** One change of the file: what is within a block scalar is proven there, then written as its text. */
async function gather(
	source: Source,
	all: readonly ImageUse[],
	planned: readonly (PlannedUse & { found: FoundUse })[],
): Promise<Change> {
	const blocks = new Map<Scalar, { within: Embedded; changes: Change[] }>();
	const changes: Change[] = [];
	for (const { found, change } of planned) {
		const within = found.from.kind === 'document' ? found.from.use.within : undefined;
		if (!within) {
			changes.push(change);
			continue;
		}
		const block = blocks.get(within.at.node) ?? { within, changes: [] };
		block.changes.push(change);
		blocks.set(within.at.node, block);
	}
	for (const { within, changes: inner } of blocks.values()) {
		const uses = all.filter((use) => use.within?.source === within.source);
		const proven = coveringAnchors(within.source, uses, joinChanges(inner));
		const text = await applyProven(within.source, proven);
		changes.push(setScalar(source, within.at.node, within.at.path, { text, type: 'string' }));
	}
	const outer = all.filter((use) => !use.within);
	return coveringAnchors(source, outer, joinChanges(changes));
}

function refuseDifferentVersions(
	meant: readonly FoundUse[],
	{ image, all, tag, digest }: ImageChange,
): void {
	const keepsVersion = tag === undefined && digest === undefined;
	const versions = new Set(
		meant.map(({ reference: { tag, digest } }) => `${tag ?? ''}@${digest ?? ''}`),
	);
	if (versions.size < 2 || all || keepsVersion) return;
	throw new Failure(
		`${image} is used with different tags: ${listed(meant.map(describe))}; name one with container or set, or give all to change every one`,
		meant[0] && { place: meant[0].place },
	);
}

function describe({ reference, place, container }: FoundUse): string {
	return `${formatReference(reference)} at ${formatPlace(place)}${container ? ` (${container})` : ''}`;
}

/** Enough for a person to see what was misspelt. */
const mostListed = 20;

function listed(texts: readonly string[]): string {
	return texts.slice(0, mostListed).join(', ') + (texts.length > mostListed ? ' and more' : '');
}

async function noMatch(
	files: readonly ManifestFile[],
	{ image, container }: ImageChange,
): Promise<Failure> {
	const present: string[] = [];
	const tags: NearMisses['tags'][number][] = [];
	const templated: string[] = [];
	for (const file of files) {
		if (present.length > mostListed) break;
		const { source, uses } = await readImages(file);
		present.push(...uses.map(describe));
		const written = uses.flatMap(({ from }) =>
			from.kind === 'document' ? [from.use.written] : [],
		);
		const near = findNearMisses(file.name, decodeText(file), source, written);
		tags.push(...near.tags);
		templated.push(...near.templated);
	}
	const what = container === undefined ? image : `${image} in container ${container}`;
	const names = listed(files.map(({ name }) => name)) || 'no file';
	const there = [
		present.length > 0 && `images there: ${listed(present)}`,
		tags[0] &&
			`tags there whose image is not known: ${listed(tags.map(({ text }) => text))}; change one with set, as in ${tags[0].path}={{tag}}`,
		templated.length > 0 &&
			`images there that are filled in from elsewhere: ${listed(templated)}; change the values that they take`,
	].filter(Boolean);
	const nothing = 'no image is (text other than YAML is changed by pattern)';
	return new Failure(
		`${what} is not used in ${names}; ${there.join('; ') || nothing}`,
		files[0] && { place: { file: files[0].name } },
	);
}
