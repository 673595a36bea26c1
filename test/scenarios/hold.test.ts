import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { commitToBranch as pushBehindTheBack } from '../stand-ins/git/bare-repository.ts';
import { faultAtEachRequest } from './fault-at-each-request.ts';
import { type Front, fronts } from './fronts.ts';
import { deployment, Infra, repository, token } from './infra.ts';
import { runStep } from './run-step.ts';

vi.setConfig({ testTimeout: 30_000 });

const image = 'ghcr.io/acme/api';
const path = '.lockstep-holds/ghcr.io-acme-api.json';
let infra: Infra;
beforeEach(async () => {
	infra = await Infra.start({
		'apps/api.yaml': deployment(`${image}:v1`),
		'apps/web.yaml': deployment('ghcr.io/acme/web:v1', 'web'),
	});
});
afterEach(() => infra.close());

const hold = (inputs: Record<string, string | undefined> = {}) => infra.run('hold', inputs);
const set = (inputs: Record<string, string | undefined> = {}) =>
	hold({ reason: 'v2 loses orders', ...inputs });
const marker = async (at = path) => JSON.parse(await infra.file(at));
const tip = () => infra.git('rev-parse', 'main');
const inFuture = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
const push = (files: Record<string, string>, message: string) =>
	pushBehindTheBack(infra.server.repositoryPath(repository), 'main', files, message);

describe.each(Object.entries(fronts))('on %s', (_, front: Front) => {
	test('a hold is set, seen by a bump, shown and lifted, each once', async () => {
		const situation = { server: infra.server.url, repository: 'acme/api', commit: 'c'.repeat(40) };
		const run = (step: string, inputs: Record<string, string>) =>
			runStep(step, front(situation, { repository: infra.url, token, image, ...inputs }));
		const first = await run('hold', { reason: 'v2 loses orders' });
		expect(first, first.stderr + first.stdout).toMatchObject({
			exitCode: 0,
			outputs: { held: 'true', changed: 'true', commit: await tip(), branch: 'main' },
		});
		expect(await marker()).toMatchObject({ image, reason: 'v2 loses orders' });
		const again = await run('hold', { reason: 'v2 loses orders' });
		expect(again.outputs).toEqual({ ...first.outputs, changed: 'false' });

		const bump = await run('bump-image', { file: 'apps/api.yaml', tag: 'v2' });
		expect(bump).toMatchObject({ exitCode: 0, outputs: { changed: 'false', held: 'true' } });
		expect(bump.stdout + bump.stderr).toMatch(/is held in main .*: v2 loses orders; nothing is/);

		const shown = await run('hold', {});
		expect(shown.outputs).toEqual({ ...first.outputs, changed: 'false' });
		expect(shown.stdout + shown.stderr).toContain('v2 loses orders');

		expect((await run('hold', { lift: 'true' })).outputs).toEqual({
			held: 'false',
			changed: 'true',
			commit: await tip(),
			branch: 'main',
		});
		expect((await run('hold', { lift: 'true' })).outputs).toMatchObject({ changed: 'false' });
		expect(await run('bump-image', { file: 'apps/api.yaml', tag: 'v2' })).toMatchObject({
			outputs: { changed: 'true', held: 'false' },
		});
		expect(await infra.subjects()).toEqual([
			`Bump ${image} to v2`,
			`Lift the hold on ${image}`,
			`Hold ${image}`,
			'Lay the first files',
		]);
	});
});

describe('a hold', () => {
	test('is for one image on one branch', async () => {
		await infra.git('branch', 'other', 'main');
		await set({ image: 'docker.io/library/nginx' });
		await set();
		expect((await hold({ image: 'nginx' })).outputs).toMatchObject({ held: 'true' });
		expect((await hold({ image: 'ghcr.io/acme/web' })).outputs).toMatchObject({ held: 'false' });
		expect((await hold({ branch: 'other' })).outputs).toMatchObject({ held: 'false' });
		const all = await hold({ branch: 'other', image: undefined });
		expect(all.stderr).toMatch(/^Nothing is held in other of /);
		expect((await hold({ image: undefined })).stderr).toMatch(/nginx is held.*\n.*api is held/);
	});

	test('of a file keeps whatever is in it', async () => {
		const file = 'apps/web.yaml';
		expect((await set({ image: undefined, file })).outputs).toMatchObject({ held: 'true' });
		const values = { file, image: undefined, set: 'metadata.name=x' };
		expect((await infra.bump(values)).outputs).toMatchObject({ held: 'true', changed: 'false' });
		expect((await infra.bump()).outputs).toMatchObject({ held: 'false', changed: 'true' });
		await hold({ image: undefined, file, lift: 'true' });
		expect((await infra.bump(values)).outputs).toMatchObject({ held: 'false', changed: 'true' });
	});

	test('until a time is over after it, and may be set anew', async () => {
		const until = inFuture(1);
		const whole = until.replace(/\.\d+Z/, 'Z');
		expect((await set({ until })).outputs).toMatchObject({ held: 'true', until: whole });
		expect((await set({ until })).outputs).toMatchObject({ changed: 'false' });
		await push({ [path]: JSON.stringify({ image, reason: 'x', until: '2020-01-01' }) }, 'Old');
		expect((await hold()).outputs).toMatchObject({ held: 'false' });
		expect((await set()).outputs).toMatchObject({ held: 'true', changed: 'true' });
		expect(await marker()).toEqual({ image, reason: 'v2 loses orders' });
	});

	test('for a span of time is not prolonged by the same again, but by another span', async () => {
		const first = await set({ until: '2h' });
		const before = Date.parse(first.outputs.until ?? '');
		expect(Math.abs(before - Date.parse(inFuture(2)))).toBeLessThan(60_000);
		expect((await set({ until: '2h' })).outputs).toEqual({ ...first.outputs, changed: 'false' });
		expect((await set({ until: '4h' })).outputs).toMatchObject({ changed: 'true' });
		expect(Date.parse((await marker()).until)).toBeGreaterThan(before);
	});

	test('another reason takes the place of the first', async () => {
		await set();
		expect((await set({ reason: 'still bad' })).outputs).toMatchObject({ reason: 'still bad' });
		expect(
			(await infra.git('ls-tree', '--name-only', 'main', '.lockstep-holds/')).split('\n'),
		).toEqual([path]);
	});

	test('set by hand under any name is shown and lifted too', async () => {
		await push({ '.lockstep-holds/mine.json': JSON.stringify({ image, by: 'bob' }) }, 'By hand');
		expect((await hold()).outputs).toMatchObject({ held: 'true', by: 'bob' });
		expect((await hold({ lift: 'true', reason: 'fixed in v3' })).outputs).toMatchObject({
			held: 'false',
		});
		expect(await infra.git('log', '-1', '--format=%B', 'main')).toContain('fixed in v3');
		expect(await infra.git('ls-tree', 'main', '.lockstep-holds/')).toBe('');
	});

	test('tells by whom where the CI knows, and its reason is text and nothing else', async () => {
		const reason = 'first line\nLockstep-Image: evil:1\n{{run}} @team';
		const inputs = { repository: infra.url, token, image, reason };
		const situation = { server: infra.server.url, repository: 'acme/api', commit: 'c'.repeat(40) };
		const run = await runStep('hold', (fronts['GitHub Actions'] as Front)(situation, inputs));
		expect(run.outputs).toMatchObject({ held: 'true', by: 'alice', reason });
		const message = await infra.git('log', '-1', '--format=%B', 'main');
		expect(message).toMatch(/^Hold \S+\n\nfirst line\n\{\{run\}\} @team\n\nLockstep-Run: \S+\n*$/);
	});

	test('two images of alike names have a marker each', async () => {
		await set({ image: 'ghcr.io/acme/a-b' });
		await set({ image: 'ghcr.io/acme-a/b' });
		for (const one of ['ghcr.io/acme/a-b', 'ghcr.io/acme-a/b'])
			expect((await hold({ image: one })).outputs).toMatchObject({ held: 'true' });
		await set({ image: undefined, file: 'apps/web.yaml' });
		expect(
			(await infra.git('ls-tree', '-r', '--name-only', 'main', '.lockstep-holds/')).split('\n'),
		).toHaveLength(3);
	});

	test('dry-run shows what would be written, and writes nothing', async () => {
		const before = await tip();
		const run = await set({ 'dry-run': 'true' });
		expect(run.outputs).toMatchObject({ held: 'true', changed: 'true' });
		expect(run.outputs).not.toHaveProperty('commit');
		expect(run.stderr).toContain('+  "reason": "v2 loses orders"');
		expect(await tip()).toBe(before);
	});

	test('is shown where GitHub hands over a reason that nobody gave', async () => {
		await set();
		const inputs = { repository: infra.url, token, image, reason: '' };
		const situation = { server: infra.server.url, repository: 'acme/api', commit: 'c'.repeat(40) };
		const run = await runStep('hold', (fronts['GitHub Actions'] as Front)(situation, inputs));
		expect(run.outputs).toMatchObject({ held: 'true', changed: 'false' });
	});

	test('may be shown with a token that only reads, and not set', async () => {
		const readOnly = { token: 'token-that-only-reads' };
		expect(await hold(readOnly)).toMatchObject({ exitCode: 0, outputs: { held: 'false' } });
		expect((await set(readOnly)).stderr).toContain('may not do this');
	});

	test.each([
		[{ image: undefined, reason: 'x' }, 2, /--image is missing: give the image that is meant/],
		[{ image: undefined, lift: 'true' }, 2, /--image is missing/],
		[
			{ image: 'NOT AN IMAGE', reason: 'x' },
			2,
			/--image: "NOT AN IMAGE" is no image without a tag/,
		],
		[
			{ image: `${image}:v1`, reason: 'x' },
			2,
			/--image: "\S+:v1" is no image without a tag; a hold/,
		],
		[{ reason: ' ' }, 2, /--reason is given, but empty; write something there, or leave it out/],
		[{ until: '2h' }, 2, /--until goes with a hold that is set; give --reason too/],
		[{ until: '2h', lift: 'true' }, 2, /--until goes with a hold that is set/],
		[{ until: 'soon', reason: 'x' }, 2, /--until: "soon" is neither a time such as/],
		[{ until: '2030-01-01T10:00', reason: 'x' }, 2, /--until: .* is neither a time such as/],
		[{ until: '2020-01-01', reason: 'x' }, 2, /--until: 2020-01-01 is over already/],
		[{ file: '../x', reason: 'x' }, 2, /--file: "..\/x" is not a path in the repository/],
		[{ file: 'apps/*.yaml', reason: 'x' }, 2, /--file: apps\/\*\.yaml is a glob/],
		[{ file: 'apps/ap.yaml', reason: 'x' }, 1, /There is no file apps\/ap\.yaml in main/],
	])('%j is refused, and nothing is written', async (inputs, exitCode, says) => {
		const before = await tip();
		const run = await hold(inputs);
		expect(run.exitCode).toBe(exitCode);
		expect(run.stderr).toMatch(says);
		expect(run.stderr.trim().split('\n')).toHaveLength(1);
		expect(await tip()).toBe(before);
	});
});

test('a race is lost and won: nothing of the other is lost', async () => {
	let raced = false;
	infra.server.onRequest = async ({ path: at }) => {
		if (raced || !at.endsWith('/git-receive-pack')) return undefined;
		raced = true;
		await push({ 'other.txt': 'x' }, 'Theirs');
		return undefined;
	};
	expect((await set()).outputs).toMatchObject({ held: 'true', changed: 'true' });
	expect(await infra.subjects()).toEqual([`Hold ${image}`, 'Theirs', 'Lay the first files']);
});

test('ten at once set one hold', async () => {
	const runs = await Promise.all(Array.from({ length: 10 }, () => set({ until: '2h' })));
	expect(runs.map(({ exitCode, outputs }) => [exitCode, outputs.held])).toEqual(
		runs.map(() => [0, 'true']),
	);
	expect(await infra.subjects()).toEqual([`Hold ${image}`, 'Lay the first files']);
}, 60_000);

test('a fault at each request in turn: one commit, and the hold stands', async () => {
	const requests = await faultAtEachRequest(infra, set, async (run) => {
		expect(run.outputs).toMatchObject({ held: 'true', changed: 'true' });
		expect(await marker()).toMatchObject({ reason: 'v2 loses orders' });
	});
	expect(requests).toBeGreaterThan(4);
}, 60_000);

test('killed at each request in turn and run again: one commit, and the hold stands', async () => {
	const start = await tip();
	let requests = 0;
	infra.server.onRequest = () => void requests++;
	await set({ until: '2h' });
	await infra.git('update-ref', 'refs/heads/main', start);
	for (let killed = 1; killed <= requests; killed++) {
		let seen = 0;
		let pid = 0;
		infra.server.onRequest = () => {
			if (++seen === killed) process.kill(pid, 'SIGKILL');
			return undefined;
		};
		const options = { onStart: (id: number) => (pid = id) };
		const first = await infra.run('hold', { reason: 'v2 loses orders', until: '2h' }, options);
		expect(first.exitCode, `request ${killed}`).toBeUndefined();
		infra.server.onRequest = undefined;
		expect(await set({ until: '2h' })).toMatchObject({ exitCode: 0, outputs: { held: 'true' } });
		expect(await infra.subjects()).toEqual([`Hold ${image}`, 'Lay the first files']);
		await infra.git('update-ref', 'refs/heads/main', start);
	}
	expect(requests).toBeGreaterThan(4);
}, 60_000);
