import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type * as yaml from 'yaml';
import { badInput, messageOf } from '../failure/failure.ts';
import type { InputRequest, RawInput } from './host.ts';
import { nearest } from './nearest.ts';

/**
 * The inputs of a step in a file of YAML or JSON: a section for each step, by its name, with
 * the inputs by theirs. A value is taken as it is written, so that `tag: 1.10` is 1.10; a list
 * may be written as one, and pairs as a map.
 * @param file - its path, from `workspace`
 * @throws Failure (bad input) where it cannot be read, has no section for the step, or has an
 * input there that the step does not have.
 */
export async function readConfigFile(
	file: string,
	workspace: string,
	{ step, shapes }: InputRequest,
): Promise<Map<string, RawInput>> {
	const reader = new Reader(await import('yaml'), file, await textOf(file, workspace));
	const names = shapes.map(({ name }) => name);
	const inputs = new Map<string, RawInput>();
	for (const { key, value } of reader.section(step)) {
		const name = String(key);
		if (!names.includes(name))
			throw badInput(
				`${file}: ${name} is no input of ${step}${nearest(name, names)}; take it out`,
				reader.placeOf(key),
			);
		const raw = reader.raw(value);
		if (raw !== undefined && !inputs.has(name)) inputs.set(name, raw);
	}
	return inputs;
}

async function textOf(file: string, workspace: string): Promise<string> {
	try {
		return await readFile(resolve(workspace, file), 'utf8');
	} catch (cause) {
		throw badInput(
			`--config: ${file} cannot be read (${messageOf(cause)}); give the path of a file`,
			{ cause },
		);
	}
}

type Plain = string | undefined | Plain[] | { [name: string]: Plain };

class Reader {
	readonly #yaml: typeof yaml;
	readonly #file: string;
	readonly #lines: yaml.LineCounter;
	readonly #document: yaml.Document;

	constructor(parser: typeof yaml, file: string, text: string) {
		this.#yaml = parser;
		this.#file = file;
		this.#lines = new parser.LineCounter();
		const options = { lineCounter: this.#lines, prettyErrors: false };
		const document = parser.parseDocument(text, options);
		const [error] = document.errors;
		if (error) throw badInput(`${file} is no YAML: ${error.message}`, this.#at(error.pos[0]));
		this.#document = document as yaml.Document;
	}

	/** The pairs of the section that a step has. */
	section(step: string): yaml.Pair[] {
		const { contents } = this.#document;
		const sections = this.#yaml.isMap(contents) ? contents.items : [];
		const found = this.#target(sections.find(({ key }) => String(key) === step)?.value);
		if (this.#yaml.isMap(found)) return this.#pairs(found);
		const hint = nearest(
			step,
			sections.map(({ key }) => String(key)),
		);
		throw badInput(
			`${this.#file} has no section ${step}${hint}; write the step's inputs below its name`,
			this.#at(0),
		);
	}

	placeOf(key: unknown) {
		return this.#at(this.#yaml.isNode(key) ? (key.range?.[0] ?? 0) : 0);
	}

	/** A value as a CI would hand it over. */
	raw(value: unknown): RawInput | undefined {
		const plain = this.#plain(value);
		if (Array.isArray(plain))
			return plain.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)));
		return typeof plain === 'object' ? JSON.stringify(plain) : plain;
	}

	#at(offset: number) {
		const { line, col } = this.#lines.linePos(offset);
		return { place: { file: this.#file, line, column: col } };
	}

	/** The pairs of a map, its own before those that it takes over by `<<`. */
	#pairs(map: yaml.YAMLMap): yaml.Pair[] {
		const isMerge = ({ key }: yaml.Pair) => String(key) === '<<';
		const merged = map.items.filter(isMerge).flatMap(({ value }) => {
			const target = this.#target(value);
			return this.#yaml.isSeq(target) ? target.items.map((item) => this.#target(item)) : [target];
		});
		return [
			...map.items.filter((pair) => !isMerge(pair)),
			...merged.filter(this.#yaml.isMap).flatMap((item) => this.#pairs(item)),
		];
	}

	#target(node: unknown): unknown {
		return this.#yaml.isAlias(node) ? node.resolve(this.#document) : node;
	}

	/** A value with its scalars as they are written: a number would lose its last zero. */
	#plain(value: unknown): Plain {
		const node = this.#target(value);
		if (this.#yaml.isMap(node)) {
			const pairs = new Map<string, Plain>();
			for (const { key, value } of this.#pairs(node))
				if (!pairs.has(String(key))) pairs.set(String(key), this.#plain(value));
			return Object.fromEntries(pairs);
		}
		if (this.#yaml.isSeq(node)) return node.items.flatMap((item) => this.#plain(item) ?? []);
		if (!this.#yaml.isScalar(node) || node.value === null) return undefined;
		return typeof node.value === 'string' ? node.value : node.source;
	}
}
