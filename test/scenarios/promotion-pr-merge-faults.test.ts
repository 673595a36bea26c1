import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Fault, RecordedRequest } from '../stand-ins/git/exchange.ts';
import { testedForges } from './forges.ts';
import { branch, name, type Promotion } from './promotion.ts';
import { Merging } from './promotion-merging.ts';

vi.setConfig({ testTimeout: 60_000 });

let merging: Merging;
let scene: Promotion;
afterEach(async () => {
	const problems = await scene.requestProblems();
	await scene.close();
	expect(problems).toEqual([]);
});

const wish = { 'auto-merge': 'squash', wait: 'merged' };
const slowDown = { 'content-type': 'application/json', 'retry-after': '1' };
const faults: [string, Fault][] = [
	['got lost after it was done', { kind: 'reset', when: 'after' }],
	['never came', { kind: 'reset', when: 'before' }],
	['was a 502', { kind: 'status', status: 502 }],
	['was a rate limit', { kind: 'status', status: 429, headers: slowDown, body: '{}' }],
];

describe.each(testedForges)('on $title', (on) => {
	const { asking, looking, plans } = on.merging;
	beforeEach(async () => {
		merging = await Merging.start(on);
		scene = merging.scene;
	});

	/** Fails the first requests that match. */
	const failing = (match: (request: RecordedRequest) => boolean, fault: Fault, times = 1) => {
		let left = times;
		scene.forge.onRequest = (request) => (match(request) && left-- > 0 ? fault : undefined);
		return () => expect(left).toBeLessThanOrEqual(0);
	};

	/** It is merged, once, as one pull request, with one record. */
	const isMerged = async () => {
		expect(scene.pull.merge?.commit).toBe(await scene.tip('main'));
		expect(await merging.records()).toEqual([`${name}:2`]);
	};

	test.each(faults)('a merge whose answer %s is made once', async (_what, fault) => {
		const failed = failing(asking, fault);
		const { exitCode, outputs } = await merging.run(wish);
		expect({ exitCode, ...outputs }).toMatchObject({ exitCode: 0, merged: 'true' });
		failed();
		await isMerged();
	});

	test.each(faults.filter(() => plans))('a plan whose answer %s is made once', async (_, fault) => {
		merging.guard();
		const failed = failing(asking, fault);
		expect(await merging.run({ 'auto-merge': 'squash' })).toMatchObject({ exitCode: 0 });
		failed();
		expect(scene.pull.autoMerge).toMatchObject({ method: 'squash' });
		await merging.approve();
		await isMerged();
	});

	test('a server that is unwell while it is waited for is asked again', async () => {
		merging.guard();
		const failed = failing(looking, { kind: 'status', status: 503 }, 3);
		const running = merging.run({ wait: 'merged' });
		await merging.looked(4);
		await scene.merge(1, 'squash').catch(() => undefined);
		await merging.approve();
		await scene.merge(1, 'squash');
		expect(await running).toMatchObject({ exitCode: 0, outputs: { merged: 'true' } });
		failed();
	});

	test('somebody who merges it just before is found out', async () => {
		let first = true;
		scene.forge.onRequest = async (request) => {
			if (asking(request) && first) {
				first = false;
				await scene.merge(1, 'squash');
			}
			return undefined;
		};
		const { exitCode, outputs } = await merging.run(wish);
		expect({ exitCode, ...outputs }).toMatchObject({
			exitCode: 0,
			merged: 'true',
			'merge-commit': await scene.tip('main'),
		});
		expect(scene.pull.merge?.by).toBe('alice');
		await isMerged();
	});

	test('somebody who closes it just before ends it with a sentence', async () => {
		let first = true;
		scene.forge.onRequest = async (request) => {
			if (asking(request) && first) {
				first = false;
				await merging.close();
			}
			return undefined;
		};
		const { exitCode, stdout } = await merging.run(wish);
		expect(exitCode).toBe(1);
		expect(stdout).toMatch(/Pull request 1 was closed|refused to/);
		expect(scene.pull.merge).toBeUndefined();
	});

	test('merged between the push of a newer image and its title, the newer one is asked for anew', async () => {
		await merging.run();
		let merged = false;
		scene.forge.onRequest = async ({ path, method }) => {
			if (merged || method !== 'POST' || !path.endsWith('git-receive-pack')) return undefined;
			merged = true;
			await scene.merge(1, 'merge');
			return undefined;
		};
		const { exitCode, outputs } = await merging.run({ image: `${name}:3` });
		expect({ exitCode, ...outputs }).toMatchObject({ exitCode: 0, number: '2' });
		expect(scene.pulls.map(({ state }) => state)).toEqual(['closed', 'open']);
		expect(scene.pulls[1]?.headSha).toBe(await scene.tip(branch));
	});

	test('merged while the next run looks around, it is not asked for again', async () => {
		await merging.run();
		const seen = new Set<string>();
		let isMerged = false;
		scene.forge.onRequest = async ({ kind }) => {
			seen.add(kind === 'git' ? 'git' : 'api');
			if (seen.size < 2 || isMerged) return undefined;
			isMerged = true;
			await scene.merge(1, 'squash');
			return undefined;
		};
		const { exitCode, outputs } = await merging.run({ wait: 'merged' });
		expect({ exitCode, ...outputs }).toMatchObject({ exitCode: 0, number: '1', merged: 'true' });
		expect(scene.pull.comments).toEqual([]);
	});

	test('killed at each request that writes, and run again: it is merged once', async () => {
		const writes = ({ method, path }: RecordedRequest) =>
			method !== 'GET' && !path.endsWith('git-upload-pack');
		let victims = 0;
		scene.forge.onRequest = (request) => void (writes(request) && victims++);
		await merging.run(wish);
		expect(victims).toBeGreaterThanOrEqual(3);
		for (let killed = 1; killed <= victims; killed++) {
			await scene.close();
			merging = await Merging.start(on);
			scene = merging.scene;
			let seen = 0;
			let pid = 0;
			scene.forge.onRequest = (request) => {
				if (writes(request) && ++seen === killed) process.kill(pid, 'SIGKILL');
				return undefined;
			};
			const onStart = (id: number) => {
				pid = id;
			};
			const first = await scene.run(wish, on.front, {}, { onStart });
			expect(first.exitCode, `write ${killed}`).toBeUndefined();
			scene.forge.onRequest = undefined;
			const again = await merging.run(wish);
			expect(again, `write ${killed}`).toMatchObject({ exitCode: 0, outputs: { merged: 'true' } });
			await isMerged();
		}
	}, 180_000);
});
