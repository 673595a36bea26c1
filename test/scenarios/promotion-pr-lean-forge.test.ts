import { afterEach, expect, test, vi } from 'vitest';
import type { RecordedRequest } from '../stand-ins/git/exchange.ts';
import { onGitea, onGitHub, onGitLab } from './forges.ts';
import type { Promotion } from './promotion.ts';
import { Merging, until } from './promotion-merging.ts';

vi.setConfig({ testTimeout: 30_000 });

let merging: Merging;
let scene: Promotion;
const start = async (on = onGitHub) => {
	merging = await Merging.start(on);
	scene = merging.scene;
};
afterEach(() => scene.close());

/** Answers these requests with nothing but a status. */
function refuse(status: number, match: (request: RecordedRequest) => boolean): () => number {
	let refused = 0;
	const headers = { 'content-type': 'application/json' };
	scene.forge.onRequest = (request) => {
		if (!match(request)) return undefined;
		refused++;
		return { kind: 'status', status, headers, body: '{"message":"No"}' };
	};
	return () => refused;
}

test('without GraphQL a merge by people is found out on GitHub, and what is clean is merged', async () => {
	await start();
	const refused = refuse(404, ({ kind }) => kind === 'graphql');
	const running = merging.run({ wait: 'merged' });
	await until(() => refused() >= 1);
	await scene.merge(1, 'squash');
	expect(await running).toMatchObject({
		exitCode: 0,
		outputs: { merged: 'true', 'merge-commit': await scene.tip('main') },
	});
	const next = await merging.run({ image: 'ghcr.io/acme/api:3', 'auto-merge': 'squash' });
	expect(next).toMatchObject({ exitCode: 0, outputs: { number: '2', merged: 'true' } });
	expect(await merging.records()).toEqual(['ghcr.io/acme/api:3', 'ghcr.io/acme/api:2']);
});

test('without GraphQL what the base still waits for cannot be planned, and the step says so', async () => {
	await start();
	merging.guard();
	refuse(404, ({ kind }) => kind === 'graphql');
	const { exitCode, stdout } = await merging.run({ 'auto-merge': 'squash' });
	expect(exitCode).toBe(1);
	expect(stdout).toContain('which this server does not have, and pull request 1 waits for');
});

test.each([onGitea, onGitLab])(
	'on $title a merge is waited for though nothing that explains it may be read',
	async (on) => {
		await start(on);
		const refused = refuse(403, ({ method, path }) => {
			return method === 'GET' && /\/(branches\/\w+|reviews|status|notes)$/.test(path);
		});
		const running = merging.run({ wait: 'merged' });
		await until(() => refused() >= 2);
		await scene.merge(1, 'squash');
		expect(await running).toMatchObject({ exitCode: 0, outputs: { merged: 'true' } });
	},
);
