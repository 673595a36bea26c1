import { badInput, Failure } from '../../shared/failure/failure.ts';
import { type Remote, repositoryId } from '../../shared/git/remote.ts';
import { formatReference, parseReference } from '../../shared/image/reference.ts';
import { tagOf } from '../../shared/step/bump.ts';
import type { StepContext } from '../../shared/step/declare.ts';
import { remoteFrom } from '../../shared/step/repository.ts';
import { readRollout } from '../../shared/step/rollout.ts';
import { recordsInWorkspace, splitSource } from '../../shared/step/workspace-history.ts';
import type { Kind } from './content.ts';

interface Question {
	inputs: {
		readonly kind: Kind;
		readonly commit: string | undefined;
		readonly version: string | undefined;
		readonly region: string | undefined;
		readonly amiId: string | undefined;
		readonly baseAmi: string | undefined;
	};
	context: StepContext;
	/** The repository to tag. */
	remote: Remote;
}

/** What a tag is about. */
export interface Subject {
	/** Full object name. */
	commit: string;
	version: string | undefined;
	/** Whole references of what was deployed; empty where nothing was. */
	images: string[];
	amiId: string | undefined;
	baseAmi: string | undefined;
}

/**
 * Finds out which commit of the source is meant, and what was made of it: by the inputs, by
 * the event where it is of this very repository, else by what a rollout deployed.
 * @throws Failure (bad input) where no commit can be found.
 */
export async function findSubject({ inputs, context, remote }: Question): Promise<Subject> {
	const { event, nameOf } = context;
	const rollout =
		inputs.kind === 'deploy' ? readRollout(await context.outputsOf('rolling-deploy')) : undefined;
	const images = (rollout?.images ?? []).map(formatReference);
	// A shell, say a hook of the repository of manifests, tells of no event; the rollout does.
	const own = isOwn(remote, context) && (event.commit !== undefined || images.length === 0);
	const built =
		own || images.length === 0 ? undefined : await builtFrom(images, inputs, { context, remote });
	const commit = inputs.commit ?? (own ? event.commit : built?.commit);
	if (commit === undefined)
		throw badInput(
			own
				? `${nameOf('commit')} is missing, and this CI's event names no commit; give its full name`
				: `${nameOf('commit')} is missing: this is not the pipeline of ${remote.slug}, and no rolling-deploy of this workspace tells what runs; give its full name`,
		);
	const version = inputs.version ?? (own ? tagOf({ ...event, commit }) : built?.version);
	return {
		commit: fullName(commit, nameOf('commit')),
		version,
		images,
		...(await bakedOf(inputs, context)),
	};
}

/**
 * The commit that one of the deployed images was built from, by the newest record of such an
 * image in the history of the environment's repository that is checked out. Not simply by
 * the newest record, for after a revert an older image runs.
 */
async function builtFrom(
	images: readonly string[],
	{ commit }: Question['inputs'],
	{ context, remote }: Pick<Question, 'context' | 'remote'>,
): Promise<{ commit: string; version: string | undefined } | undefined> {
	const source = repositoryId(remote).toLowerCase();
	for (const { record } of await recordsInWorkspace(context)) {
		const built = splitSource(record.source ?? '');
		if (built?.repository.toLowerCase() !== source) continue;
		if (record.image === undefined || !images.includes(record.image)) continue;
		if (commit !== undefined && built.commit !== commit.toLowerCase()) continue;
		return { commit: built.commit, version: parseReference(record.image)?.tag };
	}
	if (commit !== undefined) return undefined;
	throw new Failure(
		`No commit in the workspace's history tells which commit of ${remote.slug} was deployed (${images.join(', ')}); clone more of the history, or give ${context.nameOf('commit')}`,
	);
}

function isOwn(remote: Remote, context: StepContext): boolean {
	const { repository } = context.event;
	const url = repository?.cloneUrl ?? repository?.url;
	if (url === undefined) return true;
	const own = repositoryId(remoteFrom(url, context));
	return own.toLowerCase() === repositoryId(remote).toLowerCase();
}

function fullName(commit: string, input: string): string {
	if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(commit))
		throw badInput(`${input}: "${commit}" is not a commit's full name of 40 hexadecimal digits`);
	return commit.toLowerCase();
}

/** The machine images by the inputs, and what `bake-ami` put out for what these leave open. */
async function bakedOf(
	{ kind, region, amiId, baseAmi }: Question['inputs'],
	{ outputsOf }: StepContext,
): Promise<Pick<Subject, 'amiId' | 'baseAmi'>> {
	const baked = kind === 'ami' ? await outputsOf('bake-ami') : {};
	const ofRegion = region === undefined ? undefined : amiIn(baked.amis, region);
	return { amiId: amiId ?? ofRegion ?? baked['ami-id'], baseAmi: baseAmi ?? baked['base-ami'] };
}

/** The image of one region in a JSON object by region. */
function amiIn(amis: string | undefined, region: string): string | undefined {
	try {
		const ami = (JSON.parse(amis ?? '{}') as Record<string, unknown>)[region];
		return typeof ami === 'string' ? ami : undefined;
	} catch {
		return undefined;
	}
}
