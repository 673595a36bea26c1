import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { commandInputs } from '../../shared/ci/command-inputs.ts';
import type { InputShape } from '../../shared/ci/host.ts';

const folder = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const shapes: InputShape[] = [
	{ name: 'file', shape: 'list' },
	{ name: 'image', shape: 'text' },
	{ name: 'tag', shape: 'text' },
	{ name: 'set', shape: 'list' },
	{ name: 'dry-run', shape: 'flag' },
];

async function read(env: Record<string, string>, args: string[] = [], config = '') {
	writeFileSync(join(folder, 'lockstep.yaml'), config);
	const warnings: string[] = [];
	const form = commandInputs(env, args, folder);
	const warn = (message: string) => void warnings.push(message);
	const inputs = await form.inputs({ step: 'bump-image', shapes, warn });
	return { inputs: Object.fromEntries(inputs), nameOf: form.nameOf, warnings };
}

describe('where an input comes from', () => {
	const env = { LOCKSTEP_CONFIG: 'lockstep.yaml', LOCKSTEP_TAG: 'of-env', LOCKSTEP_IMAGE: ' ' };
	const config = 'bump-image:\n  tag: of-file\n  image: of-file\n  file: [a, b]\n';

	test('an argument, else a variable that is not empty, else the file', async () => {
		const { inputs, nameOf } = await read(env, ['--file', 'of-argument'], config);
		expect(inputs).toEqual({ file: 'of-argument', tag: 'of-env', image: 'of-file' });
		expect(['file', 'tag', 'image', 'set'].map(nameOf)).toEqual([
			'--file',
			'LOCKSTEP_TAG',
			'image in lockstep.yaml',
			'--set',
		]);
	});

	test('the file of the argument, before that of the variable', async () => {
		const given = { LOCKSTEP_CONFIG: 'nowhere.yaml' };
		const { inputs } = await read(given, ['--config=lockstep.yaml'], config);
		expect(inputs.tag).toBe('of-file');
	});

	test('no file is read that is not named', async () => {
		expect((await read({}, [], config)).inputs).toEqual({});
	});
});

test('a variable that is nearly an input’s gets a warning, any other is of another step', async () => {
	const { inputs, warnings } = await read({ LOCKSTEP_DRYRUN: 'true', LOCKSTEP_KUBECONFIG: 'x' });
	expect(inputs).toEqual({});
	expect(warnings).toEqual([
		'The variable LOCKSTEP_DRYRUN is no input of this step (did you mean dry-run?)',
	]);
});

describe('the file', () => {
	const args = ['--config', 'lockstep.yaml'];

	test('has values as they are written, lists and maps', async () => {
		const { inputs } = await read(
			{},
			args,
			`
.shared: &shared
  image: api
  tag: never
bump-image:
  <<: *shared
  tag: 1.10
  dry-run: yes
  file: [a, 0755, null]
  set:
    image.tag: 2.0
    replicas: 3
rollback: {}
`,
		);
		expect(inputs).toEqual({
			image: 'api',
			tag: '1.10',
			'dry-run': 'yes',
			file: ['a', '0755'],
			set: '{"image.tag":"2.0","replicas":"3"}',
		});
	});

	test.each([
		['', 'lockstep.yaml has no section bump-image; write'],
		['bump-imag: {}', 'lockstep.yaml has no section bump-image (did you mean bump-imag?)'],
		['bump-image: x', 'lockstep.yaml has no section bump-image'],
		['bump-image: {tags: 1}', 'tags is no input of bump-image (did you mean tag?); take it out'],
		['bump-image: [', 'lockstep.yaml is no YAML'],
	])('%j is refused', async (config, message) => {
		await expect(read({}, args, config)).rejects.toMatchObject({
			message: expect.stringContaining(message),
			exitCode: 2,
			place: { file: 'lockstep.yaml' },
		});
	});

	test('that is not there is refused', async () => {
		await expect(read({}, ['--config', 'nowhere.yaml'])).rejects.toThrow(
			'--config: nowhere.yaml cannot be read',
		);
	});
});
