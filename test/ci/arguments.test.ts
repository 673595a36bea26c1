import { describe, expect, test } from 'vitest';
import { readArguments } from '../../shared/ci/arguments.ts';
import type { InputShape } from '../../shared/ci/host.ts';

const shapes: InputShape[] = [
	{ name: 'file', shape: 'list' },
	{ name: 'tag', shape: 'text' },
	{ name: 'dry-run', shape: 'flag' },
];

describe('inputs on a command line', () => {
	test.each([
		['--tag v1', { tag: 'v1' }],
		['--tag=v1', { tag: 'v1' }],
		['--tag=--v1', { tag: '--v1' }],
		['--tag=', { tag: '' }],
		['--file a --file b', { file: ['a', 'b'] }],
		['--file -a', { file: '-a' }],
		['--dry-run', { 'dry-run': 'true' }],
		['--no-dry-run', { 'dry-run': 'false' }],
		['--dry-run=false', { 'dry-run': 'false' }],
		['--dry-run --tag v1', { 'dry-run': 'true', tag: 'v1' }],
	])('%s', (line, inputs) => {
		expect(Object.fromEntries(readArguments(line.split(' '), shapes))).toEqual(inputs);
	});

	test.each([
		['--tags v1', '--tags is no input of this step (did you mean tag?); --help lists them'],
		['--dryRun', '--dryRun is no input of this step (did you mean dry-run?); --help lists them'],
		['-f a', '-f is no input of this step; --help lists them'],
		['--no-tag', '--no-tag is no input of this step (did you mean tag?); --help lists them'],
		['--tag', '--tag has no value; write --tag value or --tag=value'],
		[
			'--tag --dry-run',
			'--tag has no value, for --dry-run looks like the next input; write --tag=--dry-run if it is meant as the value',
		],
		['--tag a --tag b', '--tag is given more than once; give it once'],
		['v1', '"v1" stands alone on the command line; every input has a name, as in --name value'],
	])('%s is refused', (line, message) => {
		expect(() => readArguments(line.split(' '), shapes)).toThrow(message);
	});
});
