import { describe, expect, test } from 'vitest';
import {
	approversOf,
	formatRequest,
	isPerson,
	missingFor,
	parseRequest,
	parseRequestLine,
	type RequestRecord,
	requestMessage,
	withApproval,
} from '../../shared/forge/git-record.ts';

const at = '2026-03-01T12:00:00Z';
const person = (name: string) => ({ name, email: `${name}@example.com` });
const approval = (name: string, commit: string) => ({ by: person(name), at, commit });

const record: RequestRecord = {
	number: 3,
	title: 'Promote api to 2',
	body: 'Text\n\nLockstep-Image: api:2',
	head: 'promote/production-api',
	base: 'main',
	state: 'open',
	draft: false,
	opened: { by: person('lockstep'), at },
	labels: ['promotion'],
	assignees: [],
	reviewers: ['bob', 'carol@example.com'],
	approvals: [],
	comments: [{ by: person('alice'), at, text: 'Not on Friday' }],
	autoMerge: { method: 'squash', text: { title: 'Promote', body: 'Lockstep-Image: api:2' } },
	merged: { by: person('bob'), at, commit: 'a'.repeat(40), head: 'b'.repeat(40) },
};

const filesOf = (one: RequestRecord) =>
	new Map(formatRequest(one).map(({ path, bytes = Buffer.of() }) => [path, bytes]));

describe('the files of a request', () => {
	test('are read as what was written', () => {
		expect(parseRequest(filesOf(record), 'here')).toEqual(record);
		const { autoMerge: _, merged: __, ...least } = record;
		expect(parseRequest(filesOf({ ...least, body: '' }), 'here')).toEqual({ ...least, body: '' });
	});

	test('are two, for people to read', () => {
		const files = filesOf(record);
		expect([...files.keys()]).toEqual(['request.json', 'body.md']);
		expect(Buffer.from(files.get('body.md') ?? []).toString()).toBe(`${record.body}\n`);
	});

	test.each([
		['', /^x is no request that can be read \(request\.json: .*JSON/],
		['[]', /request\.json: /],
		['{"number": "three"}', /request\.json: number: /],
		[JSON.stringify({ ...record, state: 'gone' }), /request\.json: state: /],
	])('%j is told to be none', (text, says) => {
		const files = new Map([['request.json', Buffer.from(text)]]);
		expect(() => parseRequest(files, 'x')).toThrow(says);
	});
});

describe('the last line of the message', () => {
	test.each(['open', 'closed', 'merged'] as const)('says what is %s', (state) => {
		const message = requestMessage('Comment on request 3', 'Yes.\n', { ...record, state });
		expect(message).toMatch(/^Comment on request 3\n\nYes\.\n\nRequest: /);
		const { head, base } = record;
		expect(parseRequestLine(message)).toEqual({ state, head, base });
	});

	test('is what counts, whatever was said above', () => {
		const said = 'Request: merged, a into b\n\nRequest: merged, a into b';
		const message = requestMessage('Comment\nRequest: closed, a into b', said, record);
		expect(parseRequestLine(message)).toMatchObject({ state: 'open', head: record.head });
	});

	test.each(['', 'Something else\n', 'Request: gone, a into b\n', 'x Request: open, a into b\n'])(
		'%j is none',
		(message) => expect(parseRequestLine(message)).toBeUndefined(),
	);
});

describe('approvals', () => {
	test.each([
		['of nobody', [], ['the approval of bob', 'the approval of carol@example.com']],
		['of one by name', [approval('bob', 'c2')], ['the approval of carol@example.com']],
		['of one by address', [approval('carol', 'c2')], ['the approval of bob']],
		['of both', [approval('carol', 'c2'), approval('bob', 'c2')], []],
		[
			'of an earlier commit',
			[approval('carol', 'c1'), approval('bob', 'c2')],
			['the approval of carol@example.com'],
		],
		[
			'of others',
			[approval('dave', 'c2')],
			['the approval of bob', 'the approval of carol@example.com'],
		],
	])('%s leave missing what they do', (_, approvals, missing) => {
		expect(missingFor({ ...record, approvals }, 'c2')).toEqual(missing);
	});

	test('of a draft do not make it one to be merged', () => {
		const draft = { ...record, draft: true, reviewers: [] };
		expect(missingFor(draft, 'c2')).toEqual(['somebody to say that it is no draft any more']);
	});

	test('take the place of the same person’s earlier one', () => {
		const first = withApproval(record, approval('bob', 'c1'));
		const second = withApproval(withApproval(first, approval('dave', 'c1')), approval('bob', 'c2'));
		expect(second.approvals).toHaveLength(2);
		expect(approversOf(second, 'c1').map(({ name }) => name)).toEqual(['dave']);
		expect(approversOf(second, 'c2').map(({ name }) => name)).toEqual(['bob']);
	});

	test('are of a person who is named by name or address, in whatever case', () => {
		expect(isPerson('BOB', person('bob'))).toBe(true);
		expect(isPerson('Bob@Example.com', person('bob'))).toBe(true);
		expect(isPerson('bo', person('bob'))).toBe(false);
	});
});
