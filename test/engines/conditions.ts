import { posix } from 'node:path';
import * as z from 'zod/mini';

/** `main`, or `[main, release/*]`. */
const globs = z.union([z.string(), z.array(z.string())]);
type Globs = z.infer<typeof globs>;

/** `branch: main`, `branch: [main, release/*]`, or `branch: {include: …, exclude: …}`. */
export const filter = z.union([
	globs,
	z.strictObject({ include: z.optional(globs), exclude: z.optional(globs) }),
]);
export type Filter = z.infer<typeof filter>;

/** True where one of `include`, if there is any, and none of `exclude` matches. */
export function passes(filter: Filter | undefined, value: string): boolean {
	if (filter === undefined) return true;
	const matches = (wanted: Globs) => [wanted].flat().some((glob) => posix.matchesGlob(value, glob));
	if (typeof filter === 'string' || Array.isArray(filter)) return matches(filter);
	const { include, exclude } = filter;
	return (
		(include === undefined || matches(include)) && !(exclude !== undefined && matches(exclude))
	);
}
