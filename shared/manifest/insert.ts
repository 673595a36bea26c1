import type { MapNode } from './node.ts';
import { formatScalar, type Written } from './scalar.ts';
import { lineStart } from './text.ts';

/** A value to create: text, or maps and lists of one entry around it. */
export type NewValue =
	| Written
	| { key: string; value: NewValue }
	| { items: { key: string; value: NewValue }[] };

interface Entry {
	key: string;
	value: NewValue;
}

/** `key: value` in lines of a block, without the last line break. */
export function renderBlock({ key, value }: Entry, indent: string, eol: string): string {
	const head = `${indent}${formatKey(key)}:`;
	if ('key' in value) return head + eol + renderBlock(value, `${indent}  `, eol);
	if ('items' in value) {
		const inner = `${indent}    `;
		const item = value.items.map((entry) => renderBlock(entry, inner, eol)).join(eol);
		return `${head}${eol}${indent}  - ${item.slice(inner.length)}`;
	}
	return `${head} ${formatScalar(value, { inFlow: false, json: false })}`;
}

/** `key: value` within braces. */
export function renderFlow({ key, value }: Entry, json: boolean): string {
	const head = `${json ? JSON.stringify(key) : formatKey(key)}: `;
	if ('key' in value) return `${head}{${renderFlow(value, json)}}`;
	if ('items' in value) {
		return `${head}[{${value.items.map((entry) => renderFlow(entry, json)).join(', ')}}]`;
	}
	return head + formatScalar(value, { inFlow: true, json });
}

function formatKey(key: string): string {
	return formatScalar({ text: key, type: 'string' }, { inFlow: true, json: false });
}

/** The spaces before the keys of a block map; undefined where no key shows them. */
export function indentOf(text: string, { pairs }: MapNode): string | undefined {
	for (const { keyStart } of pairs) {
		const before = text.slice(lineStart(text, keyStart), keyStart);
		if (/^ *(?:- +)*$/.test(before)) return ' '.repeat(before.length);
	}
	return undefined;
}
