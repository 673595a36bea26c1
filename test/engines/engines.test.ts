// biome-ignore-all lint/suspicious/noTemplateCurlyInString: pipelines have such texts
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { git } from '../stand-ins/git/git.ts';
import { type GitServer, startGitServer } from '../stand-ins/git/git-server.ts';
import { runDrone } from './drone.ts';
import { pullRequest, pushed } from './fixture-event.ts';
import { runGithub } from './github.ts';
import type { PipelineOptions, PipelineResult, RunPipeline } from './pipeline.ts';
import type { ForgeEvent } from './webhook.ts';
import { runWoodpecker } from './woodpecker.ts';

const repository = 'infra/dr';
const token = 'the-ci-token';
let server: GitServer;
let tip: string;
const folders: string[] = [];

beforeAll(async () => {
	server = await startGitServer({ users: [{ name: 'ci', token }] });
	await server.createRepository(repository, { files: { 'version.txt': '1\n' } });
	tip = await git(server.repositoryPath(repository), ['rev-parse', 'main']);
});
afterAll(async () => {
	await server.close();
	for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function play(
	run: RunPipeline,
	text: string,
	event: ForgeEvent = pushed({ commit: tip, cloneUrl: server.cloneUrl(repository) }),
	options: Partial<PipelineOptions> = {},
): Promise<PipelineResult> {
	const folder = await mkdtemp(join(tmpdir(), 'engine-'));
	folders.push(folder);
	return await run(text, event, {
		folder,
		secrets: { password: 'very-secret' },
		credentials: { username: 'ci', token },
		forge: { kind: 'github', url: server.url, apiUrl: `${server.url}/api/v3` },
		programs: {
			alpine: {},
			plugin: { entry: ['/bin/sh', '-c', 'env | grep ^PLUGIN_ | sort'] },
			stop: { entry: ['/bin/sh', '-c', 'exit 78'] },
		},
		...options,
	});
}

const statuses = (result: PipelineResult) => result.steps.map(({ status }) => status);
const logOf = (result: PipelineResult, name: string) =>
	result.steps.find((step) => step.name === name)?.log ?? '';

describe('Drone', () => {
	const pipeline = (steps: string, trigger = '{}') =>
		`kind: pipeline\ntype: docker\nname: p\ntrigger: ${trigger}\nsteps:\n${steps}`;

	test('steps run in a clone of the commit, one after the other in one workspace', async () => {
		const result = await play(
			runDrone,
			pipeline(`
- {name: write, image: alpine, commands: ['cp version.txt copy.txt']}
- {name: read, image: alpine, commands: ['cat copy.txt', 'git rev-parse HEAD']}
`),
		);
		expect(result.status).toBe('success');
		expect(logOf(result, 'read')).toBe(`+ cat copy.txt\n1\n+ git rev-parse HEAD\n${tip}`);
	});

	test('settings reach a plugin as variables, and secrets stay out of the log', async () => {
		const result = await play(
			runDrone,
			pipeline(`
- name: plugin
  image: plugin:1
  settings: {branch: '\${DRONE_BRANCH}', flag: yes, password: {from_secret: password}}
`),
		);
		expect(logOf(result, 'plugin').split('\n')).toEqual([
			'PLUGIN_BRANCH=main',
			'PLUGIN_FLAG=true',
			'PLUGIN_PASSWORD=***',
		]);
	});

	test('after a failed step only those run that ask for a failure', async () => {
		const result = await play(
			runDrone,
			pipeline(`
- {name: a, image: alpine, commands: ['false', 'echo not here']}
- {name: b, image: alpine, commands: ['echo b']}
- {name: c, image: alpine, commands: ['echo c'], when: {status: [failure]}}
`),
		);
		expect(result.status).toBe('failure');
		expect(statuses(result)).toEqual(['success', 'failure', 'skipped', 'success']);
		expect(logOf(result, 'a')).not.toContain('not here');
	});

	test('exit code 78 ends the pipeline as successful', async () => {
		const result = await play(
			runDrone,
			pipeline(`
- {name: a, image: stop}
- {name: b, image: alpine, commands: ['echo b']}
`),
		);
		expect(result.status).toBe('success');
		expect(statuses(result)).toEqual(['success', 'success', 'skipped']);
	});

	test.each([
		['{event: [push], branch: {exclude: [main]}}', 'skipped'],
		['{event: [push], branch: [main]}', 'success'],
		['{event: [tag]}', 'skipped'],
	])('a pipeline with the trigger %s is %s on a push to main', async (trigger, status) => {
		const result = await play(
			runDrone,
			pipeline('- {name: a, image: alpine, commands: [ls]}', trigger),
		);
		expect(result.status).toBe(status);
	});

	test('a deleted branch starts nothing', async () => {
		const event = pushed({ ref: 'refs/heads/gone', deleted: true });
		expect(await play(runDrone, pipeline('- {name: a, image: stop}'), event)).toEqual({
			status: 'skipped',
			steps: [],
		});
	});

	test('a field that this engine does not play is refused', async () => {
		await expect(
			play(runDrone, pipeline('- {name: a, image: alpine, privileged: true}')),
		).rejects.toThrow('privileged');
	});
});

describe('Woodpecker', () => {
	test('conditions of a step are alternatives, and a failure is waited for by its status', async () => {
		const result = await play(
			runWoodpecker,
			`
when: {event: push}
steps:
  - {name: tag, image: alpine, commands: 'true', when: {event: tag}}
  - {name: either, image: alpine, commands: 'exit 3', when: [{event: tag}, {branch: main}]}
  - {name: next, image: alpine, commands: 'true'}
  - {name: after, image: alpine, commands: 'true', when: [{status: failure}]}
`,
		);
		expect(result.status).toBe('failure');
		expect(statuses(result)).toEqual(['success', 'skipped', 'failure', 'skipped', 'success']);
	});

	test('with an environment of its own a step gets no settings', async () => {
		const step = '{name: p, image: plugin, settings: {a-b: x}';
		const plain = await play(runWoodpecker, `steps: [${step}}]`);
		expect(logOf(plain, 'p')).toBe('PLUGIN_A_B=x');
		const result = await play(runWoodpecker, `steps: [${step}, environment: {A: b}}]`);
		expect(logOf(result, 'p')).toBe('');
	});

	test('exit code 78 is a failure', async () => {
		const result = await play(runWoodpecker, 'steps: [{name: a, image: stop}]');
		expect(result.status).toBe('failure');
	});
});

describe('GitHub Actions', () => {
	const workflow = (steps: string, on = '{push: {branches: [main]}}') =>
		`name: w\non: ${on}\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n${steps}`;

	test('outputs and variables reach the steps that follow', async () => {
		const result = await play(
			runGithub,
			workflow(`
      - uses: actions/checkout@v4
      - id: a
        run: |
          echo "version=$(cat version.txt)" >> "$GITHUB_OUTPUT"
          printf 'NOTE<<END\\nx\\ny\\nEND\\n' >> "$GITHUB_ENV"
      - name: b
        run: echo "\${{ steps.a.outputs.version }} $NOTE \${{ secrets.password }}"
`),
		);
		expect(result.steps[1]?.outputs).toEqual({ version: '1' });
		expect(logOf(result, 'b')).toBe('1 x\ny ***');
	});

	test('checkout leaves a token for a push unless it is told not to', async () => {
		const push = (persist: string) =>
			workflow(`
      - uses: actions/checkout@v4
        with: {persist-credentials: ${persist}}
      - name: push
        run: git push origin HEAD:refs/heads/copy-${persist}
`);
		expect((await play(runGithub, push('true'))).status).toBe('success');
		expect((await play(runGithub, push('false'))).status).toBe('failure');
	});

	test('a condition on the outcome of a step that failed', async () => {
		const result = await play(
			runGithub,
			workflow(`
      - id: a
        run: exit 1
      - run: echo not here
      - if: failure() && steps.a.outcome == 'failure'
        run: echo here
`),
		);
		expect(result.status).toBe('failure');
		expect(statuses(result)).toEqual(['failure', 'skipped', 'success']);
	});

	test('a workflow for pushes to main is none for pull requests and tags', async () => {
		const text = workflow('      - run: echo');
		for (const event of [
			pullRequest('opened'),
			pushed({ ref: 'refs/tags/v1' }),
			pushed({ ref: 'refs/heads/other' }),
		])
			expect((await play(runGithub, text, event)).status).toBe('skipped');
	});
});
