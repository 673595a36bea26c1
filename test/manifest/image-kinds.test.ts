import { expect, it } from 'vitest';
import { listImages } from '../../shared/manifest/edit.ts';
import { editCases } from './edit-cases.ts';
import { digestA, file } from './files.ts';

function pod(line: string): string {
	return `kind: Pod\nspec:\n  containers:\n  - name: api\n    ${line}\n`;
}

editCases('containers of any kind', [
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
]);

editCases('Helm values', [
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
		rule: 'a map of images by name and tag',
		before: 'images:\n  web: {name: org/web, tag: v1}\n  api: {name: org/api, tag: v1}\n',
		after: 'images:\n  web: {name: org/web, tag: v1}\n  api: {name: org/api, tag: v2}\n',
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
]);

editCases('Argo CD', [
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
]);

editCases('Flux markers', [
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
]);

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
