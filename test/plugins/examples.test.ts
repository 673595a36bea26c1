import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { detectHost } from '../../shared/ci/detect.ts';
import type { AnyStep, Example, Input } from '../../shared/step/declare.ts';
import { readInputs, shapesOf } from '../../shared/step/read-inputs.ts';
import { runDrone } from '../engines/drone.ts';
import type { Executed } from '../engines/execute.ts';
import { pushed } from '../engines/fixture-event.ts';
import { runGithub } from '../engines/github.ts';
import type { Program, Programs, RunPipeline } from '../engines/pipeline.ts';
import { runWoodpecker } from '../engines/woodpecker.ts';
import { documentedFronts } from '../scenarios/documented-fronts.ts';
import { git } from '../stand-ins/git/git.ts';
import { type GitServer, startGitServer } from '../stand-ins/git/git-server.ts';
import { exampleOf, root, stepNames } from './pages.ts';
import { players } from './players.ts';

vi.setConfig({ testTimeout: 30_000 });

const secrets = {
	LOCKSTEP_TOKEN: 'the-token-of-the-bot',
	KUBECONFIG: 'apiVersion: v1\nkind: Config',
};
const source = 'acme/application';
const target = 'acme/infra-staging';
const manifest = (tag: string) => `kind: Pod
apiVersion: v1
metadata: { name: api }
spec: { containers: [{ name: api, image: "ghcr.io/acme/api:${tag}" }] }
`;

let server: GitServer;
let commit: string;
let folder: string;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'examples-'));
	server = await startGitServer({ users: [{ name: 'bot', token: secrets.LOCKSTEP_TOKEN }] });
	await server.createRepository(source, { files: { 'src/index.html': 'x' } });
	commit = await git(server.repositoryPath(source), ['rev-parse', 'main']);
	await server.createRepository(target, { files: { 'apps/api/pod.yaml': manifest('v0') } });
});
afterAll(async () => {
	await server.close();
	await rm(folder, { recursive: true, force: true });
});

/** A fresh folder for one example. */
function emptyFolder(step: string, heading: string): string {
	const made = mkdtempSync(join(folder, `${step}-${heading.replace(/\W+/g, '-')}-`));
	return made;
}

/** A folder with `lockstep` as a program of this machine, and with what examples call it by. */
function programs(bin: string, lockstep: readonly string[]): string {
	const docker = [process.execPath, join(root, 'test/plugins/docker.ts'), bin];
	const scripts = {
		lockstep: `exec ${lockstep.join(' ')} "$@"`,
		npx: `[ "$1" = --yes ] && shift\nname=\${1%@*}; shift\nexec "$name" "$@"`,
		docker: `exec ${docker.join(' ')} "$@"`,
	};
	mkdirSync(bin);
	for (const [name, script] of Object.entries(scripts))
		writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
	return bin;
}

const engines: Readonly<Record<string, { run: RunPipeline; whole(code: string): string }>> = {
	Drone: { run: runDrone, whole: (code) => code },
	Woodpecker: { run: runWoodpecker, whole: (code) => code },
	'GitHub, Gitea and Forgejo Actions': {
		run: runGithub,
		whole: (code) =>
			`name: w\non: { push: { branches: [main] } }\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n${code.replace(/^(?=.)/gm, '      ')}`,
	},
};

/** Plays an example on one of the engines that know a CI whole. */
async function playOnEngine(
	heading: string,
	step: string,
	code: string,
	at: string,
	program?: Program,
): Promise<Executed> {
	const engine = engines[heading];
	if (engine === undefined) throw new Error(`No engine for ${heading}`);
	const stands: Programs | undefined = program && {
		'ghcr.io/lockstep-ci/lockstep': program,
		[`lockstep-ci/lockstep/actions/${step}`]: program,
	};
	const event = pushed({ commit, cloneUrl: server.cloneUrl(source) });
	const lower = Object.entries(secrets).map(([name, value]) => [name.toLowerCase(), value]);
	const { steps } = await engine.run(engine.whole(code), event, {
		folder: at,
		secrets: { ...secrets, ...Object.fromEntries(lower) },
		credentials: { username: 'bot', token: secrets.LOCKSTEP_TOKEN },
		forge: { kind: 'github', url: server.url, apiUrl: `${server.url}/api/v3` },
		...(stands && { programs: stands }),
	});
	const last = steps.at(-1);
	return { exitCode: last?.exitCode ?? -1, log: last?.log ?? '' };
}

/** The variables that a CI gives to a run of a repository on our server. */
function variablesOf(heading: string): Record<string, string> {
	const front = documentedFronts[heading];
	const situation = { server: server.url, repository: source, commit: '' };
	return { ...front?.(situation, {}).env };
}

/** @param recordIn - a file to write down in how the step is called, in the place of calling it */
async function play(
	heading: string,
	step: string,
	code: string,
	recordIn?: string,
): Promise<Executed> {
	const at = emptyFolder(step, heading);
	const record = [join(root, 'test/plugins/record.ts'), recordIn ?? ''];
	if (heading in engines) {
		const program: Program = { entry: [process.execPath, ...record] };
		return await playOnEngine(heading, step, code, at, recordIn ? program : undefined);
	}
	const player = players[heading];
	if (player === undefined) throw new Error(`Nobody plays ${heading}`);
	const lockstep = recordIn ? record : [join(root, 'dist/lockstep/index.js')];
	const bin = programs(join(at, 'bin'), [process.execPath, ...lockstep]);
	const stage = { step, folder: at, bin, variables: variablesOf(heading) };
	return await player(code, { ...stage, secrets: await secretsOf(step) });
}

/** What who follows the page has stored: the secrets of the inputs that the example gives. */
async function secretsOf(name: string): Promise<Record<string, string>> {
	const { step } = (await import(`../../actions/${name}/step.ts`)) as { step: AnyStep };
	return Object.fromEntries(
		Object.entries(secrets).filter(
			([name]) => name.toLowerCase().replace('lockstep_', '') in step.example,
		),
	);
}

const headings = [...Object.keys(engines), ...Object.keys(players)];
/** Those where no CI tells of an event. */
const alone = ['Tekton', 'Any other CI: a container', 'A command'];

test('every example of a page is played', () => {
	for (const step of stepNames) {
		const page = readFileSync(join(root, 'plugins/docs', `${step}.md`), 'utf8');
		const fenced = [...(page.split('\n## Inputs\n')[0]?.matchAll(/^## (.+)$/gm) ?? [])];
		expect(fenced.map(([, heading]) => heading).sort()).toEqual([...headings].sort());
	}
});

describe.each(headings)('on %s an example hands over what the step declares', (heading) => {
	test.each(stepNames)('%s', async (name) => {
		const { step } = (await import(`../../actions/${name}/step.ts`)) as { step: AnyStep };
		const called = join(folder, `${name}-${heading.replace(/\W+/g, '-')}.json`);
		const done = await play(heading, name, exampleOf(name, heading), called);
		expect(done, done.log).toMatchObject({ exitCode: 0 });
		expect(existsSync(called), done.log).toBe(true);
		const { args, env } = JSON.parse(readFileSync(called, 'utf8'));
		const ofStep = args[0] === name ? args.slice(1) : args;
		const host = detectHost(env, ofStep);
		const warnings: string[] = [];
		const warn = (message: string) => void warnings.push(message);
		const raw = await host.inputs({ step: name, shapes: shapesOf(step.inputs), warn });
		expect(readInputs(step, raw, host.nameOf)).toEqual(
			readInputs(step, declared(step, alone.includes(heading)), (input) => input),
		);
		expect(warnings).toEqual([]);
	});
});

/** The example's values as a step declares them, with the secrets. */
function declared(step: AnyStep, isAlone: boolean): Map<string, string | string[]> {
	const inputs = step.inputs as Record<string, Input>;
	const example = { ...step.example, ...(isAlone ? step.exampleAlone : {}) } as Example;
	return new Map(
		Object.entries(example).map(([name, value = '']) => {
			if (inputs[name]?.secret)
				return [name, name === 'token' ? secrets.LOCKSTEP_TOKEN : secrets.KUBECONFIG];
			return [name, typeof value === 'object' ? [...value] : String(value)];
		}),
	);
}

describe('the example of bump-image pushes, on our server in the place of the forge', () => {
	test.each(headings)('%s', async (heading) => {
		const tip = () => git(server.repositoryPath(target), ['rev-parse', 'main']);
		const before = await tip();
		const code = exampleOf('bump-image', heading);
		const there = alone.includes(heading)
			? code
					.replace(target, server.cloneUrl(target))
					.replace('v1.4.0', `v${headings.indexOf(heading)}`)
			: code;
		const done = await play(heading, 'bump-image', there);
		expect(done, done.log).toMatchObject({ exitCode: 0 });
		expect(await tip(), done.log).not.toBe(before);
		await git(server.repositoryPath(target), ['update-ref', 'refs/heads/main', before]);
	});
});
