import { Failure } from '../failure/failure.ts';
import { parseReference } from '../image/reference.ts';
import { listImages } from './image-edit.ts';
import { decodeText, type ManifestFile } from './text.ts';

/** What one use of an image was and is; undefined where there was or is none. */
export interface ChangedImage {
	readonly from: string | undefined;
	readonly to: string | undefined;
}

/**
 * The images that an edit by path or by pattern changed, as whole references. A tag that
 * stands by no name is of an image that only a chart knows: it is not among them.
 */
export async function changedImages(
	before: ManifestFile,
	after: ManifestFile,
): Promise<ChangedImage[]> {
	const changed = differences(await listed(before), await listed(after));
	return changed.length > 0 ? changed : differences(inText(before), inText(after));
}

async function listed(file: ManifestFile): Promise<Map<string, string>> {
	try {
		return new Map((await listImages(file)).map(({ path, image }) => [path, image]));
	} catch (failure) {
		// Text that is no YAML is edited by pattern.
		if (failure instanceof Failure) return new Map();
		throw failure;
	}
}

/** References with a version by their order; what has no `/` might be any two words with a colon. */
function inText(file: ManifestFile): Map<string, string> {
	const words = decodeText(file).match(/[\w./:@-]+/g) ?? [];
	const images = words.filter((word) => {
		const { name, tag, digest } = parseReference(word) ?? {};
		return name?.includes('/') && (tag ?? digest) !== undefined;
	});
	return new Map(images.map((image, index) => [`${index}`, image]));
}

function differences(
	before: ReadonlyMap<string, string>,
	after: ReadonlyMap<string, string>,
): ChangedImage[] {
	const paths = [...new Set([...before.keys(), ...after.keys()])];
	return paths
		.map((path) => ({ from: before.get(path), to: after.get(path) }))
		.filter(({ from, to }) => from !== to);
}
