import { expect, test } from 'vitest';
import { describeSpan, describeTime } from '../../shared/step/time-text.ts';

const from = new Date('2026-11-20T14:03:59Z');
const after = (seconds: number) => new Date(from.getTime() + seconds * 1000);

test('a time is told to the minute, in UTC', () => {
	expect(describeTime(from)).toBe('2026-11-20 14:03 UTC');
});

test.each([
	[0, '0 s'],
	[0.9, '0 s'],
	[59, '59 s'],
	[60, '1 min'],
	[11_520 + 59, '3 h 12 min'],
	[3600 + 30, '1 h'],
	[2 * 86_400 + 4 * 3600 + 3599, '2 d 4 h'],
	[400 * 86_400, '400 d'],
	[-1, undefined],
])('%d s are %s', (seconds, text) => {
	expect(describeSpan(from, after(seconds))).toBe(text);
});

test('a time that is none makes no span', () => {
	expect(describeSpan(new Date('no time'), from)).toBeUndefined();
});
