import { badInput, Failure } from '../../shared/failure/failure.ts';
import { allCommits, type Snapshot, snapshotOf } from '../../shared/git/commit-to-branch.ts';
import { changesOf, entryOf, type RecordedCommit } from '../../shared/git/history.ts';
import { type Repository, recentCommits } from '../../shared/git/repository.ts';
import { repositoryPath } from '../../shared/git/tree.ts';
import {
	isDigest,
	isRecordOf,
	parseReference,
	type Reference,
	sameRepository,
} from '../../shared/image/reference.ts';
import { editImageInFiles } from '../../shared/manifest/edit.ts';
import type { Record } from '../../shared/record/record.ts';
import type { StepContext } from '../../shared/step/declare.ts';
import type { Tip } from '../../shared/step/propose.ts';
import { imagesAt, imagesIn } from './images.ts';
import type { RollbackInputs } from './inputs.ts';

/** The image to go back to. */
export interface Found {
	readonly kind: 'image';
	readonly image: Reference;
	/** What is on record of it. */
	readonly record: Pick<Record, 'digest' | 'source' | 'environment'>;
}

/** The present image is what an earlier rollback went back to. */
interface Done {
	readonly kind: 'done';
	readonly image: string;
	/** What was taken back. */
	readonly from: string;
	readonly commit: string;
}

/** Where the image is looked for. */
interface Search {
	readonly repository: Repository;
	readonly snapshot: Snapshot;
	readonly paths: readonly string[];
	readonly inputs: RollbackInputs;
	readonly nameOf: StepContext['nameOf'];
}

/**
 * Finds the image to go back to. It is found once, on the tip as it was when the step began:
 * whatever others push meanwhile, this is what somebody wanted to have back.
 * @throws Failure where there is none, or more than one.
 */
export async function findTarget(
	repository: Repository,
	{ branch, tip }: Tip,
	inputs: RollbackInputs,
	{ nameOf }: Pick<StepContext, 'nameOf'>,
): Promise<Found | Done> {
	const snapshot = snapshotOf(repository, branch, tip, { history: true });
	const files = inputs.file.map((path) => repositoryPath(path, nameOf('file')));
	const selected = await snapshot.list(files);
	const contents = await snapshot.read(selected);
	const manifests = [...contents].map(([name, bytes]) => ({ name, bytes }));
	const paths = selected.map(({ path }) => path);
	const search = { repository, snapshot, paths, inputs, nameOf };
	const present = await imagesIn(manifests, inputs);
	if (present.length === 0) {
		// Its failure says which images are there.
		const { image, container } = inputs;
		await editImageInFiles(manifests, { image, tag: 'x', ...(container && { container }) });
	}
	if (inputs.toCommit !== undefined) return await known(search, await imageOfCommit(search));
	if (inputs.to !== 'previous') return await known(search, givenImage(inputs, nameOf));
	return await previous(search, present);
}

/** `to` as a reference: a tag or a digest is one of the image. */
function givenImage({ to, image }: RollbackInputs, nameOf: StepContext['nameOf']): string {
	const text = isDigest(to) ? `${image}@${to}` : /[/:@]/.test(to) ? to : `${image}:${to}`;
	const reference = parseReference(text);
	if (reference === undefined || (reference.tag ?? reference.digest) === undefined)
		throw badInput(
			`${nameOf('to')}: "${to}" is neither previous, nor a tag, nor a reference with one`,
		);
	if (!sameRepository(reference.name, image))
		throw badInput(`${nameOf('to')}: ${to} is another image than ${image}; give one of ${image}`);
	return text;
}

async function imageOfCommit(search: Search): Promise<string> {
	const { repository, inputs, nameOf, paths, snapshot } = search;
	const commit = inputs.toCommit ?? '';
	if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(commit))
		throw badInput(
			`${nameOf('to-commit')}: "${commit}" is not a full commit name; give all 40 hexadecimal digits`,
		);
	await repository.fetchCommit(commit);
	const images = await imagesAt(repository, commit, paths, inputs);
	if (images.length === 0)
		throw new Failure(
			`${inputs.image} was not used in ${paths.join(', ')} in commit ${commit.slice(0, 12)} of ${snapshot.where}; give another ${nameOf('to-commit')}`,
		);
	return only(images, `commit ${commit.slice(0, 12)}`, search);
}

/** The one image there was, or a failure that names all of them. */
function only(images: readonly string[], where: string, { nameOf }: Search): string {
	const [image, ...more] = images;
	if (image !== undefined && more.length === 0) return image;
	throw new Failure(
		`In ${where} the files had ${images.join(' and ')}; say which is meant with ${nameOf('to')}, or narrow it with ${nameOf('container')} or ${nameOf('file')}`,
	);
}

/** With what is on record of an image: in what form it was written, and what it was built from. */
async function known({ snapshot }: Search, image: string): Promise<Found> {
	const wanted = parseReference(image) ?? { name: image };
	const isOfImage = ({ record }: RecordedCommit) => isRecordOf(record.image, wanted);
	const near = (await snapshot.records()).filter(isOfImage);
	const [found] = near.length > 0 ? near : (await snapshot.records(true)).filter(isOfImage);
	const { digest, source, environment } = found?.record ?? {};
	const recorded = parseReference(found?.record.image ?? '');
	return {
		kind: 'image',
		// A tag that was pinned when it was written is pinned to the same digest again.
		image: { ...wanted, ...(recorded?.digest && { digest: recorded.digest }) },
		record: {
			...(digest && { digest }),
			...(source && { source }),
			...(environment && { environment }),
		},
	};
}

async function previous(search: Search, images: readonly string[]): Promise<Found | Done> {
	const { snapshot, inputs, nameOf } = search;
	const present = only(images, snapshot.where, search);
	const origin = await originOf(present, search);
	if (origin?.record.rolledBackFrom !== undefined) {
		const { commit, record } = origin;
		return { kind: 'done', image: present, from: record.rolledBackFrom ?? '', commit };
	}
	if (origin === undefined || origin.before.length === 0)
		throw new Failure(
			`No earlier image of ${inputs.image} is found in ${snapshot.where}: ${present} is the first in ${search.paths.join(', ')}; say what to go back to with ${nameOf('to')}`,
		);
	const before = `the commit before ${origin.commit.slice(0, 12)}`;
	const found = await known(search, only(origin.before, before, search));
	const { environment } = origin.record;
	return { ...found, record: { ...(environment && { environment }), ...found.record } };
}

type Told = Pick<RecordedCommit, 'commit' | 'record'>;

/** The commit that wrote an image. */
interface Origin extends Told {
	/** What the files had before. */
	readonly before: readonly string[];
}

/** So many recorded commits are looked at, before the files' own history is. */
const mostRecords = 20;

/**
 * The newest commit that made the files use an image: by the records, each of which is
 * checked in the files themselves, for a branch may hold several environments; where none
 * tells, by the history of the files.
 */
async function originOf(image: string, search: Search): Promise<Origin | undefined> {
	const { repository, snapshot, paths } = search;
	const tip = snapshot.commit;
	const seen = new Set<string>();
	for (const depth of [recentCommits, allCommits]) {
		// Without partial clones the trees and files come along, and nothing is fetched later.
		if (!repository.filters) await repository.deepen(tip, depth);
		const all = await snapshot.records(depth === allCommits);
		const records = all.filter(({ record }) => record.image === image);
		for (const { commit, record } of records.slice(0, mostRecords)) {
			const entry = await entryOf(repository, tip, commit);
			if (entry === undefined || seen.has(entry.commit)) continue;
			seen.add(entry.commit);
			if (repository.filters)
				for (const one of [entry.parent, entry.commit]) await repository.fetchCommit(one);
			const origin = await writes(image, { ...entry, record }, search);
			if (origin) return origin;
		}
	}
	for (const depth of [recentCommits, allCommits])
		for (const step of await changesOf(repository, { tip, paths, depth })) {
			if (seen.has(step.commit)) continue;
			seen.add(step.commit);
			const origin = await writes(image, { ...step, record: {} }, search);
			if (origin) return origin;
		}
	return undefined;
}

/** The commit with what was before, if it is the one that made the files use an image. */
async function writes(
	image: string,
	{ commit, parent, record }: Told & { parent: string },
	{ repository, paths, inputs }: Search,
): Promise<Origin | undefined> {
	const after = await imagesAt(repository, commit, paths, inputs);
	if (!after.includes(image)) return undefined;
	const before = await imagesAt(repository, parent, paths, inputs);
	return before.includes(image) ? undefined : { commit, record, before };
}
