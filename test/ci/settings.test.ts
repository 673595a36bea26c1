import { expect, test } from 'vitest';
import { readSettings } from '../../shared/ci/settings.ts';

const shapes = [
	{ name: 'dry-run', shape: 'flag' as const },
	{ name: 'file', shape: 'list' as const },
];

test.each([
	['as Drone writes it', { 'PLUGIN_DRY-RUN': 'true' }],
	['as Woodpecker writes it', { PLUGIN_DRY_RUN: 'true' }],
])('a setting with a hyphen, %s', (_, env) => {
	expect(readSettings(env, shapes).get('dry-run')).toBe('true');
});

test('a setting that the step does not have is named', () => {
	expect(() => readSettings({ PLUGIN_DRYRUN: 'true' }, shapes)).toThrow(
		'settings.dryrun is no input of this step (did you mean dry-run?); take it out of settings',
	);
});

test('a setting that is written in both ways is refused, unless both say the same', () => {
	const both = (hyphen: string) =>
		readSettings({ PLUGIN_DRY_RUN: 'true', 'PLUGIN_DRY-RUN': hyphen }, shapes).get('dry-run');
	expect(both('true')).toBe('true');
	expect(() => both('false')).toThrow(
		'settings.dry-run is given twice, as PLUGIN_DRY_RUN and PLUGIN_DRY-RUN',
	);
});
