import { isClientSideApplied } from './migrate.ts';
import {
	type FieldSet,
	groupOf,
	isRecord,
	type KubernetesObject,
	type ManagedFields,
} from './object.ts';

/**
 * Whether an apply of `desired` by `manager` is certain to change neither a field nor an owner,
 * so that nothing need be asked of the server: what the manager owns there is exactly what
 * `desired` names, and every value is the same. False wherever that cannot be told without the
 * schema, and for what is written in another way (cpu `1000m`, kept as `1`).
 *
 * The owners are those of server-side apply
 * (https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management).
 */
export function isApplied(
	desired: KubernetesObject,
	live: KubernetesObject,
	manager: string,
): boolean {
	const { managedFields = [], deletionTimestamp } = live.metadata;
	const own = managedFields.find((entry) => isApplyOf(entry, manager));
	if (own?.fieldsV1 === undefined || own.apiVersion !== desired.apiVersion) return false;
	if (deletionTimestamp !== undefined || isClientSideApplied(live)) return false;
	const sent = ownableFields(desired);
	if (sent === undefined) return false;
	const others = managedFields
		.filter((entry) => entry !== own)
		.map(({ fieldsV1 = {} }) => fieldsV1);
	// Others define the kinds of groups with dots, and may change their schemas.
	const isBuiltIn = !groupOf(desired.apiVersion).includes('.');
	return isKept({ sent, now: live, owned: own.fieldsV1, others, isBuiltIn });
}

function isApplyOf({ manager, operation, subresource }: ManagedFields, name: string): boolean {
	return manager === name && operation === 'Apply' && !subresource;
}

/**
 * What of an object comes to be owned by who applies it; undefined where it has what the server
 * treats in a way of its own.
 */
function ownableFields(desired: KubernetesObject): Record<string, unknown> | undefined {
	const { apiVersion: _version, kind: _kind, metadata, ...fields } = desired;
	const { name: _name, namespace: _namespace, ...named } = metadata;
	const special = ['uid', 'resourceVersion', 'generation', 'managedFields', 'selfLink'];
	if ('status' in fields || special.some((field) => field in named)) return undefined;
	// Generators leave this behind, and nobody comes to own it.
	if (named.creationTimestamp === null) delete named.creationTimestamp;
	return Object.keys(named).length === 0 ? fields : { ...fields, metadata: named };
}

/** One path of an object. */
interface Part {
	/** What an apply names there. */
	sent: unknown;
	/** What is there. */
	now: unknown;
	/** What the manager owns from there on. */
	owned: FieldSet;
	/** What each other manager owns from there on. */
	others: readonly FieldSet[];
	isBuiltIn: boolean;
	/** The field's name; undefined for the whole and for the items of lists. */
	field?: string;
}

function isKept(part: Part): boolean {
	const entries = Object.keys(part.owned);
	if (entries.length === 0) return isSameWhole(part);
	if (entries.every((entry) => entry.startsWith('f:'))) return areFieldsKept(part, entries);
	if (entries.every((entry) => entry.startsWith('k:'))) return areItemsKept(part, entries);
	// The items of a set, or a map of which the schema does not tell.
	return false;
}

/** A single value, or a list or map that has one owner as a whole. */
function isSameWhole({ sent, now, others, isBuiltIn, field = '' }: Part): boolean {
	if (now === undefined) {
		// To the server an empty value comes anew with every apply: another owner is a conflict.
		if (!isBuiltIn || others.length > 0) return false;
		return Object.hasOwn(leftOut, field) && isEqual(sent, leftOut[field]);
	}
	// One that was empty when it was applied looks the same; what others own of it shows it.
	return isEqual(sent, now) && others.every((set) => Object.keys(set).length === 0);
}

/**
 * Built-in fields that the server does not keep when they are empty, with the only empty value
 * that fits their type; those that generators and charts write.
 */
const leftOut: Readonly<Record<string, unknown>> = {
	annotations: {},
	args: [],
	command: [],
	creationTimestamp: null,
	env: [],
	envFrom: [],
	hostIPC: false,
	hostNetwork: false,
	hostPID: false,
	imagePullSecrets: [],
	initContainers: [],
	labels: {},
	limits: {},
	nodeSelector: {},
	ports: [],
	readOnly: false,
	requests: {},
	tolerations: [],
	topologySpreadConstraints: [],
	value: '',
	volumeMounts: [],
	volumes: [],
};

function areFieldsKept(
	{ sent, now, owned, others, isBuiltIn }: Part,
	entries: readonly string[],
): boolean {
	if (!isRecord(sent) || !isRecord(now)) return false;
	if (Object.keys(sent).length !== entries.length) return false;
	return entries.every((entry) => {
		const field = entry.slice('f:'.length);
		if (!Object.hasOwn(sent, field)) return false;
		return isKept({
			sent: sent[field],
			now: now[field],
			owned: owned[entry] ?? {},
			others: below(others, entry),
			isBuiltIn,
			field,
		});
	});
}

/** The items of a list that are told apart by a key. */
function areItemsKept(
	{ sent, now, owned, others, isBuiltIn }: Part,
	entries: readonly string[],
): boolean {
	if (!Array.isArray(sent) || !Array.isArray(now)) return false;
	// With items of others in between, their order would be the server's to find.
	if (sent.length !== now.length || sent.length !== entries.length) return false;
	return entries.every((entry) => {
		const key = JSON.parse(entry.slice('k:'.length)) as Record<string, unknown>;
		const index = now.findIndex((item) => hasKey(item, key));
		const item: unknown = sent[index];
		const { '.': itself, ...fields } = owned[entry] ?? {};
		if (itself === undefined || !isRecord(item)) return false;
		// What a key leaves out has a default, which only a built-in kind keeps for ever.
		if (!isBuiltIn && !Object.keys(key).every((field) => Object.hasOwn(item, field))) return false;
		const around = below(others, entry).map(({ '.': _itself, ...rest }) => rest);
		return isKept({ sent: item, now: now[index], owned: fields, others: around, isBuiltIn });
	});
}

function below(sets: readonly FieldSet[], entry: string): FieldSet[] {
	return sets.map((set) => set[entry]).filter((set) => set !== undefined);
}

function hasKey(item: unknown, key: Readonly<Record<string, unknown>>): boolean {
	return isRecord(item) && Object.entries(key).every(([field, value]) => item[field] === value);
}

function isEqual(a: unknown, b: unknown): boolean {
	// Of larger integers JSON.parse tells two apart no more.
	if (typeof a === 'number') return a === b && (Number.isSafeInteger(a) || !Number.isInteger(a));
	if (Array.isArray(a))
		return (
			Array.isArray(b) && a.length === b.length && a.every((item, index) => isEqual(item, b[index]))
		);
	if (!isRecord(a)) return a === b;
	const fields = Object.keys(a);
	return (
		isRecord(b) &&
		fields.length === Object.keys(b).length &&
		fields.every((field) => Object.hasOwn(b, field) && isEqual(a[field], b[field]))
	);
}
