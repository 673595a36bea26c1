import { describe, expect, it } from 'vitest';
import { editImage, editImageInFiles } from '../../shared/manifest/edit.ts';
import { editCases } from './edit-cases.ts';
import { bumped, digestA, failure, file, textOf } from './files.ts';

editCases('other names of the image', [
	{
		rule: 'a short name means Docker Hub',
		before: 'image: docker.io/library/nginx:1\n',
		after: 'image: docker.io/library/nginx:2\n',
		change: { image: 'nginx', tag: '2' },
	},
	{
		rule: 'the name stays as it is written',
		before: 'image: nginx:1\n',
		after: 'image: nginx:2\n',
		change: { image: 'docker.io/library/nginx', tag: '2' },
	},
	{
		rule: 'a new name',
		before: 'image: org/api:v1\n',
		after: 'image: ghcr.io/org/api:v1\n',
		change: { newName: 'ghcr.io/org/api' },
	},
]);

describe('a new name, for rolling-deploy', () => {
	it('goes into registry and repository, or newName', async () => {
		const change = { image: 'ghcr.io/org/api', newName: 'eu.gcr.io/x/api', tag: 'v2' };
		expect(
			textOf(
				await editImage(file('image: {registry: ghcr.io, repository: org/api, tag: v1}\n'), change),
			),
		).toBe('image: {registry: eu.gcr.io, repository: x/api, tag: v2}\n');
		expect(
			textOf(await editImage(file('images:\n- name: ghcr.io/org/api\n  newTag: v1\n'), change)),
		).toBe('images:\n- name: ghcr.io/org/api\n  newTag: v2\n  newName: eu.gcr.io/x/api\n');
	});
});

describe('what is not the image', () => {
	it.each([
		['another name', 'image: org/api-v2:v1\n'],
		['another registry', 'image: ghcr.io/org/api:v1\n'],
		['a label', 'metadata: {labels: {image: org/api}}\n'],
		['an annotation', 'metadata:\n  annotations:\n    image: org/api:v1\n'],
		[
			'a status',
			'apiVersion: v1\nkind: Pod\nstatus: {containerStatuses: [{image: "org/api:v1"}]}\n',
		],
		['text in a ConfigMap', 'data:\n  a.yaml: |\n    image: org/api:v1\n'],
		['a reference with a variable', `image: org/api:\${TAG}\n`],
		[
			'a chart',
			'dependencies:\n- {name: api, repository: https://charts.example.com/org/api, tag: v1}\n',
		],
	])('%s', async (_, text) => {
		expect(await failure(editImage(file(text), { image: 'org/api', tag: 'v2' }))).toMatch(
			/^org\/api is not used in app\.yaml; /,
		);
	});

	it('is listed where nothing matches', async () => {
		const text = 'image: org/web:v1\n---\nspec: {containers: [{name: db, image: "postgres:16"}]}\n';
		expect(await failure(editImage(file(text), { image: 'org/api', tag: 'v2' }))).toBe(
			'org/api is not used in app.yaml; images there: org/web:v1 at app.yaml:1:8, postgres:16 at app.yaml:3:39 (db)',
		);
	});
});

describe('what may have been meant is listed with what to do', () => {
	const refused = async (text: string, name = 'values.yaml') =>
		await failure(editImage(file(text, name), { image: 'org/api', tag: 'v2' }));

	it.each([
		['a tag alone', 'image:\n  tag: 1.0\n', 'image.tag (1.0) at values.yaml:2:8'],
		['one in quotes', 'api: {tag: "1.0"}\n', 'api.tag (1.0) at values.yaml:1:12'],
		['an empty one', 'api:\n  imageTag:\n', 'api.imageTag (empty) at values.yaml:2:12'],
		[
			'one in a list',
			'a: [{name: x, webImageTag: v1}]\n',
			'a[name=x].webImageTag (v1, beside the name x) at',
		],
		[
			'one beside a name that may be any',
			'web: {name: org/web, tag: v1}\n',
			'web.tag (v1, beside the name org/web) at values.yaml:1:27',
		],
	])('%s', async (_, text, tag) => {
		const [path] = tag.split(' ');
		const said = await refused(text);
		expect(said).toMatch(
			`org/api is not used in values.yaml; tags there whose image is not known: ${tag}`,
		);
		expect(said).toMatch(`; change one with set, as in ${path}={{tag}}`);
	});

	it('a tag beside its name is no tag alone', async () => {
		expect(await refused('image: {repository: org/web, tag: v1}\n')).toBe(
			'org/api is not used in values.yaml; images there: org/web:v1 at values.yaml:1:35',
		);
	});

	it.each([
		[
			'a template of Helm',
			'{{- if .Values.on }}\n  image: "org/api:{{ .Values.tag }}"\n{{- end }}\n',
			2,
		],
		['one that is YAML too', 'a: 1\nimage: "{{ .Values.image }}"\n', 2],
		['a variable of a shell', `services:\n  api:\n    image: org/api:\${TAG}\n`, 3],
	])('%s', async (_, text, line) => {
		const written = /image: (.*)/.exec(text)?.[1];
		expect(await refused(text, 'x.yaml')).toBe(
			`org/api is not used in x.yaml; images there that are filled in from elsewhere: ${written} at x.yaml:${line}; change the values that they take`,
		);
	});

	it('nothing at all', async () => {
		expect(await refused('a: 1 # org/api\n')).toBe(
			'org/api is not used in values.yaml; no image is (text other than YAML is changed by pattern)',
		);
	});
});

describe('several uses', () => {
	const text = 'containers:\n- {name: a, image: "org/api:v1"}\n- {name: b, image: "org/api:v0"}\n';

	it('with one present tag are all changed', async () => {
		expect(await bumped(text.replace('v0', 'v1'))).toBe(
			text.replace('v1', 'v2').replace('v0', 'v2'),
		);
	});
	it('with different tags are an error that says which', async () => {
		expect(await failure(editImage(file(text), { image: 'org/api', tag: 'v2' }))).toBe(
			'org/api is used with different tags: org/api:v1 at app.yaml:2:20 (a), org/api:v0 at app.yaml:3:20 (b); name one with container or set, or give all to change every one',
		);
	});
	it('are narrowed by container', async () => {
		expect(await bumped(text, { container: 'b' })).toBe(text.replace('v0', 'v2'));
		expect(await failure(bumped(text, { container: 'c' }))).toMatch(
			'org/api in container c is not used in app.yaml; images there: org/api:v1',
		);
	});
	it('are narrowed by compose service and by key of Helm values', async () => {
		const compose = 'services:\n  a: {image: org/api:v1}\n  b: {image: org/api:v0}\n';
		expect(await bumped(compose, { container: 'b' })).toBe(compose.replace('v0', 'v2'));
		const values =
			'a: {image: {repository: org/api, tag: v1}}\nb: {image: {repository: org/api, tag: v0}}\n';
		expect(await bumped(values, { container: 'b' })).toBe(values.replace('v0', 'v2'));
	});
	it('are all changed when asked', async () => {
		expect(await bumped(text, { all: true })).toBe(text.replace('v1', 'v2').replace('v0', 'v2'));
	});
	it('in several files count together, and a file without any is left as it is', async () => {
		const files = [
			file('image: org/api:v1\n', 'a.yaml'),
			file('broken: [org/web', 'b.yaml'),
			file('image: org/api:v0\n', 'c.yaml'),
		];
		expect(await failure(editImageInFiles(files, { image: 'org/api', tag: 'v2' }))).toMatch(
			'different tags: org/api:v1 at a.yaml:1:8, org/api:v0 at c.yaml:1:8',
		);
		const results = await editImageInFiles(files, { image: 'org/api', tag: 'v2', all: true });
		expect(results.map(({ changed }) => changed)).toEqual([true, false, true]);
		expect(results[1]?.bytes).toBe(files[1]?.bytes);
	});
});

describe('what is said', () => {
	it('a digest that is dropped', async () => {
		const { notes } = await editImage(file(`image: org/api:v1@${digestA}\n`), {
			image: 'org/api',
			tag: 'v2',
		});
		expect(notes).toEqual([
			`org/api:v1@${digestA} was pinned by a digest; the digest is dropped, as none is given with tag v2`,
		]);
	});
	it('an edit that changes nothing', async () => {
		const input = file('image: org/api:v2\n');
		const result = await editImage(input, { image: 'org/api', tag: 'v2' });
		expect(result).toMatchObject({
			changed: false,
			uses: [{ from: 'org/api:v2', to: 'org/api:v2' }],
		});
		expect(result.bytes).toBe(input.bytes);
	});
	it('a key that is missing, unless it is to be created', async () => {
		const text = 'image:\n  repository: org/api\n';
		expect(await failure(bumped(text))).toBe(
			'app.yaml:2:15: org/api has no key "tag"; give create-missing to have it added, or add it by hand',
		);
		expect(await bumped(text, { createMissing: true })).toBe(
			'image:\n  repository: org/api\n  tag: v2\n',
		);
	});
	it.each([
		[{ image: 'org/api:v1', tag: 'v2' }, '"org/api:v1" is not an image name'],
		[{ image: 'org/Api', tag: 'v2' }, '"org/Api" is not an image name'],
		[{ image: 'org/api', tag: 'a/b' }, '"a/b" is not a tag'],
		[{ image: 'org/api', digest: 'sha256:1' }, '"sha256:1" is not a digest'],
		[{ image: 'org/api' }, 'No tag and no digest is given for org/api'],
	])('bad input %j', async (change, message) => {
		const edit = editImage(file('image: org/api:v1\n'), change);
		await expect(edit).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringContaining(message),
		});
	});
});
