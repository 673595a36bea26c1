import { expect, test } from 'vitest';
import { githubDescription } from './forge/github-description.ts';
import type { RecordedRequest } from './git/exchange.ts';
import { recordedRequest } from './recorded-request.ts';

const description = await githubDescription();

const request = (method: string, path: string, more: Partial<RecordedRequest> = {}) =>
	recordedRequest({ kind: 'github', method, path, ...more });

const pulls = '/api/v3/repos/acme/infra/pulls';

test.each([
	['an unknown route', request('GET', '/repos/acme/infra/pullz'), 'no such route'],
	['an unknown method', request('DELETE', `${pulls}/1`), 'no such route'],
	['an unknown parameter', request('GET', pulls, { query: { heads: 'x' } }), 'parameter heads'],
	['a body without a base', request('POST', pulls, { body: { head: 'x' } }), "property 'base'"],
	[
		'a body with a number for a text',
		request('POST', pulls, { body: { head: 'x', base: 'y', title: 3 } }),
		'/title must be string',
	],
])('%s is a problem of the request', (_name, record, problem) => {
	expect(description.requestProblems(record).join('\n')).toContain(problem);
});

test('a request as GitHub describes it has no problem, whatever slashes its reference has', () => {
	const body = { head: 'x', base: 'y', title: 'z' };
	expect(description.requestProblems(request('POST', pulls, { body }))).toEqual([]);
	const ref = request('GET', '/repos/acme/infra/git/ref/heads/promote/app');
	expect(description.requestProblems(ref)).toEqual([]);
});

test.each([
	['a text for a number', request('GET', `${pulls}/1`, { answer: { number: '1' } }), '/number'],
	['a status of no such route', request('POST', pulls, { status: 204 }), '204: not a status'],
	[
		'a wrong type deep inside a list',
		request('GET', pulls, { answer: [{ labels: [{ color: 7 }] }] }),
		'/0/labels/0/color',
	],
])('%s is a problem of the answer', (_name, record, problem) => {
	expect(description.answerProblems(record).join('\n')).toContain(problem);
});
