import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { placeOfField } from '../../shared/kubernetes/explain.ts';
import { readManifests } from '../../shared/kubernetes/manifests.ts';
import { titleOf } from '../../shared/kubernetes/object.ts';
import { overrideImages } from '../../shared/kubernetes/overrides.ts';

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'manifests-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(files: Record<string, string>): Promise<void> {
	for (const [name, text] of Object.entries(files)) {
		await mkdir(dirname(join(folder, name)), { recursive: true });
		await writeFile(join(folder, name), text);
	}
}

const read = (paths: string[], stdin = '') =>
	readManifests(paths, {
		folder,
		stdin: Readable.from([stdin]),
		inputName: '--manifests',
		environment: { PATH: join(folder, 'bin') },
		namespace: 'shop',
		values: ['/values.yaml'],
		signal: new AbortController().signal,
	});

const titles = async (paths: string[], stdin = '') =>
	(await read(paths, stdin)).map(({ object }) => titleOf(object));

const configMap = (name: string, data = 'a: "1"') =>
	`apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  ${data}\n`;

describe('a set', () => {
	test('is all below a folder, in the order of the names, without what is hidden', async () => {
		await write({
			'k/b.yml': configMap('b'),
			'k/a/a.yaml': configMap('a'),
			'k/.git/c.yaml': configMap('c'),
			'k/notes.txt': 'no manifest',
		});
		expect(await titles(['k'])).toEqual(['ConfigMap/a', 'ConfigMap/b']);
	});

	test('is what a glob matches', async () => {
		await write({
			'k/a.yaml': configMap('a'),
			'k/b.yaml': configMap('b'),
			'c.yaml': configMap('c'),
		});
		expect(await titles(['k/*.yaml'])).toEqual(['ConfigMap/a', 'ConfigMap/b']);
	});

	test('has each file once, however often it is named', async () => {
		await write({ 'k/a.yaml': configMap('a'), 'k/b.yaml': configMap('b') });
		expect(await titles(['k/b.yaml', 'k', './k/*.yaml'])).toEqual(['ConfigMap/b', 'ConfigMap/a']);
	});

	test('is the standard input', async () => {
		expect(await titles(['-'], configMap('a'))).toEqual(['ConfigMap/a']);
	});

	test('is every document of a file, lists taken apart', async () => {
		const item = JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } });
		await write({
			'all.yaml': `---\n# nothing\n---\n${configMap('a')}---\napiVersion: v1\nkind: List\nitems: [${item}]\n`,
			'one.json': JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'j' } }),
		});
		expect(await titles(['all.yaml', 'one.json'])).toEqual([
			'ConfigMap/a',
			'Secret/s',
			'Service/j',
		]);
	});

	test('may be of files whose names begin with a dash', async () => {
		await write({ '-a.yaml': configMap('a') });
		expect(await titles(['-a.yaml'])).toEqual(['ConfigMap/a']);
	});

	test.each([
		['comments alone', '# nothing\n'],
		['nothing at all', ''],
		['a mark alone', '---\n'],
		['a list of nothing', 'apiVersion: v1\nkind: List\nitems:\n'],
	])('of %s is bad input', async (_what, text) => {
		await write({ 'k/empty.yaml': text });
		for (const paths of [['k'], ['-', 'k/*.yaml']])
			await expect(read(paths)).rejects.toMatchObject({
				exitCode: 2,
				message: expect.stringMatching(
					/^--manifests: there is no Kubernetes object in (k|stan.*);/,
				),
			});
	});

	test('is what lists in lists hold, with the places of their items', async () => {
		const item = (name: string) =>
			`    - {apiVersion: v1, kind: Secret, metadata: {name: ${name}}}\n`;
		const list = `kind: List\nitems:\n  - kind: SecretList\n    items:\n${item('a')}${item('b')}`;
		await write({ 'k.yaml': list });
		const places = (await read(['k.yaml'])).map(({ place: { line } }) => line);
		expect(places).toEqual([5, 6]);
	});

	test('may have a mark of its bytes and the line ends of Windows', async () => {
		const text = configMap('a', 't: |\n    one\n    two').replaceAll('\n', '\r\n');
		await write({ 'k.yaml': `\ufeff${text}` });
		const [manifest] = await read(['k.yaml']);
		expect(manifest?.object.data).toEqual({ t: 'one\ntwo\n' });
		expect(manifest?.locate(['data']).line).toBe(5);
	});

	test('has no object twice', async () => {
		await write({ 'k/a.yaml': configMap('a'), 'k/b.yaml': configMap('a') });
		await expect(read(['k'])).rejects.toThrow(
			'ConfigMap/a stands in the set twice: at k/a.yaml:1:1 and at k/b.yaml:1:1',
		);
	});

	test.each(['k/b.yaml', 'k/*.json'])('that is not there, %s, is bad input', async (path) => {
		await write({ 'k/a.yaml': configMap('a') });
		await expect(read([path])).rejects.toMatchObject({
			exitCode: 2,
			message: `--manifests: there is no ${path} in ${folder}; there are a.yaml`,
		});
	});

	test('with a link that leads nowhere, or in a circle, is told with its place', async () => {
		await write({ 'k/a.yaml': configMap('a') });
		await symlink('nowhere', join(folder, 'k/b.yaml'));
		const place = { file: 'k/b.yaml' };
		for (const path of ['k', 'k/*.yaml'])
			await expect(read([path])).rejects.toMatchObject({ exitCode: 1, place });
		await rm(join(folder, 'k/b.yaml'));
		await symlink('.', join(folder, 'k/b'));
		await expect(read(['k'])).rejects.toThrow('ConfigMap/a stands in the set twice');
	});
});

describe('what cannot be read', () => {
	test.each([
		['a: [1\nb: 2\n', 2, /The YAML cannot be read/],
		['a: 1\na: 2\n', 2, /unique/],
		['- a\n', 1, /no Kubernetes object/],
		['kind: Pod\nmetadata: {name: a}\n', 1, /This Pod has no apiVersion/],
		['---\napiVersion: v1\nmetadata: {name: a}\n', 2, /This object has no kind/],
		['apiVersion: v1\nkind: Pod\nmetadata:\n name: ""\n', 4, /This Pod has no metadata\.name/],
		['apiVersion: v1\nkind: Pod\nmetadata:\n name: ..\n', 4, /name of this Pod may not be of dots/],
		[
			'apiVersion: v1\nkind: Pod\nmetadata:\n name: a\n namespace: ..\n',
			5,
			/namespace of this Pod may not be of dots/,
		],
		[
			'apiVersion: v1\nkind: Pod\nmetadata: {generateName: a}\n',
			3,
			/This Pod has no metadata\.name/,
		],
	])('%j is told with its place', async (text, line, message) => {
		await write({ 'k.yaml': text });
		await expect(read(['k.yaml'])).rejects.toMatchObject({
			message: expect.stringMatching(message),
			place: { file: 'k.yaml', line },
		});
	});
});

test.each([
	['0644', 420],
	['0o644', 420],
	['yes', true],
	['n', false],
	['12:30:45', '12:30:45'],
	['2026-01-01', '2026-01-01'],
	['1e3', 1000],
	['.5', 0.5],
	['-5.', -5],
	['1_000', 1000],
	['1_0.5', 10.5],
	['.', '.'],
	['-.', '-.'],
	['._5', '._5'],
	['e12', 'e12'],
	['1e400', '1e400'],
	['!!float 1', 1],
	['"0644"', '0644'],
	['08', 8],
])('%s is read as kubectl reads it', async (written, value) => {
	await write({ 'k.yaml': configMap('a', `v: ${written}`) });
	const [manifest] = await read(['k.yaml']);
	expect(manifest?.object.data).toEqual({ v: value });
});

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: web
          image: acme/web:1
        - name: proxy
          image: docker.io/library/nginx:1
`;

describe('other images', () => {
	const imagesAfter = async (overrides: Record<string, string>) => {
		await write({ 'd.yaml': deployment });
		const manifests = await read(['d.yaml']);
		overrideImages(manifests, overrides, '--images');
		const spec = manifests[0]?.object.spec as {
			template: { spec: { containers: { image: string }[] } };
		};
		return spec.template.spec.containers.map(({ image }) => image);
	};

	test('take the place of those of the same repository, by its full name', async () => {
		expect(await imagesAfter({ nginx: 'nginx:2' })).toEqual(['acme/web:1', 'nginx:2']);
	});

	test('may exchange two', async () => {
		expect(await imagesAfter({ 'acme/web': 'nginx:2', nginx: 'acme/web:2' })).toEqual([
			'nginx:2',
			'acme/web:2',
		]);
	});

	test('that nothing uses are bad input', async () => {
		await expect(imagesAfter({ 'acme/we': 'acme/we:2' })).rejects.toThrow(
			'no container of the set uses acme/we; there are acme/web, docker.io/library/nginx',
		);
	});

	test('that are none are bad input', async () => {
		await expect(imagesAfter({ 'acme/web': 'acme/web:' })).rejects.toThrow('is no image reference');
	});
});

test.each([
	['.spec.template.spec.containers[name="proxy"].image', 12],
	['spec.template.spec.containers[1].image', 12],
	['spec.template.spec.containers[1].imagePulPolicy', 11],
	['metadata.labels[app]', 3],
	['spec.replicas', 5],
])('the field %s is found in its file', async (field, line) => {
	await write({ 'd.yaml': deployment });
	const [manifest] = await read(['d.yaml']);
	if (manifest === undefined) throw new Error('nothing was read');
	expect(placeOfField(manifest, field)).toMatchObject({ file: 'd.yaml', line });
});
