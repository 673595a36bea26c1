import { expect } from 'vitest';
import type { Fault } from '../stand-ins/git/exchange.ts';
import type { Infra } from './infra.ts';
import type { StepRun } from './run-step.ts';

/** What may go wrong with a request that a step gets over. */
const faults: readonly Fault[] = [
	{ kind: 'status', status: 500 },
	{ kind: 'reset', when: 'before' },
	{ kind: 'truncate', after: 20 },
	{ kind: 'status', status: 429, headers: { 'retry-after': '1' } },
	{ kind: 'reset', when: 'after' },
	{ kind: 'status', status: 502 },
];

/**
 * Runs a step that pushes one commit with a fault at each of its requests in turn, each of another
 * kind: every kind at each request is tried in bump-image-push.test.ts.
 * @param check - what has to stand in the branch afterwards
 * @returns how many requests were tried
 */
export async function faultAtEachRequest(
	infra: Infra,
	run: () => Promise<StepRun>,
	check: (run: StepRun) => Promise<void>,
): Promise<number> {
	const start = await infra.git('rev-parse', 'main');
	for (let broken = 1; ; broken++) {
		let seen = 0;
		infra.server.onRequest = () => (++seen === broken ? faults[broken % faults.length] : undefined);
		const done = await run();
		infra.server.onRequest = undefined;
		expect(done, `request ${broken}: ${done.stderr}`).toMatchObject({ exitCode: 0 });
		expect(await infra.git('rev-list', '--count', `${start}..main`)).toBe('1');
		expect(done.outputs.commit).toBe(await infra.git('rev-parse', 'main'));
		await check(done);
		await infra.git('update-ref', 'refs/heads/main', start);
		if (seen < broken) return broken - 1;
	}
}
