import { describe, expect, it } from 'vitest';
import { editImage, listImages, setValues } from '../../shared/manifest/edit.ts';
import { failure, file, set } from './files.ts';

const megabytes = 1024 * 1024;
const change = { image: 'api', tag: 'v2' };

/** A test that hangs is ended by its own limit; none of these takes more than a few seconds. */
const limit = 60_000;

describe('a file that is broken is told by file, line and column', () => {
	it.each([
		['a tab as indentation', 'a:\n\timage: api\n', 'app.yaml:2:1: cannot be read: '],
		[
			'a quote that is not closed',
			'image: api\nb: "c\n',
			/^app\.yaml:\d:\d: cannot be read: .*quote/,
		],
		['a bracket that is not closed', 'image: api\nb: [c\n', /^app\.yaml:\d:\d: cannot be read: /],
		['a key without a space', 'image: api\nb:"c"\nd: 1\n', 'app.yaml:2:1: cannot be read: '],
		['a map within a line', 'image: api\nb: c: d\n', 'app.yaml:2:4: cannot be read: '],
		[
			'a key given twice',
			'image: api\nb: 1\nb: 2\n',
			'app.yaml:3:1: cannot be read: the key b is given twice',
		],
		[
			'an alias without anchor',
			'image: api\nb: *c\n',
			'app.yaml:2:4: cannot be read: alias *c has no anchor before it',
		],
		[
			'an alias within itself',
			'image: api\nb: &b [*b]\n',
			'app.yaml:2:8: cannot be read: alias *b stands inside the node that it names',
		],
		['a second document', 'image: api\n---\r\n- }\r\n', 'app.yaml:3:3: cannot be read: '],
		['a byte order mark before', '\uFEFFimage: api: b\n', 'app.yaml:1:8: cannot be read: '],
	])('%s', async (_, text, message) => {
		expect(await failure(editImage(file(text), change))).toMatch(message);
	});

	it.each([
		[
			'a comma at the end',
			'{"image": "api",\n "b": [1,]\n}',
			'2:10: cannot be read: not JSON: unexpected "]"',
		],
		['a comment', '{\n// c\n"image": "api"}', '2:1: cannot be read: not JSON: unexpected "/"'],
		['a single quote', "{'image': 'api'}", `1:2: cannot be read: not JSON: unexpected "'"`],
		[
			'a number with a leading zero',
			'{"image": "api", "b": 01}',
			'1:23: cannot be read: not JSON: unexpected "0"',
		],
		[
			'an end that is too early',
			'{"image": "api"',
			'1:16: cannot be read: not JSON: it ends too early',
		],
		['a key without value', '{"image"}', '1:9: cannot be read: not JSON: unexpected "}"'],
		['a second value', '{"image": "api"} 1', '1:18: cannot be read: not JSON: unexpected "1"'],
		[
			'a line break in a string',
			'{"image": "api\n"}',
			'1:11: cannot be read: not JSON: unexpected "\\""',
		],
	])('JSON with %s', async (_, text, message) => {
		expect(await failure(editImage(file(text, 'a.json'), change))).toBe(`a.json:${message}`);
	});

	it('text that is not UTF-8 is not guessed at', async () => {
		const name = 'app.yaml';
		const latin = new Uint8Array([...new TextEncoder().encode('image: api # '), 0xe4]);
		expect(await failure(editImage({ name, bytes: latin }, change))).toBe(
			'app.yaml is not UTF-8; save it as UTF-8 to have it edited',
		);
		const utf16 = new Uint8Array([0xff, 0xfe, 0x61, 0x00]);
		expect(await failure(editImage({ name, bytes: utf16 }, change))).toMatch(
			'not UTF-8 but UTF-16',
		);
	});

	it('a broken file that is no match is not even read', async () => {
		expect(await failure(set('a: [', ['a=1']))).toMatch('app.yaml:');
	});
});

describe('a file that would cost too much is refused', () => {
	const deep = 'nested deeper than 200 levels';
	const long = 'it has more than 500000 lines and commas';
	const bomb = (seed: string) =>
		Array.from(
			{ length: 30 },
			(_, i) =>
				`a${i}: &a${i} [${
					i === 0
						? seed
						: Array(9)
								.fill(`*a${i - 1}`)
								.join(', ')
				}]\n`,
		).join('');
	const staircase = (line: string) =>
		Array.from({ length: 1500 }, (_, i) => ' '.repeat(i) + line).join('\n');

	it.each([
		[
			'50 MB',
			`image: api\n${'#'.repeat(50 * megabytes)}`,
			'files of more than 8388608 bytes are not edited',
		],
		['brackets', `image: api\nb: ${'['.repeat(10_000)}`, `app.yaml:2:204: cannot be read: ${deep}`],
		['megabytes of brackets', `image: api\nb: ${'[1,'.repeat(2 * megabytes)}`, long],
		['braces', `image: api\nb: ${'{a: '.repeat(50_000)}`, deep],
		['lists in a line', `image: api\n${'- '.repeat(megabytes)}`, deep],
		['keys in a line', `image: api\n${'? '.repeat(megabytes)}`, deep],
		['maps in a line', `image: api\n${'a: '.repeat(2 * megabytes)}`, long],
		['indented keys', `image: api\n${staircase('a:')}`, deep],
		['indented lists', `image: api\nb:\n${staircase('-')}`, deep],
		['anchors', `image: api\nb: ${'&a '.repeat(2 * megabytes)}`, long],
		['many lines', `image: api\n${'a\n'.repeat(megabytes)}`, long],
		[
			'an alias bomb',
			`${bomb('x, x')}image: api\n`,
			'its aliases stand for more than 100000 values',
		],
		[
			'an alias bomb of images',
			bomb('{image: api}'),
			'its aliases stand for more than 100000 values',
		],
		[
			'a chain of aliases',
			Array.from(
				{ length: 5000 },
				(_, i) => `a${i}: &a${i} [${i === 0 ? '{image: api}' : `*a${i - 1}`}]\n`,
			).join(''),
			'its aliases stand for more than 100000 values',
		],
	])('%s', { timeout: limit }, async (_, text, message) => {
		expect(await failure(editImage(file(text), change))).toMatch(message);
	});

	it('setting a value that an alias bomb multiplies is refused', { timeout: limit }, async () => {
		expect(await failure(setValues(file(bomb('x')), [{ path: 'a0[0]', value: 'z' }]))).toMatch(
			'more than 10000 values through aliases',
		);
	});

	it('setting another value of the same file is cheap', { timeout: limit }, async () => {
		expect(await set(`${bomb('x')}b: 1\n`, ['b=2'])).toBe(`${bomb('x')}b: 2\n`);
	});
});

it('YAML 1.1 with its own collections and values is read', async () => {
	const text =
		'%YAML 1.1\n---\na: !!omap [x: 1, b: 2]\nb: !!set {c, d}\nc: !!binary aGk=\nd: !x [1]\ne: 0o17\n<<: {a: 1}\n<<: {a: 2}\nimage: api\n';
	expect(await set(text, ['image=b'])).toBe(text.replace('api', 'b'));
	expect(await set(text, ['a[0].x=3'])).toBe(text.replace('x: 1', 'x: 3'));
});

describe('a file that is only large', () => {
	it('brackets in text are not nesting', async () => {
		const text = `image: api\nb: |\n  ${'['.repeat(500)}\nc: "${'{'.repeat(500)}"\n`;
		expect(await listImages(file(text))).toHaveLength(1);
	});

	it('50,000 keys of one map are read in linear time', { timeout: limit }, async () => {
		const keys = Array.from({ length: 50_000 }, (_, i) => `k${i}: 1\n`).join('');
		expect(await listImages(file(`${keys}image: api\n`))).toHaveLength(1);
	});
});
