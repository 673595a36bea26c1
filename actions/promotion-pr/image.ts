import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { badInput, Failure, messageOf } from '../../shared/failure/failure.ts';
import { fetchTip } from '../../shared/git/commit-to-branch.ts';
import { type RecordedCommit, recordsBefore } from '../../shared/git/history.ts';
import { repositoryId } from '../../shared/git/remote.ts';
import { repositoryPath } from '../../shared/git/tree.ts';
import {
	formatReference,
	parseReference,
	type Reference,
	sameRepository,
} from '../../shared/image/reference.ts';
import { listImages, type ManifestFile } from '../../shared/manifest/edit.ts';
import type { Record } from '../../shared/record/record.ts';
import { readRights } from '../../shared/step/app-token.ts';
import type { StepContext } from '../../shared/step/declare.ts';
import { type AccessInputs, openFrom, remoteFrom } from '../../shared/step/repository.ts';
import { readRollout } from '../../shared/step/rollout.ts';
import { recordsInWorkspace } from '../../shared/step/workspace-history.ts';

export interface ImageInputs extends AccessInputs {
	/** Where it is promoted to: the token is for that host. */
	readonly repository: string;
	readonly image: string | undefined;
	readonly tag: string | undefined;
	readonly digest: string | undefined;
	readonly fromFile: string | undefined;
	readonly fromRepository: string | undefined;
	readonly fromBranch: string | undefined;
	/** With one of these the edit does not look for an image. */
	readonly set: unknown;
	readonly pattern: string | undefined;
}

/** An image that is to be promoted, and where it was proved. */
export interface Candidate {
	readonly image: Reference;
	/** What is known of it: `digest`, `source`, `from`, and the `environment` it ran in. */
	readonly proof: Proof;
	/** Since when it stands there, and by which run, where the history tells. */
	readonly standing?: Standing;
}

type Proof = Pick<Record, 'digest' | 'source' | 'from' | 'environment'>;

interface Standing {
	readonly since: Date;
	readonly run: string | undefined;
}

/**
 * The images that may be meant: that of the inputs, else those where it runs now
 * (`from-file`), else those that `rolling-deploy` deployed. With `image` at most one.
 * @throws Failure where none is found, or the rollout before failed.
 */
export async function findCandidates(
	inputs: ImageInputs,
	context: StepContext,
): Promise<Candidate[]> {
	const { nameOf } = context;
	const rollout = readRollout(await context.outputsOf('rolling-deploy'));
	const given = givenImage(inputs, nameOf);
	const isWhole = given?.tag !== undefined || given?.digest !== undefined;
	if (isWhole && inputs.fromFile !== undefined)
		throw badInput(
			`${nameOf('image')} says which image is meant (${formatReference(given)}), and ${nameOf('from-file')} is to say it too; give one of them, or ${nameOf('image')} without tag and digest`,
		);
	if (isWhole) return [provedImage(given, await recordsInWorkspace(context))];
	const running =
		inputs.fromFile !== undefined
			? await imagesInFile(inputs.fromFile, inputs, context)
			: await deployed(rollout, context);
	const found =
		given === undefined
			? running
			: running.filter(({ image }) => sameRepository(image.name, given.name));
	const needed = inputs.set === undefined && inputs.pattern === undefined;
	if (found.length === 0 && (needed || inputs.fromFile !== undefined))
		throw noImage(given, running, inputs, nameOf);
	if (given !== undefined && found.length > 1)
		throw new Failure(
			`${given.name} runs as ${list(found)}; say which with ${nameOf('tag')} or ${nameOf('digest')}`,
		);
	return found;
}

/** `image` with `tag` and `digest`, each of which may stand in it or beside it. */
function givenImage(inputs: ImageInputs, nameOf: StepContext['nameOf']): Reference | undefined {
	const { image, tag, digest } = inputs;
	if (image === undefined) return undefined;
	const reference = parseReference(image);
	if (reference === undefined)
		throw badInput(`${nameOf('image')}: "${image}" is no image reference; write name:tag`);
	for (const part of ['tag', 'digest'] as const)
		if (inputs[part] !== undefined && reference[part] !== undefined)
			throw badInput(
				`${nameOf(part)} and ${nameOf('image')} both give the ${part}; give it in one of them`,
			);
	return { ...reference, ...(tag && { tag }), ...(digest && { digest }) };
}

async function deployed(
	rollout: ReturnType<typeof readRollout>,
	context: StepContext,
): Promise<Candidate[]> {
	const records = await recordsInWorkspace(context);
	return (rollout?.images ?? []).map((image) => {
		const id = rollout?.ids.find(({ name }) => sameRepository(name, image.name));
		const digest = image.digest ?? id?.digest;
		const proved = provedImage(image, records);
		const proof = { ...fromHere(context), ...proved.proof, ...(digest && { digest }) };
		return { ...proved, proof };
	});
}

async function imagesInFile(
	path: string,
	inputs: ImageInputs,
	context: StepContext,
): Promise<Candidate[]> {
	if (inputs.fromRepository === undefined) {
		const records = await recordsInWorkspace(context);
		const file = await readWorkspaceFile(path, context);
		return (await imagesOf(file)).map((image) => {
			const proved = provedImage(image, records);
			return { ...proved, proof: { ...fromHere(context), ...proved.proof } };
		});
	}
	const repository = await openFrom(inputs.fromRepository, inputs, context, {
		input: 'from-repository',
		rights: readRights,
		owner: inputs.repository,
	});
	try {
		const { branch, tip } = await fetchTip(repository, inputs.fromBranch);
		const patterns = [repositoryPath(path, context.nameOf('from-file'))];
		const where = `${branch} of ${repository.remote.url}`;
		const selected = await repository.listFiles(tip, patterns, where);
		const contents = await repository.readFiles(selected, tip);
		const records = await recordsBefore(repository, tip);
		const from = `${repositoryId(repository.remote)}@${tip}`;
		const found: Candidate[] = [];
		for (const [name, bytes] of contents)
			for (const image of await imagesOf({ name, bytes })) {
				const proved = provedImage(image, records);
				found.push({ ...proved, proof: { ...proved.proof, from } });
			}
		return found;
	} finally {
		await repository.close();
	}
}

async function readWorkspaceFile(
	path: string,
	{ workspace, nameOf }: StepContext,
): Promise<ManifestFile> {
	try {
		return {
			name: path,
			bytes: await readFile(join(workspace, repositoryPath(path, nameOf('from-file')))),
		};
	} catch (error) {
		if (error instanceof Failure) throw error;
		throw new Failure(
			`${nameOf('from-file')}: ${path} cannot be read in the workspace (${messageOf(error)}); check the path, or give ${nameOf('from-repository')}`,
			{ place: { file: path }, cause: error },
		);
	}
}

/** The references in a file that say a version, each once. */
async function imagesOf(file: ManifestFile): Promise<Reference[]> {
	const found = new Map<string, Reference>();
	for (const { image } of await listImages(file)) {
		const reference = parseReference(image);
		if (reference && (reference.tag ?? reference.digest) !== undefined) found.set(image, reference);
	}
	return [...found.values()];
}

/** An image with what the newest record of it tells, in the history of where it runs. */
function provedImage(image: Reference, records: readonly RecordedCommit[]): Candidate {
	const told = records.find(({ record }) => record.image === formatReference(image));
	const { digest, source, environment, run } = told?.record ?? {};
	return {
		image,
		proof: {
			...(image.digest && { digest: image.digest }),
			...(digest && { digest }),
			...(source && { source }),
			...(environment && { environment }),
		},
		...(told && { standing: { since: told.at, run } }),
	};
}

/** The environment that is checked out in the workspace, where an image was seen to run. */
function fromHere(context: StepContext): Pick<Record, 'from'> {
	const { repository, commit } = context.event;
	const url = repository?.cloneUrl ?? repository?.url;
	if (url === undefined || commit === undefined) return {};
	return { from: `${repositoryId(remoteFrom(url, context))}@${commit}` };
}

function noImage(
	given: Reference | undefined,
	running: readonly Candidate[],
	inputs: ImageInputs,
	nameOf: StepContext['nameOf'],
): Failure {
	if (inputs.fromFile === undefined && running.length === 0)
		return badInput(
			`What to promote is not known: give ${nameOf('image')} with its tag, ${nameOf('from-file')} where it runs now, or let rolling-deploy run before in the same workspace`,
		);
	const where = inputs.fromFile ?? 'what rolling-deploy deployed';
	return new Failure(
		`${given?.name ?? 'An image with a tag'} is not in ${where}${running.length > 0 ? `; there are ${list(running)}` : ''}`,
	);
}

function list(candidates: readonly Candidate[]): string {
	return candidates.map(({ image }) => formatReference(image)).join(', ');
}
