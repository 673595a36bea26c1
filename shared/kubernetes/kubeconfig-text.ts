import { readFile } from 'node:fs/promises';
import { delimiter, dirname, resolve } from 'node:path';
import { badInput, messageOf } from '../failure/failure.ts';
import { isRecord } from './object.ts';
import { fromBase64 } from './pem.ts';
import { yamlFault } from './yaml-fault.ts';

/** A kubeconfig and the folder that relative paths in it start from. */
export interface Kubeconfig {
	content: Record<string, unknown>;
	folder: string;
}

interface Place {
	/** Folder that relative paths start from. */
	folder: string;
	/** An input's name as its user wrote it. */
	nameOf: (input: string) => string;
}

/**
 * A kubeconfig that is given as a path, as text or as Base64.
 * @throws Failure (bad input) where it is none
 */
export async function readGiven(given: string, { folder, nameOf }: Place): Promise<Kubeconfig> {
	const name = nameOf('kubeconfig');
	if (/^\s*([{#]|---\s)|^\s*[\w-]+\s*:(\s|$)/.test(given)) return await parse(given, folder, name);
	const path = resolve(folder, given.trim());
	let text: string;
	try {
		text = await readFile(path, 'utf8');
	} catch (error) {
		const decoded = fromBase64(given);
		if (decoded !== undefined) return await parse(decoded, folder, name);
		const why =
			(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : messageOf(error);
		throw badInput(
			`${name} is neither a file that can be read (${why}), nor the text of a kubeconfig, nor Base64 of it`,
		);
	}
	return await parse(text, dirname(path), name);
}

/**
 * The kubeconfigs that the variable KUBECONFIG names: as kubectl does, of several those that are
 * there.
 * @throws Failure (bad input) where none is, or one is no kubeconfig
 */
export async function readNamed(named: string, folder: string): Promise<Kubeconfig[]> {
	const configs: Kubeconfig[] = [];
	for (const file of named.split(delimiter).filter((file) => file !== '')) {
		const path = resolve(folder, file);
		const text = await readFile(path, 'utf8').catch((error: unknown) => {
			if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
			throw badInput(
				`The variable KUBECONFIG names a file that cannot be read: ${messageOf(error)}`,
				{ cause: error },
			);
		});
		if (text !== undefined)
			configs.push(await parse(text, dirname(path), `${file}, which KUBECONFIG names,`));
	}
	if (configs.length === 0)
		throw badInput(`The variable KUBECONFIG names no file that is there: ${named}`);
	return configs;
}

async function parse(text: string, folder: string, name: string): Promise<Kubeconfig> {
	const { parseDocument } = await import('yaml');
	let content: unknown;
	try {
		const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent' });
		const [error] = document.errors;
		if (error !== undefined) throw error;
		content = document.toJS();
	} catch (error) {
		throw badInput(`${name} is no YAML: ${yamlFault(error)}`);
	}
	if (!isRecord(content) || !('clusters' in content || 'contexts' in content))
		throw badInput(`${name} is no kubeconfig: it has no clusters`);
	return { content, folder };
}

/** What a kubeconfig has by a name, and the folder that relative paths in it start from. */
export interface Entry<T> {
	entry: T;
	folder: string;
}

/**
 * The first entry of a name in several kubeconfigs.
 * @throws Failure (bad input) where there is none, or it has what kubectl would not take
 */
export function entryOf<T extends object>(
	configs: readonly Kubeconfig[],
	list: 'contexts' | 'clusters' | 'users',
	name: string | undefined,
	field: 'context' | 'cluster' | 'user',
): Entry<T> {
	for (const { content, folder } of configs) {
		const entries = content[list];
		if (!Array.isArray(entries)) continue;
		const found: unknown = entries.find((entry) => isRecord(entry) && entry.name === name);
		if (isRecord(found)) {
			const entry = isRecord(found[field]) ? found[field] : {};
			return { entry: withTexts(entry, `${field} "${name}"`) as T, folder };
		}
	}
	throw badInput(`The kubeconfig has no ${field} "${name}"; it has ${namesIn(configs, list)}`);
}

/** Fields of an entry that are no text. */
const structured = ['exec', 'auth-provider', 'extensions'];
const flags = ['insecure-skip-tls-verify', 'disable-compression'];

/** An entry whose fields are texts, without those that are left open. */
function withTexts(entry: Record<string, unknown>, title: string): Record<string, unknown> {
	const given = Object.entries(entry).filter(([, value]) => value !== null);
	for (const [key, value] of given) {
		if (/^as(-|$)/.test(key))
			throw badInput(
				`The ${title} of the kubeconfig acts as somebody else (${key}), which is not spoken; give a kubeconfig of that user`,
			);
		if (!structured.includes(key) && typeof value !== (flags.includes(key) ? 'boolean' : 'string'))
			throw badInput(
				`The ${title} of the kubeconfig: ${key} has to be ${flags.includes(key) ? 'true or false' : 'a text; put it in quotes'}`,
			);
	}
	return Object.fromEntries(given);
}

/** The names in a list of several kubeconfigs, for a sentence. */
export function namesIn(configs: readonly Kubeconfig[], list: string): string {
	const names = configs.flatMap(({ content }) => {
		const entries = content[list];
		return Array.isArray(entries) ? entries.map((entry) => String(entry?.name)) : [];
	});
	return names.length > 0 ? names.join(', ') : 'none';
}
