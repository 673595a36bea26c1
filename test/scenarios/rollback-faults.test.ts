import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { faultAtEachRequest } from './fault-at-each-request.ts';
import { drone } from './fronts.ts';
import { deployment, Infra, token } from './infra.ts';
import { runStep } from './run-step.ts';

vi.setConfig({ testTimeout: 60_000 });

const image = 'ghcr.io/acme/api';
const path = 'apps/api.yaml';
const marker = '.lockstep-holds/ghcr.io-acme-api.json';
let infra: Infra;
beforeEach(async () => {
	infra = await Infra.start({ [path]: deployment(`${image}:v0`) });
	for (const number of [1, 2]) await bump(number);
});
afterEach(() => infra.close());

const bump = (number: number) => infra.bump({ tag: `v${number}`, environment: 'staging' });
const rollback = () => infra.run('rollback');
const tip = () => infra.git('rev-parse', 'main');
const written = { exitCode: 0, outputs: { changed: 'true', held: 'false', superseded: 'false' } };

describe('others who push', () => {
	const isPush = ({ path: at }: { path: string }) => at.endsWith('/git-receive-pack');

	test('a lost race: what was decided is applied to what they pushed', async () => {
		let raced = false;
		infra.server.onRequest = async (request) => {
			if (raced || !isPush(request)) return undefined;
			raced = true;
			expect(await bump(3)).toMatchObject(written);
			return undefined;
		};
		const run = await rollback();
		expect(run, run.stderr).toMatchObject({
			outputs: { changed: 'true', 'to-image': `${image}:v1`, 'previous-image': `${image}:v3` },
		});
		expect(run.outputs.attempts).toBe('2');
		expect(await infra.file(path)).toBe(deployment(`${image}:v1`));
		expect(await bump(3)).toMatchObject({ outputs: { held: 'true', changed: 'false' } });
	});

	test('ten at once roll back once', async () => {
		const runs = await Promise.all(Array.from({ length: 10 }, () => rollback()));
		expect(runs.map(({ exitCode, stderr }) => [exitCode, exitCode === 0 ? '' : stderr])).toEqual(
			runs.map(() => [0, '']),
		);
		expect(runs.map(({ outputs }) => outputs.image)).toEqual(runs.map(() => `${image}:v1`));
		// Without a CI nothing tells them apart: those that make it in the same second make the
		// very same commit, and each may say so.
		const changed = runs.filter(({ outputs }) => outputs.changed === 'true');
		expect(new Set(changed.map(({ outputs }) => outputs.commit))).toEqual(new Set([await tip()]));
		expect((await infra.subjects()).slice(0, 2)).toEqual([
			`Roll back ${image} to v1`,
			`Bump ${image} to v2`,
		]);
	});

	test('of ten runs of a CI at once just one says that it changed something', async () => {
		const server = new URL(infra.url).origin;
		const inputs = { repository: infra.url, token, file: path, image };
		const runs = await Promise.all(
			Array.from({ length: 10 }, (_, run) => {
				const situation = { server, repository: 'acme/api', commit: 'a'.repeat(40), run };
				return runStep('rollback', drone(situation, inputs));
			}),
		);
		expect(runs.map(({ exitCode }) => exitCode)).toEqual(runs.map(() => 0));
		const changed = runs.filter(({ outputs }) => outputs.changed === 'true');
		expect(changed.map(({ outputs }) => outputs.commit)).toEqual([await tip()]);
		expect(runs.map(({ outputs }) => outputs.commit)).toEqual(
			runs.map(() => changed[0]?.outputs.commit),
		);
	});

	test('ten bumps at once with a rollback: afterwards it is back, and held', async () => {
		const bumps = Array.from({ length: 9 }, (_, index) =>
			infra.bump({ tag: `late-${index}`, 'allow-older': 'true' }),
		);
		const [run, ...late] = await Promise.all([rollback(), ...bumps]);
		expect([run, ...late].map((one) => one?.exitCode)).toEqual(Array(10).fill(0));
		expect(await infra.file(path)).toBe(deployment(run?.outputs.image ?? ''));
		expect((await infra.run('hold')).outputs).toMatchObject({ held: 'true' });
		const [newest] = await infra.subjects();
		expect(newest).toMatch(/^Roll back /);
	});
});

test('a fault at each request in turn: one commit with both the image and the hold', async () => {
	const requests = await faultAtEachRequest(infra, rollback, async (run) => {
		expect(run.outputs).toMatchObject({ image: `${image}:v1`, held: 'true' });
		expect(await infra.file(path)).toBe(deployment(`${image}:v1`));
		expect(JSON.parse(await infra.file(marker))).toMatchObject({ image });
	});
	expect(requests).toBeGreaterThan(8);
}, 120_000);

test('killed at each request in turn and run again: one commit with both the image and the hold', async () => {
	const start = await tip();
	let requests = 0;
	infra.server.onRequest = () => void requests++;
	await rollback();
	await infra.git('update-ref', 'refs/heads/main', start);
	expect(requests).toBeGreaterThan(8);
	for (let killed = 1; killed <= requests; killed++) {
		let seen = 0;
		let pid = 0;
		infra.server.onRequest = () => {
			if (++seen === killed) process.kill(pid, 'SIGKILL');
			return undefined;
		};
		const options = { onStart: (id: number) => (pid = id) };
		const first = await infra.run('rollback', {}, options);
		expect(first.exitCode, `request ${killed}`).toBeUndefined();
		infra.server.onRequest = undefined;
		expect(await rollback()).toMatchObject({
			exitCode: 0,
			outputs: { image: `${image}:v1`, held: 'true' },
		});
		expect(await infra.git('rev-list', '--count', `${start}..main`)).toBe('1');
		expect((await infra.git('diff', '--name-only', start, 'main')).split('\n')).toEqual([
			marker,
			path,
		]);
		expect(await infra.file(path)).toBe(deployment(`${image}:v1`));
		await infra.git('update-ref', 'refs/heads/main', start);
	}
}, 120_000);
