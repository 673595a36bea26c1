import { expect, test } from 'vitest';
import { isRateLimit, pauseAskedFor } from '../../shared/http/rate-limit.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const inSeconds = (seconds: number) => String(now / 1000 + seconds);

test.each<[Record<string, string>, number | undefined]>([
	[{}, undefined],
	[{ 'retry-after': '7' }, 7000],
	[{ 'retry-after': '3600' }, 3_600_000],
	[{ 'retry-after': 'Sun, 01 Mar 2026 12:00:30 GMT' }, 30_000],
	[{ 'retry-after': 'Sun, 01 Mar 2026 11:00:00 GMT' }, 0],
	[{ 'retry-after': 'soon' }, undefined],
	[{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': inSeconds(20) }, 21_000],
	[{ 'ratelimit-remaining': '0', 'ratelimit-reset': inSeconds(20) }, 21_000],
	[{ 'ratelimit-remaining': '0', 'ratelimit-reset': inSeconds(-5) }, 1000],
	[{ 'x-ratelimit-remaining': '9', 'x-ratelimit-reset': inSeconds(20) }, undefined],
	[{ 'x-ratelimit-remaining': '0' }, undefined],
])('%j asks for %s ms', (headers, pause) => {
	expect(pauseAskedFor(headers, now)).toBe(pause);
});

test.each<[number, Record<string, string>, boolean]>([
	[429, {}, true],
	[403, { 'retry-after': '1' }, true],
	[403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': inSeconds(1) }, true],
	[403, {}, false],
	[503, { 'retry-after': '1' }, false],
	[200, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': inSeconds(1) }, false],
])('%i with %j: whether it is a rate limit is %s', (status, headers, is) => {
	expect(isRateLimit({ status, headers })).toBe(is);
});
