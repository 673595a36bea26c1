import { expect, test } from 'vitest';
import type { CiPlan } from './flow.ts';
import { pageOf } from './page.ts';
import { Play } from './play.ts';
import { resultOf } from './result.ts';
import { playFlow } from './scenario.ts';
import { startStandIns } from './stand-ins.ts';
import { makeWorld } from './world.ts';

const plan: CiPlan = {
	application: 'drone',
	'infra-staging': 'woodpecker',
	'infra-qa': 'github',
	'infra-production': 'github',
};

test('what is not as it has to be ends the play with a sentence, and is on the page', {
	timeout: 60_000,
}, async () => {
	const servers = await startStandIns();
	const programs = { ...servers.programs, 'plugins/docker': { entry: ['/bin/false'] as const } };
	const world = await makeWorld({ ...servers, programs }, plan);
	try {
		const play = new Play(world);
		const problem = await playFlow(play).then(
			() => 'none',
			(error: Error) => error.message,
		);
		expect(problem).toBe(
			'In "A push to a branch goes to staging": not so: the image is built, and staging rolls it out. It is ["application: failure"].',
		);
		const result = await resultOf(play, 1, problem);
		expect(result).toMatchObject({ ok: false, problem, environments: [], pullRequests: [] });
		expect(await pageOf(result)).toContain('not so: the image is built');
	} finally {
		await world.close();
	}
});
