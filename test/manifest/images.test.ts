import { describe, expect, it } from 'vitest';
import {
	editImage,
	editImageInFiles,
	type ImageChange,
	listImages,
} from '../../shared/manifest/edit.ts';
import { bumped, digestA, digestB, failure, file, textOf } from './files.ts';

interface Case {
	rule: string;
	before: string;
	after: string;
	change?: Partial<ImageChange>;
	name?: string;
}

function pod(line: string): string {
	return `kind: Pod\nspec:\n  containers:\n  - name: api\n    ${line}\n`;
}

const cases: { [group: string]: Case[] } = {
	'bytes that are not the image': [
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
	],
	'containers of any kind': [
		{ rule: 'a container', before: pod('image: org/api:v1'), after: pod('image: org/api:v2') },
		{
			rule: 'init and ephemeral containers',
			before:
				'spec:\n  initContainers: [{image: org/api:v1}]\n  ephemeralContainers: [{image: org/api:v1}]\n',
			after:
				'spec:\n  initContainers: [{image: org/api:v2}]\n  ephemeralContainers: [{image: org/api:v2}]\n',
		},
		{
			rule: 'a CronJob',
			before:
				'kind: CronJob\nspec: {jobTemplate: {spec: {template: {spec: {containers: [{image: org/api:v1}]}}}}}\n',
			after:
				'kind: CronJob\nspec: {jobTemplate: {spec: {template: {spec: {containers: [{image: org/api:v2}]}}}}}\n',
		},
		{
			rule: 'a List',
			before: 'kind: List\nitems:\n- kind: Pod\n  spec: {containers: [{image: org/api:v1}]}\n',
			after: 'kind: List\nitems:\n- kind: Pod\n  spec: {containers: [{image: org/api:v2}]}\n',
		},
		{
			rule: 'a custom resource with a pod template',
			before:
				'kind: Rollout\nspec:\n  template:\n    spec:\n      containers:\n      - image: org/api:v1\n',
			after:
				'kind: Rollout\nspec:\n  template:\n    spec:\n      containers:\n      - image: org/api:v2\n',
		},
		{
			rule: 'the image of a volume',
			before: 'volumes: [{name: a, image: {reference: org/api:v1}}]\n',
			after: 'volumes: [{name: a, image: {reference: org/api:v2}}]\n',
		},
		{
			rule: 'JSON',
			name: 'pod.json',
			before: '{\n\t"image": "org/api:v1",\n\t"x": 1}',
			after: '{\n\t"image": "org/api:v2",\n\t"x": 1}',
		},
		{
			rule: 'docker-compose',
			before: 'services:\n  api:\n    image: org/api:v1\n    ports: ["80:80"]\n',
			after: 'services:\n  api:\n    image: org/api:v2\n    ports: ["80:80"]\n',
		},
	],
	digests: [
		{
			rule: 'a tag and a digest',
			before: 'image: org/api:v1\n',
			after: `image: org/api:v2@${digestA}\n`,
			change: { tag: 'v2', digest: digestA },
		},
		{
			rule: 'a digest takes no tag',
			before: 'image: org/api:v1\n',
			after: `image: org/api@${digestA}\n`,
			change: { digest: digestA },
		},
		{
			rule: 'a new digest',
			before: `image: org/api@${digestA}\n`,
			after: `image: org/api@${digestB}\n`,
			change: { digest: digestB },
		},
		{
			rule: 'a new tag drops the digest',
			before: `image: org/api:v1@${digestA} # c\n`,
			after: 'image: org/api:v2 # c\n',
		},
		{
			rule: 'tag and digest in a tag key',
			before: `image: {repository: org/api, tag: v1@${digestA}}\n`,
			after: `image: {repository: org/api, tag: v2@${digestB}}\n`,
			change: { tag: 'v2', digest: digestB },
		},
		{
			rule: 'a digest key is emptied by a tag alone',
			before: `image:\n  repository: org/api\n  tag: v1\n  digest: "${digestA}"\n`,
			after: 'image:\n  repository: org/api\n  tag: v2\n  digest: ""\n',
		},
		{
			rule: 'a tag key is kept by a digest alone',
			before: 'image:\n  repository: org/api\n  tag: v1\n  digest:\n',
			after: `image:\n  repository: org/api\n  tag: v1\n  digest: ${digestA}\n`,
			change: { digest: digestA },
		},
	],
	'Helm values': [
		{
			rule: 'repository and tag',
			before: 'image:\n  repository: org/api\n  tag: v1 # c\n',
			after: 'image:\n  repository: org/api\n  tag: v2 # c\n',
		},
		{
			rule: 'registry, repository, tag and digest',
			before: 'image: {registry: ghcr.io, repository: org/api, tag: v1, digest: ""}\n',
			after: `image: {registry: ghcr.io, repository: org/api, tag: v2, digest: "${digestA}"}\n`,
			change: { image: 'ghcr.io/org/api', tag: 'v2', digest: digestA },
		},
		{
			rule: 'image and tag side by side',
			before: 'image: org/api\ntag: v1\n',
			after: 'image: org/api\ntag: v2\n',
		},
		{
			rule: 'image and imageTag side by side',
			before: 'image: org/api\nimageTag: v1\n',
			after: 'image: org/api\nimageTag: v2\n',
		},
		{
			rule: 'a number is quoted',
			before: 'image: {repository: org/api, tag: 1.19}\n',
			after: 'image: {repository: org/api, tag: "1.20"}\n',
			change: { tag: '1.20' },
		},
		{
			rule: 'an empty tag',
			before: 'image:\n  repository: org/api\n  tag: # none\n',
			after: 'image:\n  repository: org/api\n  tag: v2 # none\n',
		},
		{
			rule: 'a HelmRelease',
			before:
				'kind: HelmRelease\nspec:\n  chart: {spec: {chart: api, version: 1.0.0}}\n  values:\n    image: {repository: org/api, tag: v1}\n',
			after:
				'kind: HelmRelease\nspec:\n  chart: {spec: {chart: api, version: 1.0.0}}\n  values:\n    image: {repository: org/api, tag: v2}\n',
		},
		{
			rule: 'Fabrikate config',
			name: 'config/prod.yaml',
			before:
				'subcomponents:\n  api:\n    config:\n      image:\n        repository: org/api\n        tag: "744"\n',
			after:
				'subcomponents:\n  api:\n    config:\n      image:\n        repository: org/api\n        tag: "745"\n',
			change: { tag: '745' },
		},
	],
	'Argo CD': [
		{
			rule: 'helm.parameters',
			before:
				'spec:\n  source:\n    helm:\n      parameters:\n      - {name: web.image.repository, value: org/api}\n      - {name: web.image.tag, value: v1}\n      - {name: other.image.tag, value: v1}\n',
			after:
				'spec:\n  source:\n    helm:\n      parameters:\n      - {name: web.image.repository, value: org/api}\n      - {name: web.image.tag, value: v2}\n      - {name: other.image.tag, value: v1}\n',
		},
		{
			rule: 'a whole image in helm.parameters',
			before: 'helm:\n  parameters:\n  - name: image\n    value: org/api:v1\n',
			after: 'helm:\n  parameters:\n  - name: image\n    value: org/api:v2\n',
		},
		{
			rule: 'helm.valuesObject',
			before: 'helm:\n  valuesObject:\n    image: {repository: org/api, tag: v1}\n',
			after: 'helm:\n  valuesObject:\n    image: {repository: org/api, tag: v2}\n',
		},
		{
			rule: 'helm.values, a document in a block',
			before:
				'helm:\n  values: |\n    # c\n    image:\n      repository: org/api   # d\n      tag: v1\n\n    x: 1\n  z: 1\n',
			after:
				'helm:\n  values: |\n    # c\n    image:\n      repository: org/api   # d\n      tag: v2\n\n    x: 1\n  z: 1\n',
		},
		{
			rule: 'kustomize.images',
			before: 'kustomize:\n  images:\n  - org/api:v1\n  - old=org/api:v1\n  - "org/web:v1"\n',
			after: 'kustomize:\n  images:\n  - org/api:v2\n  - old=org/api:v2\n  - "org/web:v1"\n',
		},
	],
	kustomization: [
		{
			rule: 'newTag',
			before: 'images:\n- name: org/api\n  newTag: v1 # c\n',
			after: 'images:\n- name: org/api\n  newTag: v2 # c\n',
		},
		{
			rule: 'an entry is meant by its newName',
			before:
				'images:\n- name: api\n  newName: org/api\n  newTag: v1\n- name: org/api\n  newName: org/fork\n  newTag: v1\n',
			after:
				'images:\n- name: api\n  newName: org/api\n  newTag: v2\n- name: org/api\n  newName: org/fork\n  newTag: v1\n',
		},
		{
			rule: 'a digest takes the place of newTag',
			before: 'images:\n- name: org/api\n  newTag: v1 # c\n',
			after: `images:\n- name: org/api\n  digest: ${digestA} # c\n`,
			change: { digest: digestA },
		},
		{
			rule: 'newTag takes the place of a digest',
			before: `images:\n- digest: "${digestA}"\n  name: org/api\n`,
			after: 'images:\n- newTag: "v2"\n  name: org/api\n',
		},
		{
			rule: 'a tag alone removes the line of the digest',
			before: `images:\n- name: org/api\n  newTag: v1\n  digest: ${digestA}\n# end\n`,
			after: 'images:\n- name: org/api\n  newTag: v2\n# end\n',
		},
		{
			rule: 'a tag alone removes the digest on one line',
			before: `images: [{name: org/api, digest: ${digestA}, newTag: v1}]\n`,
			after: 'images: [{name: org/api, newTag: v2}]\n',
		},
		{
			rule: 'a digest is added beside a tag',
			before: 'images:\r\n- name: org/api\r\n  newTag: v1\r\n- name: x\r\n  newTag: y\r\n',
			after: `images:\r\n- name: org/api\r\n  newTag: v2\r\n  digest: ${digestA}\r\n- name: x\r\n  newTag: y\r\n`,
			change: { tag: 'v2', digest: digestA },
		},
		{
			rule: 'an entry with a name alone',
			name: 'apps/kustomization.yml',
			before: 'images:\n  - name: org/api',
			after: 'images:\n  - name: org/api\n    newTag: v2',
		},
		{
			rule: "a Flux Kustomization's spec.images",
			before: 'kind: Kustomization\nspec:\n  images: [{name: org/api, newTag: v1}]\n',
			after: 'kind: Kustomization\nspec:\n  images: [{name: org/api, newTag: v2}]\n',
		},
	],
	'Flux markers': [
		{
			rule: 'a whole reference under any key',
			before: 'ref: org/api:v1 # {"$imagepolicy": "flux-system:api"}\n',
			after: 'ref: org/api:v2 # {"$imagepolicy": "flux-system:api"}\n',
		},
		{
			rule: 'a name and a tag apart',
			before:
				'n: org/api # {"$imagepolicy": "flux-system:api:name"}\nt: v1 # {"$imagepolicy": "flux-system:api:tag"}\nu: v1 # {"$imagepolicy": "flux-system:web:tag"}\n',
			after:
				'n: org/api # {"$imagepolicy": "flux-system:api:name"}\nt: v2 # {"$imagepolicy": "flux-system:api:tag"}\nu: v1 # {"$imagepolicy": "flux-system:web:tag"}\n',
		},
		{
			rule: 'a marked key that is known anyway',
			before: 'image: org/api:v1 # {"$imagepolicy": "flux-system:api"}\n',
			after: 'image: org/api:v2 # {"$imagepolicy": "flux-system:api"}\n',
		},
	],
	'anchors, aliases and merge keys': [
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
	],
	'Helm templates that are no YAML': [
		{
			rule: 'a plain reference',
			name: 'templates/web.yaml',
			before:
				'{{- if .Values.on }}\nspec:\n  - image: "org/api:v1" # c\r\n  - image: {{ .Values.image }}\n{{- end }}\n  image: org/api-v2:v1\n',
			after:
				'{{- if .Values.on }}\nspec:\n  - image: "org/api:v2" # c\r\n  - image: {{ .Values.image }}\n{{- end }}\n  image: org/api-v2:v1\n',
		},
	],
	'other names of the image': [
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
	],
};

for (const [group, table] of Object.entries(cases)) {
	describe(group, () => {
		it.each(table)('$rule', async ({ before, after, change, name }) => {
			const given = change?.newName ? { image: 'org/api', newName: change.newName } : undefined;
			const result = given
				? textOf(await editImage(file(before, name), given))
				: await bumped(before, change, name);
			expect(result).toBe(after);
		});
	});
}

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
			'org/api is not used in app.yaml; images there: org/web:v1 at app.yaml:1:8, postgres:16 at app.yaml:3:39 (db).',
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
			'org/api is used with different tags: org/api:v1 at app.yaml:2:20 (a), org/api:v0 at app.yaml:3:20 (b); name one with container or set, or give all to change every one.',
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
			`org/api:v1@${digestA} was pinned by a digest; the digest is dropped, as none is given with tag v2.`,
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
			'app.yaml:2:15: org/api has no key "tag"; give create-missing to have it added, or add it by hand.',
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
		[{ image: 'org/api' }, 'No tag and no digest is given for org/api.'],
	])('bad input %j', async (change, message) => {
		const edit = editImage(file('image: org/api:v1\n'), change);
		await expect(edit).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringContaining(message),
		});
	});
});

describe('an image that a kustomization has no entry for', () => {
	const create = { createMissing: true };
	it.each([
		[
			'',
			'resources: [a.yaml]\n',
			'resources: [a.yaml]\nimages:\n  - name: org/api\n    newTag: v2\n',
		],
		[
			'beside others',
			'images:\n- name: web\n  newTag: v1\n',
			'images:\n- name: web\n  newTag: v1\n- name: org/api\n  newTag: v2\n',
		],
	])('is added when asked %s', async (_, before, after) => {
		expect(await bumped(before, create, 'kustomization.yaml')).toBe(after);
		expect(await failure(bumped(before, {}, 'kustomization.yaml'))).toMatch('org/api is not used');
		expect(await failure(bumped(before, create, 'values.yaml'))).toMatch('org/api is not used');
	});
	it('is added with its digest', async () => {
		const change = { ...create, tag: '1.20', digest: digestA };
		expect(await bumped('kind: Kustomization\n', change, 'kustomization.yaml')).toBe(
			`kind: Kustomization\nimages:\n  - name: org/api\n    newTag: "1.20"\n    digest: ${digestA}\n`,
		);
	});
});

describe('an anchor that other values share', () => {
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

it('listImages lists each use with its place, path and container', async () => {
	const text =
		'kind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: api\n    image: org/api:v1\n---\nhelm:\n  values: |\n    image: {repository: org/web, tag: 1.0}\n';
	expect(await listImages(file(text))).toEqual([
		{
			place: { file: 'app.yaml', line: 6, column: 12 },
			path: 'Pod/web:spec.containers[name=api].image',
			image: 'org/api:v1',
			container: 'api',
		},
		{
			place: { file: 'app.yaml', line: 10 },
			path: '#2:helm.values: image.tag',
			image: 'org/web:1.0',
		},
	]);
});
