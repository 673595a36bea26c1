import type { KubernetesClient } from './client.ts';
import type { FieldSet, KubernetesObject, ManagedFields } from './object.ts';

/** The manager that `kubectl apply` without `--server-side` writes as. */
const clientSideManager = 'kubectl-client-side-apply';

function isClientSide({ manager, operation, subresource }: ManagedFields): boolean {
	return manager === clientSideManager && operation === 'Update' && !subresource;
}

/** Whether an object was applied by the client's side before, and not taken over yet. */
export function isClientSideApplied(live: KubernetesObject): boolean {
	return live.metadata.managedFields?.some(isClientSide) ?? false;
}

/** Whether a conflict is with client-side apply alone, which a migration settles. */
export function isSettledByMigration(messages: readonly string[]): boolean {
	return messages.every((message) => message.includes(`"${clientSideManager}"`));
}

/**
 * The owners of an object's fields after `manager` has taken over what client-side apply
 * owned: from then on a field that leaves the manifest leaves the object, as it did before.
 * The idea of k8s.io/client-go/util/csaupgrade.
 */
export function migratedOwners(owners: readonly ManagedFields[], manager: string): ManagedFields[] {
	const isOurs = (entry: ManagedFields) =>
		entry.manager === manager && entry.operation === 'Apply' && !entry.subresource;
	const taken = owners.filter((entry) => isClientSide(entry) || isOurs(entry));
	const [first] = taken;
	if (first === undefined) return [...owners];
	const version = taken.find(isOurs) ?? first;
	return [
		...owners.filter((entry) => !taken.includes(entry)),
		{
			...version,
			manager,
			operation: 'Apply',
			fieldsV1: taken.map(({ fieldsV1 = {} }) => fieldsV1).reduce(union),
		},
	];
}

function union(a: FieldSet, b: FieldSet): FieldSet {
	const merged: FieldSet = { ...a };
	for (const [field, below] of Object.entries(b)) merged[field] = union(merged[field] ?? {}, below);
	return merged;
}

/** Writes the new owners; refused by the server where the object has changed since. */
export async function migrate(
	client: KubernetesClient,
	path: string,
	live: KubernetesObject,
	manager: string,
): Promise<void> {
	const { resourceVersion, managedFields = [] } = live.metadata;
	await client.patch(path, [
		{ op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
		{
			op: 'replace',
			path: '/metadata/managedFields',
			value: migratedOwners(managedFields, manager),
		},
	]);
}
