import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Document, isScalar, parseAllDocuments, stringify } from 'yaml';
import { editImage, setValues } from '../../shared/manifest/edit.ts';
import { file, textOf } from './files.ts';

/** Documents as people write them, and values to put in; the oracle is `yaml`'s own reading. */

const key = fc.oneof(
	fc.constantFrom(
		'name',
		'a',
		'b.c',
		'app.kubernetes.io/x',
		'with space',
		'yes',
		'8080',
		'-',
		'#',
		'é',
		'"',
		"'",
	),
	fc.string({ minLength: 1, maxLength: 8 }).filter((text) => text !== '<<' && text !== '__proto__'),
);
const odd = fc.constantFrom(
	'1.20',
	'0755',
	'1e3',
	'yes',
	'~',
	'2024-01-01',
	'null',
	'true',
	'',
	' x ',
	'a: b',
	'#c',
	'*a',
	'&a',
	'x #y',
	'- a',
	'{',
	'a\nb',
	"it's",
	'"',
	'\t',
	'日本',
	'\u{1F680}',
	'\u2028',
	'---',
	'...',
	'0x1F',
	'=',
	'<<',
	'1:30',
);
const text = fc.oneof(odd, fc.string({ unit: 'grapheme', maxLength: 20 }));
const scalar = fc.oneof(
	text,
	fc.integer(),
	fc.boolean(),
	fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const tree = fc.letrec<{ value: unknown; map: Record<string, unknown> }>((tie) => ({
	value: fc.oneof(
		{ depthSize: 'small', withCrossShrink: true },
		scalar,
		tie('map'),
		fc.array(tie('value'), { maxLength: 4 }),
	),
	map: fc.dictionary(key, tie('value'), { maxKeys: 5, minKeys: 1, noNullPrototype: true }),
}));
const layout = fc.record({
	indent: fc.integer({ min: 2, max: 6 }),
	indentSeq: fc.boolean(),
	collectionStyle: fc.constantFrom('any', 'block', 'flow'),
	defaultStringType: fc.constantFrom('PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE', 'BLOCK_LITERAL'),
	lineWidth: fc.constantFrom(0, 80),
} as const);

type Step = string | number;

/** The paths of all scalars of a value that the parser gives. */
function leaves(value: unknown, path: Step[] = []): Step[][] {
	if (Array.isArray(value)) return value.flatMap((item, index) => leaves(item, [...path, index]));
	if (value !== null && typeof value === 'object') {
		return Object.entries(value).flatMap(([step, item]) => leaves(item, [...path, step]));
	}
	return [path];
}

function readAll(text: string): unknown[] {
	return [...parseAllDocuments(text)].map((document) => {
		expect(document.errors).toEqual([]);
		return document.toJS() as unknown;
	});
}

/** What the parser reads; the few values that its own printing does not keep are left out. */
function readBack(text: string, printed: readonly unknown[]): unknown[] {
	const documents = [...parseAllDocuments(text)];
	fc.pre(documents.every(({ errors }) => errors.length === 0));
	const read = documents.map((document) => document.toJS() as unknown);
	fc.pre(isDeepStrictEqual(read, printed));
	return read;
}

function pathText(path: Step[]): string {
	return path
		.map((step) => (typeof step === 'number' ? `[${step}]` : `[${JSON.stringify(step)}]`))
		.join('');
}

function withValue(value: unknown, [step, ...rest]: Step[], put: unknown): unknown {
	if (step === undefined) return put;
	const copy: unknown = Array.isArray(value) ? [...value] : { ...(value as object) };
	Object.assign(copy as object, {
		[step]: withValue((value as { [key: Step]: unknown })[step], rest, put),
	});
	return copy;
}

function printed(value: unknown, options: object, crlf: boolean): string {
	const text = stringify(value, options);
	return crlf ? text.replaceAll('\n', '\r\n') : text;
}

describe('setting a value in a drawn document', { timeout: 120_000 }, () => {
	const cases = fc.record({
		values: fc.array(fc.tuple(tree.map, layout), { minLength: 1, maxLength: 3 }),
		put: text,
		pick: fc.nat(),
		crlf: fc.boolean(),
		finalNewline: fc.boolean(),
	});

	it('changes what yaml reads at that path and nowhere else', async () => {
		let written = 0;
		await fc.assert(
			fc.asyncProperty(cases, async ({ values, put, pick, crlf, finalNewline }) => {
				const printedAll = values
					.map(([value, options]) => printed(value, options, crlf))
					.join(crlf ? '---\r\n' : '---\n');
				const source = finalNewline ? printedAll : printedAll.replace(/\r?\n$/, '');
				const before = readBack(
					source,
					values.map(([value]) => value),
				);
				const targets = before.flatMap((value, index) =>
					leaves(value).map((path) => ({ index, path })),
				);
				const target = targets[pick % targets.length];
				if (!target || target.path.length === 0) return;
				const { index, path } = target;
				const old = path.reduce<unknown>(
					(value, step) => (value as { [key: Step]: unknown })[step],
					before[index],
				);
				const inBlock = isInBlock(source, index, path);
				const input = file(source);
				const edit = setValues(input, [{ path: `#${index + 1}:${pathText(path)}`, value: put }]);
				const result = await edit.catch((error: unknown) => error as Error);
				if (result instanceof Error) {
					// A block scalar cannot hold everything; then nothing is written, and it is said.
					expect(result).toMatchObject({
						name: 'Failure',
						message: expect.stringMatching('nothing was written'),
					});
					expect(inBlock).toBe(true);
					return;
				}
				written++;
				const after = readAll(textOf(result));
				const now = path.reduce<unknown>(
					(value, step) => (value as { [key: Step]: unknown })[step],
					after[index],
				);
				expect(after).toEqual(
					before.map((value, at) => (at === index ? withValue(value, path, now) : value)),
				);
				// In a block scalar the line breaks at the end stay as they were.
				const text = (value: unknown) => (inBlock ? String(value).replace(/\n+$/, '') : value);
				if (typeof old === 'string') expect(text(now)).toBe(text(put));
				else expect(String(now) === put || Number(now) === Number(put)).toBe(true);
				expectOneSplice(source, textOf(result));
			}),
			{ numRuns: 250 },
		);
		expect(written).toBeGreaterThan(200);
	});
});

function isInBlock(source: string, index: number, path: Step[]): boolean {
	const node = parseAllDocuments(source)[index]?.getIn(path, true);
	return isScalar(node) && /^BLOCK_/.test(node.type ?? '');
}

/** Both texts are the same but for one stretch; comments and layout around it are untouched. */
function expectOneSplice(before: string, after: string): void {
	let start = 0;
	while (start < before.length && before[start] === after[start]) start++;
	let end = 0;
	while (
		end < Math.min(before.length, after.length) - start &&
		before.at(-1 - end) === after.at(-1 - end)
	)
		end++;
	expect(before.slice(0, start) + before.slice(before.length - end)).toBe(
		after.slice(0, start) + after.slice(after.length - end),
	);
}

describe('bumping an image in drawn manifests', { timeout: 120_000 }, () => {
	const name = fc.constantFrom(
		'nginx',
		'org/api',
		'ghcr.io/org/api',
		'localhost:5000/api',
		'localhost:5000/sidecar',
		'org/api-v2',
		'docker.io/library/nginx',
	);
	const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,12}$/);
	const container = fc.record({
		name: fc.stringMatching(/^[a-z]{1,6}$/),
		image: fc.tuple(name, tag).map(([n, t]) => `${n}:${t}`),
	});
	const containers = fc.array(container, { minLength: 1, maxLength: 4 });

	it('changes just the uses of that repository', async () => {
		await fc.assert(
			fc.asyncProperty(
				containers,
				containers,
				layout,
				fc.string({ maxLength: 10 }),
				name,
				tag,
				async (main, init, options, note, image, newTag) => {
					const value = { kind: 'Pod', spec: { containers: main, initContainers: init }, note };
					const document = new Document(value);
					document.commentBefore = ' kept';
					const source = document.toString(options);
					readBack(source, [value]);
					const normal = (text: string) => text.replace(/^docker\.io\/library\//, '');
					const bump = (list: typeof main) =>
						list.map((one) => {
							const written = one.image.slice(0, one.image.lastIndexOf(':'));
							return normal(written) === normal(image)
								? { ...one, image: `${written}:${newTag}` }
								: one;
						});
					const wanted = { ...value, spec: { containers: bump(main), initContainers: bump(init) } };
					const isUsed = [...main, ...init].some((one) =>
						normal(one.image).startsWith(`${normal(image)}:`),
					);
					const edit = editImage(file(source), { image, tag: newTag, all: true });
					if (!isUsed) {
						await expect(edit).rejects.toMatchObject({
							name: 'Failure',
							message: expect.stringContaining('is not used'),
						});
						return;
					}
					const result = textOf(await edit);
					expect(readAll(result)).toEqual([wanted]);
					expect(result.startsWith('# kept\n')).toBe(true);
					// Again: nothing to do.
					expect((await editImage(file(result), { image, tag: newTag, all: true })).changed).toBe(
						false,
					);
				},
			),
			{ numRuns: 300 },
		);
	});

	it('there and back gives the same bytes where the tag is of one kind', async () => {
		const plain = fc.stringMatching(/^v[a-z0-9]{1,8}$/);
		await fc.assert(
			fc.asyncProperty(plain, plain, layout, fc.boolean(), async (from, to, options, keys) => {
				const value = keys
					? { image: { repository: 'org/api', tag: from } }
					: { image: `org/api:${from}` };
				const source = stringify(value, options);
				const there = await editImage(file(source), { image: 'org/api', tag: to });
				const back = await editImage(
					{ name: 'app.yaml', bytes: there.bytes },
					{ image: 'org/api', tag: from },
				);
				expect(textOf(back)).toBe(source);
			}),
			{ numRuns: 200 },
		);
	});
});
