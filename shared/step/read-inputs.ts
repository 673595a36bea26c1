import type * as z from 'zod/mini';
import type { InputShape, RawInput } from '../ci/host.ts';
import { badInput } from '../failure/failure.ts';
import {
	camelCase,
	type Input,
	type Inputs,
	type InputValues,
	kindOf,
	type Step,
} from './declare.ts';

/** What a CI has to know of each input to read it. */
export function shapesOf(inputs: Inputs): InputShape[] {
	return Object.entries(inputs).map(([name, { schema }]) => {
		const kind = kindOf(schema);
		return { name, shape: isMany(kind) ? 'list' : (shapeOfKind[kind] ?? 'text') };
	});
}

const shapeOfKind: Readonly<Record<string, InputShape['shape']>> = {
	boolean: 'flag',
	number: 'number',
	int: 'number',
};

/**
 * The values of a step's inputs, from what a CI handed over. A text of nothing but white space
 * counts as not given, unless the input has to be filled.
 * @throws Failure (bad input) that names the input as its user wrote it, by `nameOf`.
 */
export function readInputs<I extends Inputs>(
	step: Pick<Step<I>, 'inputs' | 'exclusive'>,
	raw: ReadonlyMap<string, RawInput>,
	nameOf: (input: string) => string,
): InputValues<I> {
	const blank = [...raw].filter(([, value]) => isBlank(value)).map(([name]) => name);
	const empty = blank.find((name) => step.inputs[name]?.filled);
	if (empty !== undefined)
		throw badInput(`${nameOf(empty)} is given, but empty; write something there, or leave it out`);
	const given = new Map([...raw].filter(([name]) => !blank.includes(name)));
	for (const group of step.exclusive ?? []) {
		const both = group.filter((name) => {
			const value = given.get(name);
			// A template hands over every input, and Azure writes false as False.
			return value !== undefined && String(value).toLowerCase() !== step.inputs[name]?.default;
		});
		if (both.length > 1)
			throw badInput(`${both.map(nameOf).join(' and ')} exclude each other; give one of them`);
	}
	const values = Object.entries(step.inputs).map(([name, declared]) => [
		camelCase(name),
		readInput(nameOf(name), declared, given.get(name) ?? declared.default),
	]);
	return Object.fromEntries(values) as InputValues<I>;
}

function isBlank(raw: RawInput): boolean {
	return [raw].flat().every((text) => text.trim() === '');
}

function readInput(name: string, declared: Input, raw: RawInput | undefined): unknown {
	if (raw === undefined) {
		if (declared.required) throw badInput(`${name} is missing: ${firstSentence(declared.text)}`);
		return undefined;
	}
	const unfilled = declared.secret ? variableLeftIn(raw) : undefined;
	if (unfilled !== undefined)
		throw badInput(
			`${name}: the CI has nothing to put in the place of ${unfilled}; define that secret for this run, which a pull request from a fork does not get, or correct its name`,
		);
	const kind = kindOf(declared.schema);
	const decoded = decode(name, kind, raw);
	const parsed = declared.schema.safeParse(decoded);
	if (parsed.success) return parsed.data;
	const shown = declared.secret ? 'its value' : JSON.stringify([raw].flat().join(' '));
	throw badInput(`${name}: ${shown} is not ${expected(declared.schema, parsed.error)}`);
}

/**
 * The name of a variable that stands where its value should: Azure leaves `$(NAME)` of one that
 * there is not, others `$NAME`, and no CI fills in the `${{ … }}` of another.
 */
function variableLeftIn(raw: RawInput): string | undefined {
	const forms =
		/^\s*\$(?:\(([\w.-]+)\)|([A-Z_][A-Z0-9_]*)|\{([A-Z_][A-Z0-9_]*)\}|\{\{(.+)\}\})\s*$/;
	return forms.exec([raw].flat().join('\n'))?.slice(1).find(Boolean)?.trim();
}

function decode(name: string, kind: string, raw: RawInput): unknown {
	if (kind === 'array') return decodeList(raw);
	if (kind === 'record') return decodePairs(name, raw);
	if (Array.isArray(raw)) throw badInput(`${name} is given more than once; give it once`);
	if (kind === 'boolean') return decodeBoolean(raw);
	if ((kind === 'number' || kind === 'int') && /^-?\d+(\.\d+)?$/.test(raw)) return Number(raw);
	return raw;
}

/** YAML 1.1 makes `yes` and `on` a boolean in Drone, and YAML 1.2 a text in Woodpecker. */
function decodeBoolean(raw: string): boolean | string {
	const text = raw.trim().toLowerCase();
	if (['true', 'yes', 'on', 'y', '1'].includes(text)) return true;
	if (['false', 'no', 'off', 'n', '0'].includes(text)) return false;
	return raw;
}

/**
 * A list as CIs hand it over: a JSON list; else a line each; else, since Drone and
 * Woodpecker join a list by commas, at commas, where `\,` is a comma.
 */
function decodeList(raw: RawInput): unknown {
	if (Array.isArray(raw)) return raw.flatMap((item) => lines(item));
	const json = jsonOf(raw, '[');
	if (Array.isArray(json)) return json.filter((item) => item !== null).map(textOf);
	if (raw.includes('\n')) return lines(raw);
	return raw
		.split(/(?<!\\),/)
		.map((item) => item.replaceAll('\\,', ',').trim())
		.filter((item) => item !== '');
}

/** `name=value` pairs: a JSON object, or a line each; by commas where each part is a pair. */
function decodePairs(name: string, raw: RawInput): Record<string, string> {
	if (!Array.isArray(raw)) {
		const json = jsonOf(raw, '{');
		if (json !== undefined)
			return Object.fromEntries(
				Object.entries(json as object).map(([key, value]) => [key, textOf(value)]),
			);
	}
	const parts = [raw].flat().flatMap((item) => {
		const byLine = lines(item);
		const byComma = item.split(/(?<!\\),/).map((part) => part.replaceAll('\\,', ',').trim());
		return byLine.length === 1 && byComma.every((part) => splitPair(part)) ? byComma : byLine;
	});
	return Object.fromEntries(
		parts.map((part) => {
			const pair = splitPair(part);
			if (pair === undefined) throw badInput(`${name}: "${part}" is not of the form name=value`);
			return pair;
		}),
	);
}

/** Splits at the first `=` that stands in no brackets or quotes: `spec[name=api].image=x`. */
function splitPair(text: string): [string, string] | undefined {
	const match = /^((?:\[[^\]]*\]|"[^"]*"|'[^']*'|[^=["'])+)=(.*)$/s.exec(text);
	return match?.[1] === undefined ? undefined : [match[1].trim(), (match[2] ?? '').trim()];
}

function lines(text: string): string[] {
	return text
		.split(/\r?\n/)
		.map((line) => line.trim())
		.filter((line) => line !== '');
}

function jsonOf(text: string, opening: '[' | '{'): unknown {
	if (!text.trimStart().startsWith(opening)) return undefined;
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

function textOf(value: unknown): string {
	return typeof value === 'string' ? value : JSON.stringify(value);
}

function expected(schema: z.ZodMiniType, error: z.core.$ZodError): string {
	const kind = kindOf(schema);
	const [issue] = error.issues;
	if (kind === 'boolean') return 'true or false';
	if (issue?.code === 'invalid_value') return `one of ${issue.values.join(', ')}`;
	if (issue?.code === 'invalid_type' && issue.expected === 'int') return 'a whole number';
	if (kind === 'number' && issue?.code === 'invalid_type') return 'a whole number';
	return issue?.message ?? `a ${kind}`;
}

function isMany(kind: string): boolean {
	return kind === 'array' || kind === 'record';
}

/** The first sentence of a text, without its full stop. */
export function firstSentence(text: string): string {
	return (/^.*?(?=\.(\s|$))/s.exec(text)?.[0] ?? text).replace(/\s+/g, ' ');
}
