import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { exitCode, Failure } from '../../shared/failure/failure.ts';
import { stepInputs } from '../../shared/step/common-inputs.ts';
import { type AnyStep, defineStep } from '../../shared/step/declare.ts';
import { main } from '../../shared/step/main.ts';

const folder = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

let printed = '';
beforeEach(() => {
	printed = '';
	vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
		printed += String(text);
		return true;
	});
});
afterEach(() => {
	vi.restoreAllMocks();
});

/** A step that does nothing but end in some way. */
function ending(run: AnyStep['run']): AnyStep {
	return defineStep({
		name: 'greet',
		title: 'Greets',
		text: '',
		branding: { icon: 'smile', color: 'blue' },
		inputs: stepInputs,
		outputs: {},
		example: {},
		run,
	});
}

test("'stop here, all is well' is exit code 78, and no error", async () => {
	const step = ending((_, context) => {
		context.summary('Nobody has approved yet');
		throw new Failure('Nobody has approved yet: stopping here', {
			exitCode: exitCode.stopHere,
		});
	});
	const env = { DRONE: 'true', DRONE_WORKSPACE: folder, DRONE_CARD_PATH: '/dev/stdout' };
	expect(await main(step, [], env)).toBe(78);
	expect(printed).toMatch(/^Nobody has approved yet: stopping here\n/);
	const encoded = printed.split('1338;')[1]?.split('\x1b')[0] ?? '';
	expect(JSON.parse(Buffer.from(encoded, 'base64').toString())).toMatchObject({
		data: { status: 'succeeded', summary: 'Nobody has approved yet' },
	});
});

test('an unknown CI is bad input, told without a stack', async () => {
	vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
		printed += String(text);
		return true;
	});
	const step = ending(async () => ({}));
	expect(await main(step, ['--ci', 'teckton'], {})).toBe(2);
	expect(printed).toMatch(/^\S*error:\S* --ci: "teckton" is no CI that Lockstep knows[^\n]*\n$/);
});
