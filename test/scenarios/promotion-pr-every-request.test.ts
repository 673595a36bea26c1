import { expect, test, vi } from 'vitest';
import type { Fault } from '../stand-ins/git/exchange.ts';
import { type TestedForge, testedForges } from './forges.ts';
import { branch, manifest, name, Promotion } from './promotion.ts';

// Each request of a run waits a little before it is sent again.
vi.setConfig({ testTimeout: 60_000 });

const unwell: Fault = { kind: 'status', status: 502 };
const lost: Fault = { kind: 'reset', when: 'after' };

/**
 * The server is unwell when it is asked something first, and when that is asked once more later;
 * of what is written the answer gets lost. Of git's requests, several of which go to one address
 * for one fetch, it is every fifth.
 */
function breakEachRequest(scene: Promotion): void {
	const seen = new Map<string, number>();
	scene.forge.onRequest = ({ kind, method, path, search }) => {
		const address = `${method} ${path} ${search}`;
		const times = seen.get(address) ?? 0;
		seen.set(address, times + 1);
		const isSpared = times % (kind === 'git' ? 5 : 3) !== 0;
		if (isSpared) return undefined;
		return method === 'GET' ? unwell : lost;
	};
}

async function promote(on: TestedForge): Promise<void> {
	const scene = await Promotion.start({}, on);
	try {
		await scene.run({ branch: 'promote/old' });
		breakEachRequest(scene);
		const run = await scene.run({ image: `${name}:3`, labels: 'promotion', reviewers: 'bob' });
		expect(run.exitCode, `${on.title}: ${run.stdout}`).toBe(0);
		expect(run.outputs, on.title).toMatchObject({
			number: '2',
			branch,
			commit: await scene.tip(branch),
			image: `${name}:3`,
			superseded: '[1]',
		});
		expect(scene.pulls.map(({ state }) => state)).toEqual(['closed', 'open']);
		expect(scene.pulls[0]?.comments).toHaveLength(1);
		expect([...(scene.pulls[1]?.requestedReviewers ?? [])]).toEqual(['bob']);
		expect(await scene.git('rev-list', '--count', `main..${branch}`)).toBe('1');
		expect(`${await scene.git('show', `${branch}:api.yaml`)}\n`).toBe(manifest(`${name}:3`));
	} finally {
		await scene.close();
	}
}

test('where each request fails at first there is one pull request in the end, on every forge', async () => {
	await Promise.all(testedForges.map(promote));
});
