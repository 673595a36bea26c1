import { badInput, Failure } from '../../shared/failure/failure.ts';
import type { Repository } from '../../shared/git/repository.ts';
import {
	formatReference,
	isDigest,
	isTag,
	parseReference,
	type Reference,
	sameRepository,
} from '../../shared/image/reference.ts';
import {
	findVersions,
	listImages,
	type ManifestFile,
	readValues,
} from '../../shared/manifest/edit.ts';
import { planEdit } from '../../shared/step/bump.ts';
import type { StepContext } from '../../shared/step/declare.ts';
import { readTemplate } from '../../shared/step/template.ts';
import type { RollbackInputs } from './inputs.ts';

/** Which uses are meant, and where the version stands if it is not to be looked for. */
export type Wanted = Pick<
	RollbackInputs,
	'image' | 'container' | 'set' | 'pattern' | 'environment'
>;

/**
 * Checks `set` and `pattern` before anything is asked for.
 * @throws Failure (bad input) for a path or a pattern that is none, and for a line of `set`
 * that writes no version.
 */
export function checkWanted(inputs: RollbackInputs, { nameOf }: Pick<StepContext, 'nameOf'>): void {
	for (const [path, value] of Object.entries(inputs.set ?? {}))
		if (!/\{\{\s*(tag|digest)\s*\}\}/.test(value))
			throw badInput(
				`${nameOf('set')}: ${path}=${value} has neither {{tag}} nor {{digest}}, and nothing else is rolled back; leave that line out`,
			);
	const anyVersion = { tag: 'x', digest: `sha256:${'0'.repeat(64)}` };
	planEdit({ ...inputs, createMissing: false }, anyVersion, { nameOf });
}

/**
 * Checks that the image to go back to has what `set` writes.
 * @throws Failure (bad input) where it has no tag, or no digest.
 */
export function checkVersion(
	image: Reference,
	{ set = {} }: Wanted,
	{ nameOf }: Pick<StepContext, 'nameOf'>,
): void {
	for (const [path, template] of Object.entries(set))
		for (const part of ['tag', 'digest'] as const)
			if (image[part] === undefined && new RegExp(`\\{\\{\\s*${part}\\s*\\}\\}`).test(template))
				throw badInput(
					`${formatReference(image)} has no ${part}, which ${nameOf('set')} writes at ${path}; give it in ${nameOf('to')}, as name:tag@digest, or leave that line out`,
				);
}

/**
 * The whole references by which files use an image, each once.
 * @throws Failure where a path of `set` is not there, or `pattern` finds nothing.
 */
export async function imagesIn(files: readonly ManifestFile[], wanted: Wanted): Promise<string[]> {
	const found = new Set<string>();
	for (const file of files) for (const image of await imagesOf(file, wanted)) found.add(image);
	return [...found];
}

async function imagesOf(file: ManifestFile, wanted: Wanted): Promise<string[]> {
	const { image, container, set, pattern } = wanted;
	if (set !== undefined) return await imagesAtPaths(file, set, wanted);
	if (pattern !== undefined) {
		const found = findVersions(file, pattern).map(({ version }) => version);
		const other = found.find((version) => !isTag(version) && !isDigest(version));
		if (other !== undefined) throw noVersion(file, pattern, other, wanted);
		return found.map((version) => image + (isDigest(version) ? '@' : ':') + version);
	}
	const uses = (await listImages(file)).filter((use) => {
		const name = parseReference(use.image)?.name;
		const meant = container === undefined || use.container === container;
		return name !== undefined && meant && sameRepository(name, image);
	});
	return uses.map((use) => use.image);
}

/** Tag and digest may stand at paths of their own, as the templates say. */
async function imagesAtPaths(
	file: ManifestFile,
	set: Readonly<Record<string, string>>,
	wanted: Wanted,
): Promise<string[]> {
	const { image: name, environment } = wanted;
	const tags = new Set<string>();
	const digests = new Set<string>();
	const values = await readValues(file, Object.keys(set));
	for (const [index, [path, template]] of Object.entries(set).entries()) {
		const text = values[index] ?? '';
		const { tag, digest } = readTemplate(template, text, { name, environment }) ?? {};
		if (!(tag && isTag(tag)) && !(digest && isDigest(digest)))
			throw noVersion(file, `${path}=${template}`, text, wanted);
		if (tag) tags.add(tag);
		if (digest) digests.add(digest);
	}
	const [digest] = digests;
	const pinned = { name, ...(digest && { digest }) };
	const references = tags.size === 0 ? [pinned] : [...tags].map((tag) => ({ ...pinned, tag }));
	return references.map(formatReference);
}

function noVersion(
	{ name }: ManifestFile,
	where: string,
	found: string,
	{ image }: Wanted,
): Failure {
	return new Failure(
		`${name} has "${found}" at ${where}, which is no tag or digest of ${image}; name where its version stands`,
		{ place: { file: name } },
	);
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
