import fc from 'fast-check';
import { beforeAll, expect, test, vi } from 'vitest';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import { isApplied } from '../../shared/kubernetes/applied.ts';
import { isRecord, type KubernetesObject } from '../../shared/kubernetes/object.ts';
import { ClusterDeploy } from './cluster-deploy.ts';
import { drawnKinds, type Fields, type Kind, widgetDefinition } from './drawn-objects.ts';

const cluster = new ClusterDeploy();
const manager = 'lockstep';
const definition = widgetDefinition(`${cluster.unique}.example.com`);
let namespace: string;

beforeAll(async () => {
	namespace = await cluster.newNamespace();
	await cluster.client.create(definitions, definition.object);
	// Its kind is served a moment later.
	await vi.waitFor(() => cluster.client.list(collectionOf(definition.kind)), { timeout: 20_000 });
	return () => cluster.client.delete(`${definitions}/${definition.object.metadata.name}`);
});

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

function collectionOf({ apiVersion, plural }: Kind): string {
	const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
	return `${root}/namespaces/${namespace}/${plural}`;
}

/** What somebody does to an object between two applies of ours. */
type Edit =
	| { by: 'apply'; as: string; fields: Fields }
	| { by: 'merge'; fields: Fields }
	| { by: 'removal'; at: number };

/** Draws objects of every kind, what others do to them, and what is applied next. */
const kinds = new Map([...drawnKinds, definition.kind].map((kind) => [kind.kind, kind]));
const story = fc.constantFrom(...kinds.values()).chain(({ kind, fields }) => {
	const edit: fc.Arbitrary<Edit> = fc.oneof(
		fc.record({
			by: fc.constant('apply' as const),
			as: fc.constantFrom(manager, 'another'),
			fields,
		}),
		fc.record({ by: fc.constant('merge' as const), fields }),
		fc.record({ by: fc.constant('removal' as const), at: fc.nat(40) }),
	);
	return fc.record({
		kind: fc.constant(kind),
		first: fields,
		edits: fc.array(edit, { maxLength: 3 }),
		others: fc.array(fields, { minLength: 1, maxLength: 3 }),
		turns: fc.array(fc.record({ at: fc.nat(60), to: turned }), { maxLength: 12 }),
	});
});

/** What a value turns into; undefined takes its field away. */
const turned = fc.constantFrom<unknown[]>(undefined, null, '', 0, 1, '1', true, {}, [], ['a']);

test('what is held to be unchanged is left as it is by an apply', async () => {
	let made = 0;
	/** Of the objects that nobody else touched, those that are told as unchanged. */
	const untouched = { all: 0, certain: 0 };
	await fc.assert(
		fc.asyncProperty(story, async ({ kind: title, first, edits, others, turns }) => {
			const kind = kinds.get(title) ?? definition.kind;
			const name = `drawn-${made++}`;
			const path = `${collectionOf(kind)}/${name}`;
			const objectOf = (fields: Fields) => kind.objectOf(name, namespace, fields);
			const applied = [first];
			if (!(await tolerant(apply(path, objectOf(first), manager)))) return;
			for (const edit of edits) {
				if (await edited(path, edit, objectOf))
					if (edit.by === 'apply' && edit.as === manager) applied.push(edit.fields);
			}
			const last = applied.at(-1) ?? first;
			if (edits.length === 0) untouched.all++;
			for (const fields of [
				last,
				...applied,
				...others,
				...turns.map(({ at, to }) => withTurned(last, at, to)),
			]) {
				const live = await cluster.client.get(path);
				const desired = objectOf(fields);
				if (!isApplied(desired, live, manager)) continue;
				if (edits.length === 0 && fields === last) untouched.certain++;
				const after = await apply(path, desired, manager);
				expect(settled(after), JSON.stringify(desired)).toEqual(settled(live));
			}
		}),
		{ numRuns: Number(process.env.LOCKSTEP_TEST_RUNS ?? 200), endOnFailure: true },
	);
	expect(untouched.certain / untouched.all).toBeGreaterThan(0.5);
});

/**
 * An object without what its controller may write in between, and without the resourceVersion:
 * the server may write the same in other bytes.
 */
function settled({ status: _, metadata, ...rest }: KubernetesObject): unknown {
	const { resourceVersion: _version, managedFields = [], annotations = {}, ...kept } = metadata;
	const { 'deployment.kubernetes.io/revision': _revision, ...others } = annotations;
	const owners = managedFields.filter(({ subresource }) => subresource === undefined);
	return { ...rest, metadata: { ...kept, annotations: others, managedFields: owners } };
}

async function apply(
	path: string,
	object: KubernetesObject,
	fieldManager: string,
	force = false,
): Promise<KubernetesObject> {
	return await cluster.client.apply(path, object, { fieldManager, force });
}

/** Whether the server took what was drawn. */
async function tolerant(work: Promise<unknown>): Promise<boolean> {
	try {
		await work;
		return true;
	} catch (error) {
		if (error instanceof ApiError) return false;
		throw error;
	}
}

async function edited(
	path: string,
	edit: Edit,
	objectOf: (fields: Fields) => KubernetesObject,
): Promise<boolean> {
	const { client } = cluster;
	if (edit.by === 'apply') return await tolerant(apply(path, objectOf(edit.fields), edit.as, true));
	const live = await client.get(path);
	const { apiVersion, kind, metadata, status: _, ...fields } = live;
	const changed =
		edit.by === 'merge'
			? { metadata, ...merged({ metadata, ...fields }, edit.fields) }
			: { metadata, ...withTurned(fields, edit.at, undefined) };
	return await tolerant(client.replace(path, { apiVersion, kind, ...changed } as KubernetesObject));
}

function merged(a: Fields, b: Fields): Fields {
	const both = Object.entries(b).map(([field, value]) => {
		const before = a[field];
		return [field, isRecord(before) && isRecord(value) ? merged(before, value) : value];
	});
	return { ...a, ...Object.fromEntries(both) };
}

/** A copy with one value, the `at`-th of all, in another form or gone, or a list turned round. */
function withTurned<T>(value: T, at: number, to: unknown): T {
	const copy = structuredClone(value);
	const turns: (() => void)[] = [];
	const visit = (parent: unknown) => {
		if (typeof parent !== 'object' || parent === null) return;
		if (Array.isArray(parent)) turns.push(() => void parent.reverse());
		for (const [key, child] of Object.entries(parent)) {
			turns.push(() => {
				if (to !== undefined) Object.assign(parent, { [key]: to });
				else if (Array.isArray(parent)) parent.splice(Number(key), 1);
				else Reflect.deleteProperty(parent, key);
			});
			visit(child);
		}
	};
	visit(copy);
	if (turns.length > 0) turns[at % turns.length]?.();
	return copy;
}
