import { expect, test } from 'vitest';
import { readSettings } from '../../shared/ci/settings.ts';

const warnings: string[] = [];
const request = {
	shapes: [
		{ name: 'dry-run', shape: 'flag' as const },
		{ name: 'file', shape: 'list' as const },
		{ name: 'tag', shape: 'text' as const },
		{ name: 'health-percent', shape: 'number' as const },
	],
	warn: (message: string) => void warnings.push(message),
};

test.each([
	['as Drone writes it', { 'PLUGIN_DRY-RUN': 'true' }],
	['as Woodpecker writes it', { PLUGIN_DRY_RUN: 'true' }],
])('a setting with a hyphen, %s', (_, env) => {
	expect(readSettings(env, request).get('dry-run')).toBe('true');
});

test('a setting that the step does not have is named', () => {
	expect(() => readSettings({ PLUGIN_DRYRUN: 'true' }, request)).toThrow(
		'settings.dryrun is no input of this step (did you mean dry-run?); take it out of settings',
	);
});

test('a setting that is written in both ways is refused, unless both say the same', () => {
	const both = (hyphen: string) =>
		readSettings({ PLUGIN_DRY_RUN: 'true', 'PLUGIN_DRY-RUN': hyphen }, request).get('dry-run');
	expect(both('true')).toBe('true');
	expect(() => both('false')).toThrow(
		'settings.dry-run is given twice, as PLUGIN_DRY_RUN and PLUGIN_DRY-RUN',
	);
});

test.each([
	['PLUGIN_TAG', '1.1', true],
	['PLUGIN_TAG', '1e+10', true],
	['PLUGIN_FILE', 'a,1.2', true],
	['PLUGIN_TAG', '1.10', false],
	['PLUGIN_TAG', '110', false],
	['PLUGIN_TAG', 'v1.1', false],
	['PLUGIN_TAG', '1.1.0', false],
	['PLUGIN_HEALTH_PERCENT', '99.5', false],
])('%s=%s gets a warning that YAML may have changed it: %s', (variable, value, warned) => {
	warnings.length = 0;
	readSettings({ [variable]: value }, request);
	expect(warnings).toHaveLength(warned ? 1 : 0);
});
