import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { commitToBranch } from '../stand-ins/git/bare-repository.ts';
import { onGitHub } from './forges.ts';
import { deployment, Infra, repository, token } from './infra.ts';
import { branch, manifest, name, Promotion } from './promotion.ts';
import { runStep, type StepOptions, type StepRun } from './run-step.ts';

// Some thirty moments each, and two processes for each moment.
vi.setConfig({ testTimeout: 300_000 });

const preload = new URL('kill-at.ts', import.meta.url).href;

interface Killed {
	/** Runs the step, in this workspace. */
	run(options: StepOptions): Promise<StepRun>;
	/** What the second run has to have left. */
	check(run: StepRun): Promise<void>;
	/** Brings back the state that the first run started from. */
	reset(): Promise<void>;
	/** Which moments: each (1, the default), every second, ... */
	readonly stride?: number;
}

/** Of steps that push as bump-image does, which is killed at each moment. */
const sample = 4;

/**
 * Kills a step at moments of its own in turn (see kill-at.ts) and runs it again in the same
 * workspace, with the same temporary folder, until a run comes to its end.
 * @returns the last moment at which it was killed
 */
async function killInTurn({ run, check, reset, stride = 1 }: Killed): Promise<number> {
	for (let moment = 1; ; moment += stride) {
		const cwd = await mkdtemp(join(tmpdir(), 'killed-'));
		const TMPDIR = join(cwd, 'tmp');
		await mkdir(TMPDIR);
		try {
			const kill = { NODE_OPTIONS: `--import=${preload}`, KILL_AT: String(moment) };
			const first = await run({ cwd, env: { TMPDIR, ...kill } });
			if (first.exitCode === 0) return moment - stride;
			expect(first.exitCode, `moment ${moment}: ${first.stderr}${first.stdout}`).toBeUndefined();
			const second = await run({ cwd, env: { TMPDIR } });
			expect(second, `moment ${moment}`).toMatchObject({ exitCode: 0 });
			await check(second);
			expect(await readdir(TMPDIR)).toEqual([]);
			await reset();
		} finally {
			// A git whose step was killed may still be writing there.
			await rm(cwd, { recursive: true, force: true, maxRetries: 5 });
		}
	}
}

const image = 'ghcr.io/acme/api';
const path = 'apps/api.yaml';

async function killOnInfra(
	step: 'bump-image' | 'hold' | 'rollback',
	inputs: Record<string, string>,
	check: (infra: Infra, run: StepRun) => Promise<void>,
): Promise<number> {
	const infra = await Infra.start({ [path]: deployment(`${image}:v0`) });
	try {
		const server = infra.server.repositoryPath(repository);
		await commitToBranch(
			server,
			'main',
			{ [path]: deployment(`${image}:v1`) },
			`Bump\n\nLockstep-Image: ${image}:v1\n`,
		);
		const start = await infra.git('rev-parse', 'main');
		return await killInTurn({
			run: (options) =>
				step === 'bump-image' ? infra.bump(inputs, options) : infra.run(step, inputs, options),
			stride: step === 'bump-image' ? 1 : sample,
			async check(run) {
				expect(await infra.git('rev-list', '--count', `${start}..main`)).toBe('1');
				expect(run.outputs.commit).toBe(await infra.git('rev-parse', 'main'));
				await check(infra, run);
			},
			reset: async () => void (await infra.git('update-ref', 'refs/heads/main', start)),
		});
	} finally {
		await infra.close();
	}
}

test('bump-image killed at each moment and run again: one commit, and the right one', async () => {
	const moments = await killOnInfra('bump-image', { tag: 'v2' }, async (infra, run) => {
		expect(run.outputs).toMatchObject({ image: `${image}:v2` });
		expect(await infra.file(path)).toBe(deployment(`${image}:v2`));
	});
	expect(moments).toBeGreaterThan(25);
});

test('hold killed at every fourth moment and run again: one commit, and the hold stands', async () => {
	const moments = await killOnInfra('hold', { reason: 'v1 loses orders' }, async (infra, run) => {
		expect(run.outputs).toMatchObject({ held: 'true' });
		expect(await infra.git('diff', '--name-only', 'main~', 'main')).toMatch(/^\.lockstep-holds\//);
	});
	expect(moments).toBeGreaterThan(25);
});

test('rollback killed at every fourth moment and run again: one commit with image and hold', async () => {
	const moments = await killOnInfra(
		'rollback',
		{ reason: 'v1 loses orders' },
		async (infra, run) => {
			expect(run.outputs).toMatchObject({ held: 'true', image: `${image}:v0` });
			expect(await infra.file(path)).toBe(deployment(`${image}:v0`));
		},
	);
	expect(moments).toBeGreaterThan(25);
});

test('promotion-pr killed at every fourth moment and run again: one commit, one pull request', async () => {
	const scene = await Promotion.start();
	try {
		const moments = await killInTurn({
			run: (options) => scene.run({}, onGitHub.front, {}, options),
			stride: sample,
			async check(run) {
				expect(scene.pull).toMatchObject({ state: 'open', head: branch });
				expect(run.outputs).toMatchObject({ commit: await scene.tip(branch), image: `${name}:2` });
				expect(await scene.git('rev-list', '--count', `main..${branch}`)).toBe('1');
				expect(`${await scene.git('show', `${branch}:api.yaml`)}\n`).toBe(manifest(`${name}:2`));
			},
			async reset() {
				scene.pulls.splice(0);
				await scene.git('branch', '-D', branch);
			},
		});
		expect(moments).toBeGreaterThan(25);
	} finally {
		await scene.close();
	}
});

test('tag-source killed at each moment and run again: one tag', async () => {
	const infra = await Infra.start({ [path]: deployment(image) });
	try {
		const commit = await infra.git('rev-parse', 'main');
		const inputs = { repository: infra.url, token, commit, kind: 'release', version: '1.4.0' };
		const args = Object.entries(inputs).map(([input, value]) => `--${input}=${value}`);
		const moments = await killInTurn({
			run: (options) => runStep('tag-source', { ...options, args }),
			async check(run) {
				expect(await infra.git('tag', '--list')).toBe('release/1.4.0');
				expect(await infra.git('rev-parse', 'release/1.4.0^{commit}')).toBe(commit);
				expect(run.outputs['tag-object']).toBe(await infra.git('rev-parse', 'release/1.4.0'));
			},
			reset: async () => void (await infra.git('tag', '-d', 'release/1.4.0')),
		});
		expect(moments).toBeGreaterThan(20);
	} finally {
		await infra.close();
	}
});
