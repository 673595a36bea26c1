import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Fault, RecordedRequest } from '../stand-ins/git/exchange.ts';
import { onGitHub, testedForges } from './forges.ts';
import { branch, name, Promotion, production } from './promotion.ts';

let scene: Promotion;
afterEach(async () => {
	const problems = await scene.requestProblems();
	await scene.close();
	expect(problems).toEqual([]);
});

type Match = (request: RecordedRequest) => boolean;

const labelling: Match = ({ method, path }) => method === 'POST' && path.endsWith('/labels');
const anyApi: Match = ({ kind }) => kind !== 'git';

/** Fails the first so many of the requests that match. */
function failing(times: number, match: Match, fault: Fault): () => number {
	let left = times;
	scene.forge.onRequest = (request) => (match(request) && left-- > 0 ? fault : undefined);
	return () => left;
}

const json = { 'content-type': 'application/json' };
const status = (code: number, body: unknown, headers = {}): Fault => ({
	kind: 'status',
	status: code,
	headers: { ...json, ...headers },
	body: JSON.stringify(body),
});

// Each waits as long as the forge, or our own patience with it, wants.
vi.setConfig({ testTimeout: 30_000 });

describe.each(testedForges)('on $title', (on) => {
	const { opening, commenting } = on;
	beforeEach(async () => {
		scene = await Promotion.start({}, on);
	});

	const opened = async (left: () => number) => {
		const { exitCode, outputs, stdout } = await scene.run({ labels: 'promotion' });
		expect(stdout).not.toContain('error');
		expect(exitCode).toBe(0);
		expect(left()).toBeLessThanOrEqual(0);
		expect(scene.pull).toMatchObject({ state: 'open', head: branch });
		expect([...scene.pull.labels]).toEqual(on.has.labels ? ['promotion'] : []);
		expect(outputs).toMatchObject({ number: '1', image: `${name}:2` });
	};

	test.each([
		['sends on to another server', { status: 302, headers: { location: 'http://localhost:1/' } }],
		['shows a page', { status: 200, headers: { 'content-type': 'text/html' }, body: '<p>Hi' }],
		['says nothing', { status: 200, body: '' }],
	])('what %s is told to be no API of a forge', async (_, answer) => {
		failing(Number.POSITIVE_INFINITY, anyApi, { kind: 'status', ...answer });
		const { exitCode, stdout } = await scene.run({ forge: on.kind });
		expect(exitCode).toBe(1);
		expect(stdout).toContain('api-url');
		expect(stdout).not.toContain('Lockstep itself failed');
	});

	test('a connection that breaks before anything is done is tried again', async () => {
		await opened(failing(1, opening, { kind: 'reset', when: 'before' }));
	});

	test('a rate limit is waited out for as long as the server asks', async () => {
		const limit = status(403, { message: 'Slow down' }, { 'retry-after': '1' });
		await opened(failing(1, opening, limit));
	});

	test.each<[string, Fault]>([
		['in a proxy', { kind: 'status', status: 502 }],
		['after it was said', { kind: 'reset', when: 'after' }],
	])('a comment whose answer got lost %s is said once', async (_where, fault) => {
		await scene.run({ branch: 'promote/old', 'close-superseded': 'false' });
		const left = failing(1, commenting, fault);
		const { exitCode, outputs } = await scene.run({ image: `${name}:3` });
		expect({ exitCode, superseded: outputs.superseded }).toEqual({
			exitCode: 0,
			superseded: '[1]',
		});
		expect(left()).toBeLessThanOrEqual(0);
		expect(scene.pulls[0]?.comments).toHaveLength(1);
	});

	test('a server that stays unwell ends it with one sentence, and the next run completes it', async () => {
		failing(Number.POSITIVE_INFINITY, opening, { kind: 'status', status: 503 });
		const first = await scene.run();
		expect(first.exitCode).toBe(1);
		expect(first.stdout).toMatch(/refused to open the pull request.*: 503/);
		expect(scene.pulls).toEqual([]);
		scene.forge.onRequest = undefined;
		const second = await scene.run();
		expect(second).toMatchObject({ exitCode: 0, outputs: { operation: 'created', number: '1' } });
	});

	test('an older one that somebody merges before it is closed is no fault', async () => {
		await scene.run({ branch: 'promote/old', 'close-superseded': 'false' });
		let isMerged = false;
		scene.forge.onRequest = async (request) => {
			if (isMerged || !commenting(request)) return undefined;
			isMerged = true;
			await scene.merge(1, 'merge');
			return undefined;
		};
		const { exitCode, outputs, stdout } = await scene.run({ image: `${name}:3` });
		expect({ exitCode, operation: outputs.operation, number: outputs.number }, stdout).toEqual({
			exitCode: 0,
			operation: 'created',
			number: '2',
		});
		expect(scene.pulls.map(({ state, merge }) => [state, merge !== undefined])).toEqual([
			['closed', true],
			['open', false],
		]);
	});

	test('what the forge refuses after the opening does not hide the pull request', async () => {
		const { exitCode, outputs, stdout } = await scene.run({ reviewers: 'nobody' });
		expect(exitCode).toBe(1);
		expect(stdout).toMatch(/refused to ask nobody for a review/);
		expect(outputs).toMatchObject({ operation: 'created', number: '1' });
	});

	test('somebody who moves the branch between reading and pushing loses nothing', async () => {
		await scene.run();
		let theirs = '';
		scene.forge.onRequest = async ({ path, method }) => {
			if (theirs === '' && method === 'POST' && path.endsWith('git-receive-pack'))
				theirs = await scene.commit(branch, { 'notes.md': 'x\n' });
			return undefined;
		};
		const { exitCode, stdout } = await scene.run({ image: `${name}:3` });
		expect(exitCode).toBe(1);
		expect(stdout).toContain('has a commit that this step did not make');
		expect(await scene.tip(branch)).toBe(theirs);
	});
});

describe.each(testedForges.filter(({ early }) => early))('on $title', (on) => {
	test('a forge that does not know the new branch yet is asked again', async () => {
		scene = await Promotion.start({}, on);
		const { status: code = 0, body } = on.early ?? {};
		const left = failing(2, on.opening, status(code, body));
		const { exitCode, outputs } = await scene.run();
		expect({ exitCode, operation: outputs.operation }).toEqual({
			exitCode: 0,
			operation: 'created',
		});
		expect(left()).toBeLessThanOrEqual(0);
	});
});

describe('on GitHub alone', () => {
	const { opening } = onGitHub;
	beforeEach(async () => {
		scene = await Promotion.start();
	});

	test.each([
		[
			'does not know the new branch yet',
			{ field: 'head', code: 'invalid', resource: 'PullRequest' },
		],
		['sees no commits on it yet', { message: `No commits between main and ${branch}` }],
		['gives no reason', {}],
	])('a forge that %s is asked again', async (_what, error) => {
		const early = status(422, { message: 'Validation Failed', errors: [error] });
		const left = failing(2, opening, early);
		const { exitCode, outputs } = await scene.run();
		expect({ exitCode, operation: outputs.operation }).toEqual({
			exitCode: 0,
			operation: 'created',
		});
		expect(left()).toBeLessThanOrEqual(0);
	});

	test.each([
		[404, 'Not Found'],
		[422, "Could not resolve to a node with the global id of 'PR_1'"],
		[422, 'Validation Failed'],
	])('a replica that says %i of the new pull request is asked again', async (code, message) => {
		const left = failing(1, labelling, status(code, { message }));
		expect(await scene.run({ labels: 'promotion' })).toMatchObject({ exitCode: 0 });
		expect(left()).toBeLessThanOrEqual(0);
		expect([...scene.pull.labels]).toEqual(['promotion']);
	});

	test.each([
		['a secondary rate limit', { 'retry-after': '1' }],
		[
			'a spent rate limit',
			{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Math.floor(Date.now() / 1000)) },
		],
	])('%s, which comes as 403, is waited out and told', async (_what, headers) => {
		const limit = status(403, { message: 'You have exceeded a secondary rate limit' }, headers);
		const left = failing(1, opening, limit);
		const { exitCode, stdout } = await scene.run();
		expect(exitCode).toBe(0);
		expect(stdout).toContain('asks to slow down');
		expect(left()).toBeLessThanOrEqual(0);
	});

	test('a 403 that is no rate limit is told at once', async () => {
		const refused = status(403, {
			message: 'GitHub Actions is not permitted to create or approve pull requests.',
		});
		failing(Number.POSITIVE_INFINITY, opening, refused);
		const { exitCode, stdout } = await scene.run();
		expect(exitCode).toBe(1);
		expect(stdout).toContain("allow it in the repository's settings");
		expect(scene.forge.requests.filter(opening)).toHaveLength(1);
	});

	test('a repository that was renamed is followed', async () => {
		scene.forge.onRequest = ({ path, query }) =>
			path === `/api/v3/repos/${production}/pulls` &&
			query.page === undefined &&
			query.moved === undefined
				? {
						kind: 'status',
						status: 301,
						headers: {
							location: `${scene.forge.apiUrl}/repos/${production}/pulls?per_page=100&page=1`,
						},
					}
				: undefined;
		expect((await scene.run({ 'dry-run': 'true' })).exitCode).toBe(0);
	});
});

test('the step ends with exit code 3 when its time is over', async () => {
	scene = await Promotion.start();
	scene.forge.onRequest = (request) => (anyApi(request) ? { kind: 'stall' } : undefined);
	const { exitCode, stdout } = await scene.run({ timeout: '2s' });
	expect(exitCode).toBe(3);
	expect(stdout).toContain('Not done within 2 s');
});
