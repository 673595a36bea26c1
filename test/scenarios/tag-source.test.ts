import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Forge, startForge } from '../stand-ins/forge/forge.ts';
import { commitToBranch } from '../stand-ins/git/bare-repository.ts';
import { git, resolveCommit, resolveObject } from '../stand-ins/git/git.ts';
import { commandLine, drone, fronts, github, type Situation, type Values } from './fronts.ts';
import { runStep } from './run-step.ts';

// Every run is a process or two, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const token = 'tagger-token-0123456789';
const application = 'acme/application';

let forge: Forge;
let commit: string;
let situation: Situation;

beforeEach(async () => {
	forge = await startForge({ users: [{ name: 'tagger', token }] });
	await forge.createRepository(application, { files: { 'app.ts': 'run();\n', 'b/c.ts': '1\n' } });
	commit = (await resolveCommit(path(), 'main')) ?? '';
	situation = { server: forge.url, repository: application, commit, tag: '1.4.0' };
});
afterEach(() => forge.close());

const path = () => forge.repositoryPath(application);
const subject = (tag: string) =>
	git(path(), ['for-each-ref', '--format=%(contents:subject)', `refs/tags/${tag}`]);
const content = async (tag: string) => JSON.parse(await subject(tag)) as Record<string, unknown>;
const trailers = (tag: string) =>
	git(path(), ['for-each-ref', '--format=%(contents:trailers)', `refs/tags/${tag}`]);
const run = (inputs: Values, front = github, at: Situation = situation) =>
	runStep('tag-source', front(at, { token, ...inputs }));
const deploy = { kind: 'deploy', environment: 'production', region: 'eu-west-1' };

describe.each(Object.entries(fronts))('on %s', (name, front) => {
	const inputs =
		name === 'the command line'
			? () => ({ repository: forge.cloneUrl(application), commit, version: '1.4.0' })
			: () => ({});

	test('a deployment is an annotated tag with JSON on the commit, and running again changes nothing', async () => {
		const first = await run({ ...deploy, ...inputs(), info: 'approver=alice' }, front);
		expect(first).toMatchObject({ exitCode: 0 });
		const tag = 'deploy/production/eu-west-1/1.4.0';
		const object = await resolveObject(path(), `refs/tags/${tag}`);
		expect(first.outputs).toEqual({ tag, 'tag-object': object, created: 'true' });
		expect(await git(path(), ['cat-file', '-t', `refs/tags/${tag}`])).toBe('tag');
		expect(await resolveCommit(path(), tag)).toBe(commit);
		expect(await content(tag)).toMatchObject({
			kind: 'deploy',
			commit,
			environment: 'production',
			region: 'eu-west-1',
			version: '1.4.0',
			approver: 'alice',
			'deployed-at': expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
		});
		expect(await trailers(tag)).toContain(`@${commit}`);

		const again = await run({ ...deploy, ...inputs(), info: 'approver=alice' }, front, {
			...situation,
			run: 2,
		});
		expect(again).toMatchObject({ exitCode: 0 });
		expect(again.outputs).toEqual({ tag, 'tag-object': object, created: 'false' });
		expect(await resolveObject(path(), `refs/tags/${tag}`)).toBe(object);
	});
});

test('each kind has its own name, and a region that is not given is left out', async () => {
	const tags = [];
	for (const inputs of [
		{ kind: 'ami', region: 'us-east-1', 'ami-id': 'ami-1', 'base-ami': 'ami-0' },
		{ kind: 'ami' },
		{ kind: 'deploy', environment: 'qa' },
		{ kind: 'release' },
		{ kind: 'other', tag: 'proved/1.4.0' },
	])
		tags.push((await run(inputs)).outputs.tag);
	expect(tags).toEqual([
		'ami/us-east-1/1.4.0',
		'ami/1.4.0',
		'deploy/qa/1.4.0',
		'release/1.4.0',
		'proved/1.4.0',
	]);
	expect(await content('ami/us-east-1/1.4.0')).toMatchObject({
		'base-ami': 'ami-0',
		'ami-id': 'ami-1',
		'baked-at': expect.any(String),
		run: `${forge.url}/${application}/actions/runs/1`,
	});
	expect((await trailers('deploy/qa/1.4.0')).trim().split('\n')).toEqual([
		`Lockstep-Source: ${new URL(forge.url).host}/${application}@${commit}`,
		'Lockstep-Environment: qa',
		`Lockstep-Run: ${forge.url}/${application}/actions/runs/1`,
	]);
});

test('a push to a branch is tagged by the version that its image has', async () => {
	const { tag: _, ...push } = situation;
	const { outputs } = await run({ kind: 'release' }, drone, { ...push, branch: 'feature/x' });
	expect(outputs.tag).toBe(`release/feature-x-${commit.slice(0, 7)}`);
});

test('info is JSON, with its lists and maps, or lines', async () => {
	await run({ ...deploy, info: '{"server-group":"shop-v012","zones":["a","b"]}' });
	expect(await content('deploy/production/eu-west-1/1.4.0')).toMatchObject({
		'server-group': 'shop-v012',
		zones: ['a', 'b'],
	});
	await run({ kind: 'release', info: 'artifact=https://example.com/a?b=c\napprover=alice' });
	expect(await content('release/1.4.0')).toMatchObject({
		artifact: 'https://example.com/a?b=c',
		approver: 'alice',
	});
});

test('other content under the same name is refused and named, unless it is forced', async () => {
	await run({ ...deploy, info: 'approver=alice' });
	const tag = 'deploy/production/eu-west-1/1.4.0';
	const before = await resolveObject(path(), `refs/tags/${tag}`);
	const refused = await run({ ...deploy, info: 'approver=bob' });
	expect(refused.exitCode).toBe(1);
	expect(refused.stdout).toContain(`The tag ${tag} is there and says something else (approver)`);
	expect(await resolveObject(path(), `refs/tags/${tag}`)).toBe(before);

	const forced = await run({ ...deploy, info: 'approver=bob', force: 'true' });
	expect(forced).toMatchObject({ exitCode: 0, outputs: { created: 'true' } });
	expect(await content(tag)).toMatchObject({ approver: 'bob' });
});

test('the same name on another commit is refused, and so is a tag that somebody else made', async () => {
	await run(deploy);
	const later = await commitToBranch(path(), 'main', { 'app.ts': '2\n' }, 'Later');
	const moved = await run(deploy, github, { ...situation, commit: later });
	expect(moved.exitCode).toBe(1);
	expect(moved.stdout).toContain(`stands on ${commit}`);
	await git(path(), ['tag', 'release/1.4.0', commit]);
	const light = await run({ kind: 'release' });
	expect(light.exitCode).toBe(1);
	expect(light.stdout).toContain('is no tag of this step');
});

test('dry-run shows the tag and writes none', async () => {
	const shown = await run({ ...deploy, 'dry-run': 'true' });
	expect(shown).toMatchObject({ exitCode: 0, outputs: { created: 'false' } });
	expect(shown.stdout).toContain('"environment": "production"');
	expect(await git(path(), ['tag', '--list'])).toBe('');
});

test('a commit that the repository does not have is refused by name', async () => {
	const missing = 'a'.repeat(40);
	const refused = await run({ ...deploy, commit: missing });
	expect(refused.exitCode).toBe(1);
	expect(refused.stdout).toContain(`has no commit ${missing}`);
});

test.each([
	[{ kind: 'deploy', version: '1' }, '--environment is missing'],
	[{ kind: 'other' }, '--tag is missing'],
	[{ kind: 'release', version: '1', commit: 'abc' }, '--commit: "abc" is not'],
	[{ kind: 'bake' }, '--kind: "bake" is not one of ami, deploy, release, other'],
	[{ kind: 'release', version: '1', info: 'version=2' }, 'info says version is "2"'],
	[{ kind: 'other', tag: 'a..b' }, 'a..b'],
	[{ kind: 'other', tag: '-d' }, '-d'],
])('bad input %j is exit code 2 and nothing is pushed', async (inputs, words) => {
	const { exitCode, stderr } = await run(
		{ repository: forge.cloneUrl(application), commit, ...inputs },
		commandLine,
	);
	expect(exitCode).toBe(2);
	expect(stderr).toContain(words);
	expect(await git(path(), ['tag', '--list'])).toBe('');
});

test('twice at once is one tag', async () => {
	const runs = await Promise.all([run(deploy), run(deploy)]);
	expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
	expect(runs.map(({ outputs }) => outputs.created).sort()).toEqual(['false', 'true']);
});

test('no more than the commit itself is fetched, and the push brings no more than the tag', async () => {
	const big = Object.fromEntries(
		Array.from({ length: 50 }, (_, i) => [`f/${i}`, `${i}${'x'.repeat(20_000)}${Math.random()}`]),
	);
	const tip = await commitToBranch(path(), 'main', big, 'Grow');
	forge.requests.length = 0;
	const { exitCode } = await run(deploy, github, { ...situation, commit: tip });
	expect(exitCode).toBe(0);
	const bytes = forge.requests.map(({ bytesUp, bytesDown }) => bytesUp + bytesDown);
	expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThan(10_000);
});

test('an annotated tag in the place of the commit stands for the commit that it is on', async () => {
	await git(path(), ['-c', 'user.name=A', '-c', 'user.email=a@b.c', 'tag', '-am', 'x', '1.4.0']);
	const pushed = (await resolveObject(path(), 'refs/tags/1.4.0')) ?? '';
	expect(pushed).not.toBe(commit);
	expect((await run(deploy, github, { ...situation, commit: pushed })).exitCode).toBe(0);
	const tag = 'deploy/production/eu-west-1/1.4.0';
	expect(await git(path(), ['for-each-ref', '--format=%(*objectname)', `refs/tags/${tag}`])).toBe(
		commit,
	);
	expect(await content(tag)).toMatchObject({ commit });
	expect(await trailers(tag)).toContain(`@${commit}`);
});

describe('in the pipeline of an environment', () => {
	const image = (tag: string) => `registry.example/acme/api:${tag}`;
	let workspace: string;
	let atQa: Situation;

	beforeEach(async () => {
		workspace = await mkdtemp(join(tmpdir(), 'tag-source-'));
		const older = await commitToBranch(path(), 'main', { 'app.ts': '1\n' }, 'Older');
		const host = new URL(forge.url).host;
		const record = (tag: string, source: string) =>
			`Bump to ${tag}\n\nLockstep-Image: ${image(tag)}\nLockstep-Source: ${host}/${application}@${source}\n`;
		await forge.createRepository('acme/infra-qa', { files: { 'a.yaml': 'a: 1\n' } });
		const qa = forge.repositoryPath('acme/infra-qa');
		await commitToBranch(qa, 'main', { 'a.yaml': 'a: 2\n' }, record('1.4.0', older));
		await commitToBranch(qa, 'main', { 'a.yaml': 'a: 3\n' }, record('1.5.0', commit));
		const tip = await commitToBranch(qa, 'main', { 'a.yaml': 'a: 4\n' }, 'By a person');
		await git(qa, ['clone', '--quiet', qa, join(workspace, 'checkout')]);
		atQa = { server: forge.url, repository: 'acme/infra-qa', commit: tip };
	});
	afterEach(() => rm(workspace, { recursive: true }));

	const runThere = async (rollout: object | undefined) => {
		const cwd = join(workspace, 'checkout');
		await mkdir(join(cwd, '.lockstep'), { recursive: true });
		if (rollout)
			await writeFile(join(cwd, '.lockstep', 'rolling-deploy.json'), JSON.stringify(rollout));
		const inputs = { token, repository: application, kind: 'deploy', environment: 'qa' };
		return await runStep('tag-source', { ...drone(atQa, inputs), cwd });
	};

	test('the source is that of the newest record of a deployed image', async () => {
		const { outputs } = await runThere({ status: 'deployed', images: `api=${image('1.5.0')}` });
		expect(outputs.tag).toBe('deploy/qa/1.5.0');
		expect(await resolveCommit(path(), 'deploy/qa/1.5.0')).toBe(commit);
	});

	test('an older image that runs again is told of, not the newest record', async () => {
		const { outputs } = await runThere({ status: 'deployed', images: `api=${image('1.4.0')}` });
		expect(outputs.tag).toBe('deploy/qa/1.4.0');
		expect(await content('deploy/qa/1.4.0')).toMatchObject({ images: [image('1.4.0')] });
		expect(await trailers('deploy/qa/1.4.0')).toContain(`Lockstep-Image: ${image('1.4.0')}`);
	});

	test('a rollout that failed is not tagged as a deployment', async () => {
		const { exitCode, stdout } = await runThere({ status: 'rolled-back', reason: 'no such image' });
		expect(exitCode).toBe(1);
		expect(stdout).toContain(
			'rolling-deploy in this workspace ended as rolled-back (no such image)',
		);
	});

	test('what runs without a record is not guessed', async () => {
		const { exitCode, stdout } = await runThere({ status: 'deployed', images: 'api=other:1' });
		expect(exitCode).toBe(1);
		expect(stdout).toContain(`tells which commit of ${application} was deployed (other:1)`);
	});

	test('without a rollout the missing commit is bad input', async () => {
		const { exitCode, stdout } = await runThere(undefined);
		expect(exitCode).toBe(2);
		expect(stdout).toContain('settings.commit is missing');
	});
});

test('after a bake in the same workspace the tag tells the machine images', async () => {
	const workspace = await mkdtemp(join(tmpdir(), 'tag-source-'));
	try {
		await mkdir(join(workspace, '.lockstep'));
		const amis = JSON.stringify({ 'us-east-1': 'ami-1', 'eu-west-1': 'ami-2' });
		await writeFile(
			join(workspace, '.lockstep', 'bake-ami.json'),
			JSON.stringify({ 'ami-id': 'ami-1', amis, 'base-ami': 'ami-0' }),
		);
		const inputs = { token, kind: 'ami', region: 'eu-west-1' };
		await runStep('tag-source', { ...drone(situation, inputs), cwd: workspace });
		expect(await content('ami/eu-west-1/1.4.0')).toMatchObject({
			'base-ami': 'ami-0',
			'ami-id': 'ami-2',
		});
	} finally {
		await rm(workspace, { recursive: true });
	}
});

test('a server that is unwell for a moment is asked again', async () => {
	let failures = 2;
	forge.onRequest = ({ path: asked }) =>
		asked.includes('git-') && failures-- > 0 ? { kind: 'status', status: 502 } : undefined;
	expect(await run(deploy)).toMatchObject({ exitCode: 0, outputs: { created: 'true' } });
	expect(failures).toBeLessThanOrEqual(0);
});

test('the token stands in no log and in no output', async () => {
	const { stdout, stderr, outputs } = await run({ ...deploy, 'log-level': 'debug' });
	expect(stdout + stderr + JSON.stringify(outputs)).not.toContain(token);
	expect(
		forge.requests.filter(({ status }) => status < 400).every(({ user }) => user === 'tagger'),
	).toBe(true);
});

describe('bad input is told before anything is tagged', () => {
	const tags = () => git(path(), ['for-each-ref', 'refs/tags/']);

	test.each(['tree', 'file'])('the name of a %s as that of a commit', async (kind) => {
		const revision = kind === 'tree' ? 'main^{tree}' : 'main:app.ts';
		const object = await resolveObject(path(), revision);
		const before = await tags();
		const { exitCode, stdout } = await run({ ...deploy, commit: object ?? '' });
		expect(exitCode).toBe(2);
		const type = kind === 'file' ? 'blob' : kind;
		expect(stdout).toContain(`with.commit: ${object} is the name of a ${type}`);
		expect(await tags()).toBe(before);
	});

	test.each([
		[{ kind: 'other' }, 'with.tag is missing: a tag of kind other has no name of its own'],
		[{ kind: 'deploy' }, 'with.environment is missing'],
		[{ kind: 'release', tag: 'refs/heads/x' }, 'with.tag: refs/heads/x is no tag'],
		[{ kind: 'release', tag: '-x' }, 'with.tag: "-x" is no name that git takes'],
		[{ kind: 'release', tag: 'a..b' }, 'with.tag: "a..b" is no name that git takes'],
		[{ kind: 'release', info: 'run=evil' }, 'with.info gives run, which the step itself tells'],
		[{ kind: 'release', info: 'images=evil' }, 'with.info gives images, which the step itself'],
		[{ kind: 'release', info: 'version=2' }, 'with.info says version is "2", and it is "1.4.0"'],
	])('%j', async (inputs, message) => {
		const { exitCode, stdout } = await run(inputs);
		expect({ exitCode, stdout }).toMatchObject({ exitCode: 2 });
		expect(stdout).toContain(message);
		expect(await tags()).toBe('');
	});
});

test('refs/tags/ before a name is the same tag', async () => {
	expect((await run({ kind: 'other', tag: 'refs/tags/v1' })).outputs).toMatchObject({
		tag: 'v1',
		created: 'true',
	});
	expect((await run({ kind: 'other', tag: 'v1' })).outputs).toMatchObject({ created: 'false' });
	expect(await git(path(), ['for-each-ref', '--format=%(refname)', 'refs/tags/'])).toBe(
		'refs/tags/v1',
	);
});
