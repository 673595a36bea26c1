// biome-ignore-all lint/suspicious/noTemplateCurlyInString: pipelines have such texts
import { describe, expect, test } from 'vitest';
import { passes } from './conditions.ts';
import { shownLine } from './github/commands.ts';
import { fill, holds } from './github/expressions.ts';
import { droneSettings, woodpeckerSettings } from './settings.ts';
import { substitute } from './substitute.ts';

describe('variables in a pipeline are filled in', () => {
	const variables = { BRANCH: 'feature/a/b', SHA: '0123456789abcdef', TAG: 'v1.2.0', EMPTY: '' };
	test.each([
		['${BRANCH}', 'feature/a/b'],
		['${SHA:0:7}', '0123456'],
		['${SHA:10}', 'abcdef'],
		['${BRANCH/\\//-}', 'feature-a/b'],
		['${BRANCH//\\//-}', 'feature-a-b'],
		['${BRANCH/feature/topic}', 'topic/a/b'],
		['${TAG#v}', '1.2.0'],
		['${TAG%.0}', 'v1.2'],
		['${TAG^^}', 'V1.2.0'],
		['${EMPTY:-main}', 'main'],
		['${UNKNOWN}', ''],
		['$TAG and $${TAG}', '$TAG and ${TAG}'],
		['${BRANCH//\\//-}-${SHA:0:7}', 'feature-a-b-0123456'],
	])('%s', (text, expected) => {
		expect(substitute(text, variables)).toBe(expected);
	});
});

describe('conditions', () => {
	test.each([
		[undefined, 'main', true],
		['main', 'main', true],
		['main', 'feature/x', false],
		[['main', 'release/*'], 'release/1', true],
		[{ exclude: ['main'] }, 'main', false],
		[{ exclude: 'main' }, 'feature/x', true],
		[{ include: ['release/*'], exclude: ['release/old'] }, 'release/old', false],
		['refs/tags/v*', 'refs/tags/v1.0.0', true],
		['refs/tags/v*', 'refs/tags/deploy/qa/v1.0.0', false],
	])('%j takes %s: %s', (filter, value, expected) => {
		expect(passes(filter, value)).toBe(expected);
	});
});

describe('settings become variables as on a real server', () => {
	// What the captured environments in test/data/ci-env were made of.
	const settings = {
		camelKey: true,
		empty: '',
		list: ['a', 'b', 'c'],
		listobj: [{ a: 1 }, { b: 2 }],
		num: 3,
		obj: { n: { m: [1, 2] }, k: 'v' },
		nothing: null,
		token: { from_secret: 'token' },
		unknown: { from_secret: 'unknown' },
	};

	test('on Drone', () => {
		expect(droneSettings({ ...settings, 'dry-run': true }, { token: 's3cret' })).toEqual({
			PLUGIN_CAMELKEY: 'true',
			PLUGIN_EMPTY: '',
			PLUGIN_LIST: 'a,b,c',
			PLUGIN_LISTOBJ: '[{"a":1},{"b":2}]',
			PLUGIN_NUM: '3',
			PLUGIN_OBJ: '{"k":"v","n":{"m":[1,2]}}',
			PLUGIN_TOKEN: 's3cret',
			'PLUGIN_DRY-RUN': 'true',
		});
	});

	test('on Woodpecker, where a secret may stand deeper', () => {
		const nested = { 'multi_word-key': 'x', list: ['a', null], login: { token: settings.token } };
		expect(woodpeckerSettings(nested, { token: 's3cret' })).toEqual({
			PLUGIN_MULTI_WORD_KEY: 'x',
			PLUGIN_LIST: 'a,',
			PLUGIN_LOGIN: '{"token":"s3cret"}',
		});
		expect(() => woodpeckerSettings(settings, {})).toThrow('secret "token" not found');
	});
});

describe('expressions of GitHub Actions', () => {
	const contexts = {
		github: { ref: 'refs/heads/main', event: { head_commit: { message: 'Revert "x"' } } },
		secrets: { TOKEN: 's3cret' },
		steps: { rollout: { outputs: { 'image-ids': 'a' }, outcome: 'failure' } },
	};
	test.each([
		['${{ github.ref }}', 'refs/heads/main'],
		['a ${{ secrets.TOKEN }} b', 'a s3cret b'],
		['${{ secrets.NONE }}', ''],
		['${{ steps.rollout.outputs.image-ids }}', 'a'],
		["${{ format('{0}}}', 'x') }}", 'x}'],
	])('%s', (text, expected) => {
		expect(fill(text, contexts)).toBe(expected);
	});

	test.each([
		[undefined, 'success', true],
		[undefined, 'failure', false],
		["github.ref == 'refs/heads/main'", 'failure', false],
		['always()', 'failure', true],
		["failure() && steps.rollout.outcome == 'failure'", 'failure', true],
		["failure() && !startsWith(github.event.head_commit.message, 'Revert ')", 'failure', false],
		['${{ failure() }}', 'success', false],
	] as const)('if: %s after %s: %s', (condition, status, expected) => {
		expect(holds(condition, contexts, status)).toBe(expected);
	});

	test('commands in a log are shown as the run page shows them', () => {
		expect(shownLine('::error file=a.yaml,line=3::no image%0Ain it')).toBe(
			'Error: no image\nin it',
		);
		expect(shownLine('plain :: text')).toBe('plain :: text');
	});
});
