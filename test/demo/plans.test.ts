import { test } from 'vitest';
import type { CiPlan } from './flow.ts';
import { Play } from './play.ts';
import { playFlow } from './scenario.ts';
import { startStandIns } from './stand-ins.ts';
import { makeWorld } from './world.ts';

const minute = 60_000;

/** What the demo and the end-to-end test leave over of the example pipelines. */
const plans: [title: string, plan: CiPlan][] = [
	[
		'QA on Drone, production on Woodpecker',
		{
			application: 'woodpecker',
			'infra-staging': 'drone',
			'infra-qa': 'drone',
			'infra-production': 'woodpecker',
		},
	],
	[
		'QA on Woodpecker, production on Drone',
		{
			application: 'drone',
			'infra-staging': 'woodpecker',
			'infra-qa': 'woodpecker',
			'infra-production': 'drone',
		},
	],
];

test.concurrent.each(plans)('the flow walks with %s', { timeout: 3 * minute }, async (_, plan) => {
	const servers = await startStandIns();
	const world = await makeWorld(servers, plan).catch(async (error: unknown) => {
		await servers.close();
		throw error;
	});
	try {
		await playFlow(new Play(world));
	} finally {
		await world.close();
	}
});
