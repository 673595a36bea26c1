import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { commandLine, drone, type Front, fronts, github, woodpecker } from './fronts.ts';
import { branch, manifest, name, Promotion, qa, token } from './promotion.ts';

// Every run is a process or two, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

let scene: Promotion;
beforeEach(async () => {
	scene = await Promotion.start();
});
afterEach(async () => {
	const problems = await scene.requestProblems();
	await scene.close();
	expect(problems).toEqual([]);
});

test.each(Object.entries(fronts))(
	'%s finds out where the pull request goes',
	async (title, front) => {
		const more = title === 'the command line' ? { forge: 'gitea' } : {};
		const { exitCode, outputs } = await scene.run(more, front);
		expect(exitCode).toBe(0);
		expect(outputs).toMatchObject({ operation: 'created', number: '1', image: `${name}:2` });
	},
);

test('the body tells what changes, where it was proved, from which commit and by which run', async () => {
	await scene.leave('rolling-deploy', {
		status: 'deployed',
		images: `api=${name}:2`,
		'image-ids': `${name}@sha256:${'d'.repeat(64)}`,
	});
	await scene.run({ image: name });
	const { body, title } = scene.pull;
	expect(title).toBe(`Promote ${name} to 2 in production`);
	const { server, commit } = scene.situation;
	const host = new URL(server).host;
	const source = `git.example/acme/api@${'c'.repeat(40)}`;
	expect(body.split('\n')).toEqual([
		`Promotes \`${name}\` from \`1\` to \`2\` in \`production\`.`,
		'',
		`- Image: \`${name}:2\``,
		`- Before: \`${name}:1\``,
		`- Digest: \`sha256:${'d'.repeat(64)}\``,
		expect.stringMatching(
			/^- Proved in: `qa`, since 2026-01-05 09:00 UTC, for \d+ d( \d+ h)? when this was asked for$/,
		),
		`- As of: [\`${qa}@${commit.slice(0, 12)}\`](${server}/${qa}/commit/${commit})`,
		`- Source: [\`acme/api@${'c'.repeat(12)}\`](https://git.example/acme/api/commit/${'c'.repeat(40)})`,
		`- Commits: not known, for no record tells which commit ${name}:1 was built from`,
		`- Run: [the run that opened or updated this](${server}/${qa}/actions/runs/1)`,
		'',
		'### Files',
		'',
		expect.stringMatching(
			/^- `api\.yaml:4:\d+` `spec\.containers\[name=api\]\.image`: `ghcr\.io\/acme\/api:1` → `ghcr\.io\/acme\/api:2`$/,
		),
		'',
		'<details><summary>Diff</summary>',
		'',
		'```diff',
		'diff --git a/api.yaml b/api.yaml',
		expect.stringMatching(/^index /),
		'--- a/api.yaml',
		'+++ b/api.yaml',
		expect.stringMatching(/^@@ /),
		' # the api',
		' spec:',
		'   containers:',
		`-    - {name: api, image: "${name}:1"} # keep`,
		`+    - {name: api, image: "${name}:2"} # keep`,
		'```',
		'',
		'</details>',
		'',
		`Lockstep-Image: ${name}:2`,
		`Lockstep-Digest: sha256:${'d'.repeat(64)}`,
		`Lockstep-Source: ${source}`,
		'Lockstep-Environment: production',
		`Lockstep-From: ${host}/${qa}@${commit}`,
		`Lockstep-Run: ${server}/${qa}/actions/runs/1`,
	]);
	const trailers = await scene.git('log', '-1', '--format=%(trailers)', branch);
	expect(body.endsWith(trailers.trim())).toBe(true);
});

describe('the image that is promoted', () => {
	test('is the one that rolling-deploy deployed and the files use', async () => {
		await scene.leave('rolling-deploy', {
			status: 'unchanged',
			images: `sidecar=ghcr.io/acme/proxy:7\napi=${name}:2`,
		});
		const { outputs } = await scene.run({ image: '' }, drone);
		expect(outputs).toMatchObject({ operation: 'created', image: `${name}:2`, branch });
	});

	test('is none when the rollout before failed', async () => {
		await scene.leave('rolling-deploy', { status: 'failed', reason: 'no such image' });
		const { exitCode, stdout } = await scene.run({ image: name });
		expect(exitCode).toBe(1);
		expect(stdout).toContain('rolling-deploy in this workspace ended as failed (no such image)');
		expect(scene.pulls).toEqual([]);
	});

	test('is the one in a file of the workspace', async () => {
		const { outputs } = await scene.run({ image: name, 'from-file': 'api.yaml' });
		expect(outputs.image).toBe(`${name}:2`);
	});

	test('is the one in a file of another repository, with what its record tells', async () => {
		const { outputs } = await scene.run({
			image: '',
			'from-file': 'api.yaml',
			'from-repository': qa,
		});
		expect(outputs.image).toBe(`${name}:2`);
		expect(scene.pull.body).toContain('- Proved in: `qa`');
		expect(scene.pull.body).toContain(`@${scene.situation.commit}`);
	});

	test('takes a digest beside or in place of its tag', async () => {
		const digest = `sha256:${'e'.repeat(64)}`;
		const { outputs } = await scene.run({ image: name, digest });
		expect(outputs.image).toBe(`${name}@${digest}`);
		const both = await scene.run({ image: `${name}:2@${digest}` });
		expect(both.outputs).toMatchObject({ image: `${name}:2@${digest}`, operation: 'updated' });
	});

	test.each([
		[{ image: '' }, 'What to promote is not known'],
		[{ image: name }, 'What to promote is not known'],
		[{ image: `${name}:2`, tag: '3' }, '--tag and --image both give the tag'],
		[{ image: 'NAME:2' }, '--image: "NAME:2" is no image reference'],
		[{ 'from-repository': qa }, '--from-repository needs --from-file'],
		[{ 'branch-prefix': 'a..b/' }, '--branch-prefix: "a..b/production-acme-api"'],
		[{ branch: 'main' }, '--branch and the base are both main'],
		[{ branch: 'a..b' }, '--branch: "a..b"'],
		[{ base: '-x' }, '--base: "-x"'],
	])('bad input %j is exit code 2', async (inputs, words) => {
		const { exitCode, stderr } = await scene.run({ forge: 'gitea', ...inputs }, commandLine);
		expect(stderr).toContain(words);
		expect(exitCode).toBe(2);
		expect(scene.pulls).toEqual([]);
		expect(await scene.git('for-each-ref', 'refs/heads', '--format=%(refname)')).toBe(
			'refs/heads/main',
		);
	});

	test.each([
		[{ 'from-file': 'api.yaml' }, `(${name}:2), and --from-file is to say it too`],
		[{ image: name, tag: '2', 'from-file': 'api.yaml' }, 'and --from-file is to say it too'],
		[{ title: '{{nmae}}' }, '--title: {{nmae}} stands for nothing; there are image,'],
		[{ body: '{{run}}' }, '--body: there is no run to put in place of {{run}}'],
		[{ 'commit-message': '{{from}}' }, '--commit-message: {{from}} stands for nothing'],
		[{ 'api-url': 'git.example' }, '--api-url: "git.example" is not a URL such as https://'],
	])('%j is told before anything is asked for', async (inputs, words) => {
		const { exitCode, stderr } = await scene.run({ forge: 'gitea', ...inputs }, commandLine);
		expect({ exitCode, stderr }).toMatchObject({ exitCode: 2 });
		expect(stderr).toContain(words);
		expect(scene.forge.requests).toEqual([]);
	});
});

test('what others push to the base meanwhile does not disturb a pull request that stays true', async () => {
	await scene.run();
	const tip = await scene.tip(branch);
	await scene.commit('main', { 'other.yaml': 'a: 2\n' });
	expect((await scene.run()).outputs).toMatchObject({ operation: 'unchanged', commit: tip });
	await scene.commit('main', { 'api.yaml': manifest(`${name}:1`).replace('the api', 'our api') });
	const { outputs } = await scene.run();
	expect(outputs).toMatchObject({ operation: 'updated', number: '1' });
	expect(await scene.git('rev-parse', `${branch}^`)).toBe(await scene.tip('main'));
});

test('a hold in the base keeps a pull request from being opened, and says why', async () => {
	const hold = JSON.stringify({ image: name, reason: 'the new one loses orders' });
	await scene.commit('main', { '.lockstep-holds/api.json': hold });
	const { exitCode, stdout, outputs } = await scene.run();
	expect(exitCode).toBe(0);
	expect(outputs).toMatchObject({ operation: 'none', held: 'true', image: `${name}:1` });
	expect(stdout).toContain('the new one loses orders');
	expect(scene.pulls).toEqual([]);
	expect(await scene.tip(branch)).toBeUndefined();
});

test('two promotions do not take turns in one branch', async () => {
	await scene.run({ branch: 'promote/shared' });
	const { exitCode, stdout } = await scene.run({
		branch: 'promote/shared',
		environment: 'staging',
		image: `${name}:3`,
	});
	expect(exitCode).toBe(1);
	expect(stdout).toContain(`is for ${name} in production, which is another image or environment`);
});

test('a branch that is asked to be merged elsewhere is left alone', async () => {
	await scene.makeBranch('release');
	await scene.run({ base: 'release' });
	const { exitCode, stdout } = await scene.run();
	expect(exitCode).toBe(1);
	expect(stdout).toContain('into release, not into main');
});

test('a team may be named with its organization', async () => {
	const { exitCode } = await scene.run({ 'team-reviewers': '@acme/operations' });
	expect(exitCode).toBe(0);
	expect([...scene.pull.requestedTeams]).toEqual(['operations']);
});

test('values can be set in place of an image', async () => {
	const { outputs, exitCode } = await scene.run({
		image: '',
		set: 'a=3',
		file: 'other.yaml',
		branch: 'promote/values',
	});
	expect(exitCode).toBe(0);
	expect(outputs).toMatchObject({ operation: 'created', branch: 'promote/values' });
	expect(scene.pull.title).toBe('Promote a in production');
});

test('Markdown from outside mentions nobody, closes nothing and is no HTML', async () => {
	const hostile = 'prod <img src=x> @alice fixes #1 `code` [a](b)';
	await scene.run({ environment: hostile, branch: 'promote/x', body: 'For {{environment}}.' });
	const { body, title } = scene.pull;
	const [, outside = ''] = /^(For .*)$/m.exec(body) ?? [];
	expect(outside).not.toMatch(/<|@\w|#\d|[^\\]`|[^\\]\[/);
	expect(title).not.toMatch(/@\w|#\d/);
	const prose = body
		.replace(/```[\s\S]*?```/g, '')
		.split('\n')
		.filter((line) => !line.startsWith('Lockstep-') && !line.startsWith('For '))
		.map((line) => line.replace(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, ''))
		.join('\n');
	expect(prose).not.toContain('alice');
	expect(await scene.git('log', '-1', '--format=%s%n%b', 'promote/x')).not.toMatch(/ @\w| #\d/);
	const trailers = body.split('\n').filter((line) => line.startsWith('Lockstep-Environment'));
	expect(trailers.join()).not.toMatch(/<img| @\w| #\d/);
});

test('title and body take templates', async () => {
	await scene.run({
		title: '{{name}}: {{previous-image}} -> {{tag}}',
		body: 'Please look at {{files}}, @alice.',
	});
	expect(scene.pull.title).toBe(`${name}: ${name}:1 -> 2`);
	expect(scene.pull.body).toMatch(/^Please look at api\.yaml, @alice\.\n\nPromotes /);
});

test('a server that is no known forge is asked for by name', async () => {
	scene.forge.onRequest = ({ path }) =>
		/^\/(api\/v[134]|rest\/api)\//.test(path) ? { kind: 'status', status: 404 } : undefined;
	const { exitCode, stderr } = await scene.run({}, commandLine);
	expect(exitCode).toBe(2);
	expect(stderr).toContain('cannot be found out');
	expect(stderr).toContain('give forge (git for a server with no forge around it)');
});

describe("a GitHub workflow's own token", () => {
	test('is told to reach no other repository', async () => {
		const own = `ghs_${'a'.repeat(500)}`;
		const { exitCode, stdout } = await scene.run({ token: own });
		expect(exitCode).toBe(1);
		expect(stdout).toContain(
			`a workflow's GITHUB_TOKEN reaches no repository but its own (${qa}): give the token of a GitHub App`,
		);
	});

	test('is told to start no workflows where it does open a pull request', async () => {
		const { exitCode, stdout } = await scene.run({ token: `ghs_${'b'.repeat(36)}` });
		expect(exitCode).toBe(0);
		expect(stdout).toContain('GitHub starts no workflows for it');
	});
});

test.each([
	['GitHub', github, 'with.token'],
	['Woodpecker', woodpecker, 'settings.token'],
])('on %s a token without the right to write fails in one sentence', async (_name, front) => {
	const { exitCode, stdout } = await scene.run({ token: 'reader-token-0123456789' }, front);
	expect(exitCode).toBe(1);
	expect(stdout).toMatch(/may not do this|refused to/);
	expect(scene.pulls).toEqual([]);
});

test('the token stands in no argument, log, output, address or file, whatever the level', async () => {
	const folder = await mkdtemp(join(tmpdir(), 'promotion-secrets-'));
	try {
		const git = execFileSync('sh', ['-c', 'command -v git']).toString().trim();
		// Stands before git on the PATH, keeps its arguments and its repository's settings.
		const spy = `#!/bin/sh\necho "$@" >>${folder}/seen\n${git} "$@"\ncode=$?\ncat "$GIT_DIR/config" >>${folder}/seen\nexit $code\n`;
		await writeFile(join(folder, 'git'), spy, { mode: 0o755 });
		const spied: Front = (situation, inputs) => ({
			env: { ...github(situation, inputs).env, PATH: `${folder}:${process.env.PATH}` },
		});
		const run = await scene.run({ 'log-level': 'debug' }, spied);
		expect(run).toMatchObject({ exitCode: 0, outputs: { operation: 'created' } });
		const seen = await readFile(join(folder, 'seen'), 'utf8');
		expect(seen).toContain('--force-with-lease');
		const addresses = scene.forge.requests.map(({ path, query }) => path + JSON.stringify(query));
		const all = JSON.stringify([run, seen, addresses, scene.pull.body]);
		for (const form of [token, Buffer.from(`x-access-token:${token}`).toString('base64')])
			expect(all).not.toContain(form);
	} finally {
		await rm(folder, { recursive: true });
	}
});
