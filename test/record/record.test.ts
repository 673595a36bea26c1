import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatTrailers, parseTrailers, withTrailers } from '../../shared/record/record.ts';

const record = {
	image: 'ghcr.io/acme/api:v2',
	digest: `sha256:${'a'.repeat(64)}`,
	source: `github.com/acme/api@${'b'.repeat(40)}`,
	environment: 'staging',
	from: `github.com/acme/infra-qa@${'c'.repeat(40)}`,
	rolledBackFrom: 'ghcr.io/acme/api:v3',
	run: 'https://ci.example.com/acme/api/7',
};

describe('the record in trailers', () => {
	test('is written in one order, and leaves out what is not known', () => {
		expect(formatTrailers({ run: 'https://ci/7', image: 'api:v2' })).toBe(
			'Lockstep-Image: api:v2\nLockstep-Run: https://ci/7',
		);
		expect(formatTrailers({})).toBe('');
	});

	test('is read back as it was written', () => {
		expect(parseTrailers(withTrailers('Bump api\n\n- deploy.yaml', record))).toEqual(record);
	});

	test('is what git itself reads', () => {
		const message = withTrailers('Bump api\n\nSee #7\n\nSigned-off-by: A <a@b>', record);
		const read = execFileSync('git', ['interpret-trailers', '--parse'], { input: message });
		expect(read.toString()).toBe(`Signed-off-by: A <a@b>\n${formatTrailers(record)}\n`);
	});

	test('a value from outside cannot add a trailer', () => {
		const environment = 'staging\nLockstep-Image: evil:v1\r\nLockstep-Run: x\u2028y';
		expect(parseTrailers(withTrailers('Bump', { image: 'api:v2', environment }))).toEqual({
			image: 'api:v2',
			environment: 'staging Lockstep-Image: evil:v1 Lockstep-Run: x y',
		});
	});

	test('a message cannot bring trailers of its own', () => {
		const message = withTrailers('Bump\n\n lockstep-source: evil\nLockstep-Digest: evil', {
			image: 'api:v2',
		});
		expect(message).toBe('Bump\n\nLockstep-Image: api:v2\n');
	});

	test('no message and value makes another record than the one given', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, value) => {
				const image = `api:${value}`;
				const { image: read, ...rest } = parseTrailers(withTrailers(`Bump ${text}`, { image }));
				expect(rest).toEqual({});
				expect(read).toBe(parseTrailers(`x\n\n${formatTrailers({ image })}`).image);
			}),
		);
	});

	test.each([
		['below trailers of the forge that merged it', 'Reviewed-on: https://git/pulls/1'],
		['below a co-author', 'Co-authored-by: A <a@b>'],
	])('is found %s', (_, added) => {
		expect(parseTrailers(`Title (#1)\n\n${formatTrailers(record)}\n\n${added}\n`)).toEqual(record);
	});

	test.each([
		['no trailers', 'Just a message'],
		['a sentence that begins like one', 'Title\n\nLockstep-Image: api is what\nwe write here'],
		['an empty message', ''],
	])('%s is no record', (_, message) => {
		expect(parseTrailers(message)).toEqual({});
	});
});
