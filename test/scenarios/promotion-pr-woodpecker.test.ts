import { expect, test, vi } from 'vitest';
import { onBitbucketServer, onGitea, onGitLab } from './forges.ts';
import { type Front, woodpecker } from './fronts.ts';
import { Promotion } from './promotion.ts';

vi.setConfig({ testTimeout: 60_000 });

test.each([
	{ type: 'gitlab', on: onGitLab },
	{ type: 'bitbucket_dc', on: onBitbucketServer },
	{ type: 'gitea', on: onGitea },
	{ type: 'forgejo', on: onGitea },
])('Woodpecker on $type tells what the forge is, and nobody is asked', async ({ type, on }) => {
	const scene = await Promotion.start({}, on);
	const front: Front = (situation, inputs) => {
		const { env } = woodpecker(situation, inputs);
		return { env: { ...env, CI_FORGE_TYPE: type, CI_FORGE_URL: situation.server } };
	};
	try {
		const { exitCode, outputs } = await scene.run({}, front);
		expect({ exitCode, operation: outputs.operation }).toEqual({
			exitCode: 0,
			operation: 'created',
		});
		const questions = /\/(version|meta|application-properties)$/;
		expect(scene.forge.requests.filter(({ path }) => questions.test(path))).toEqual([]);
	} finally {
		await scene.close();
	}
});
