import type { Catalog } from './catalog.ts';
import { apiVersionOf, type Kind } from './kinds.ts';
import type { JsonObject } from './objects.ts';

const allVerbs = [
	'create',
	'delete',
	'deletecollection',
	'get',
	'list',
	'patch',
	'update',
	'watch',
];

function verbsOf({ virtual }: Kind): string[] {
	return virtual ? ['create'] : allVerbs;
}

export const serverVersion = {
	major: '1',
	minor: '35',
	gitVersion: 'v1.35.4',
	gitCommit: '0000000000000000000000000000000000000000',
	gitTreeState: 'clean',
	buildDate: '2026-01-01T00:00:00Z',
	goVersion: 'go1.25.0',
	compiler: 'gc',
	platform: 'linux/amd64',
};

/**
 * The answer to a discovery path (`/version`, `/api`, `/api/v1`, `/apis`, `/apis/GROUP`, `/apis/GROUP/VERSION`),
 * or undefined when the path is none, or its group or version is not served.
 */
export function discover(
	catalog: Catalog,
	path: string,
	aggregated: boolean,
): JsonObject | undefined {
	const kinds = catalog.kinds();
	const groups = [...new Set(kinds.map(({ group }) => group))].filter((group) => group !== '');
	const [, root, group, version, ...rest] = path.replace(/\/$/, '').split('/');
	if (rest.length > 0) return undefined;
	if (root === 'version' && group === undefined) return serverVersion;
	if (root === 'api') {
		if (group === 'v1' && version === undefined) return resourceList(kinds, '', 'v1');
		if (group !== undefined) return undefined;
		if (aggregated) return aggregate(kinds, ['']);
		return {
			kind: 'APIVersions',
			versions: ['v1'],
			serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1' }],
		};
	}
	if (root !== 'apis') return undefined;
	if (group === undefined) {
		if (aggregated) return aggregate(kinds, groups);
		return {
			kind: 'APIGroupList',
			apiVersion: 'v1',
			groups: groups.map((name) => groupEntry(kinds, name)),
		};
	}
	if (!groups.includes(group)) return undefined;
	if (version === undefined) {
		return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(kinds, group) };
	}
	return versionsOf(kinds, group).includes(version)
		? resourceList(kinds, group, version)
		: undefined;
}

function versionsOf(kinds: Kind[], group: string): string[] {
	return [...new Set(kinds.filter((kind) => kind.group === group).map(({ version }) => version))];
}

function groupEntry(kinds: Kind[], name: string): JsonObject {
	const versions = versionsOf(kinds, name).map((version) => ({
		groupVersion: `${name}/${version}`,
		version,
	}));
	return { name, versions, preferredVersion: versions[0] ?? {} };
}

function resourceList(kinds: Kind[], group: string, version: string): JsonObject {
	const own = kinds.filter((kind) => kind.group === group && kind.version === version);
	return {
		kind: 'APIResourceList',
		...(group === '' ? {} : { apiVersion: 'v1' }),
		groupVersion: apiVersionOf({ group, version }),
		resources: own.flatMap((kind) => [
			{
				name: kind.plural,
				singularName: kind.singular,
				namespaced: kind.namespaced,
				kind: kind.kind,
				verbs: verbsOf(kind),
				...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
			},
			...kind.subresources.map((subresource) => ({
				name: `${kind.plural}/${subresource}`,
				singularName: '',
				namespaced: kind.namespaced,
				...(subresource === 'scale' ? { group: 'autoscaling', version: 'v1' } : {}),
				kind: subresource === 'scale' ? 'Scale' : kind.kind,
				verbs: ['get', 'patch', 'update'],
			})),
		]),
	};
}

function aggregate(kinds: Kind[], groups: string[]): JsonObject {
	return {
		kind: 'APIGroupDiscoveryList',
		apiVersion: 'apidiscovery.k8s.io/v2',
		metadata: {},
		items: groups.map((group) => ({
			metadata: group === '' ? {} : { name: group },
			versions: versionsOf(kinds, group).map((version) => ({
				version,
				freshness: 'Current',
				resources: kinds
					.filter((kind) => kind.group === group && kind.version === version)
					.map(aggregatedResource),
			})),
		})),
	};
}

function aggregatedResource(kind: Kind): JsonObject {
	const { group, version } = kind;
	return {
		resource: kind.plural,
		responseKind: { group, version, kind: kind.kind },
		scope: kind.namespaced ? 'Namespaced' : 'Cluster',
		singularResource: kind.singular,
		verbs: verbsOf(kind),
		...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
		...(kind.subresources.length === 0
			? {}
			: {
					subresources: kind.subresources.map((subresource) => ({
						subresource,
						responseKind:
							subresource === 'scale'
								? { group: 'autoscaling', version: 'v1', kind: 'Scale' }
								: { group, version, kind: kind.kind },
						verbs: ['get', 'patch', 'update'],
					})),
				}),
	};
}
