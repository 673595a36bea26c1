import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { git } from '../stand-ins/git/git.ts';
import { onGit, testedForges } from './forges.ts';
import { branch, manifest, name, Promotion, token } from './promotion.ts';

// Every run is a process or two, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

describe.each([...testedForges, onGit])('on $title', (on) => {
	let scene: Promotion;
	beforeEach(async () => {
		scene = await Promotion.start({}, on);
	});
	afterEach(async () => {
		const problems = await scene.requestProblems();
		await scene.close();
		expect(problems).toEqual([]);
	});

	test('one pull request carries the image, and running again writes nothing', async () => {
		const base = await scene.tip('main');
		const first = await scene.run();
		expect(first).toMatchObject({ exitCode: 0 });
		const tip = await scene.tip(branch);
		expect(first.outputs).toEqual({
			operation: 'created',
			number: '1',
			url: expect.stringMatching(/pull|request/),
			branch,
			commit: tip,
			image: `${name}:2`,
			held: 'false',
			outdated: 'false',
			superseded: '[]',
		});
		expect(await scene.git('show', `${branch}:api.yaml`)).toBe(manifest(`${name}:2`).trimEnd());
		expect(await scene.git('rev-parse', `${branch}^`)).toBe(base);
		expect(await scene.git('diff', '--name-only', base ?? '', branch)).toBe('api.yaml');
		expect(await scene.tip('main')).toBe(base);
		expect(scene.pull).toMatchObject({ head: branch, base: 'main', state: 'open', draft: false });
		expect(scene.forge.requests.some((request) => request.kind === on.kind)).toBe(true);

		scene.takeWrites();
		const again = await scene.run({}, on.front, { run: 2 });
		expect(again).toMatchObject({ exitCode: 0 });
		expect(again.outputs).toEqual({ ...first.outputs, operation: 'unchanged' });
		expect(scene.takeWrites()).toEqual([]);
		expect(await scene.tip(branch)).toBe(tip);
	});

	test('a newer image takes the place of the older in the same pull request', async () => {
		await scene.run();
		const before = scene.pull.headSha;
		const { outputs, exitCode } = await scene.run({ image: `${name}:3` });
		expect(exitCode).toBe(0);
		expect(outputs).toMatchObject({ operation: 'updated', number: '1', image: `${name}:3` });
		expect(scene.pull.title).toBe(`Promote ${name} to 3 in production`);
		expect(scene.pull.body).toContain(`Lockstep-Image: ${name}:3`);
		expect(scene.pull.headSha).not.toBe(before);
		expect(await scene.git('rev-list', '--count', `main..${branch}`)).toBe('1');
	});

	test('open pull requests are closed when their base has the image already', async () => {
		await scene.run({ branch: 'promote/old', 'close-superseded': 'false' });
		await scene.run({ 'close-superseded': 'false' });
		await scene.commit('main', { 'api.yaml': manifest(`${name}:2`) });
		const { outputs, exitCode } = await scene.run();
		expect(exitCode).toBe(0);
		expect(outputs).toMatchObject({ operation: 'closed', number: '2', superseded: '[1]' });
		for (const { state, merge, comments } of scene.pulls)
			expect([state, merge, comments.map(({ body }) => body)]).toEqual([
				'closed',
				undefined,
				[`\`main\` has \`${name}:2\` already, so there is nothing left to promote.`],
			]);
		scene.takeWrites();
		expect((await scene.run()).outputs.operation).toBe('none');
		expect(scene.takeWrites()).toEqual([]);
	});

	test('older pull requests for the same image are closed with a comment that names the newer', async () => {
		const old = { 'close-superseded': 'false' };
		await scene.run({ branch: 'promote/old' });
		await scene.run({ ...old, branch: 'promote/staging', environment: 'staging' });
		await scene.run({ ...old, branch: 'other/place' });
		const { outputs } = await scene.run({ image: `${name}:3` });
		expect(outputs).toMatchObject({ operation: 'created', number: '4', superseded: '[1]' });
		expect(scene.pulls.map(({ state }) => state)).toEqual(['closed', 'open', 'open', 'open']);
		expect(scene.pulls[0]?.comments.map(({ body }) => body)).toEqual([
			`Closed in favour of ${on.mark}4, which promotes \`${name}:3\`.`,
		]);
	});

	test('labels, assignees and reviewers are put on once, and what the forge lacks is told', async () => {
		const inputs = { labels: 'promotion,production', assignees: 'alice', reviewers: 'bob' };
		const { exitCode, stdout } = await scene.run(inputs);
		expect(exitCode).toBe(0);
		expect([...scene.pull.labels]).toEqual(on.has.labels ? ['promotion', 'production'] : []);
		expect([...scene.pull.assignees]).toEqual(on.has.assignees ? ['alice'] : []);
		expect(/has no labels/.test(stdout)).toBe(!on.has.labels);
		expect(/has no assignees/.test(stdout)).toBe(!on.has.assignees);
		expect([...scene.pull.requestedReviewers]).toEqual(['bob']);
		scene.takeWrites();
		expect((await scene.run(inputs)).outputs.operation).toBe('unchanged');
		expect(scene.takeWrites()).toEqual([]);
	});

	test('a draft is opened as one and stays one, however long its title', async () => {
		const inputs = { draft: 'true', title: 'é'.repeat(300) };
		await scene.run(inputs);
		expect(scene.pull.draft).toBe(true);
		scene.takeWrites();
		expect((await scene.run(inputs)).outputs.operation).toBe('unchanged');
		expect(scene.takeWrites()).toEqual([]);
		await scene.run({ ...inputs, image: `${name}:3` });
		expect(scene.pull).toMatchObject({ draft: true });
	});

	test("somebody's commit on the branch is told of and nothing is lost", async () => {
		await scene.run();
		const theirs = await scene.commit(branch, { 'notes.md': 'careful\n' });
		const { exitCode, stdout } = await scene.run({ image: `${name}:3` });
		expect(exitCode).toBe(1);
		expect(stdout).toContain(`${theirs.slice(0, 12)} "By a person" by Alice`);
		expect(await scene.tip(branch)).toBe(theirs);
		expect(scene.pull).toMatchObject({ title: `Promote ${name} to 2 in production` });

		const told = await scene.run({ image: `${name}:3`, overwrite: 'true' });
		expect(told).toMatchObject({ exitCode: 0, outputs: { operation: 'updated' } });
		expect(await scene.git('ls-tree', '--name-only', branch)).toBe('api.yaml\nother.yaml');
	});

	test('twice at once is one pull request, be it opened at the same moment', async () => {
		const met = Promise.withResolvers<void>();
		let there = 0;
		scene.forge.onRequest = async (request) => {
			if (!on.opening(request)) return undefined;
			if (++there === 2) met.resolve();
			await met.promise;
			return undefined;
		};
		const runs = await Promise.all([scene.run(), scene.run()]);
		expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
		const { pulls } = scene.forge.repository(on.production);
		expect(pulls.filter(({ state }) => state === 'open')).toMatchObject([{ number: 1 }]);
		expect(await scene.git('rev-list', '--count', `main..${branch}`)).toBe('1');
		// The two share a workspace, and so the files in it.
		const told = runs.map(({ stdout }) => /Pull request 1 (\w+)/.exec(stdout)?.[1]);
		expect(told).toContain('created');
		expect(told).not.toContain(undefined);
	});

	test('the next promotion after a merge is a new pull request, whoever had pushed to the branch', async () => {
		await scene.run();
		await scene.commit(branch, { 'notes.md': 'x\n' });
		await scene.merge(1, 'squash');
		const { outputs } = await scene.run({ image: `${name}:3` });
		expect(outputs).toMatchObject({ operation: 'created', number: '2' });
	});

	test('an image that was promoted, and taken back, can be promoted again', async () => {
		await scene.run();
		await scene.merge(1, 'merge');
		await scene.commit('main', { 'api.yaml': manifest(`${name}:1`) }, 'Revert');
		const { outputs, exitCode } = await scene.run();
		expect(exitCode).toBe(0);
		expect(outputs).toMatchObject({ operation: 'created', number: '2' });
		expect(await scene.git('rev-parse', `${branch}^`)).toBe(await scene.tip('main'));
	});

	test('dry-run shows the diff and writes nothing', async () => {
		const { exitCode, stdout, outputs } = await scene.run({ 'dry-run': 'true' });
		expect(exitCode).toBe(0);
		expect(outputs).toMatchObject({ operation: 'created' });
		expect(stdout).toContain(`+    - {name: api, image: "${name}:2"} # keep`);
		expect(scene.takeWrites()).toEqual([]);
		expect(await scene.tip(branch)).toBeUndefined();
	});

	test('a body that is longer than the forge takes keeps its record', async () => {
		const uses = Array.from({ length: 300 }, (_, index) =>
			manifest(`${name}:1`).replace('the api', `number ${index}`),
		);
		await scene.commit('main', { 'many.yaml': uses.join('---\n') });
		const inputs = { file: 'many.yaml', body: 'For {{environment}}, number 1.' };
		const { exitCode, outputs } = await scene.run(inputs);
		expect({ exitCode, operation: outputs.operation }).toEqual({
			exitCode: 0,
			operation: 'created',
		});
		expect(scene.pull.body).toMatch(/^For production, number 1\./);
		expect(scene.pull.body).toMatch(/- and \d+ more/);
		expect(scene.pull.body).toMatch(/\nLockstep-Run: \S+$/);
		expect((await scene.run(inputs)).outputs.operation).toBe('unchanged');
	});

	test('the token stands in no log, output or address, whatever the level', async () => {
		const run = await scene.run({ 'log-level': 'debug' });
		expect(run).toMatchObject({ exitCode: 0, outputs: { operation: 'created' } });
		const addresses = scene.forge.requests.map(({ path, query }) => path + JSON.stringify(query));
		const all = JSON.stringify([run, addresses, scene.pull.body]);
		for (const user of ['', 'oauth2', 'x-access-token', 'x-token-auth'])
			expect(all).not.toContain(Buffer.from(`${user}:${token}`).toString('base64'));
		expect(all).not.toContain(token);
	});

	test('a token that may not write, or is not known, fails in one sentence', async () => {
		const reader = await scene.run({ token: 'reader-token-0123456789' });
		expect(reader.exitCode).toBe(1);
		expect(reader.stdout).toMatch(/may not do this|refused to/);
		const unknown = await scene.run({ token: 'nobody-has-this-token' });
		expect(unknown.exitCode).toBe(1);
		expect(unknown.stdout).toMatch(/give a (valid (one|token)|token that is valid)/);
		expect(scene.pulls).toEqual([]);
	});
});

test.each([...testedForges, onGit].filter(({ has }) => !has.teams))(
	'on $title teams cannot be asked for a review, which is a failure once one is named',
	async (on) => {
		const scene = await Promotion.start({}, on);
		try {
			const { exitCode, stdout, outputs } = await scene.run({ 'team-reviewers': 'operations' });
			expect(exitCode).toBe(1);
			expect(stdout).toMatch(
				/(asks no (teams|groups) for a review|has no teams), so operations were not asked/,
			);
			expect(outputs).toMatchObject({ operation: 'created', number: '1' });
		} finally {
			await scene.close();
		}
	},
);

test.each(testedForges)('on $title a pull request is found behind pages of others', async (on) => {
	const scene = await Promotion.start({}, on);
	try {
		await scene.run();
		const first = scene.pull;
		const others = Array.from({ length: 120 }, (_, index) => ({
			...first,
			id: 1000 + index,
			number: 2 + index,
			head: `other/${index}`,
			body: '',
		}));
		const refs = others.map(({ head }) => `create refs/heads/${head} ${first.headSha}\n`);
		await git(scene.forge.repositoryPath(on.production), ['update-ref', '--stdin'], {
			input: refs.join(''),
		});
		scene.pulls.push(...others);
		expect((await scene.run()).outputs).toMatchObject({ operation: 'unchanged', number: '1' });
	} finally {
		await scene.close();
	}
});
