import { describe, expect, it } from 'vitest';
import { editImage } from '../../shared/manifest/edit.ts';
import { bumped, file, set } from './files.ts';

/** What other tools get wrong, each as a case that an edit here gets right. */

describe('what yaml-update of Kargo gets wrong', () => {
	it('a comment on the line stays', async () => {
		expect(await set('tag: v1 # set by CI\n', ['tag=v2'])).toBe('tag: v2 # set by CI\n');
	});
	it('a flow map keeps its brace', async () => {
		expect(await set('a: {b: v1}\n', ['a.b=v2'])).toBe('a: {b: v2}\n');
	});
	it('two edits on one line do not clobber each other', async () => {
		expect(await set('a: {b: v1, c: v1} # both\n', ['a.b=v22', 'a.c=v333'])).toBe(
			'a: {b: v22, c: v333} # both\n',
		);
	});
	it('CRLF stays CRLF', async () => {
		expect(await set('a: 1\r\nb: v1\r\n', ['b=v2'])).toBe('a: 1\r\nb: v2\r\n');
	});
	it('documents after the first one are seen', async () => {
		expect(await set('a: 1\n---\nb: v1\n', ['b=v2'])).toBe('a: 1\n---\nb: v2\n');
	});
	it.each(['yes', '~', '2024-01-01'])('%s is written quoted', async (value) => {
		expect(await set('b: v1\n', [`b=${value}`])).toBe(`b: "${value}"\n`);
	});
});

it('kustomize-set-image of Kargo moves comments to other images; here each stays', async () => {
	const text =
		'images:\n# the web\n- name: org/web\n  newTag: v1 # web\n# the api\n- name: org/api\n  newTag: v1 # api\n';
	expect(await bumped(text, {}, 'kustomization.yaml')).toBe(text.replace('v1 # api', 'v2 # api'));
});

describe('what argocd-image-updater gets wrong', () => {
	const around = '\n\n\n# a\nx:    1   # b\ny:\n    -   "z"\n';
	it('a quoted tag is replaced without the file being reformatted', async () => {
		expect(await bumped(`image: {repository: org/api, tag: 'v1'}${around}`)).toBe(
			`image: {repository: org/api, tag: 'v2'}${around}`,
		);
	});
	it('a tag like 1.20 is quoted without the file being reformatted', async () => {
		expect(await bumped(`image: {repository: org/api, tag: v1}${around}`, { tag: '1.20' })).toBe(
			`image: {repository: org/api, tag: "1.20"}${around}`,
		);
	});
	it('a new key adds one line and nothing else', async () => {
		expect(
			await bumped(`image:\n  repository: org/api\n  pullPolicy: Always${around}`, {
				createMissing: true,
			}),
		).toBe(`image:\n  repository: org/api\n  pullPolicy: Always\n  tag: v2${around}`);
	});
	it('tags of other images are not blanked', async () => {
		const other = 'web:\n  image:\n    repository: org/web\n    tag: v9\n';
		expect(await bumped(`${other}api:\n  image:\n    repository: org/api\n    tag: v1\n`)).toBe(
			`${other}api:\n  image:\n    repository: org/api\n    tag: v2\n`,
		);
	});
});

it('Flux re-indents, moves comments and drops blank lines; here no other byte changes', async () => {
	const text =
		'a:\n- b\n\n\n-    c # far\n#end\nimage: org/api:v1 # {"$imagepolicy": "flux-system:api"}\n\n';
	expect(await bumped(text)).toBe(text.replace(':v1', ':v2'));
});

it('updatecli erases comments; here they stay', async () => {
	const text = '# head\nimage: org/api:v1 # line\n# foot\n';
	expect(await bumped(text)).toBe(text.replace(':v1', ':v2'));
});

it('yaml-update-action loses comments, anchors and layout; here they stay', async () => {
	const text = 'base: &base {a:   1} # one\nuse:\n    <<: *base\n    image:   "org/api:v1"\n';
	expect(await bumped(text)).toBe(text.replace(':v1', ':v2'));
});

it('k8s-deploy splits an image at its first colon; here a port is no tag', async () => {
	const text =
		'spec:\n  containers:\n  - image: localhost:5000/api:2\n  - image: localhost:5000/sidecar:7\n';
	const { bytes, uses } = await editImage(file(text), { image: 'localhost:5000/api', tag: '3' });
	expect(new TextDecoder().decode(bytes)).toBe(text.replace('api:2', 'api:3'));
	expect(uses).toEqual([
		{
			place: { file: 'app.yaml', line: 3, column: 12 },
			path: 'spec.containers[0].image',
			from: 'localhost:5000/api:2',
			to: 'localhost:5000/api:3',
		},
	]);
});

it("the parser's own printing collapses spaces and rewrites 0x1F; here both stay", async () => {
	const text = 'list:\n- 0x1F\n-   0o17\nkey:     spaced\nimage: org/api:v1\n';
	expect(await bumped(text)).toBe(text.replace(':v1', ':v2'));
});
