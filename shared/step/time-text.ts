/** `2026-11-20 14:03 UTC`. */
export function describeTime(time: Date): string {
	return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

const units = [
	['d', 86_400],
	['h', 3600],
	['min', 60],
	['s', 1],
] as const;

/** `3 h 12 min`: the two greatest units of a span; undefined where it ends before it begins. */
export function describeSpan(from: Date, to: Date): string | undefined {
	let seconds = Math.floor((to.getTime() - from.getTime()) / 1000);
	if (!(seconds >= 0)) return undefined;
	const first = units.findIndex(([, size]) => seconds >= size);
	const parts: string[] = [];
	for (const [name, size] of units.slice(first, first + 2)) {
		const count = Math.floor(seconds / size);
		seconds -= count * size;
		if (count > 0) parts.push(`${count} ${name}`);
	}
	return parts.join(' ') || '0 s';
}
