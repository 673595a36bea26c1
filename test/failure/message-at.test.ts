import { expect, test } from 'vitest';
import { messageAt } from '../../shared/failure/failure.ts';

test.each([
	['a message without a place stays', 'no file', undefined, 'no file'],
	['a place goes in front', 'is broken', { file: 'a.yaml', line: 2 }, 'a.yaml:2: is broken'],
	['not twice in front', 'a.yaml:2: is broken', { file: 'a.yaml', line: 2 }, undefined],
	['not twice in the sentence', 'web is not used in a.yaml.', { file: 'a.yaml' }, undefined],
	['a place in a file names the file', 'a.yaml:2:1 is broken', { file: 'a.yaml' }, undefined],
	['another file is another place', 'see b/a.yaml', { file: 'a.yaml' }, 'a.yaml: see b/a.yaml'],
	['so is a longer name', 'see a.yaml.bak', { file: 'a.yaml' }, 'a.yaml: see a.yaml.bak'],
	['so is another line', 'a.yaml:21: x', { file: 'a.yaml', line: 2 }, 'a.yaml:2: a.yaml:21: x'],
	['signs of a pattern are signs of a name', 'axyaml', { file: 'a.yaml' }, 'a.yaml: axyaml'],
])('%s', (_, message, place, shown = message) => {
	expect(messageAt(message, place)).toBe(shown);
});
