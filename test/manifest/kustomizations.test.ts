import { describe, expect, it } from 'vitest';
import { editImage } from '../../shared/manifest/edit.ts';
import { editCases } from './edit-cases.ts';
import { bumped, digestA, failure, file } from './files.ts';

editCases('kustomization', [
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
		rule: 'the comment of the tag stays where the digest above it goes',
		before: `images:\n- digest: ${digestA} # pinned\n  # the tag\n  newTag: v1\n  name: org/api\n`,
		after: 'images:\n- # the tag\n  newTag: v2\n  name: org/api\n',
	},
	{
		rule: 'and in braces',
		before: `images: [{digest: ${digestA}, # the tag\n  newTag: v1, name: org/api}]\n`,
		after: 'images: [{ # the tag\n  newTag: v2, name: org/api}]\n',
	},
	{
		rule: 'and where the digest is the last in braces',
		before: `images: [{name: org/api, newTag: v1, # the tag\n  digest: ${digestA}}]\n`,
		after: 'images: [{name: org/api, newTag: v2, # the tag\n  }]\n',
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
]);

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
	it('is told as one use, by its whole reference', async () => {
		const kustomization = file('kind: Kustomization\n', 'kustomization.yaml');
		const change = { image: 'org/api', tag: 'v2', digest: digestA, createMissing: true };
		expect((await editImage(kustomization, change)).uses).toMatchObject([
			{ path: 'images[name="org/api"]', from: '', to: `org/api:v2@${digestA}` },
		]);
	});
});
