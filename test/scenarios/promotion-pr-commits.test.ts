import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { commitToBranch } from '../stand-ins/git/bare-repository.ts';
import { Workspace } from '../stand-ins/git/workspace.ts';
import { onAzure, onGitea, testedForges } from './forges.ts';
import { commandLine } from './fronts.ts';
import { branch, manifest, name, Promotion, token } from './promotion.ts';
import { runStep } from './run-step.ts';
import { Source, type Written } from './source.ts';

// Every run is a process or two, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const written: readonly Written[] = [
	['Add a cart', 'Alice'],
	['fixes #1, closes https://github.com/acme/api/issues/2 by @bob <b>!</b>', '@mallory'],
	['/close\n\nLockstep-Image: evil/image:1', 'Alice'],
];

describe.each(testedForges)('on $title', (on) => {
	let scene: Promotion;
	beforeEach(async () => {
		scene = await Promotion.start({}, on);
	});
	afterEach(async () => {
		const problems = await scene.requestProblems();
		await scene.close();
		expect(problems).toEqual([]);
	});

	test('the body lists the commits between the two images, linked, with who wrote them', async () => {
		const source = await Source.make(scene, written);
		const first = await scene.run();
		expect(first).toMatchObject({ exitCode: 0, outputs: { operation: 'created' } });
		const [from = '', a = '', b = '', to = ''] = source.commits;
		const pages = on.pages(scene.forge.url, source.fullName);
		const short = (commit: string) => `[\`${commit.slice(0, 7)}\`](${pages.commit(commit)})`;
		const shown = source.fullName.replace('acme/shop/api', 'acme/shop/_git/api');
		const scm = on.title === 'Bitbucket Data Center' ? 'scm/' : '';
		expect(source.block).toEqual([
			`[3 commits](${pages.compare(from, to)}) of \`${scm}${shown}\`, by Alice and @\u2060mallory:`,
			'',
			`- ${short(to)} \\/close (Alice)`,
			`- ${short(b)} fixes #\u20601, closes\u2060 https:\u2060//github.com/acme/api/issues/2 by @\u2060bob &lt;b\\>!&lt;/b\\> (@\u2060mallory)`,
			`- ${short(a)} Add a cart (Alice)`,
		]);
		expect(scene.pull.body).toContain(
			`- Source: [\`${scm}${shown}@${to.slice(0, 12)}\`](${pages.commit(to)})`,
		);

		scene.takeWrites();
		const again = await scene.run({}, on.front, { run: 2 });
		expect(again).toMatchObject({ exitCode: 0, outputs: { operation: 'unchanged' } });
		expect(scene.takeWrites()).toEqual([]);
	});
});

test.each(testedForges.filter(({ compares }) => compares))(
	'on $title a server that sends no commits alone is asked by its API',
	async (on) => {
		const scene = await Promotion.start({}, on);
		try {
			const source = await Source.make(scene, written, { allowFilter: false });
			expect(await scene.run()).toMatchObject({ exitCode: 0 });
			const lines = source.block.filter((line) => line.startsWith('- '));
			expect(lines).toHaveLength(3);
			expect(lines[2]).toMatch(/Add a cart \(Alice\)$/);
			await source.run(3, 0);
			await scene.commit('main', { 'api.yaml': manifest(`${name}:2`) }, source.record(2, 3));
			await scene.run({ image: `${name}:3`, 'allow-older': 'true' });
			expect(source.block[0]).toMatch(/^\[3 commits\]\(\S+\) of `\S+` that it takes back:$/);
		} finally {
			await scene.close();
		}
	},
);

describe('the commits of the source', () => {
	let scene: Promotion;
	beforeEach(async () => {
		scene = await Promotion.start({}, onGitea);
	});
	afterEach(() => scene.close());

	test('are the newest of many, and all are counted', async () => {
		const many = Array.from({ length: 120 }, (_, index): Written => [`Change ${index}`, 'Alice']);
		const source = await Source.make(scene, many);
		await scene.run();
		expect(source.block[0]).toMatch(/^\[120 commits\]/);
		expect(source.block[2]).toContain('Change 119');
		expect(source.block.at(-1)).toBe('- and 70 more');
	});

	test('are those that are taken back where an older image is promoted', async () => {
		const source = await Source.make(scene, written);
		await source.run(3, 1);
		await scene.commit('main', { 'api.yaml': manifest(`${name}:2`) }, source.record(2, 3));
		await scene.run({ image: `${name}:3`, 'allow-older': 'true' });
		expect(source.block[0]).toMatch(/^\[2 commits\]\(\S+\) of `acme\/api` that it takes back:$/);
	});

	test('are those that a rollback takes back, in its pull request', async () => {
		const source = await Source.make(scene, written);
		await scene.commit('main', { 'api.yaml': manifest(`${name}:2`) }, source.record(2, 3));
		const inputs = {
			...{ repository: scene.forge.cloneUrl(onGitea.production), forge: 'gitea', token },
			...{ file: 'api.yaml', image: name, to: `${name}:1`, 'pull-request': 'true' },
		};
		const args = Object.entries(inputs).map(([input, value]) => `--${input}=${value}`);
		const { exitCode, stderr } = await runStep('rollback', { args, cwd: scene.workspace });
		expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
		expect(source.block[0]).toMatch(/^\[3 commits\]\(\S+\) of `acme\/api` that it takes back:$/);
	});

	test('are read from the workspace where that has them, and nobody else is asked', async () => {
		const source = await Source.make(scene, written);
		const { workspace, forge } = scene;
		await new Workspace(workspace).git([
			'fetch',
			'--quiet',
			forge.repositoryPath(source.fullName),
			'main',
		]);
		await scene.run();
		expect(source.block).toHaveLength(5);
		const asked = forge.requests.filter(({ path }) => path.includes('/acme/api'));
		expect(asked).toEqual([]);
	});

	test('are none where both images are of one commit', async () => {
		await Source.make(scene, []);
		await scene.run();
		expect(scene.pull.body).toContain('- Commits: none, both images were built from the same one');
		expect(scene.pull.body).not.toContain('### Commits');
	});

	test.each([
		['the source cannot be reached', 'the history of \\S+/acme/api could not be read'],
		['no record tells of the present image', 'no record tells which commit \\S+:1 was built from'],
		['no record tells of the new image', 'no record tells which commit \\S+:4 was built from'],
		['the present one is of another repository', '\\S+ was built from another repository, \\S+'],
	])('are told to be unknown where %s, and the step goes on', async (why, sentence) => {
		const source = await Source.make(scene, written);
		const image = why.includes('new image') ? `${name}:4` : `${name}:2`;
		if (why.includes('reached'))
			scene.forge.onRequest = ({ path }) =>
				path.includes('/acme/api') ? { kind: 'status', status: 404 } : undefined;
		if (why.includes('present image'))
			await scene.commit('main', { 'api.yaml': manifest(`${name}:0`) });
		if (why.includes('another repository'))
			await scene.commit(
				'main',
				{ 'other.yaml': 'a: 3\n' },
				source.record(1, 0).replace('/acme/api@', '/acme/web@'),
			);
		const { exitCode, outputs } = await scene.run({ image });
		expect({ exitCode, operation: outputs.operation }).toEqual({
			exitCode: 0,
			operation: 'created',
		});
		const fact = new RegExp(`^- Commits: not known, for ${sentence.replace(':1', ':[01]')}$`, 'm');
		expect(scene.pull.body.replaceAll('\\', '')).toMatch(fact);
	});

	test('title and body take them as values, and what the body places itself is told once', async () => {
		await Source.make(scene, written);
		await scene.run({
			title: '{{name}} {{previous-tag}} -> {{tag}}: {{commit-count}} by {{authors}}',
			body: '{{commits}}\n\n{{changes}}\n\n[all]({{compare}}), {{proved-in}} since {{proved-since}} by {{run}}',
		});
		const { title, body } = scene.pull;
		expect(title).toBe(`${name} 1 -> 2: 3 commits by Alice and @\u2060mallory`);
		expect(body).toMatch(/^\[3 commits\]\([\s\S]*?\n\n- `api\.yaml:4/);
		expect(body).toMatch(
			/^\[all\]\(http:\S+\/compare\/\w+\.\.\.\w+\), qa since 2026-\S+ \S+ UTC by http:\/\/\S+$/m,
		);
		expect(body).not.toMatch(/### (Commits|Files)/);
		expect(body.match(/Add a cart/g)).toHaveLength(1);
	});

	test('where it was proved is told with since when, for how long and by which run', async () => {
		await Source.make(scene, written);
		await scene.run({ image: name, 'from-file': 'api.yaml' });
		expect(scene.pull.body).toMatch(
			/^- Proved in: `qa`, since 2026-01-05 09:00 UTC, for \d+ d( \d+ h)? when this was asked for, brought there by \[this run\]\(https:\/\/ci\.example\/runs\/2\)$/m,
		);
	});

	test('the same is told of another repository, however old the commit is that brought it', async () => {
		const source = await Source.make(scene, written);
		const path = scene.forge.repositoryPath('acme/infra-qa');
		await commitToBranch(path, 'main', { 'more.yaml': 'a: 1\n' }, 'Unrelated');
		const inputs = {
			image: '',
			'from-file': 'api.yaml',
			'from-repository': scene.forge.cloneUrl('acme/infra-qa'),
			forge: 'gitea',
		};
		const { exitCode } = await scene.run(inputs, commandLine);
		expect(exitCode).toBe(0);
		expect(scene.pull.body).toContain('- Proved in: `qa`, since 2026-01-05 09:00 UTC, for ');
		expect(source.block).toHaveLength(5);
	});
});

test('where the body is short of room the diff gives way first, then commits, then files', async () => {
	const scene = await Promotion.start({}, onAzure);
	try {
		const many = Array.from(
			{ length: 60 },
			(_, index): Written => [`Change ${index} ${'x'.repeat(40)}`, 'Alice'],
		);
		const source = await Source.make(scene, many);
		const { exitCode } = await scene.run();
		expect(exitCode).toBe(0);
		const { body } = scene.pull;
		expect(body.length).toBeLessThanOrEqual(4000);
		expect(source.block[0]).toMatch(/^\[60 commits\]/);
		expect(source.block.at(-1)).toMatch(/^- and \d+ more$/);
		expect(body).toContain('`api.yaml:4:26`');
		expect(body).toMatch(/\nLockstep-Run: \S+$/);
		expect(await scene.tip(branch)).toBeDefined();
	} finally {
		await scene.close();
	}
});
