import { expect, test } from 'vitest';
import { giteaDescription } from './forge/gitea-description.ts';
import type { RecordedRequest } from './git/exchange.ts';
import { recordedRequest } from './recorded-request.ts';

const description = await giteaDescription();

const request = (method: string, path: string, more: Partial<RecordedRequest> = {}) =>
	recordedRequest({ kind: 'gitea', method, path: `/api/v1/repos/acme/infra${path}`, ...more });

const plan = { do: 'squash', merge_when_checks_succeed: true };

test.each([
	['an unknown route', request('GET', '/pullz'), 'no such route'],
	['an unknown parameter', request('GET', '/pulls', { query: { heads: 'x' } }), 'parameter heads'],
	['a body without the way', request('POST', '/pulls/1/merge', { body: {} }), "property 'do'"],
	[
		'a way that there is not',
		request('POST', '/pulls/1/merge', { body: { do: 'join' } }),
		'/do must be equal',
	],
	[
		'a field that was made up',
		request('POST', '/pulls/1/merge', { body: { ...plan, merge_when_ready: true } }),
		'additional properties',
	],
])('%s is a problem of the request', (_name, record, problem) => {
	expect(description.requestProblems(record).join('\n')).toContain(problem);
});

test('a request as Gitea describes it has no problem, by the names of its fields now or before', () => {
	const body = { ...plan, merge_title_field: 'x', MergeTitleField: 'x' };
	expect(description.requestProblems(request('POST', '/pulls/1/merge', { body }))).toEqual([]);
});

test('a field of another type is a problem of the answer, a field that is null is none', () => {
	const wrong = request('GET', '/pulls/1', { answer: { number: '1', merged_at: null } });
	const problems = description.answerProblems(wrong).join('\n');
	expect(problems).toContain('/number must be integer');
	expect(problems).not.toContain('merged_at');
});
