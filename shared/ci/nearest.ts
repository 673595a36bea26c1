/**
 * A hint for a mistyped name: ` (did you mean X?)`, or nothing when no name is near. Near is:
 * the same letters (`dryRun` for `dry-run`), their beginning, or at most two letters off.
 */
export function nearest(given: string, names: readonly string[]): string {
	const letters = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '');
	const distances = names
		.map((name) => ({ name, distance: editDistance(letters(given), letters(name)) }))
		.sort((a, b) => a.distance - b.distance);
	const allowed = Math.min(2, Math.floor(given.length / 3));
	const best =
		distances.find(({ distance }) => distance <= allowed) ??
		distances.find(({ name }) => given.length > 2 && letters(name).startsWith(letters(given)));
	return best === undefined ? '' : ` (did you mean ${best.name}?)`;
}

/** Levenshtein's distance: insertions, deletions and replacements between two words. */
function editDistance(a: string, b: string): number {
	let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
	for (let i = 1; i <= a.length; i++) {
		const current = [i];
		for (let j = 1; j <= b.length; j++) {
			const replace = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
			current.push(Math.min(replace, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
		}
		previous = current;
	}
	return previous[b.length] ?? 0;
}
