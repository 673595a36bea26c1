import { describe, expect, it } from 'vitest';
import { parseAssignment, setValues } from '../../shared/manifest/edit.ts';
import { failure, file, set } from './files.ts';

describe('a value keeps its type', () => {
	it.each([
		['a string', 'a: x', 'z', 'a: z'],
		['a string that would be a number', 'a: x', '1.20', 'a: "1.20"'],
		['a string that would be octal', 'a: x', '0755', 'a: "0755"'],
		['a string that would be a float', 'a: x', '1e3', 'a: "1e3"'],
		['a string that would be a boolean in YAML 1.1', 'a: x', 'yes', 'a: "yes"'],
		['a string that would be null', 'a: x', '~', 'a: "~"'],
		['a string that would be nothing', 'a: x', '', 'a: ""'],
		['a string that would be a date', 'a: x', '2024-01-01', 'a: "2024-01-01"'],
		['a string that would be minutes', 'a: x', '1:30', 'a: "1:30"'],
		['a string with a comment sign', 'a: x', 'y #z', 'a: "y #z"'],
		['a string that looks like a map', 'a: x', 'y: z', 'a: "y: z"'],
		['a string that looks like an alias', 'a: x', '*y', 'a: "*y"'],
		['a string with a line break', 'a: x', 'y\nz', 'a: "y\\nz"'],
		['a quoted string', 'a: "x"', '1', 'a: "1"'],
		['a quoted string with escapes', 'a: "x"', 'a"\\b', 'a: "a\\"\\\\b"'],
		['a single-quoted string', "a: 'x'", "it's", "a: 'it''s'"],
		['a single-quoted string that needs escapes', "a: 'x'", 'a\tb', 'a: "a\\tb"'],
		['an integer', 'a: 3', '4', 'a: 4'],
		['an octal integer', 'a: 0644', '0755', 'a: 0755'],
		['a number with a fraction', 'a: 1', '0.5', 'a: 0.5'],
		['a boolean', 'a: true', 'false', 'a: false'],
		['a boolean of YAML 1.1', 'a: yes', 'no', 'a: no'],
		['a date', 'a: 2024-01-01', '2024-02-01', 'a: 2024-02-01'],
		['an integer that becomes text', 'a: 3', 'x', 'a: x'],
		['a boolean that becomes text', 'a: true', 'yes', 'a: "yes"'],
		['a null and an integer', 'a: ~', '3', 'a: 3'],
		['a null and text', 'a:', '1.20', 'a: "1.20"'],
		['a null with a comment', 'a: # c', 'x', 'a: x # c'],
		['a string of a map in braces', 'a: {b: x}', '{"b": 1}', undefined],
		['a tagged value', 'a: !!str 1', '2', 'a: !!str "2"'],
	])('%s', async (_, before, value, after) => {
		const edit = setValues(file(`${before}\n`), [{ path: 'a', value }]);
		if (after === undefined) expect(await failure(edit)).toMatch('a is a map; name a value in it');
		else expect(new TextDecoder().decode((await edit).bytes)).toBe(`${after}\n`);
	});

	it('a value of a map in settings is text, number, boolean or null', async () => {
		const assignments = [
			{ path: 's', value: 2 },
			{ path: 'n', value: 2 },
			{ path: 'b', value: false },
			{ path: 'z', value: null },
		];
		const { bytes } = await setValues(file('s: "1"\nn: 1\nb: true\nz: x\n'), assignments);
		expect(new TextDecoder().decode(bytes)).toBe('s: "2"\nn: 2\nb: false\nz: null\n');
	});

	it.each(['01', '+5', '.5', '0x1F', '.nan'])(
		'%s is text in JSON, which has no such number',
		async (value) => {
			expect(await set('{"a": 1}', [`a=${value}`], { name: 'a.json' })).toBe(`{"a": "${value}"}`);
		},
	);

	it('a type that is lost is said', async () => {
		const { notes } = await setValues(file('a: 3\n'), [{ path: 'a', value: 'x' }]);
		expect(notes).toEqual(['a was the integer 3 and is now the string "x"']);
	});
});

describe('block scalars', () => {
	it.each([
		['one line', 'a: |\n  x\nb: 1\n', 'y', 'a: |\n  y\nb: 1\n'],
		['more lines', 'a: |-\r\n    x\r\nb: 1\r\n', 'y\nz', 'a: |-\r\n    y\r\n    z\r\nb: 1\r\n'],
		[
			'fewer lines, and those after them',
			'a: |+ # c\n  x\n  y\n\n\nb: 1\n',
			'z',
			'a: |+ # c\n  z\n\n\nb: 1\n',
		],
		['a blank line within', 'a: |\n  x\n\n  y\n', 'x\n\nz', 'a: |\n  x\n\n  z\n'],
		['a folded one', 'a: >\n  x\n  y\n', 'z', 'a: >\n  z\n'],
		['a folded one with a line break', 'a: >\n  x\n', 'y\nz', 'a: >\n  y\n\n  z\n'],
		['an indentation indicator', 'a: |1\n   x\n  y\n', 'z', 'a: |1\n z\n'],
		['an empty one', 'a: |- # c\nb: 1\n', 'z', 'a: "z" # c\nb: 1\n'],
		['no newline at the end', 'a: |\n  x', 'y', 'a: |\n  y'],
	])('%s', async (_, before, value, after) => {
		const { bytes } = await setValues(file(before), [{ path: 'a', value }]);
		expect(new TextDecoder().decode(bytes)).toBe(after);
	});
});

describe('paths', () => {
	const list = 'spec:\n  containers:\n  - name: web\n    image: a\n  - name: api\n    image: b\n';
	it.each([
		['keys', 'a: {b: {c: x}}\n', 'a.b.c', 'a: {b: {c: new}}\n'],
		[
			'an index',
			list.replace('image: b', 'image: x'),
			'spec.containers[1].image',
			list.replace('image: b', 'image: new'),
		],
		['an index as a key', 'a: [w, x]\n', 'a.1', 'a: [w, new]\n'],
		[
			'a selector',
			list.replace('image: b', 'image: x'),
			'spec.containers[name=api].image',
			list.replace('image: b', 'image: new'),
		],
		['a quoted selector', '- {n: "a]b", v: x}\n', '[n="a]b"].v', '- {n: "a]b", v: new}\n'],
		['a selector of a number', '- {port: 80, v: x}\n', '[port=80].v', '- {port: 80, v: new}\n'],
		['a quoted key with dots', 'a: {b.c/d: x}\n', 'a."b.c/d"', 'a: {b.c/d: new}\n'],
		['a quoted key in brackets', 'a: {b.c: x}\n', "a['b.c']", 'a: {b.c: new}\n'],
		['a key with escaped dots', 'a: {b.c: x}\n', 'a.b\\.c', 'a: {b.c: new}\n'],
		['a key that is a number', 'a: {8080: x}\n', 'a.8080', 'a: {8080: new}\n'],
		[
			'a document by kind and name',
			'kind: A\nmetadata: {name: w}\nv: x\n---\nkind: B\nmetadata: {name: w}\nv: x\n',
			'B/w:v',
			'kind: A\nmetadata: {name: w}\nv: x\n---\nkind: B\nmetadata: {name: w}\nv: new\n',
		],
		['a document by number', 'v: x\n---\nv: x\n', '#2:v', 'v: x\n---\nv: new\n'],
		[
			'an item of a List',
			'kind: List\nitems:\n- {kind: A, metadata: {name: w}, v: x}\n',
			'A/w:v',
			'kind: List\nitems:\n- {kind: A, metadata: {name: w}, v: new}\n',
		],
		['through an alias', 'a: &a {b: x}\nc: [*a]\n', 'a.b', undefined],
	])('%s', async (_, before, path, after) => {
		const edit = set(before, [`${path}=new`]);
		if (after === undefined) expect(await failure(edit)).toMatch('c[0].b would have changed too');
		else expect(await edit).toBe(after);
	});

	it.each(['', 'a..b', 'a[', 'a[name]', '.a', 'a b', 'a."b'])('%j is bad input', async (path) => {
		await expect(setValues(file('a: 1\n'), [{ path, value: 'x' }])).rejects.toMatchObject({
			exitCode: 2,
		});
	});

	it('a line of set is a path, =, and a value that may hold = itself', () => {
		expect(parseAssignment('l[name=api].v=a=b')).toEqual({
			path: 'l[name=api].v',
			value: 'a=b',
			quoted: false,
		});
		expect(parseAssignment(' a."b=c" = "1.20"')).toEqual({
			path: 'a."b=c"',
			value: '1.20',
			quoted: true,
		});
		expect(parseAssignment('a=')).toEqual({ path: 'a', value: '', quoted: false });
		expect(() => parseAssignment('a.b')).toThrow('"a.b" is not path=value');
	});
});

describe('a path that is missing', () => {
	it.each([
		[
			'a.b.c',
			'app.yaml:2:3: a.b.c is not there: the deepest part that is there is a (keys x, l); give create-missing to have it created',
		],
		[
			'b',
			'app.yaml:1:1: b is not there: no part of it is there (keys a); give create-missing to have it created',
		],
		[
			'a.l[name=z].v',
			'app.yaml:4:5: a.l[name=z].v is not there: the deepest part that is there is a.l; give create-missing to have it created',
		],
		[
			'a.l[name=y].v',
			'app.yaml:4:5: a.l[name=y].v is not there: the deepest part that is there is a.l; 2 items have name=y',
		],
		['Pod/x:a', 'app.yaml has no document Pod/x; documents there: #1'],
	])('%s says how far it goes', async (path, message) => {
		const text = 'a:\n  x: 1\n  l:\n    - {name: y}\n    - {name: y}\n';
		expect(await failure(set(text, [`${path}=1`]))).toBe(message);
	});

	it('in several documents needs to say in which', async () => {
		expect(await failure(set('a: 1\n---\na: 2\n', ['a=3']))).toBe(
			'app.yaml: a is in more than one document: #1:a, #2:a; write the one that is meant',
		);
		expect(await failure(set('a: 1\n---\na: 2\n', ['b=3'], { createMissing: true }))).toMatch(
			'one of #1, #2',
		);
		expect(await set('a: 1\n---\na: 2\n', ['#1:b=3'], { createMissing: true })).toBe(
			'a: 1\nb: 3\n---\na: 2\n',
		);
	});

	it.each([
		[
			'at the end of a map',
			'a:\n  x: 1 # c\n\n# d\nb: 2\n',
			'a.w=v',
			'a:\n  x: 1 # c\n  w: v\n\n# d\nb: 2\n',
		],
		['without newline at the end', 'a:\r\n  x: 1', 'a.w=v', 'a:\r\n  x: 1\r\n  w: v'],
		[
			'after a block scalar',
			'a:\n  x: |\n    t\nb: 1\n',
			'a.w=v',
			'a:\n  x: |\n    t\n  w: v\nb: 1\n',
		],
		[
			'in an item of a list',
			'l:\n- name: x\n- name: y\n',
			'l[name=x].v=1',
			'l:\n- name: x\n  v: 1\n- name: y\n',
		],
		[
			'as a new item',
			'l:\n  - name: x\nm: 1\n',
			'l[name=y].v=w',
			'l:\n  - name: x\n  - name: "y"\n    v: w\nm: 1\n',
		],
		[
			'as a new item in brackets',
			'l: [{name: x}]\n',
			'l[name=z].v=w',
			'l: [{name: x}, {name: z, v: w}]\n',
		],
		['in braces', 'a: {x: 1} # c\n', 'a.w=v', 'a: {x: 1, w: v} # c\n'],
		['in empty braces', 'a: {}\n', 'a.w.z=v', 'a: {w: {z: v}}\n'],
		['below an empty key', 'a:\nb: 1\n', 'a.x.w=v', 'a:\n  x:\n    w: v\nb: 1\n'],
		['below a null', 'a: ~\nb: 1\n', 'a.x=v', 'a:\n  x: v\nb: 1\n'],
		['in an empty file', '', 'a.b=v', 'a:\n  b: v\n'],
		['in a file of comments', '# c\n', 'a=v', '# c\na: v\n'],
		['in an empty document', 'a: 1\n---\n# c\n', '#2:b=v', 'a: 1\n---\nb: v\n# c\n'],
		['a list with an item', 'a: 1\n', 'l[name=x].v=w', 'a: 1\nl:\n  - name: x\n    v: w\n'],
		['a key that has to be quoted', 'a: 1\n', '"b: c".yes=v', 'a: 1\n"b: c":\n  "yes": v\n'],
		['an integer', 'a: {}\n', 'a.k=3', 'a: {k: 3}\n'],
		['text that reads as a number', 'a: {}\n', 'a.k="3"', 'a: {k: "3"}\n'],
		['text like 1.20', 'a: {}\n', 'a.k=1.20', 'a: {k: "1.20"}\n'],
	])('is created when asked: %s', async (_, before, line, after) => {
		expect(await set(before, [line], { createMissing: true })).toBe(after);
	});

	it('is created in JSON with quotes, one key a line as the others', async () => {
		const options = { createMissing: true, name: 'a.json' };
		expect(await set('{\n  "a": {\n    "x": 1\n  }\n}\n', ['a.y=v', 'b.c=true'], options)).toBe(
			'{\n  "a": {\n    "x": 1,\n    "y": "v"\n  },\n  "b": {"c": true}\n}\n',
		);
	});

	it('several new keys may share a new parent', async () => {
		expect(await set('a: 1\n', ['b.c=x', 'b.d=z'], { createMissing: true })).toBe(
			'a: 1\nb:\n  c: x\n  d: z\n',
		);
	});
});

describe('shared values', () => {
	it('are set when all of their paths are given', async () => {
		expect(await set('a: &x v1\nb: *x\n', ['a=v2', 'b=v2'])).toBe('a: &x v2\nb: *x\n');
	});
	it('are not set to two values', async () => {
		expect(await failure(set('a: &x v1\nb: *x\n', ['a=v2', 'b=v3']))).toMatch(
			'nothing was written',
		);
	});
	it('through a merge key are other paths too', async () => {
		const text = 'base: &b {v: x}\nweb: {<<: *b}\n';
		expect(await failure(set(text, ['base.v=w']))).toMatch('web."<<".v would have changed too');
		expect(await set(text, ['base.v=w', 'web."<<".v=w'])).toBe('base: &b {v: w}\nweb: {<<: *b}\n');
	});
});
