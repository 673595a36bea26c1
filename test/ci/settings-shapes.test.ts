import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { readSettings, settingsForm } from '../../shared/ci/settings.ts';
import { input } from '../../shared/step/declare.ts';
import { readInputs, shapesOf } from '../../shared/step/read-inputs.ts';
import { list, pairs } from '../../shared/step/values.ts';
import { droneSettings, woodpeckerSettings } from '../engines/settings.ts';

const inputs = {
	'dry-run': input(z.boolean(), 'A flag.'),
	attempts: input(z.int(), 'A number.'),
	tag: input(z.string(), 'A text.'),
	file: input(list, 'A list.'),
	set: input(pairs, 'Pairs.'),
	token: input(z.string(), 'A secret.', { secret: true }),
};

/** What a step gets of `settings:`, by the rules of Drone and of Woodpecker. */
function both(yaml: string, secrets: Record<string, string> = {}) {
	const ways = [
		droneSettings(parse(yaml, { version: '1.1' }), secrets),
		woodpeckerSettings(parse(yaml), secrets),
	];
	return ways.map((env) => {
		const request = { shapes: shapesOf(inputs), warn: () => undefined };
		const { nameOf } = settingsForm(env);
		const values = readInputs({ inputs }, readSettings(env, request), nameOf);
		return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
	});
}

describe('settings in every shape of YAML, on Drone and on Woodpecker', () => {
	test.each([
		['dry-run: true', { dryRun: true }],
		['dry_run: true', { dryRun: true }],
		['dry-run: yes', { dryRun: true }],
		['dry-run: on', { dryRun: true }],
		['dry-run: y', { dryRun: true }],
		['dry-run: off', { dryRun: false }],
		["dry-run: 'no'", { dryRun: false }],
		['attempts: 3', { attempts: 3 }],
		["attempts: '3'", { attempts: 3 }],
		["tag: '1.10'", { tag: '1.10' }],
		['tag: 12', { tag: '12' }],
		['tag: null', {}],
		["tag: ''", {}],
		['file: a.yaml', { file: ['a.yaml'] }],
		['file: [a.yaml, b.yaml]', { file: ['a.yaml', 'b.yaml'] }],
		['file: []', {}],
		['file: [a.yaml, null]', { file: ['a.yaml'] }],
		['file: |\n  a.yaml\n  b, c.yaml\n', { file: ['a.yaml', 'b, c.yaml'] }],
		[`file: '["a.yaml","b, c.yaml"]'`, { file: ['a.yaml', 'b, c.yaml'] }],
		['file: a\\,b.yaml', { file: ['a,b.yaml'] }],
		['set: {image.tag: v2, replicas: 3}', { set: { 'image.tag': 'v2', replicas: '3' } }],
		['set: [image.tag=v2, replicas=3]', { set: { 'image.tag': 'v2', replicas: '3' } }],
		['set: |\n  a=b=c\n  d=\n', { set: { a: 'b=c', d: '' } }],
		['set: {a: {b: 1}}', { set: { a: '{"b":1}' } }],
		['token: {from_secret: here}', { token: 'of-the-ci' }],
	])('%j', (yaml, values) => {
		expect(both(yaml, { here: 'of-the-ci' })).toEqual([values, values]);
	});

	test('a secret that there is not is none on Drone', () => {
		const env = droneSettings(parse('token: {from_secret: gone}'), {});
		expect(env).toEqual({});
	});
});
