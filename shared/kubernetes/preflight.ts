import { Failure } from '../failure/failure.ts';
import type { Log } from '../log/log.ts';
import { ApiError } from './api-error.ts';
import type { KubernetesClient } from './client.ts';
import { mapConcurrently } from './concurrent.ts';
import type { Discovery, Resource } from './discovery.ts';
import { groupOf, type KubernetesObject } from './object.ts';
import { hasPods, type Observed } from './observer.ts';
import type { Change } from './plan.ts';

/** What a run is going to do with some objects of one collection. */
interface Need {
	verbs: readonly string[];
	/** `deployments`, `pods/log` */
	plural: string;
	/** `apps`; empty for the core group. */
	group: string;
	/** Undefined for what is in no namespace. */
	namespace: string | undefined;
	/** The objects; empty where it is about all of the collection. */
	names: readonly string[];
}

/** An object that a run is going to write. */
interface Written {
	desired: KubernetesObject;
	resource: Resource;
	change: Change;
}

interface PreflightOptions {
	client: KubernetesClient;
	/** Bring back what was there, should the run fail. */
	rollbackOnFailure: boolean;
	/** An input's name as its user wrote it. */
	nameOf(input: string): string;
	log: Log;
}

/**
 * Makes sure ahead of the first write that what is written can be waited for, made anew and
 * brought back: a dry run proves the right to apply, and none of these.
 * @throws Failure that names all that is missing. What only makes waiting slower, or the
 * telling of causes impossible, is warned of.
 */
export async function checkRights(
	awaited: readonly Observed[],
	written: readonly Written[],
	{ client, rollbackOnFailure, nameOf, log }: PreflightOptions,
): Promise<void> {
	const missing = await missingRights(
		[
			...awaited.map(({ object, resource }) => needOf(['list', 'watch'], object, resource)),
			...written.map(({ desired, resource, change }) =>
				needOf(verbsOf(change, rollbackOnFailure), desired, resource),
			),
		],
		client,
	);
	if (missing.some(({ verbs }) => verbs.some((verb) => verb !== 'watch')))
		throw new Failure(
			`Rights that this run needs are missing: ${textOf(missing)}; grant them to ${await accountName(client)}, or do without ${['wait', 'rollback-on-failure', 'replace-immutable'].map(nameOf).join(' or ')}, whichever asks for them (nothing was written)`,
		);
	if (missing.length > 0)
		log.warn(`There is no right to ${textOf(missing)}, so the server is asked every 2 s instead`);
	const unseen = await missingRights(awaited.flatMap(evidenceNeeds), client);
	if (unseen.length > 0)
		log.warn(
			`Rights are missing without which the cause of a failure cannot be told: ${textOf(unseen)}`,
		);
}

function verbsOf(change: Change, rollbackOnFailure: boolean): string[] {
	if (change === 'replaced') return ['delete', 'create'];
	if (!rollbackOnFailure) return [];
	if (change === 'changed') return ['update'];
	return change === 'created' ? ['delete'] : [];
}

/**
 * The refusal of a set, with all that the account has no right to: the server tells of one
 * right at a time. Any other error stays as it is.
 */
export async function withMissingRights(
	error: unknown,
	objects: readonly KubernetesObject[],
	{
		client,
		discovery,
		namespace,
	}: { client: KubernetesClient; discovery: Discovery; namespace: string },
): Promise<unknown> {
	if (!(error instanceof Failure) || refusalIn(error)?.status !== 403) return error;
	const needs: Need[] = [];
	for (const object of objects) {
		const resource = await discovery.find(object.apiVersion, object.kind);
		const metadata = { namespace, ...object.metadata };
		if (resource !== undefined)
			needs.push(needOf(['get', 'create', 'patch'], { ...object, metadata }, resource));
	}
	const missing = await missingRights(needs, client);
	if (missing.length === 0) return error;
	return new Failure(`${error.message}; these rights are missing in all: ${textOf(missing)}`, {
		...(error.place === undefined ? {} : { place: error.place }),
		cause: error,
	});
}

function refusalIn(error: unknown): ApiError | undefined {
	let cause = error;
	while (cause instanceof Error && !(cause instanceof ApiError)) cause = cause.cause;
	return cause instanceof ApiError ? cause : undefined;
}

/** Pods, their owners, their events and their logs. */
function evidenceNeeds({ object }: Observed): Need[] {
	const { namespace } = object.metadata;
	if (!hasPods(object) || namespace === undefined) return [];
	const seen = { verbs: ['list', 'watch'], group: '', namespace, names: [] };
	return [
		{ ...seen, plural: 'pods' },
		{ ...seen, plural: 'events' },
		{ ...seen, plural: 'pods/log', verbs: ['get'] },
		...(object.kind === 'Deployment' ? [{ ...seen, group: 'apps', plural: 'replicasets' }] : []),
	];
}

function needOf(
	verbs: readonly string[],
	{ metadata }: KubernetesObject,
	{ apiVersion, plural, namespaced }: Resource,
): Need {
	return {
		verbs,
		plural,
		group: groupOf(apiVersion),
		namespace: namespaced ? metadata.namespace : undefined,
		names: [metadata.name],
	};
}

/** Verbs of one collection that an account has no right to. */
interface MissingRight extends Need {
	verbs: string[];
}

/**
 * The rights that the account has not, by what the server says of each
 * (https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-access-review-v1/).
 * Where it does not tell, none.
 */
async function missingRights(
	needs: readonly Need[],
	client: KubernetesClient,
): Promise<MissingRight[]> {
	const questions = new Map<string, Need & { verb: string }>();
	for (const need of needs)
		for (const verb of need.verbs) {
			const key = [verb, need.group, need.plural, need.namespace ?? ''].join('/');
			const names = [...(questions.get(key)?.names ?? []), ...need.names];
			questions.set(key, { ...need, verb, names });
		}
	const answers = await mapConcurrently([...questions.values()], 8, async (question) =>
		(await isGranted(question.verb, question, client)) ? [] : [question],
	);
	const byCollection = Map.groupBy(answers.flat(), ({ group, plural, namespace = '' }) =>
		[group, plural, namespace].join('/'),
	);
	return [...byCollection.values()].flatMap((same) =>
		same.slice(0, 1).map((first) => ({ ...first, verbs: same.map(({ verb }) => verb) })),
	);
}

/** For the whole collection, or for each of the objects by its name. */
async function isGranted(verb: string, need: Need, client: KubernetesClient): Promise<boolean> {
	if (await isAllowed(verb, need, undefined, client)) return true;
	// Several are listed and watched together.
	const isCollective = (verb === 'list' || verb === 'watch') && need.names.length > 1;
	if (need.names.length === 0 || isCollective) return false;
	const each = await mapConcurrently(
		need.names,
		8,
		async (name) => await isAllowed(verb, need, name, client),
	);
	return each.every(Boolean);
}

async function isAllowed(
	verb: string,
	{ group, plural, namespace }: Need,
	name: string | undefined,
	client: KubernetesClient,
): Promise<boolean> {
	const [resource, subresource] = plural.split('/');
	const resourceAttributes = { verb, group, resource, subresource, namespace, name };
	try {
		const { status } = await client.create<{ status?: { allowed?: boolean } }>(
			'/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
			{
				apiVersion: 'authorization.k8s.io/v1',
				kind: 'SelfSubjectAccessReview',
				spec: { resourceAttributes },
			},
			{ idempotent: true },
		);
		return status?.allowed !== false;
	} catch (error) {
		if (error instanceof ApiError) return true;
		throw error;
	}
}

/** Who the account is to the server; servers before 1.28 do not tell. */
async function accountName(client: KubernetesClient): Promise<string> {
	try {
		const { status } = await client.create<{ status?: { userInfo?: { username?: string } } }>(
			'/apis/authentication.k8s.io/v1/selfsubjectreviews',
			{ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
			{ idempotent: true },
		);
		const name = status?.userInfo?.username;
		return name === undefined ? 'the account' : `"${name}"`;
	} catch (error) {
		if (error instanceof ApiError) return 'the account';
		throw error;
	}
}

/** `list and watch deployments.apps in namespace shop; get pods/log in namespace shop` */
function textOf(rights: readonly MissingRight[]): string {
	const texts = rights.map(({ verbs, group, plural, namespace }) => {
		const [resource = '', ...subresource] = plural.split('/');
		const what = [group === '' ? resource : `${resource}.${group}`, ...subresource].join('/');
		const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
		return `${verbs.join(', ').replace(/, (\w+)$/, ' and $1')} ${what}${where}`;
	});
	return texts.join('; ');
}
