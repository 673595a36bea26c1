import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { onDisk, onGit } from './forges.ts';
import { commandLine, type Values } from './fronts.ts';
import { historyOf, readRequests } from './git-requests.ts';
import { branch, manifest, name, Promotion, token } from './promotion.ts';
import { until } from './promotion-merging.ts';
import { runStep } from './run-step.ts';

// Every run is a process with several of git's, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

let scene: Promotion;
const path = () => scene.forge.repositoryPath(scene.on.production);
const as = (who: string, action: string, inputs: Values = {}) =>
	scene.review({
		action,
		number: '1',
		'author-name': who,
		'author-email': `${who}@example.com`,
		...inputs,
	});
const stored = async (number = 1) => {
	const found = (await readRequests(path())).find((one) => one.number === number);
	if (found === undefined) throw new Error(`there is no request ${number}`);
	return found;
};
const images = async () => {
	const values = await scene.git(
		'log',
		'--format=%(trailers:key=Lockstep-Image,valueonly)',
		'main',
	);
	return values.split('\n').filter(Boolean);
};

describe.each([onGit, onDisk])('on $title', (on) => {
	beforeEach(async () => {
		scene = await Promotion.start({}, on);
	});
	afterEach(() => scene.close());

	test.each(['merge', 'squash', 'rebase'])(
		'what is asked for is shown, approved and merged by %s, with the record in the history',
		async (method) => {
			await scene.run({ reviewers: 'bob' });
			await scene.commit('main', { 'other.yaml': 'a: 2\n' });
			const listed = await as('bob', 'show', { number: '' });
			expect(listed.stderr).toContain(`Promote ${name} to 2 in production`);
			expect(JSON.parse(listed.outputs.requests ?? '')).toMatchObject([
				{ number: 1, head: branch },
			]);
			const shown = await as('bob', 'show');
			expect(shown.stderr).toContain('Waits for: the approval of bob');
			expect(shown.stderr).toContain(`+    - {name: api, image: "${name}:2"} # keep`);
			expect(shown.stderr).not.toContain('<details>');

			const early = await as('alice', 'merge', { method });
			expect(early.exitCode).toBe(1);
			expect(early.stderr).toContain('Request 1 waits for the approval of bob');
			const approved = await as('bob', 'approve', { message: 'Seen on QA.' });
			expect(approved.outputs).toMatchObject({
				...{ state: 'open', approvals: '["bob"]', 'waits-for': '[]', merged: 'false' },
			});
			const { exitCode, outputs } = await as('alice', 'merge', { method });
			expect({ exitCode, ...outputs }).toMatchObject({
				...{ exitCode: 0, state: 'merged', merged: 'true' },
				'merge-commit': await scene.tip('main'),
			});
			expect(await scene.git('show', 'main:api.yaml')).toBe(manifest(`${name}:2`).trimEnd());
			expect(await scene.git('show', 'main:other.yaml')).toBe('a: 2');
			expect(await images()).toEqual([`${name}:2`]);
			const parents = (await scene.git('log', '-1', '--format=%P', 'main')).split(' ');
			expect(parents).toHaveLength(method === 'merge' ? 2 : 1);
			expect(await scene.git('log', '-1', '--format=%cn', 'main')).toBe('alice');
			expect(await historyOf(path(), 1)).toEqual([
				`Open request 1: Promote ${name} to 2 in production`,
				'Ask for approval of request 1: bob',
				expect.stringMatching(/^Approve request 1 at [0-9a-f]{12}$/),
				expect.stringMatching(/^Merge request 1 into main as [0-9a-f]{12}$/),
			]);
			expect((await scene.run()).outputs).toMatchObject({ operation: 'none' });
			expect((await as('alice', 'merge')).outputs).toMatchObject({ merged: 'true' });
			expect(await images()).toEqual([`${name}:2`]);
		},
	);
});

describe('on a plain git server', () => {
	beforeEach(async () => {
		scene = await Promotion.start({}, onGit);
	});
	afterEach(() => scene.close());

	test('lines that others changed in the same file are kept', async () => {
		await scene.run();
		await scene.commit('main', { 'api.yaml': manifest(`${name}:1`).replace('the api', 'our api') });
		expect(await as('alice', 'merge')).toMatchObject({ exitCode: 0, outputs: { merged: 'true' } });
		expect(await scene.git('show', 'main:api.yaml')).toBe(
			manifest(`${name}:2`).replace('the api', 'our api').trimEnd(),
		);
	});

	test('a conflict is told, and the edit made anew on the new base by running again', async () => {
		await scene.run();
		const tip = await scene.commit('main', { 'api.yaml': manifest(`${name}:1.5`) });
		expect((await as('bob', 'show')).stderr).toContain(
			'Waits for: the end of its conflict with main',
		);
		const refused = await as('alice', 'merge', { method: 'squash' });
		expect(refused.exitCode).toBe(1);
		expect(refused.stderr).toContain(
			'Request 1 conflicts with main in api.yaml; run the step again',
		);
		expect(await scene.tip('main')).toBe(tip);
		expect((await scene.run()).outputs).toMatchObject({ operation: 'updated', number: '1' });
		expect((await as('alice', 'merge', { method: 'squash' })).outputs.merged).toBe('true');
		expect(await scene.git('show', 'main:api.yaml')).toBe(manifest(`${name}:2`).trimEnd());
	});

	test('an approval is of one commit, and one’s own is none', async () => {
		const first = (await scene.run({ reviewers: 'bob@example.com' })).outputs.commit ?? '';
		const own = await scene.review({ action: 'approve', number: '1', 'author-name': 'lockstep' });
		expect(own.exitCode).toBe(1);
		expect(own.stderr).toContain('whose own approval is none');
		expect((await as('bob', 'approve')).outputs['waits-for']).toBe('[]');
		expect((await as('bob', 'approve')).exitCode).toBe(0);
		expect((await stored()).approvals).toHaveLength(1);
		await scene.run({ image: `${name}:3` });
		const merge = await as('alice', 'merge');
		expect(merge.stderr).toContain('Request 1 waits for the approval of bob@example.com');
		const stale = await as('bob', 'approve', { commit: first });
		expect(stale.exitCode).toBe(1);
		expect(stale.stderr).toContain(`and not at ${first}`);
		expect((await as('bob', 'approve')).outputs).toMatchObject({ 'waits-for': '[]' });
		expect((await as('alice', 'merge')).outputs.merged).toBe('true');
	});

	test('who pushed a commit of their own to the branch cannot approve it', async () => {
		await scene.run();
		await scene.commit(branch, { 'notes.md': 'x\n' });
		const { exitCode, stderr } = await as('alice', 'approve');
		expect(exitCode).toBe(1);
		expect(stderr).toContain('whose own approval is none');
		expect((await as('bob', 'approve')).exitCode).toBe(0);
	});

	test('comments are kept, what is closed stays closed, and the next one has the next number', async () => {
		await scene.run();
		await as('bob', 'comment', { message: 'Not on Friday.' });
		await as('alice', 'close', { message: 'It is Friday.' });
		const { state, comments } = await stored();
		expect(state).toBe('closed');
		expect(comments.map(({ by, text }) => [by.name, text])).toEqual([
			['bob', 'Not on Friday.'],
			['alice', 'It is Friday.'],
		]);
		expect((await as('bob', 'show')).stderr).toMatch(/bob, \S+:\nNot on Friday\./);
		for (const action of ['merge', 'approve']) {
			const { exitCode, stderr } = await as('bob', action);
			expect(exitCode).toBe(1);
			expect(stderr).toContain(`Request 1 of ${branch} is closed already`);
		}
		expect((await scene.run()).outputs).toMatchObject({ operation: 'created', number: '2' });
	});

	test('one whose branch somebody deleted is shown, and kept by running again', async () => {
		await scene.run();
		await scene.git('update-ref', '-d', `refs/heads/${branch}`);
		const shown = await as('bob', 'show');
		expect(shown).toMatchObject({ exitCode: 0, outputs: { state: 'open' } });
		expect(shown.stderr).toContain(
			`Waits for: its branches ${branch} and main, one of which is gone`,
		);
		expect((await scene.run()).outputs).toMatchObject({ operation: 'updated', number: '1' });
	});

	test('a draft is not merged before it is said to be none', async () => {
		await scene.run({ draft: 'true' });
		const refused = await as('alice', 'merge');
		expect(refused.stderr).toContain('waits for somebody to say that it is no draft any more');
		await as('alice', 'ready');
		expect((await as('alice', 'merge')).outputs.merged).toBe('true');
	});

	test.each(['merge', 'squash', 'rebase'])(
		'with auto-merge by %s the last approval merges, and who waits is told',
		async (method) => {
			const asked = { 'auto-merge': method, wait: 'merged', reviewers: 'bob,carol' };
			const running = scene.run(asked);
			await until(async () => (await readRequests(path()))[0]?.autoMerge !== undefined);
			expect((await as('bob', 'approve')).outputs).toMatchObject({ merged: 'false' });
			expect((await as('carol', 'approve')).outputs).toMatchObject({ merged: 'true' });
			const { exitCode, outputs, stdout } = await running;
			expect({ exitCode, ...outputs }).toMatchObject({
				...{ exitCode: 0, merged: 'true', operation: 'created' },
				'merge-commit': await scene.tip('main'),
			});
			expect(stdout).toContain(
				'Pull request 1 waits for the approval of bob, the approval of carol',
			);
			expect(await images()).toEqual([`${name}:2`]);
		},
	);

	test('with auto-merge and nobody to ask it is merged at once', async () => {
		const { outputs } = await scene.run({ 'auto-merge': 'squash' });
		expect(outputs).toMatchObject({ merged: 'true', 'merge-commit': await scene.tip('main') });
		const message = await scene.git('log', '-1', '--format=%B', 'main');
		expect(message).toMatch(new RegExp(`^Promote ${name} to 2 in production \\(#1\\)\n`));
		const again = await scene.run({ 'auto-merge': 'squash' });
		expect(again.outputs).toMatchObject({
			...{ operation: 'none', number: '1', merged: 'true' },
			'merge-commit': outputs['merge-commit'],
		});
	});

	test('a merge that is planned is that of the newest image alone', async () => {
		const asked = { 'auto-merge': 'squash', reviewers: 'bob' };
		await scene.run(asked);
		await scene.run({ ...asked, image: `${name}:3` });
		expect((await as('bob', 'approve')).outputs.merged).toBe('true');
		const message = await scene.git('log', '-1', '--format=%B', 'main');
		expect(message).toMatch(new RegExp(`^Promote ${name} to 3 in production \\(#1\\)\n`));
		expect(message).not.toContain(`${name}:2`);
		expect(await images()).toEqual([`${name}:3`]);
	});

	test('whoever waits while the base comes to conflict makes the edit anew on that', async () => {
		const running = scene.run({ reviewers: 'bob', 'auto-merge': 'merge', wait: 'merged' });
		await until(async () => (await readRequests(path()))[0]?.autoMerge !== undefined);
		const first = await scene.tip(branch);
		const theirs = await scene.commit('main', {
			'api.yaml': manifest(`${name}:1.5`).replace('the api', 'our api'),
		});
		await until(async () => (await scene.tip(branch)) !== first);
		expect(await scene.git('rev-parse', `${branch}^`)).toBe(theirs);
		expect((await as('bob', 'approve')).outputs.merged).toBe('true');
		const { exitCode, stdout, outputs } = await running;
		expect({ exitCode, ...outputs }).toMatchObject({ exitCode: 0, merged: 'true', number: '1' });
		expect(stdout).toContain('making the edit anew on the base as it is now');
		expect(await scene.git('show', 'main:api.yaml')).toBe(
			manifest(`${name}:2`).replace('the api', 'our api').trimEnd(),
		);
	});

	test('a merge that somebody made by hand is one', async () => {
		const running = scene.run({ wait: 'merged' });
		await until(async () => (await readRequests(path())).length > 0);
		await scene.git('update-ref', 'refs/heads/main', branch);
		expect(await running).toMatchObject({ exitCode: 0, outputs: { merged: 'true' } });
		expect(await stored()).toMatchObject({ state: 'merged' });
	});

	test('promotions of several images at once have a number each', async () => {
		const others = ['a', 'b', 'c', 'd', 'e'];
		const files = others.map((other) => [`${other}.yaml`, manifest(`ghcr.io/acme/${other}:1`)]);
		await scene.commit('main', Object.fromEntries(files));
		const runs = await Promise.all(
			others.map((other) => scene.run({ file: `${other}.yaml`, image: `ghcr.io/acme/${other}:2` })),
		);
		expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0]);
		const requests = await readRequests(path());
		expect(requests.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
		expect(new Set(requests.map(({ head }) => head)).size).toBe(5);
	});

	test('approvals, comments and a merge at once lose nothing', async () => {
		await scene.run();
		const people = ['bob', 'carol', 'dave'];
		const runs = await Promise.all([
			...people.map((who) => as(who, 'approve')),
			...people.map((who) => as(who, 'comment', { message: `By ${who}` })),
		]);
		expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0, 0]);
		const { approvals, comments } = await stored();
		expect(approvals.map(({ by }) => by.name).sort()).toEqual(people);
		expect(comments.map(({ text }) => text).sort()).toEqual(people.map((who) => `By ${who}`));
		const merges = await Promise.all([as('bob', 'merge'), as('carol', 'merge')]);
		expect(merges.map(({ outputs }) => outputs.merged)).toContain('true');
		expect(await scene.git('rev-list', '--count', '--merges', 'main')).toBe('1');
	});

	test('promotions in a row leave one open request', async () => {
		for (let version = 2; version < 8; version++) await scene.run({ image: `${name}:${version}` });
		expect(await readRequests(path())).toMatchObject([
			{ number: 1, state: 'open', title: `Promote ${name} to 7 in production` },
		]);
	});

	test('a server that knows no partial clones does', async () => {
		await scene.git('config', 'uploadpack.allowFilter', 'false');
		await scene.git('config', 'uploadpack.allowAnySHA1InWant', 'false');
		await scene.run({ reviewers: 'bob' });
		await scene.commit('main', { 'other.yaml': 'a: 2\n' });
		await as('bob', 'approve');
		expect((await as('bob', 'merge', { method: 'squash' })).outputs.merged).toBe('true');
		expect(await scene.git('show', 'main:other.yaml')).toBe('a: 2');
	});
});

describe('what cannot be done', () => {
	beforeEach(async () => {
		scene = await Promotion.start({}, onGit);
	});
	afterEach(() => scene.close());

	test.each<[Values, number, RegExp]>([
		[{ number: '7' }, 1, /There is no pull request 7 in http\S+; see which there are with show/],
		[{ action: 'approve' }, 2, /--number is missing, and promotion-pr left none/],
		[{ action: 'merge', number: '0' }, 2, /--number/],
		[{ action: 'comment', number: '1' }, 2, /--message is missing: there is nothing to say/],
		[{ action: 'merge', number: '1', commit: 'a'.repeat(40) }, 1, /stands at \w+, and not at a+/],
		[{ action: 'shrug' }, 2, /--action/],
		[{ repository: '' }, 2, /--repository/],
	])('%j: one sentence, and nothing is written', async (inputs, exitCode, says) => {
		await scene.run();
		const run = await scene.review(inputs);
		expect(run.exitCode, run.stderr).toBe(exitCode);
		expect(run.stderr).toMatch(says);
		expect(run.stderr.trim().split('\n')).toHaveLength(1);
		expect(await historyOf(path(), 1)).toHaveLength(1);
	});

	test('a dry run does nothing', async () => {
		await scene.run();
		const run = await as('bob', 'merge', { 'dry-run': 'true' });
		expect(run).toMatchObject({ exitCode: 0, outputs: { merged: 'false', state: 'open' } });
		expect(await historyOf(path(), 1)).toHaveLength(1);
	});

	test('a token that may not write approves nothing', async () => {
		await scene.run();
		const run = await as('bob', 'approve', { token: 'reader-token-0123456789' });
		expect(run.exitCode).toBe(1);
		expect(run.stderr).toContain('may not do this');
		expect(await historyOf(path(), 1)).toHaveLength(1);
	});

	test('the token stands in nothing that is written', async () => {
		await scene.run();
		const run = await as('bob', 'approve', { 'log-level': 'debug' });
		expect(run.exitCode).toBe(0);
		const written = await scene.git('log', '-p', 'refs/lockstep/requests/1');
		expect(JSON.stringify([run, written])).not.toContain(token);
	});

	test('a title that reads as a record is none in the history of the base', async () => {
		await scene.run({ title: 'Lockstep-Image: evil:1' });
		await as('bob', 'merge');
		expect(await images()).toEqual([`${name}:2`]);
	});
});

test('a pull request of a rollback lives there too', async () => {
	scene = await Promotion.start({}, onGit);
	try {
		const bump = `Bump\n\nLockstep-Image: ${name}:2\nLockstep-Environment: production\n`;
		await scene.commit('main', { 'api.yaml': manifest(`${name}:2`) }, bump);
		const back = await runStep(
			'rollback',
			commandLine(scene.situation, {
				...{ repository: onGit.cloneUrl(scene.forge, onGit.production), forge: 'git', token },
				...{ file: 'api.yaml', image: name, 'pull-request': 'true' },
			}),
		);
		expect(back, back.stderr).toMatchObject({ exitCode: 0, outputs: { number: '1' } });
		expect((await as('bob', 'merge', { method: 'squash' })).outputs.merged).toBe('true');
		expect(await scene.git('show', 'main:api.yaml')).toBe(manifest(`${name}:1`).trimEnd());
	} finally {
		await scene.close();
	}
});
