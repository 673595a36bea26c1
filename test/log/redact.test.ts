import { expect, test } from 'vitest';
import { Redactor } from '../../shared/log/redact.ts';

function redact(secret: string, text: string): string {
	const redactor = new Redactor();
	redactor.add(secret);
	return redactor.redact(text);
}

test.each([
	['as it is', 'tok$en/1', 'x tok$en/1 y'],
	['URL-encoded', 'tok$en/1', `x ${encodeURIComponent('tok$en/1')} y`],
	['in Base64', 'tok$en/1', `x ${Buffer.from('tok$en/1').toString('base64')} y`],
	['a line of it', '-----BEGIN KEY-----\nabcdef\n', 'x abcdef y'],
])('a secret is not to be read %s', (_, secret, text) => {
	expect(redact(secret, text)).toBe('x *** y');
});

test('of a secret of many thousand lines none is to be read', () => {
	const lines = Array.from({ length: 10_000 }, (_, index) => `line ${index} of a bundle`);
	expect(redact(lines.join('\n'), 'x line 9876 of a bundle y')).toBe('x *** y');
});

test('of two secrets the longer one leaves no tail', () => {
	const redactor = new Redactor();
	redactor.add('abcd');
	redactor.add('abcdefgh');
	expect(redactor.redact('abcdefgh')).toBe('***');
});

test('a text too short to be a secret does not blank the log', () => {
	expect(redact('a', 'banana')).toBe('banana');
});
