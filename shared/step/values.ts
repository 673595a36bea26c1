import * as z from 'zod/mini';

const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A span of time as `90s`, `10m`, `72h`, `2d` or a sum of them (`1h30m`); its value is in ms. */
export const duration = z.pipe(
	z.string().check(z.regex(/^(\d+(\.\d+)?[smhd])+$/, 'a duration such as 90s, 10m or 72h')),
	z.transform((text): number =>
		[...text.matchAll(/(\d+(?:\.\d+)?)([smhd])/g)].reduce(
			(sum, [, number, unit]) => sum + Number(number) * units[unit as keyof typeof units],
			0,
		),
	),
);

/** A whole number of at least 1. */
export const count = z.int().check(z.minimum(1, 'a whole number of at least 1'));

/** The text of a private key; `kinds` says which there may be. */
export function privateKey(kinds: string) {
	const message = `the text of ${kinds} private key; give all of it, from its line -----BEGIN`;
	const begins = /^\s*-----BEGIN (?:[A-Z0-9 ]*PRIVATE KEY|PGP PRIVATE KEY BLOCK)-----/;
	return z.string().check(z.regex(begins, message));
}

/** The address of an API, a page or a registry. */
export const webAddress = z
	.string()
	.check(
		z.refine(
			(text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
			'a URL such as https://git.example.com/api/v1',
		),
	);

/** Texts: by repeating, as a JSON list, by lines, or by commas. */
export const list = z.array(z.string());

/** `name=value` pairs: by lines, or a map in `settings`. */
export const pairs = z.record(z.string(), z.string());
