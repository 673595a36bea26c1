// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what a CI has not filled in
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { exitCode, Failure } from '../../shared/failure/failure.ts';
import { input } from '../../shared/step/declare.ts';
import { readInputs, shapesOf } from '../../shared/step/read-inputs.ts';
import { count, duration, list, pairs } from '../../shared/step/values.ts';

const declared = {
	inputs: {
		file: input(list, 'Files.'),
		set: input(pairs, 'Values.'),
		'dry-run': input(z.boolean(), 'No writes.', { default: 'false' }),
		timeout: input(duration, 'Time.', { default: '10m' }),
		concurrency: input(count, 'How many.'),
		level: input(z.enum(['debug', 'info']), 'Level.'),
		token: input(z.string(), 'Token.', { secret: true }),
	},
};

function read(raw: Record<string, string | string[]>) {
	return readInputs(declared, new Map(Object.entries(raw)), (name) => `--${name}`);
}

function failureOf(action: () => unknown): Failure {
	try {
		action();
	} catch (error) {
		if (error instanceof Failure) return error;
		throw error;
	}
	throw new Error('nothing was thrown');
}

describe('an input is decoded by its type', () => {
	test.each([
		['file', 'a.yaml', ['a.yaml']],
		['file', 'a.yaml,b.yaml', ['a.yaml', 'b.yaml']],
		['file', 'a\\,b.yaml,c.yaml', ['a,b.yaml', 'c.yaml']],
		['file', 'a,b.yaml\n  c.yaml\n', ['a,b.yaml', 'c.yaml']],
		['file', '["a,b.yaml", "c.yaml", null]', ['a,b.yaml', 'c.yaml']],
		['file', ['a.yaml', 'b,c.yaml'], ['a.yaml', 'b,c.yaml']],
		['file', '-a.yaml', ['-a.yaml']],
		['set', 'a.b=1', { 'a.b': '1' }],
		['set', 'a=1\nb=x=y', { a: '1', b: 'x=y' }],
		['set', 'images[name=api].newTag=v1', { 'images[name=api].newTag': 'v1' }],
		['set', 'a=1,b=2', { a: '1', b: '2' }],
		['set', 'args=one,two', { args: 'one,two' }],
		['set', '{"a": 1, "b": true, "c": {"d": 2}}', { a: '1', b: 'true', c: '{"d":2}' }],
		['set', ['a=1', 'b=2,3'], { a: '1', b: '2,3' }],
		['dryRun', 'true', true],
		['dryRun', 'on', true],
		['dryRun', 'No', false],
		['dryRun', '', false],
		['timeout', '90s', 90_000],
		['timeout', '1h30m', 5_400_000],
		['timeout', '1.5h', 5_400_000],
		['concurrency', '4', 4],
		['level', 'debug', 'debug'],
	])('%s: %j', (key, raw, value) => {
		const name = key === 'dryRun' ? 'dry-run' : key;
		expect(read({ [name]: raw })[key as 'file']).toEqual(value);
	});

	test.each(['', '  ', '\n'])(
		'what is given as %j, that is as nothing, takes its default',
		(raw) => {
			expect(read({ timeout: raw, file: raw, token: raw })).toMatchObject({
				timeout: 600_000,
				file: undefined,
				token: undefined,
				dryRun: false,
			});
		},
	);
});

describe('a wrong value is bad input, in one sentence that names the input', () => {
	test.each([
		['dry-run', 'perhaps', '--dry-run: "perhaps" is not true or false'],
		['timeout', '10 minutes', '--timeout: "10 minutes" is not a duration such as 90s, 10m or 72h'],
		['concurrency', '0', '--concurrency: "0" is not a whole number of at least 1'],
		['concurrency', '1.5', '--concurrency: "1.5" is not a whole number'],
		['concurrency', 'many', '--concurrency: "many" is not a whole number'],
		['level', 'loud', '--level: "loud" is not one of debug, info'],
		['set', 'nothing', '--set: "nothing" is not of the form name=value'],
		['level', ['debug', 'info'], '--level is given more than once; give it once'],
	])('%s %j', (name, raw, message) => {
		const failure = failureOf(() => read({ [name]: raw }));
		expect(failure.message).toBe(message);
		expect(failure.exitCode).toBe(exitCode.badInput);
	});

	test.each([
		['$(LOCKSTEP_TOKEN)', 'LOCKSTEP_TOKEN'],
		['$(group.token)', 'group.token'],
		['$LOCKSTEP_TOKEN', 'LOCKSTEP_TOKEN'],
		['${LOCKSTEP_TOKEN}\n', 'LOCKSTEP_TOKEN'],
		['${{ secrets.LOCKSTEP_TOKEN }}', 'secrets.LOCKSTEP_TOKEN'],
	])('%s as a secret, in whose place the CI has put nothing', (raw, variable) => {
		expect(failureOf(() => read({ token: raw })).message).toMatch(
			`--token: the CI has nothing to put in the place of ${variable}; define`,
		);
	});

	test.each(['$ecret', 'pa$$WORD', '$(a) $(b)', 'x$TOKEN'])('but %s may be a secret', (token) => {
		expect(read({ token }).token).toBe(token);
	});

	test('a required input that is missing', () => {
		const step = { inputs: { file: input(list, 'Files to edit. Or globs.', { required: true }) } };
		expect(failureOf(() => readInputs(step, new Map(), (name) => `settings.${name}`)).message).toBe(
			'settings.file is missing: Files to edit',
		);
	});

	test('two of a group that excludes each other, but not one beside the default of another', () => {
		const step = {
			inputs: {
				image: input(z.string(), 'Image.'),
				mode: input(z.string(), 'Mode.', { default: 'plain' }),
			},
			exclusive: [['image', 'mode']] as const,
		};
		const both = (mode: string) =>
			readInputs(step, new Map(Object.entries({ image: 'a', mode })), (name) => name);
		expect(failureOf(() => both('other')).message).toBe(
			'image and mode exclude each other; give one of them',
		);
		expect(both('plain')).toEqual({ image: 'a', mode: 'plain' });
	});
});

test('a CI is told which inputs are flags and which can be repeated', () => {
	expect(shapesOf(declared.inputs)).toEqual([
		{ name: 'file', shape: 'list' },
		{ name: 'set', shape: 'list' },
		{ name: 'dry-run', shape: 'flag' },
		{ name: 'timeout', shape: 'text' },
		{ name: 'concurrency', shape: 'number' },
		{ name: 'level', shape: 'text' },
		{ name: 'token', shape: 'text' },
	]);
});
