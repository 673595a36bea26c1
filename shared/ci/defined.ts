type DefinedOnly<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/**
 * `object` without the keys whose value is undefined, or an empty text: a CI sets the
 * variables that do not apply to an event either not at all or to nothing.
 */
export function definedOnly<T extends object>(
	object: {
		[K in keyof T]: T[K] | undefined;
	},
): DefinedOnly<T> {
	return Object.fromEntries(
		Object.entries(object).filter(([, value]) => value !== undefined && value !== ''),
	) as DefinedOnly<T>;
}

/** The number that a variable holds, if any. */
export function numberOf(text: string | undefined): number | undefined {
	return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
