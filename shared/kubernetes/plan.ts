import { Failure } from '../failure/failure.ts';
import type { Log } from '../log/log.ts';
import { ApiError } from './api-error.ts';
import { isApplied } from './applied.ts';
import {
	type AutoscaledTargets,
	autoscaledTargets,
	withoutAutoscaledReplicas,
} from './autoscaler.ts';
import type { KubernetesClient } from './client.ts';
import { isUnchanged } from './compare.ts';
import { mapConcurrently } from './concurrent.ts';
import { type Discovery, objectPath, type Resource } from './discovery.ts';
import { explainRefusal, isImmutable, throwTogether } from './explain.ts';
import { readLive } from './live.ts';
import type { Manifest } from './manifest-text.ts';
import { refuseDuplicates } from './manifests.ts';
import { isClientSideApplied, isSettledByMigration } from './migrate.ts';
import { dataKinds, groupOf, isRecord, type KubernetesObject, titleOf } from './object.ts';
import { upgradeObject } from './upgrade.ts';

/** `replaced`: deleted and made anew, for a field of it cannot be changed. */
export type Change = 'created' | 'changed' | 'replaced' | 'unchanged';

/** An object of the set, resolved and tried out on the server. */
export interface Planned {
	manifest: Manifest;
	resource: Resource;
	path: string;
	/** What is sent. */
	desired: KubernetesObject;
	/** What was there before; undefined where there was nothing. */
	live: KubernetesObject | undefined;
	change: Change;
	/**
	 * What the server would make of it. Undefined where it can only be tried out when another
	 * object of the set is there: its namespace or its definition.
	 */
	predicted: KubernetesObject | undefined;
}

export interface PlanOptions {
	client: KubernetesClient;
	discovery: Discovery;
	/** Namespace of what names none. */
	namespace: string;
	fieldManager: string;
	forceConflicts: boolean;
	/** Rewrite versions that the server does not serve any more. */
	upgradeApis: boolean;
	/** Delete and make anew what has a changed field that cannot be changed. */
	replaceImmutable: boolean;
	concurrency: number;
	/** An input's name as its user wrote it. */
	nameOf(input: string): string;
	/** Of the run, whose end is no fault of an object. */
	signal: AbortSignal;
	log: Log;
}

/**
 * Resolves every object and applies each as a dry run, but those of which it is certain that
 * the server has them already; nothing is written.
 * @throws Failure where one does not pass, after all have been told
 */
export async function planSet(
	manifests: readonly Manifest[],
	options: PlanOptions,
): Promise<Planned[]> {
	const failures: Failure[] = [];
	const gather = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
		try {
			return await work();
		} catch (error) {
			const isOfAll = error instanceof ApiError && error.status === 401;
			if (!(error instanceof Failure) || isOfAll || options.signal.aborted) throw error;
			failures.push(error);
			return undefined;
		}
	};
	const tell = (failure: Failure) => options.log.error(failure.message, failure.place);
	const definitions = definedKinds(manifests);
	const resolved: { manifest: Manifest; resource: Resource }[] = [];
	for (const manifest of manifests) {
		const found = await gather(() => resolveManifest(manifest, definitions, options));
		if (found !== undefined) resolved.push(found);
	}
	throwTogether(failures, tell, 'nothing was written');
	// Two may have come to be one by the namespace or the version that they have got.
	refuseDuplicates(resolved.map(({ manifest }) => manifest));
	const objects = resolved.map(({ manifest }) => manifest.object);
	const targets = await autoscaledTargets(objects, options.client, options.discovery);
	const live = await gather(() => readLive(resolved, options));
	throwTogether(failures, tell, 'nothing was written');
	if (live === undefined) return [];
	const context = { targets, definitions, manifests, live };
	const planned = await mapConcurrently(resolved, options.concurrency, ({ manifest, resource }) =>
		gather(() => planObject(manifest, resource, context, options)),
	);
	throwTogether(failures, tell, 'nothing was written');
	return planned.filter((item) => item !== undefined);
}

/** Tries out again what could not be before its namespace or definition was there. */
export async function planDeferred(planned: Planned, options: PlanOptions): Promise<Planned> {
	const live = await options.client.find(planned.path);
	return await tryOut({ ...planned, live }, options);
}

async function resolveManifest(
	manifest: Manifest,
	definitions: readonly Resource[],
	options: PlanOptions,
): Promise<{ manifest: Manifest; resource: Resource }> {
	const { object } = manifest;
	const resource =
		(await options.discovery.find(object.apiVersion, object.kind)) ??
		definitions.find(
			({ apiVersion, kind }) => apiVersion === object.apiVersion && kind === object.kind,
		);
	if (resource === undefined) return await resolveUnserved(manifest, definitions, options);
	return { manifest: { ...manifest, object: inNamespace(manifest, resource, options) }, resource };
}

/** The version is not served: rewrites it where that is wanted, else says what to change. */
async function resolveUnserved(
	manifest: Manifest,
	definitions: readonly Resource[],
	options: PlanOptions,
): Promise<{ manifest: Manifest; resource: Resource }> {
	const { object } = manifest;
	const title = titleOf(object);
	const upgrade = upgradeObject(object);
	const to = upgrade?.object.apiVersion ?? '';
	if (upgrade !== undefined && (await options.discovery.find(to, object.kind)) !== undefined) {
		const changes = upgrade.changes.join('; ');
		if (!options.upgradeApis)
			throw new Failure(
				`${title}: the server does not serve ${object.apiVersion} any more; change ${changes}, or set ${options.nameOf('upgrade-apis')} to have it done on the way`,
				{ place: manifest.locate(['apiVersion']) },
			);
		options.log.info(`${title}: brought to a version that the server serves: ${changes}`);
		return await resolveManifest({ ...manifest, object: upgrade.object }, definitions, options);
	}
	const versions = await options.discovery.versionsOf(object.kind, object.apiVersion);
	const kinds = options.discovery.kindsOf(object.apiVersion);
	const advice =
		versions.length > 0
			? `it serves ${object.kind} in ${versions.join(', ')}`
			: kinds.length > 0
				? `in ${object.apiVersion} it serves ${kinds.slice(0, 12).join(', ')}`
				: 'the definition of that kind is not installed, and none is in the manifests';
	throw new Failure(
		`${title}: the server does not serve ${object.kind} in ${object.apiVersion}; ${advice}`,
		{
			place: manifest.locate(['apiVersion']),
		},
	);
}

function inNamespace(
	{ object, place }: Manifest,
	resource: Resource,
	options: PlanOptions,
): KubernetesObject {
	const { namespace } = object.metadata;
	if (!resource.namespaced && namespace !== undefined)
		throw new Failure(
			`${titleOf(object)} names a namespace, and a ${object.kind} is in none; take metadata.namespace away`,
			{ place },
		);
	if (!resource.namespaced || namespace) return object;
	return { ...object, metadata: { ...object.metadata, namespace: options.namespace } };
}

/** What is known of the whole set when one of its objects is planned. */
interface SetContext {
	targets: AutoscaledTargets;
	definitions: readonly Resource[];
	manifests: readonly Manifest[];
	live: ReadonlyMap<string, KubernetesObject>;
}

async function planObject(
	manifest: Manifest,
	resource: Resource,
	{ targets, definitions, manifests, live: found }: SetContext,
	options: PlanOptions,
): Promise<Planned> {
	const path = objectPath(resource, manifest.object);
	const live = found.get(path);
	const desired = withoutAutoscaledReplicas(manifest.object, live, targets, options.fieldManager);
	const planned = { manifest, resource, path, desired, live };
	try {
		return await tryOut(planned, options);
	} catch (error) {
		const cause = error instanceof Failure ? error.cause : undefined;
		if (cause instanceof ApiError && isImmutable(cause) && mayReplace(planned, options))
			return { ...planned, change: 'replaced', predicted: desired };
		if (!(cause instanceof ApiError) || cause.status !== 404) throw error;
		const comes =
			cause.details.kind === 'namespaces'
				? manifests.some(
						({ object }) =>
							object.kind === 'Namespace' && object.metadata.name === cause.details.name,
					)
				: definitions.includes(resource);
		if (!comes) throw error;
		return { ...planned, change: 'created', predicted: undefined };
	}
}

function mayReplace({ desired }: Pick<Planned, 'desired'>, options: PlanOptions): boolean {
	return options.replaceImmutable && !dataKinds.includes(desired.kind);
}

async function tryOut(
	planned: Omit<Planned, 'change' | 'predicted'>,
	options: PlanOptions,
): Promise<Planned> {
	const { desired, live } = planned;
	if (live !== undefined && isApplied(desired, live, options.fieldManager))
		return { ...planned, change: 'unchanged', predicted: live };
	const predicted = await dryRun(planned, options);
	const change =
		live === undefined
			? 'created'
			: isUnchanged(live, predicted, options.fieldManager)
				? 'unchanged'
				: 'changed';
	return { ...planned, change, predicted };
}

async function dryRun(
	{ path, desired, live, manifest }: Omit<Planned, 'change' | 'predicted'>,
	{ client, fieldManager, forceConflicts, nameOf }: PlanOptions,
): Promise<KubernetesObject> {
	const options = { fieldManager, force: forceConflicts, dryRun: true };
	try {
		return await client.apply(path, desired, options);
	} catch (error) {
		if (live !== undefined && isClientSideApplied(live) && isMigratable(error))
			return await client.apply(path, desired, { ...options, force: true });
		throw explainRefusal(error, manifest, nameOf);
	}
}

function isMigratable(error: unknown): boolean {
	if (!(error instanceof ApiError) || error.status !== 409) return false;
	const conflicts = (error.details.causes ?? []).filter(
		({ reason }) => reason === 'FieldManagerConflict',
	);
	return conflicts.length > 0 && isSettledByMigration(conflicts.map(({ message = '' }) => message));
}

/** The kinds that the CustomResourceDefinitions of the set will make known. */
function definedKinds(manifests: readonly Manifest[]): Resource[] {
	return manifests.flatMap(({ object: { kind, apiVersion, spec } }) => {
		if (kind !== 'CustomResourceDefinition' || groupOf(apiVersion) !== 'apiextensions.k8s.io')
			return [];
		if (!isRecord(spec) || !isRecord(spec.names) || !Array.isArray(spec.versions)) return [];
		const { group, names, scope } = spec;
		return spec.versions
			.filter((version) => isRecord(version) && version.served === true)
			.map((version: Record<string, unknown>) => ({
				apiVersion: `${String(group)}/${String(version.name)}`,
				kind: String((names as Record<string, unknown>).kind),
				plural: String((names as Record<string, unknown>).plural),
				namespaced: scope === 'Namespaced',
				verbs: ['get', 'list', 'watch', 'patch'],
			}));
	});
}
