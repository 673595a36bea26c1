const token =
	// biome-ignore lint/suspicious/noControlCharactersInRegex: just these are forbidden in a string
	/[ \t\r\n]*(?:([[\]{},:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![\w.+-]))/y;

/**
 * Where a text stops being JSON (RFC 8259), or undefined where all of it is. JSON.parse
 * itself tells the place in some versions of V8 only, and as prose.
 */
export function jsonErrorOffset(text: string): number | undefined {
	const start = text.startsWith('\uFEFF') ? 1 : 0;
	try {
		JSON.parse(text.slice(start));
		return undefined;
	} catch {
		return firstUnexpected(text, start);
	}
}

type Awaited = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or end' | 'nothing';

function firstUnexpected(text: string, start: number): number {
	const open: string[] = [];
	let awaited: Awaited = 'value';
	let offset = start;
	for (;;) {
		token.lastIndex = offset;
		const match = token.exec(text);
		const at = offset + (/^[ \t\r\n]*/.exec(text.slice(offset, offset + 4096))?.[0].length ?? 0);
		const next: Awaited | undefined = match
			? step(awaited, match[1] ?? (match[2] ? '"' : '0'), open)
			: undefined;
		if (!next) return at;
		awaited = next;
		offset = token.lastIndex;
	}
}

/** What may come after a token, or undefined where that token may not come at all. */
function step(awaited: Awaited, found: string, open: string[]): Awaited | undefined {
	const closed = (): Awaited => (open.length > 0 ? ', or end' : 'nothing');
	if (awaited === 'value' || awaited === 'value or ]') {
		if (found === ']' && awaited === 'value or ]') {
			open.pop();
			return closed();
		}
		if (found === '{' || found === '[') {
			open.push(found);
			return found === '{' ? 'key or }' : 'value or ]';
		}
		return found === '"' || found === '0' ? closed() : undefined;
	}
	if (awaited === ':') return found === ':' ? 'value' : undefined;
	if (found === '"' && awaited.startsWith('key')) return ':';
	const inMap = open.at(-1) === '{';
	if (found === '}' && inMap && awaited !== 'key') {
		open.pop();
		return closed();
	}
	if (awaited !== ', or end') return undefined;
	if (found === ']' && !inMap) {
		open.pop();
		return closed();
	}
	return found === ',' ? (inMap ? 'key' : 'value') : undefined;
}
