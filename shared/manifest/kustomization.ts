import { formatReference } from '../image/reference.ts';
import type { ImageChange } from './image-change.ts';
import { type EditResult, unchanged } from './result.ts';
import { setValues } from './set-values.ts';
import { decodeText, type ManifestFile } from './text.ts';

/**
 * Adds an entry for an image to the `images:` of the one kustomization among the files;
 * undefined where there is none, or more than one to choose from.
 */
export async function addToKustomization(
	files: readonly ManifestFile[],
	{ image, tag, digest, newName }: ImageChange,
): Promise<EditResult[] | undefined> {
	const [kustomization, another] = files.filter(isKustomization);
	if (!kustomization || another) return undefined;
	const path = `images[name="${image}"]`;
	const values = Object.entries({ newName, newTag: tag, digest });
	const assignments = values.flatMap(([key, value]) =>
		value === undefined ? [] : [{ path: `${path}.${key}`, value, quoted: true }],
	);
	const set = await setValues(kustomization, assignments, { createMissing: true });
	// The keys make one use of the image, which the record and the outputs tell as a whole.
	const to = formatReference({
		name: newName ?? image,
		...(tag && { tag }),
		...(digest && { digest }),
	});
	const result = { ...set, uses: set.uses.slice(0, 1).map((use) => ({ ...use, path, to })) };
	return files.map((file) => (file === kustomization ? result : unchanged(file)));
}

export function isKustomizationName(name: string): boolean {
	return /(?:^|[\\/])kustomization(?:\.ya?ml)?$/i.test(name);
}

function isKustomization(file: ManifestFile): boolean {
	return (
		isKustomizationName(file.name) ||
		/^apiVersion: *["']?kustomize\.config\.k8s\.io\//m.test(decodeText(file))
	);
}
