import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Fault, RecordedRequest } from '../stand-ins/git/exchange.ts';
import { git } from '../stand-ins/git/git.ts';
import { onGit } from './forges.ts';
import { commandLine, type Values } from './fronts.ts';
import { historyOf, readRequests } from './git-requests.ts';
import { branch, manifest, name, Promotion } from './promotion.ts';
import { runStep, type StepOptions, type StepRun } from './run-step.ts';

// A run for each request of a run, and on a machine that may be busy.
vi.setConfig({ testTimeout: 900_000 });

let scene: Promotion;
const path = () => scene.forge.repositoryPath(scene.on.production);
beforeEach(async () => {
	scene = await Promotion.start({}, onGit);
});
afterEach(() => scene.close());

const promote = (options: StepOptions = {}, inputs: Values = {}) =>
	runStep('promotion-pr', {
		...commandLine(scene.situation, {
			repository: scene.on.cloneUrl(scene.forge, scene.on.production),
			...{ forge: 'git', token: 'promoter-token-0123456789' },
			...{ file: 'api.yaml', image: `${name}:2`, environment: 'production', labels: 'promotion' },
			...inputs,
		}),
		...options,
	});
const review = (action: string, options: StepOptions = {}) =>
	scene.review({ action, number: '1', 'author-name': 'bob', 'author-email': 'bob@x' }, options);

const opened = [`Open request 1: Promote ${name} to 2 in production`, 'Label request 1 promotion'];
const merged = expect.stringMatching(/^Merge request 1/);

interface Act {
	readonly title: string;
	readonly before: () => Promise<unknown>;
	readonly run: (options?: StepOptions) => Promise<StepRun>;
	/** The request's history afterwards. */
	readonly history: unknown[];
}

/**
 * The pushes: faults and kills are tried at them alone, for what is only read is read by git as
 * for any other step.
 */
const isPush = ({ path: at }: RecordedRequest) => at.endsWith('git-receive-pack');

const acts: Act[] = [
	{
		title: 'promotion-pr',
		before: async () => undefined,
		run: promote,
		history: opened,
	},
	{
		title: 'the approval that merges',
		before: () => promote({}, { reviewers: 'bob', 'auto-merge': 'squash' }),
		run: (options) => review('approve', options),
		history: [
			...opened,
			'Ask for approval of request 1: bob',
			'Plan to merge request 1: squash',
			expect.stringMatching(/^Approve request 1/),
			merged,
		],
	},
];

async function expectDone(history: unknown[]): Promise<void> {
	expect(await historyOf(path(), 1)).toEqual(history);
	expect(await readRequests(path())).toHaveLength(1);
	expect(await scene.git('rev-list', '--count', `main..${branch}`)).toBe('1');
	const isMerged = history.includes(merged);
	expect(await scene.git('rev-list', '--count', 'main')).toBe(isMerged ? '2' : '1');
	expect(await scene.git('show', 'main:api.yaml')).toBe(
		manifest(`${name}:${isMerged ? 2 : 1}`).trimEnd(),
	);
}

/** Does something over and over, each time with the repository as it is now. */
async function repeatedly(times: number, round: (number: number) => Promise<void>): Promise<void> {
	const list = () => git(path(), ['for-each-ref', '--format=%(refname) %(objectname)']);
	const before = (await list()).split('\n');
	for (let number = 1; number <= times; number++) {
		await round(number);
		const now = (await list()).split('\n').map((line) => `delete ${line.split(' ')[0]}\n`);
		await git(path(), ['update-ref', '--stdin'], { input: now.join('') });
		const again = before.map((line) => `create ${line}\n`);
		await git(path(), ['update-ref', '--stdin'], { input: again.join('') });
	}
}

describe.each(acts)('$title', ({ before, run, history }) => {
	let pushes = 0;
	beforeEach(async () => {
		await before();
		pushes = 0;
		scene.forge.onRequest = (request) => {
			if (isPush(request)) pushes++;
			return undefined;
		};
		await repeatedly(1, async () => {
			expect(await run()).toMatchObject({ exitCode: 0 });
			await expectDone(history);
		});
		expect(pushes).toBeGreaterThan(1);
	});

	test('killed at each push in turn and run again: it is done once', async () => {
		await repeatedly(pushes, async (killed) => {
			let seen = 0;
			let pid = 0;
			scene.forge.onRequest = (request) => {
				if (isPush(request) && ++seen === killed) process.kill(pid, 'SIGKILL');
				return undefined;
			};
			const first = await run({ onStart: (id) => (pid = id) });
			expect(first.exitCode, `push ${killed}`).toBeUndefined();
			scene.forge.onRequest = undefined;
			expect(await run(), `push ${killed}`).toMatchObject({ exitCode: 0 });
			await expectDone(history);
		});
	});

	test.each<[string, Fault]>([
		['an answer that gets lost', { kind: 'reset', when: 'after' }],
		['a server that is unwell', { kind: 'status', status: 503 }],
	])('%s at each push in turn is made up for', async (_, fault) => {
		await repeatedly(pushes, async (number) => {
			let seen = 0;
			scene.forge.onRequest = (request) =>
				isPush(request) && ++seen === number ? fault : undefined;
			const { exitCode, stderr } = await run();
			expect({ number, exitCode, stderr: exitCode ? stderr : '' }).toEqual({
				...{ number, exitCode: 0, stderr: '' },
			});
			await expectDone(history);
		});
	});
});

test('a base that the server protects is not merged into, and the request stays open', async () => {
	await promote();
	scene.forge.protectBranch(scene.on.production, 'main', {});
	const tip = await scene.tip('main');
	const { exitCode, stderr } = await review('merge');
	expect(exitCode).toBe(1);
	expect(stderr).toMatch(/main of \S+ is protected/);
	expect(await scene.tip('main')).toBe(tip);
	expect(await readRequests(path())).toMatchObject([{ state: 'open' }]);
});

test('a base that moves while it is merged is merged into as it is then', async () => {
	await promote();
	let moved = false;
	scene.forge.onRequest = async ({ method, path: at }) => {
		if (!moved && method === 'POST' && at.endsWith('git-receive-pack')) {
			moved = true;
			await scene.commit('main', { 'other.yaml': 'a: 2\n' });
		}
		return undefined;
	};
	expect(await review('merge')).toMatchObject({ exitCode: 0, outputs: { merged: 'true' } });
	expect(moved).toBe(true);
	expect(await scene.git('show', 'main:other.yaml')).toBe('a: 2');
	expect(await scene.git('show', 'main:api.yaml')).toBe(manifest(`${name}:2`).trimEnd());
});

test('hundreds of requests that are closed cost no more requests, and hardly more bytes', async () => {
	await promote();
	await review('close');
	const measure = async () => {
		scene.forge.requests.splice(0);
		const run = await promote({}, { 'dry-run': 'true' });
		expect(run).toMatchObject({ exitCode: 0, outputs: { operation: 'created' } });
		const { length } = scene.forge.requests;
		return { length, bytes: scene.forge.requests.reduce((sum, one) => sum + one.bytesDown, 0) };
	};
	const few = await measure();
	// Each with a commit and a tree of its own, as real ones are.
	const stream = Array.from({ length: 400 }, (_, index) => {
		const message = `Close request ${index + 2}\n\nRequest: closed, promote/${index} into main\n`;
		const record = JSON.stringify({ number: index + 2, filler: 'x'.repeat(4000) });
		return [
			`commit refs/lockstep/requests/${index + 2}\ncommitter A <a@x> ${index} +0000\n`,
			`data ${message.length}\n${message}\n`,
			`M 100644 inline request.json\ndata ${record.length}\n${record}\n\n`,
		].join('');
	});
	await git(path(), ['fast-import', '--quiet'], { input: stream.join('') });
	const many = await measure();
	expect(many.length).toBe(few.length);
	expect(many.bytes - few.bytes).toBeLessThan(400 * 500);
});

test('a ref that is no request is told, with what to do', async () => {
	await promote();
	const blob = await git(path(), ['hash-object', '-w', '--stdin'], { input: '{"number": "one"}' });
	const tree = await git(path(), ['mktree'], { input: `100644 blob ${blob}\trequest.json\n` });
	const message = `x\n\nRequest: open, ${branch} into main\n`;
	const commit = await git(path(), [
		...['-c', 'user.name=x', '-c', 'user.email=x@x', 'commit-tree', '-m', message, tree],
	]);
	await scene.git('update-ref', 'refs/lockstep/requests/1', commit);
	const { exitCode, stderr } = await promote();
	expect(exitCode).toBe(1);
	expect(stderr).toMatch(
		/refs\/lockstep\/requests\/1 of \S+ is no request that can be read \(request\.json: number: .*\); put the ref back/,
	);
});
