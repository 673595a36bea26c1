import { isDeepStrictEqual } from 'node:util';
import { type FieldSet, isRecord, type KubernetesObject } from './object.ts';

/**
 * Whether a dry run's answer is what is there already. What the server counts up by itself,
 * and the status, which moves on its own, are left out. A change of owners alone counts where
 * `manager` would come to own more; that it would own less does not: the server itself fills
 * in fields at the first write and takes them back at the second.
 */
export function isUnchanged(
	live: KubernetesObject,
	predicted: KubernetesObject,
	manager: string,
): boolean {
	if (!isDeepStrictEqual(content(live), content(predicted))) return false;
	return isWithin(ownedBy(manager, predicted), ownedBy(manager, live));
}

function content({ status: _, metadata, ...rest }: KubernetesObject): object {
	const {
		resourceVersion: _version,
		generation: _generation,
		managedFields: _owners,
		...kept
	} = metadata;
	return { ...rest, metadata: kept };
}

function ownedBy(manager: string, { metadata }: KubernetesObject): FieldSet {
	const own = metadata.managedFields?.find(
		(entry) => entry.manager === manager && entry.operation === 'Apply' && !entry.subresource,
	);
	return own?.fieldsV1 ?? {};
}

function isWithin(inner: FieldSet, outer: FieldSet): boolean {
	return Object.entries(inner).every(([field, below]) => {
		const around = outer[field];
		return around !== undefined && isWithin(below, around);
	});
}

/** A field that differs; undefined where it is not there. */
export interface FieldChange {
	path: string;
	before?: string;
	after?: string;
}

const serverFields = ['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp'];
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * The fields in which two states of an object differ, without those that the server keeps
 * for itself. What a Secret holds is told as `***`.
 */
export function fieldChanges(
	before: KubernetesObject | undefined,
	after: KubernetesObject,
): FieldChange[] {
	const changes: FieldChange[] = [];
	compare(shownPart(before), shownPart(after), '', changes);
	if (after.kind !== 'Secret') return changes;
	return changes.map((change) => {
		if (!/^(data|stringData)\b/.test(change.path)) return change;
		return {
			path: change.path,
			...(change.before === undefined ? {} : { before: '***' }),
			...(change.after === undefined
				? {}
				: { after: change.before === undefined ? '***' : '*** (another value)' }),
		};
	});
}

function shownPart(object: KubernetesObject | undefined): unknown {
	if (object === undefined) return undefined;
	const { status: _, metadata, ...rest } = object;
	const kept = Object.entries(metadata)
		.filter(([name]) => !serverFields.includes(name))
		.map(([name, value]) => {
			if (name !== 'annotations' || !isRecord(value)) return [name, value];
			const { [lastApplied]: _config, ...annotations } = value;
			return [name, annotations];
		});
	return { ...rest, metadata: Object.fromEntries(kept) };
}

function compare(before: unknown, after: unknown, path: string, changes: FieldChange[]): void {
	if (isDeepStrictEqual(before, after)) return;
	if (isParent(before) || isParent(after)) {
		const a = childrenOf(before);
		const b = childrenOf(after);
		const leaf = { ...leafOf('before', before), ...leafOf('after', after) };
		if (Object.keys(leaf).length > 0) changes.push({ path, ...leaf });
		for (const key of new Set([...a.keys(), ...b.keys()]))
			compare(a.get(key), b.get(key), joined(path, key), changes);
		return;
	}
	changes.push({ path, ...leafOf('before', before), ...leafOf('after', after) });
}

function leafOf(name: 'before' | 'after', value: unknown): Partial<FieldChange> {
	if (value === undefined || isParent(value)) return {};
	return { [name]: typeof value === 'string' ? value : JSON.stringify(value) };
}

function isParent(value: unknown): boolean {
	return (
		(isRecord(value) && Object.keys(value).length > 0) || (Array.isArray(value) && value.length > 0)
	);
}

/** Items of lists go by their name where all have one, as containers, ports and variables do. */
function childrenOf(value: unknown): Map<string, unknown> {
	if (Array.isArray(value)) {
		const items: unknown[] = value;
		const names = items.map((item) => (isRecord(item) ? item.name : undefined));
		const named =
			names.every((name) => typeof name === 'string') && new Set(names).size === items.length;
		return new Map(items.map((item, index) => [`[${named ? names[index] : index}]`, item]));
	}
	return new Map(isRecord(value) ? Object.entries(value) : []);
}

function joined(path: string, key: string): string {
	if (key.startsWith('[')) return path + key;
	const name = /[.[\]]/.test(key) ? `"${key}"` : key;
	return path === '' ? name : `${path}.${name}`;
}

/** The changes as lines of a diff: `- path: before`, `+ path: after`. */
export function diffLines(changes: readonly FieldChange[]): string[] {
	const longest = 500;
	const cut = (text: string) => (text.length > longest ? `${text.slice(0, longest)}…` : text);
	const line = (sign: string, path: string, value: string) =>
		`${sign} ${path}: ${cut(value).replaceAll('\n', '\\n')}`;
	return changes.flatMap(({ path, before, after }) => [
		...(before === undefined ? [] : [line('-', path, before)]),
		...(after === undefined ? [] : [line('+', path, after)]),
	]);
}
