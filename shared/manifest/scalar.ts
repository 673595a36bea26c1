import { isJson, type Source } from './document.ts';
import type { Scalar, ScalarValue } from './node.ts';
import { nextLine, type Splice } from './text.ts';

export type ReadAs = 'string' | 'null' | 'boolean' | 'integer' | 'float' | 'timestamp' | 'other';

/** The YAML 1.2 core schema (yaml.org/spec/1.2.2, 10.3.2). */
const core: readonly [ReadAs, RegExp][] = [
	['null', /^(?:~|null|Null|NULL|)$/],
	['boolean', /^(?:true|True|TRUE|false|False|FALSE)$/],
	['integer', /^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$/],
	['float', /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/],
	['float', /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/],
];

/** The YAML 1.1 types (yaml.org/type), as go-yaml, PyYAML and libyaml still read them. */
const older: readonly [ReadAs, RegExp][] = [
	['null', /^(?:~|null|Null|NULL|)$/],
	[
		'boolean',
		/^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
	],
	[
		'integer',
		/^[-+]?(?:0b[01_]+|0o?[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
	],
	['float', /^[-+]?(?:(?:[0-9][0-9_]*)?\.[0-9_]+|[0-9][0-9_]*\.)(?:[eE][-+]?[0-9]+)?$/],
	['float', /^[-+]?(?:[0-9][0-9_]*[eE][-+]?[0-9]+|[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)$/],
	['float', /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/],
	[
		'timestamp',
		/^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}.*)?$/,
	],
	['other', /^(?:<<|=)$/],
];

/** What the two versions of YAML read a plain scalar as. */
export function readAs(text: string): { core: ReadAs; older: ReadAs } {
	const type = (schema: typeof core) =>
		schema.find(([, pattern]) => pattern.test(text))?.[0] ?? 'string';
	return { core: type(core), older: type(older) };
}

/**
 * A new value on its way into a file: `string` text is quoted where YAML of either
 * version would read it as something else; other text is written as it is.
 */
export interface Written {
	text: string;
	type: 'string' | 'as is';
}

/**
 * How a value goes in the place of a present one, whose type it keeps: text stays text; a
 * number, boolean or date stays one where the new text reads as one.
 */
export function keepType(present: Scalar, value: ScalarValue): Written {
	if (value === null) return { text: 'null', type: 'as is' };
	const text = String(value);
	if (present.tag || (present.style !== 'plain' && present.style !== 'empty'))
		return { text, type: 'string' };
	if (present.value === null) return asNew(value);
	const [was, is] = [readAs(present.source), readAs(text)];
	const sameType = family(was.core) === family(is.core) && family(was.older) === family(is.older);
	const isString = is.core === 'string' && is.older === 'string';
	return { text, type: sameType && !isString ? 'as is' : 'string' };
}

/**
 * How a value goes where none is: text that is an integer or a boolean and nothing else
 * (`3`, `true`, not `0755`, `1.20`, `yes`) is one, all other text is a string.
 */
export function asNew(value: ScalarValue, quoted = false): Written {
	if (value === null) return { text: 'null', type: 'as is' };
	const plain =
		typeof value !== 'string' || /^(?:-?(?:0|[1-9][0-9]{0,14})|true|false)$/.test(value);
	return { text: String(value), type: plain && !quoted ? 'as is' : 'string' };
}

function family(type: ReadAs): ReadAs | 'number' {
	return type === 'integer' || type === 'float' ? 'number' : type;
}

/** The new characters for a scalar that is none yet. JSON has double quotes only. */
export function formatScalar(
	{ text, type }: Written,
	where: { inFlow: boolean; json: boolean },
): string {
	if (type === 'as is') return text;
	return !where.json && isPlainString(text, where.inFlow) ? text : doubleQuoted(text);
}

/** The splices that put a value in the place of a present one, in the style it has. */
export function replaceScalar(source: Source, at: Scalar, written: Written): Splice[] {
	const json = isJson(source);
	const { start, end } = at;
	switch (at.style) {
		case 'literal':
		case 'folded':
			return replaceBlock(source, at, written.text);
		case 'single':
		case 'double':
			if (written.type === 'as is') return [{ start, end, text: written.text }];
			return [{ start, end, text: requote(at.style, written.text) }];
		case 'plain':
			return [{ start, end, text: formatScalar(written, { inFlow: at.inFlow, json }) }];
		case 'empty':
		case 'absent': {
			const text = formatScalar(written, { inFlow: at.inFlow, json });
			return [{ start, end, text: besideOthers(source, at, text) }];
		}
	}
}

/** A value where none was, with the spaces that part it from its key and from a comment. */
export function besideOthers(
	{ text }: Source,
	{ style, start, end }: Scalar,
	value: string,
): string {
	const before = style === 'absent' ? ': ' : /[\s[{,]/.test(text[start - 1] ?? ' ') ? '' : ' ';
	return before + value + (/[^\s,\]}]/.test(text[end] ?? ' ') ? ' ' : '');
}

function requote(style: 'single' | 'double', text: string): string {
	if (style === 'double' || !isPrintable(text)) return doubleQuoted(text);
	return `'${text.replaceAll("'", "''")}'`;
}

/** JSON's strings are YAML's double-quoted ones, but for a few characters that YAML wants escaped. */
function doubleQuoted(text: string): string {
	return JSON.stringify(text).replace(
		/[\p{Cc}\u2028\u2029\ufeff\ufffe\uffff]/gu,
		(character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
	);
}

function isPrintable(text: string): boolean {
	return !/[\p{Cc}\p{Cs}\u2028\u2029\ufeff\ufffe\uffff]/u.test(text);
}

function isPlainString(text: string, inFlow: boolean): boolean {
	const { core, older } = readAs(text);
	if (core !== 'string' || older !== 'string' || !isPrintable(text)) return false;
	if (text !== text.trim() || /^[-?:,[\]{}#&*!|>'"%@`]|^\.\.\.|:\s|\s#|:$/.test(text)) return false;
	return !inFlow || !/[,[\]{}]/.test(text);
}

/**
 * Writes the lines of a block scalar. Its header, indentation, blank lines at the end and
 * all lines that stay the same are kept.
 */
function replaceBlock({ text }: Source, at: Scalar, value: string): Splice[] {
	const lines = blockLines(text, at);
	const first = lines.find(({ content }) => content.trim() !== '');
	if (!first) {
		const indicator = /^[|>][-+0-9]*/.exec(at.source)?.[0].length ?? 1;
		return [
			{ start: at.start, end: at.start + indicator, text: doubleQuoted(meaningOf(at, value)) },
		];
	}
	// Behind an indentation indicator the first line may begin with spaces of its own.
	const own = /^\n*( *)/.exec(String(at.value))?.[1]?.length ?? 0;
	const indent = ' '.repeat(first.content.search(/[^ ]/) - own);
	const eol = /\r\n/.test(at.source) ? '\r\n' : '\n';
	const content = value.replace(/\n+$/, '');
	const wanted = (at.style === 'folded' ? content.replace(/\n+/g, '$&\n') : content)
		.split('\n')
		.map((line) => (line === '' ? '' : indent + line));
	const kept = lines.slice(0, lastContent(lines) + 1);
	if (wanted.length === kept.length) {
		return kept.flatMap((line, index) => {
			const now = wanted[index] ?? '';
			const same = line.content === now || (line.content.trim() === '' && now === '');
			return same ? [] : [{ start: line.start, end: line.start + line.content.length, text: now }];
		});
	}
	const last = kept.at(-1) ?? first;
	return [
		{
			start: kept[0]?.start ?? first.start,
			end: last.start + last.content.length,
			text: wanted.join(eol),
		},
	];
}

interface BlockLine {
	start: number;
	content: string;
}

function blockLines(text: string, { start, end }: Scalar): BlockLine[] {
	const lines: BlockLine[] = [];
	for (let from = nextLine(text, start); from < end; from = nextLine(text, from)) {
		const content = text.slice(from, Math.min(nextLine(text, from), Math.max(end, from)));
		lines.push({ start: from, content: content.replace(/\r?\n$/, '') });
	}
	return lines;
}

function lastContent(lines: readonly BlockLine[]): number {
	return lines.findLastIndex(({ content }) => content.trim() !== '');
}

/** What a block scalar will mean: the line breaks at its end stay as they are. */
export function meaningOf(at: Scalar, text: string): string {
	if (at.style !== 'literal' && at.style !== 'folded') return text;
	return text.replace(/\n+$/, '') + (/\n*$/.exec(String(at.value))?.[0] ?? '');
}
