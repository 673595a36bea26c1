import fc from 'fast-check';

/** Each of the fields or none, and now and then one as generators leave it: empty or null. */
export function some<T>(
	fields: { [K in keyof T]: fc.Arbitrary<T[K]> },
): fc.Arbitrary<Record<string, unknown>> {
	const entries = Object.entries(fields) as [string, fc.Arbitrary<unknown>][];
	return fc.record(
		Object.fromEntries(
			entries.map(([name, value]) => [
				name,
				fc.oneof({ weight: 12, arbitrary: value }, fc.constantFrom(null, {}, [], '')),
			]),
		),
		{ requiredKeys: [] },
	) as fc.Arbitrary<Record<string, unknown>>;
}

/** All of the fields, and `more` or not. */
export function all(
	fields: Record<string, fc.Arbitrary<unknown>>,
	more: fc.Arbitrary<Record<string, unknown>> = fc.constant({}),
): fc.Arbitrary<Record<string, unknown>> {
	return fc.tuple(fc.record(fields), more).map(([needed, rest]) => ({ ...rest, ...needed }));
}

/** Up to three, no two with the same key. */
export const few = <T>(item: fc.Arbitrary<T>, key: (item: T) => unknown): fc.Arbitrary<T[]> =>
	fc.uniqueArray(item, { maxLength: 3, selector: (each) => JSON.stringify(key(each)) });

export const name = fc.constantFrom('a', 'b', 'c');
export const text = fc.constantFrom('', 'a', 'b', '1', 'true', 'ä\n');
export const texts = fc.dictionary(name, text, { maxKeys: 3 });
