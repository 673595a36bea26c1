import { expect, test } from 'vitest';
import { requestProblems } from './forge/request-problems.ts';
import type { RecordedRequest } from './git/exchange.ts';
import { recordedRequest } from './recorded-request.ts';

const request = (kind: string, method: string, path: string, more: Partial<RecordedRequest> = {}) =>
	recordedRequest({ kind, method, path, ...more });

const forges = [
	{
		kind: 'gitlab',
		pulls: '/api/v4/projects/acme/platform/infra/merge_requests',
		body: { source_branch: 'a', target_branch: 'b', title: 'c' },
	},
	{ kind: 'bitbucket', pulls: '/2.0/repositories/acme/infra/pullrequests', body: { title: 'c' } },
	{
		kind: 'bitbucket',
		pulls: '/rest/api/latest/projects/ACME/repos/infra/pull-requests',
		body: { title: 'c' },
	},
	{
		kind: 'azure',
		pulls: '/tfs/acme/shop/_apis/git/repositories/infra/pullrequests',
		body: { title: 'c' },
	},
];

test.each(forges)(
	'a request of $pulls that is described has no problem',
	async ({ kind, pulls, body }) => {
		const described = [request(kind, 'GET', `${pulls}/1`), request(kind, 'POST', pulls, { body })];
		expect(await requestProblems(described)).toEqual([]);
	},
);

test.each(forges)('what is not described at $pulls is a problem', async ({ kind, pulls, body }) => {
	const made = [
		[request(kind, 'GET', `${pulls}/1/mergeable`), 'has no such route'],
		[request(kind, 'PATCH', `${pulls}`), 'has no such route'],
		[request(kind, 'GET', pulls, { query: { heads: 'x' } }), 'knows no parameter heads'],
		[request(kind, 'POST', pulls, { body: { ...body, heads: 'x' } }), 'additional properties'],
		[request(kind, 'POST', pulls, { body: { ...body, title: 3 } }), '/title must be string'],
	] as const;
	for (const [record, problem] of made)
		expect((await requestProblems([record])).join('\n')).toContain(problem);
});

test('a field of a label on Azure that was made up is a problem', async () => {
	const labels = '/tfs/acme/shop/_apis/git/repositories/infra/pullrequests/1/labels';
	expect(
		await requestProblems([request('azure', 'POST', labels, { body: { name: 'x' } })]),
	).toEqual([]);
	const made = request('azure', 'POST', labels, { body: { name: 'x', color: 'red' } });
	expect(await requestProblems([made])).toHaveLength(1);
});
