import { Failure } from '../../shared/failure/failure.ts';
import type { Repository } from '../../shared/git/repository.ts';
import { parseReference, sameRepository } from '../../shared/image/reference.ts';
import { listImages, type ManifestFile } from '../../shared/manifest/edit.ts';

/** Which uses are meant. */
export interface Wanted {
	/** Image without tag. */
	readonly image: string;
	readonly container: string | undefined;
}

/** The whole references by which files use an image, each once. */
export async function imagesIn(
	files: readonly ManifestFile[],
	{ image, container }: Wanted,
): Promise<string[]> {
	const found = new Set<string>();
	for (const file of files)
		for (const use of await listImages(file)) {
			const name = parseReference(use.image)?.name;
			const meant = container === undefined || use.container === container;
			if (name !== undefined && meant && sameRepository(name, image)) found.add(use.image);
		}
	return [...found];
}

/**
 * The same of a commit that has been fetched with its trees. Files that are not there, or
 * could not be read then, use nothing.
 */
export async function imagesAt(
	repository: Repository,
	commit: string,
	paths: readonly string[],
	wanted: Wanted,
): Promise<string[]> {
	const all = await repository.listAll(commit);
	// No link and no submodule: neither has an image.
	const files = all.filter(({ path, mode }) => mode.startsWith('100') && paths.includes(path));
	const contents = await repository.readFiles(files);
	try {
		return await imagesIn(
			[...contents].map(([name, bytes]) => ({ name, bytes })),
			wanted,
		);
	} catch (error) {
		if (error instanceof Failure) return [];
		throw error;
	}
}
