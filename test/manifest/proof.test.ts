import { describe, expect, it } from 'vitest';
import { type Change, setScalar } from '../../shared/manifest/change.ts';
import { readDocuments, type Source } from '../../shared/manifest/document.ts';
import { scalarAt } from '../../shared/manifest/node.ts';
import { formatPath, type Path } from '../../shared/manifest/path.ts';
import { applyProven, compare } from '../../shared/manifest/proof.ts';
import { failure } from './files.ts';

async function read(text: string): Promise<Source> {
	return readDocuments('app.yaml', text);
}

/** A change that splices something into the text and claims a meaning for it. */
function splice(source: Source, find: string, text: string, path: Path, value: string): Change {
	const start = source.text.indexOf(find);
	return {
		splices: [{ start, end: start + find.length, text }],
		expect: [{ path, value: { text: value, type: 'string' } }],
	};
}

describe('a change is refused', () => {
	it.each([
		[
			'that reaches another value',
			'a: x\nb: y\n',
			'x\nb: y',
			'z\nb: w',
			'b would have changed too',
		],
		['that adds a key', 'a: x\n', 'x', 'z\nc: 1', 'c would have changed too'],
		['that removes a key', 'a: x\nb: y\n', 'x\nb: y', 'z', 'b would have changed too'],
		[
			'that changes the order of keys',
			'a: x\nb: y\nc: w\n',
			'x\nb: y\nc: w',
			'z\nc: w\nb: y',
			'would have changed too',
		],
		['that adds a document', 'a: x\n', 'x', 'z\n---\nq', '#2: would have changed too'],
		['that names an anchor', 'a: x\nb: y\n', 'x\nb: y', 'z\nb: &q y', 'b would have changed too'],
		[
			'that changes a quote elsewhere',
			'a: x\nb: y\n',
			'x\nb: y',
			'z\nb: "y"',
			'b would have changed too',
		],
		[
			'that changes how another number is written',
			'a: x\nb: 0x1F\n',
			'x\nb: 0x1F',
			'z\nb: 0x1f',
			'b would have changed too',
		],
		[
			'that puts a value where an alias was',
			'a: x\nb: &b y\nc: *b\n',
			'x\nb: &b y\nc: *b',
			'z\nb: &b y\nc: y',
			'c would have changed too',
		],
		['that reads as something else', 'a: x\n', 'x', '1', 'a would have read as 1 instead of "z"'],
		[
			'that makes a map of it',
			'a: x\n',
			'x',
			'{z: 1}',
			'a would have read as nothing instead of "z"',
		],
		['that changes nothing', 'a: x\n', 'x', 'x', 'a would have stayed as it is'],
		['that breaks the file', 'a: x\n', 'x', '"z', 'the result could not be read: app.yaml:2:1'],
	])('%s', async (_, text, find, put, message) => {
		const source = await read(text);
		expect(await failure(applyProven(source, splice(source, find, put, [0, 'a'], 'z')))).toMatch(
			message,
		);
	});

	it('that gives a path two values', async () => {
		const source = await read('a: x\n');
		const change = splice(source, 'x', 'z', [0, 'a'], 'z');
		change.expect.push({ path: [0, 'a'], value: { text: 'w', type: 'string' } });
		expect(await failure(applyProven(source, change))).toMatch('a is given two different values');
	});

	it('that overlaps another one', async () => {
		const source = await read('a: xyz\n');
		const change = splice(source, 'xyz', 'z', [0, 'a'], 'z');
		change.splices.push({ start: 4, end: 5, text: 'q' });
		expect(await failure(applyProven(source, change))).toMatch('Two changes meet in one place');
	});
});

it('what was meant is applied, and what is equal has no differences', async () => {
	const source = await read('a: x\nl: [&l {p: q}, *l]\n');
	const at = scalarAt(source.documents[0]?.root, 'a');
	if (!at) throw new Error('a is a scalar');
	expect(
		await applyProven(source, setScalar(source, at, [0, 'a'], { text: 'z', type: 'string' })),
	).toBe('a: z\nl: [&l {p: q}, *l]\n');
	expect(compare(source, await read(source.text))).toEqual([]);
});

it('a value under an anchor differs at each path that leads to it', async () => {
	const before = await read('a: &a {v: 1}\nb: [*a, *a]\nc: {<<: *a}\n');
	const after = await read(before.text.replace('1', '2'));
	expect(compare(before, after).map(({ path }) => formatPath(before, path))).toEqual([
		'a.v',
		'b[0].v',
		'b[1].v',
		'c."<<".v',
	]);
});
