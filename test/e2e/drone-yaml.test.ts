import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { droneVariables } from '../engines/drone/variables.ts';
import { pushed } from '../engines/fixture-event.ts';
import { droneSettings, type Settings } from '../engines/settings.ts';
import { substitute } from '../engines/substitute.ts';
import { exampleOf, root, stepNames } from '../plugins/pages.ts';
import { deployment, Infra, token } from '../scenarios/infra.ts';
import { runStep } from '../scenarios/run-step.ts';
import { findDroneYaml } from '../servers/drone-yaml.ts';

const execute = promisify(execFile);
const secrets = { lockstep_token: token, kubeconfig: 'apiVersion: v1\nkind: Config' };

/** A step as Drone's compiler hands it to a runner. */
interface CompiledStep {
	readonly metadata: { readonly name: string };
	readonly docker: { readonly image: string };
	readonly environment?: Readonly<Record<string, string>>;
	readonly secrets?: readonly { readonly name: keyof typeof secrets; readonly env: string }[];
}

interface Pipeline {
	readonly name: string;
	readonly steps: readonly { readonly name: string; readonly settings?: Settings }[];
}

let droneYaml: string;
let folder: string;
beforeAll(async () => {
	droneYaml = await findDroneYaml(console.error);
	folder = await mkdtemp(join(tmpdir(), 'drone-yaml-'));
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The `PLUGIN_*` variables of a pipeline's steps, by their names, as Drone makes them. */
async function compiled(text: string, pipeline: string): Promise<Map<string, Settings>> {
	const file = join(folder, '.drone.yml');
	await writeFile(file, text);
	const { stdout } = await execute(droneYaml, ['compile', `--name=${pipeline}`, file]);
	const { steps } = JSON.parse(stdout) as { steps: readonly CompiledStep[] };
	return new Map(
		steps.map(({ metadata, environment = {}, secrets: wanted = [] }) => {
			const ofSecrets = wanted.map(({ name, env }) => [env, secrets[name]]);
			const all = Object.entries({ ...environment, ...Object.fromEntries(ofSecrets) });
			return [
				metadata.name,
				Object.fromEntries(all.filter(([name]) => name.startsWith('PLUGIN_'))),
			];
		}),
	);
}

/** Holds the variables that Drone makes against those that all other tests run the bundles with. */
async function compare(text: string): Promise<void> {
	for (const document of parseAllDocuments(text, { version: '1.1' })) {
		const { name, steps } = document.toJS() as Pipeline;
		const made = await compiled(text, name);
		for (const { name, settings = {} } of steps)
			expect(made.get(name), name).toEqual(droneSettings(settings, secrets));
	}
}

describe("Drone's compiler makes of settings what our own engine does", () => {
	test.each(stepNames)('in the example of %s', async (step) => {
		await compare(exampleOf(step, 'Drone'));
	});

	test.each(['application', 'infra-staging', 'infra-qa', 'infra-production'])(
		'in the pipeline of %s',
		async (repository) => {
			const file = join(root, 'plugins/drone/examples', repository, '.drone.yml');
			const variables = droneVariables(pushed(), stage, { credentials });
			await compare(substitute(await readFile(file, 'utf8'), variables));
		},
	);

	test('in every shape', async () => {
		const settings = `
      flag: yes
      word: 'yes'
      number: 42
      rounded: 1.10
      quoted: '1.10'
      list: [a, b, 3, true]
      empty: []
      nothing: null
      map: { b: x, a: { c: [1, 2] } }
      maps: [{ a: 1 }, { b: 2 }]
      dry-run: true
      camelCase: x
      token: { from_secret: lockstep_token }`;
		await compare(
			`kind: pipeline\nname: p\nsteps:\n  - name: s\n    image: x\n    settings:${settings}\n`,
		);
	});
});

const stage = { name: 'default', number: 1, status: 'success', workspace: '/drone/src' } as const;
const credentials = { username: 'ci', token: 'of-the-ci' };

test('the bundle pushes when it is run with the variables that the compiler makes', async () => {
	const infra = await Infra.start({ 'apps/api/pod.yaml': deployment('ghcr.io/acme/api:v0') });
	try {
		const example = exampleOf('bump-image', 'Drone').replace('acme/infra-staging', infra.url);
		const { name } = parse(example) as Pipeline;
		const settings = (await compiled(example, name)).get('bump-image');
		const event = pushed({ ref: 'refs/heads/feature/x' });
		const env = { ...droneVariables(event, stage, { credentials }), ...settings };
		const run = await runStep('bump-image', { cwd: folder, env: env as Record<string, string> });
		expect(run, run.stdout).toMatchObject({ exitCode: 0, outputs: { changed: 'true' } });
		expect(await infra.file('apps/api/pod.yaml')).toContain('ghcr.io/acme/api:feature-x-1234567');
	} finally {
		await infra.close();
	}
});
