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
	const values = Object.entries({ newName, newTag: tag, digest });
	const assignments = values.flatMap(([key, value]) =>
		value === undefined ? [] : [{ path: `images[name="${image}"].${key}`, value, quoted: true }],
	);
	const result = await setValues(kustomization, assignments, { createMissing: true });
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
