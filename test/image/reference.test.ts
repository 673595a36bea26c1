import { describe, expect, it } from 'vitest';
import {
	formatReference,
	isDigest,
	isRepository,
	isTag,
	normalRepository,
	parseReference,
	sameRepository,
	tagFromBranch,
} from '../../shared/image/reference.ts';

const sha256 = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('a reference by the distribution grammar', () => {
	it.each([
		['nginx', { name: 'nginx' }],
		['nginx:1.25', { name: 'nginx', tag: '1.25' }],
		['library/nginx:latest', { name: 'library/nginx', tag: 'latest' }],
		['localhost/api:2', { name: 'localhost/api', tag: '2' }],
		['localhost:5000/api', { name: 'localhost:5000/api' }],
		['localhost:5000/api:2', { name: 'localhost:5000/api', tag: '2' }],
		[`ghcr.io/org/team/api@${sha256}`, { name: 'ghcr.io/org/team/api', digest: sha256 }],
		[`ghcr.io/org/api:1.0@${sha256}`, { name: 'ghcr.io/org/api', tag: '1.0', digest: sha256 }],
		['Registry.Example.com/api:1', { name: 'Registry.Example.com/api', tag: '1' }],
		['[::1]:5000/api:1', { name: '[::1]:5000/api', tag: '1' }],
		['a__b/c-d.e_f---g:X', { name: 'a__b/c-d.e_f---g', tag: 'X' }],
		['api:_1.Z-', { name: 'api', tag: '_1.Z-' }],
		[`api:${'x'.repeat(128)}`, { name: 'api', tag: 'x'.repeat(128) }],
		['123456789012.dkr.ecr.eu-west-1.amazonaws.com/api:1', expect.objectContaining({ tag: '1' })],
	])('takes %s apart', (text, reference) => {
		expect(parseReference(text)).toEqual(reference);
		expect(formatReference(parseReference(text) ?? { name: '' })).toBe(text);
	});

	it.each([
		['', 'nothing'],
		['Api', 'an upper-case path'],
		['ghcr.io/Org/api', 'an upper-case path behind a domain'],
		['api:', 'an empty tag'],
		['api:.1', 'a tag that begins with a dot'],
		['api:-1', 'a tag that begins with a dash'],
		['api:a+b', 'a plus sign, which SemVer has and tags have not'],
		[`api:${'x'.repeat(129)}`, 'a tag of 129 characters'],
		['api@sha256:1234', 'a short digest'],
		[`api@sha256:${'G'.repeat(64)}`, 'a digest that is not hexadecimal'],
		[`api@sha256:${'A'.repeat(64)}x`, 'a digest that is too long'],
		['a..b', 'two dots in a row'],
		['-api', 'a leading dash'],
		['api/', 'a trailing slash'],
		['/api', 'a leading slash'],
		['a//b', 'an empty component'],
		['https://ghcr.io/api', 'a URL'],
		['api:1 ', 'a space'],
		['api:$' + '{TAG}', 'a variable'],
		['api:{{ .Values.tag }}', 'a template'],
		[`${'a'.repeat(256)}`, 'a path of more than 255 characters'],
	])('refuses %j: %s', (text) => {
		expect(parseReference(text)).toBeUndefined();
	});

	it('answers for a megabyte of hyphens at once', () => {
		expect(parseReference(`${'a-'.repeat(500_000)}!`)).toBeUndefined();
		expect(parseReference(`${'a-'.repeat(500)}!`)).toBeUndefined();
	});
});

describe('the normal name of a repository', () => {
	it.each([
		['nginx', 'docker.io/library/nginx'],
		['library/nginx', 'docker.io/library/nginx'],
		['docker.io/nginx', 'docker.io/library/nginx'],
		['index.docker.io/org/api', 'docker.io/org/api'],
		['org/api', 'docker.io/org/api'],
		['localhost/api', 'localhost/api'],
		['GHCR.io/org/api', 'ghcr.io/org/api'],
		['registry:5000/api', 'registry:5000/api'],
	])('%s is %s', (name, normal) => {
		expect(normalRepository(name)).toBe(normal);
		expect(sameRepository(name, normal)).toBe(true);
	});

	it.each([
		['api', 'api-v2'],
		['api', 'ghcr.io/library/api'],
		['localhost:5000/api', 'localhost:5000/sidecar'],
		['localhost:5000/api', 'localhost:5001/api'],
		['org/api', 'ghcr.io/org/api'],
	])('%s is another repository than %s', (a, b) => {
		expect(sameRepository(a, b)).toBe(false);
	});
});

describe('parts', () => {
	it('tells repositories, tags and digests from other text', () => {
		expect([isRepository('ghcr.io/a/b'), isRepository('a:1'), isRepository('')]).toEqual([
			true,
			false,
			false,
		]);
		expect([isTag('v1'), isTag('v 1'), isTag('-v1')]).toEqual([true, false, false]);
		expect([isDigest(sha256), isDigest('sha256:1'), isDigest(`sha512:${'a'.repeat(64)}`)]).toEqual([
			true,
			false,
			false,
		]);
	});

	it.each([
		['feature/x', 'feature-x'],
		['refs/heads/fix', 'fix'],
		['users/ann@example/ÄÖ', 'users-ann-example'],
		['.hidden', 'hidden'],
		['--x--', 'x'],
		['dependabot/npm_and_yarn/a-1.2.3', 'dependabot-npm_and_yarn-a-1.2.3'],
		['日本', 'branch'],
	])('branch %s is fit for a tag as %s', (branch, fit) => {
		expect(tagFromBranch(branch)).toBe(fit);
		expect(isTag(`${tagFromBranch(branch)}-1234567`)).toBe(true);
	});

	it('a long branch leaves room for the commit', () => {
		const tag = `${tagFromBranch('x/'.repeat(300))}-1234567`;
		expect(tag.length).toBeLessThanOrEqual(128);
		expect(isTag(tag)).toBe(true);
	});
});
