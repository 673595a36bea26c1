import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { setScalar } from '../../shared/manifest/change.ts';
import { readDocuments, type Source } from '../../shared/manifest/document.ts';
import { parseAssignment, setValues } from '../../shared/manifest/edit.ts';
import type { Node, Scalar } from '../../shared/manifest/node.ts';
import { formatPath, type Path } from '../../shared/manifest/path.ts';
import { applyProven } from '../../shared/manifest/proof.ts';
import { keepType, replaceScalar } from '../../shared/manifest/scalar.ts';
import { applySplices, decodeText } from '../../shared/manifest/text.ts';

const root = new URL('../data/', import.meta.url);
const files = globSync(
	['{dellintosh,fabrikate,corpus}/**/*.{yaml,yml,json}', 'dellintosh/*/.drone.yml'],
	{ cwd: root },
).sort();

/** Files of the corpus that are broken, as kubectl and JSON.parse find too. */
const broken = [
	'corpus/kubernetes-examples/_archived/openshift-origin/etcd-controller.yaml',
	'corpus/kubernetes-examples/_archived/openshift-origin/etcd-discovery-controller.yaml',
	'corpus/kubernetes-examples/_archived/openshift-origin/openshift-controller.yaml',
	'corpus/kubernetes-examples/_archived/openshift-origin/secret.json',
	'corpus/kubernetes-examples/_archived/persistent-volume-provisioning/quobyte/quobyte-admin-secret.yaml',
	'corpus/kubernetes-examples/_archived/volumes/scaleio/sc-pvc.yaml',
	'fabrikate/badyamlcomponent/component.yaml',
	'fabrikate/badyamlconfig/config/common.yaml',
	'fabrikate/definition/config/common.json',
	'fabrikate/definition/services/component.json',
];

async function read(name: string): Promise<Source> {
	const bytes = readFileSync(new URL(name, root));
	return readDocuments(name, decodeText({ name, bytes }));
}

interface Found {
	node: Scalar;
	path: Path;
}

function scalars(node: Node | undefined, path: Path): Found[] {
	if (node?.kind === 'map')
		return node.pairs.flatMap(({ key, value }) => scalars(value, [...path, key]));
	if (node?.kind === 'list')
		return node.items.flatMap((item, index) => scalars(item, [...path, index]));
	return node?.kind === 'scalar' ? [{ node, path }] : [];
}

function allScalars({ documents }: Source): Found[] {
	return documents.flatMap(({ root }, index) => scalars(root, [index]));
}

/** Another value of the same type, told apart by a number; a block keeps its lines. */
function drawn({ value, style }: Scalar, salt: number): string {
	if (typeof value === 'number') return String(value + salt + 1);
	if (typeof value === 'boolean') return String(!value);
	const lines = style === 'literal' ? String(value).split('\n') : ['x'];
	return lines.map((line) => (line.trim() === '' ? line : `drawn-${salt}`)).join('\n');
}

/** Whether writing the present value in its own style gives the present characters. */
function isOneOfOurs(source: Source, node: Scalar): boolean {
	const same = keepType(node, node.style === 'plain' ? node.source : String(node.value));
	const written = applySplices(source.text, replaceScalar(source, node, same));
	return (
		written === source.text &&
		(node.style !== 'folded' ||
			!node.source.trimEnd().includes('\n', node.source.indexOf('\n') + 1))
	);
}

describe('every scalar of every file', { timeout: 60_000 }, () => {
	let [count, layoutLost] = [0, 0];

	it.each(files.filter((name) => !broken.includes(name)))('%s', async (name) => {
		const source = await read(name);
		for (const [salt, { node, path }] of allScalars(source).entries()) {
			if (node.value === null) continue;
			const text = drawn(node, salt);
			const changed = await applyProven(
				source,
				setScalar(source, node, path, keepType(node, text)),
			);
			expect(changed).not.toBe(source.text);
			// All bytes around the value are the same.
			expect(changed.startsWith(source.text.slice(0, node.start))).toBe(true);
			expect(changed.endsWith(source.text.slice(node.end))).toBe(true);

			const after = await readDocuments(name, changed);
			const there = allScalars(after)[salt];
			if (!there) throw new Error('the scalar is still there');
			const original = node.style === 'plain' ? node.source : String(node.value);
			const back = await applyProven(
				after,
				setScalar(after, there.node, path, keepType(there.node, original)),
			);
			count++;
			if (isOneOfOurs(source, node)) expect(back).toBe(source.text);
			else layoutLost++;
		}
	});

	it('is nearly always restored to the byte; the rest is text folded over several lines', () => {
		expect(count).toBeGreaterThan(4000);
		expect(layoutLost / count).toBeLessThan(0.01);
	});
});

describe('through the notation of set', { timeout: 60_000 }, () => {
	it.each(files.filter((name, index) => !broken.includes(name) && index % 4 === 0))(
		'%s',
		async (name) => {
			const source = await read(name);
			const bytes = readFileSync(new URL(name, root));
			const found = allScalars(source).filter(
				({ node, path }) => node.value !== null && path.length > 1,
			);
			const sample = found.filter((_, index) => index % Math.ceil(found.length / 5) === 0);
			for (const { node, path } of sample) {
				const line = `${formatPath(source, path)}=${drawn(node, 7)}`;
				const there = await setValues({ name, bytes }, [parseAssignment(line)]);
				expect(there.uses).toHaveLength(1);
				const original = node.style === 'plain' ? node.source : node.value;
				// The value may be one by which the path chose its item or document.
				const after = await readDocuments(name, decodeText({ name, bytes: there.bytes }));
				const assignment = { path: formatPath(after, path), value: original };
				const back = await setValues({ name, bytes: there.bytes }, [assignment]);
				if (isOneOfOurs(source, node)) expect(Buffer.compare(back.bytes, bytes)).toBe(0);
			}
		},
	);
});

it.each(broken)('%s is told broken by its line and column', async (name) => {
	await expect(read(name)).rejects.toMatchObject({
		name: 'Failure',
		message: expect.stringMatching(/:\d+:\d+: cannot be read: /),
		place: { file: name, line: expect.any(Number), column: expect.any(Number) },
	});
});
