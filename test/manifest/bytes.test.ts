import { describe, expect, it } from 'vitest';
import { editImage } from '../../shared/manifest/edit.ts';
import { editCases } from './edit-cases.ts';
import { bumped, failure, file } from './files.ts';

editCases('bytes that are not the image', [
	{
		rule: 'CRLF',
		before: 'a: 1\r\nimage: org/api:v1\r\n',
		after: 'a: 1\r\nimage: org/api:v2\r\n',
	},
	{ rule: 'no newline at the end', before: 'image: org/api:v1', after: 'image: org/api:v2' },
	{
		rule: 'no tag and no newline at the end',
		before: 'image: org/api',
		after: 'image: org/api:v2',
	},
	{
		rule: 'a byte order mark',
		before: '\uFEFFimage: org/api:v1\n',
		after: '\uFEFFimage: org/api:v2\n',
	},
	{
		rule: 'tabs in comments',
		before: 'image: org/api:v1\t#\tc\n#\t\n',
		after: 'image: org/api:v2\t#\tc\n#\t\n',
	},
	{
		rule: 'spaces at the ends of lines',
		before: 'a:  \nimage:   org/api:v1  \n',
		after: 'a:  \nimage:   org/api:v2  \n',
	},
	{
		rule: 'document separators, end marks and directives',
		before: '%YAML 1.2\n---\na: 1\n...\n---\nimage: org/api:v1\n---\n# none\n',
		after: '%YAML 1.2\n---\na: 1\n...\n---\nimage: org/api:v2\n---\n# none\n',
	},
	{
		rule: 'two targets on one line',
		before: '[{image: org/api:v1}, {image: org/api:v1}]',
		after: '[{image: org/api:v2}, {image: org/api:v2}]',
	},
	{
		rule: 'a flow list on one line',
		before: 'c: [{name: a, image: org/api:v1}] # x\n',
		after: 'c: [{name: a, image: org/api:v2}] # x\n',
	},
	{
		rule: 'double quotes',
		before: 'image: "org/api:v1" # c\n',
		after: 'image: "org/api:v2" # c\n',
	},
	{
		rule: 'single quotes',
		before: "image: 'org/api:v1' # c\n",
		after: "image: 'org/api:v2' # c\n",
	},
	{
		rule: 'a literal block',
		before: 'image: |-\n  org/api:v1\nb: 1\n',
		after: 'image: |-\n  org/api:v2\nb: 1\n',
	},
	{
		rule: 'a folded block',
		before: 'image: >- # c\r\n    org/api:v1\r\nb: 1\r\n',
		after: 'image: >- # c\r\n    org/api:v2\r\nb: 1\r\n',
	},
	{
		rule: 'a tag of its own',
		before: 'image: !!str org/api:v1\n',
		after: 'image: !!str org/api:v2\n',
	},
	{
		rule: 'an explicit key',
		before: '? image\n: org/api:v1\n',
		after: '? image\n: org/api:v2\n',
	},
]);

editCases('anchors, aliases and merge keys', [
	{
		rule: 'an anchored image',
		before: 'image: &i org/api:v1\n',
		after: 'image: &i org/api:v2\n',
	},
	{
		rule: 'an alias to an image that stands elsewhere',
		before: 'x: &i org/api:v1\nimage: *i\n',
		after: 'x: &i org/api:v2\nimage: *i\n',
	},
	{
		rule: 'an alias to a tag',
		before: 'x: &t v1\nimage: {repository: org/api, tag: *t}\n',
		after: 'x: &t v2\nimage: {repository: org/api, tag: *t}\n',
	},
	{
		rule: 'a merged map',
		before: 'base: &b\n  image: org/api:v1\nweb:\n  <<: *b\n  ports: []\n',
		after: 'base: &b\n  image: org/api:v2\nweb:\n  <<: *b\n  ports: []\n',
	},
]);

editCases('keys of an image that a merge key brings', [
	{
		rule: 'the name: the tag beside it is of that image',
		before: 'x: &x {repository: org/api}\nimage: {<<: *x, tag: v1}\n',
		after: 'x: &x {repository: org/api}\nimage: {<<: *x, tag: v2}\n',
	},
	{
		rule: 'the tag',
		before: 'x: &x {tag: v1}\nimage:\n  <<: *x\n  repository: org/api\n',
		after: 'x: &x {tag: v2}\nimage:\n  <<: *x\n  repository: org/api\n',
	},
	{
		rule: 'all of them, but for a tag of its own',
		before: 'x: &x {repository: org/api, tag: v1}\nweb:\n  image: {<<: [*x], tag: v0}\n',
		after: 'x: &x {repository: org/api, tag: v2}\nweb:\n  image: {<<: [*x], tag: v2}\n',
		change: { all: true },
	},
	{
		rule: 'the same, narrowed by container',
		before: 'x: &x {repository: org/api, tag: v1}\nweb:\n  image: {<<: *x, tag: v0}\n',
		after: 'x: &x {repository: org/api, tag: v1}\nweb:\n  image: {<<: *x, tag: v2}\n',
		change: { container: 'web' },
	},
	{
		rule: 'an image in one string beside its tag',
		before: 'x: &x {image: org/api}\nweb: {<<: *x, imageTag: v1}\n',
		after: 'x: &x {image: org/api}\nweb: {<<: *x, imageTag: v2}\n',
		change: { container: 'web' },
	},
]);

editCases('Helm templates that are no YAML', [
	{
		rule: 'a plain reference',
		name: 'templates/web.yaml',
		before:
			'{{- if .Values.on }}\nspec:\n  - image: "org/api:v1" # c\r\n  - image: {{ .Values.image }}\n{{- end }}\n  image: org/api-v2:v1\n',
		after:
			'{{- if .Values.on }}\nspec:\n  - image: "org/api:v2" # c\r\n  - image: {{ .Values.image }}\n{{- end }}\n  image: org/api-v2:v1\n',
	},
]);

describe('values that YAML would read as something else', () => {
	it.each([
		'1.20',
		'0755',
		'1e3',
		'yes',
		'2024-01-01',
		'0x1F',
		'1_000',
		'null',
		'true',
		'12e4567',
		'NO',
		'20240101',
	])('tag %s is quoted', async (tag) => {
		expect(await bumped('image: {repository: org/api, tag: v1}\n', { tag })).toBe(
			`image: {repository: org/api, tag: "${tag}"}\n`,
		);
	});
	it.each(['1.2.3', 'v1', '1.20-rc1', '0abc123', 'feature-x-1234567'])(
		'tag %s is not',
		async (tag) => {
			expect(await bumped('image: {repository: org/api, tag: v1}\n', { tag })).toBe(
				`image: {repository: org/api, tag: ${tag}}\n`,
			);
		},
	);
});

describe('an anchor that other values share', () => {
	it('a default tag and the one that takes its place are different uses', async () => {
		const text = 'x: &x {repository: org/api, tag: v1}\nimage: {<<: *x, tag: v0}\n';
		expect(await failure(editImage(file(text), { image: 'org/api', tag: 'v2' }))).toMatch(
			/different tags: org\/api:v1 at app.yaml:1:34 \(x\), org\/api:v0 at app.yaml:2:22, /,
		);
	});

	it('the tag of another image by a merge key: nothing is written', async () => {
		const text =
			'x: &x {tag: v1}\na: {image: {<<: *x, repository: org/api}}\nb: {image: {<<: *x, repository: org/web}}\n';
		expect(await failure(editImage(file(text), { image: 'org/api', tag: 'v2' }))).toMatch(
			'nothing was written, as b.image."<<".tag would have changed too',
		);
	});

	it.each([
		[
			'another image',
			'a: {repository: org/api, tag: &t v1}\nb: {repository: org/web, tag: *t}\n',
			'b.tag',
		],
		[
			"another image's own tag",
			'b: {repository: org/web, tag: &t v1}\na: {repository: org/api, tag: *t}\n',
			'b.tag',
		],
		[
			'a label',
			'x: &t v1\nlabels: {version: *t}\na: {repository: org/api, tag: *t}\n',
			'labels.version',
		],
	])('%s: nothing is written', async (_, text, path) => {
		expect(await failure(editImage(file(text), { image: 'org/api', tag: 'v2' }))).toMatch(
			`nothing was written, as ${path} would have changed too`,
		);
	});
});
