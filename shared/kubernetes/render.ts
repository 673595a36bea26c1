import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import type * as yaml from 'yaml';
import { Failure, messageOf, type Place } from '../failure/failure.ts';
import { isRecord, type KubernetesObject, keyOf, readPath } from './object.ts';

/** What rendering a kustomization or a chart needs. */
export interface Rendering {
	/** Variables of the renderers, `PATH` among them. */
	environment: Readonly<Record<string, string | undefined>>;
	/** Namespace that a chart is rendered for. */
	namespace: string;
	/** Files with the values of charts. */
	values: readonly string[];
	/** A path as its user knows it. */
	shown(path: string): string;
	/** Ends the programs; its reason is thrown. */
	signal: AbortSignal;
}

/** What a program made of a folder. */
export interface Rendered {
	/** `kustomize`, `kubectl` or `helm`. */
	program: string;
	text: string;
	/**
	 * The file that an object was made from, where that is known.
	 * @param line - where in the text the object begins
	 */
	fileOf(object: KubernetesObject, line: number): string | undefined;
}

const kustomizations = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** The file by which a folder is rendered, where it holds a kustomization or a chart. */
export async function definitionIn(folder: string): Promise<string | undefined> {
	// One that may not be read is told of when it is.
	const names = await readdir(folder).catch((): string[] => []);
	const name = [...kustomizations, 'Chart.yaml'].find((name) => names.includes(name));
	return name === undefined ? undefined : join(folder, name);
}

/** Whether a file is one by which its folder is rendered. */
export function isDefinition(file: string): boolean {
	return [...kustomizations, 'Chart.yaml'].includes(basename(file));
}

/**
 * The manifests of a kustomization (by `kustomize`, else `kubectl`) or of a chart (by
 * `helm`, with its definitions and without its tests), with the program that is on PATH.
 * @param definition - the file by which its folder is rendered
 * @throws Failure where there is none, or with what the program says
 */
export async function render(
	definition: string,
	parser: typeof yaml,
	options: Rendering,
): Promise<Rendered> {
	const folder = resolve(definition, '..');
	const run = { ...options, definition, title: options.shown(folder) };
	if (basename(definition) === 'Chart.yaml') {
		const made = await firstOf([helmTemplate(folder, options)], run);
		if (made !== undefined) return { ...made, fileOf: templatesIn(made.text, folder) };
		throw new Failure(
			`${run.title} is a chart, and helm is not on PATH; install it, or render the chart in a step before`,
		);
	}
	// Where there is no room for it, say, the places are less exact, and nothing else is.
	const origins = originsOf(folder, parser, run).catch(() => new Map<string, string>());
	const made = await firstOf(kustomizeBuild(folder), run).finally(() => origins);
	if (made === undefined)
		throw new Failure(
			`${run.title} is a kustomization, and neither kustomize nor kubectl is on PATH; install one, or render it in a step before`,
		);
	const files = await origins;
	return { ...made, fileOf: (object) => files.get(keyOf(object)) };
}

interface Run extends Rendering {
	definition: string;
	/** The folder, as the user knows it. */
	title: string;
}

// The folders are absolute, so they cannot be taken for options.
function kustomizeBuild(folder: string): string[][] {
	return [
		['kustomize', 'build', folder],
		['kubectl', 'kustomize', folder],
	];
}

function helmTemplate(folder: string, { namespace, values }: Rendering): string[] {
	// Release names are labels.
	const name = basename(folder)
		.toLowerCase()
		.replace(/[^a-z0-9-]+/g, '-')
		.replace(/^-+|-+$/g, '');
	return [
		...['helm', 'template', name || 'release', folder, '--namespace', namespace],
		...['--include-crds', '--skip-tests'],
		...values.flatMap((file) => ['--values', file]),
	];
}

/** What the first of the programs that is there prints; undefined where none is. */
async function firstOf(
	commands: readonly string[][],
	{ environment, title, definition, shown, signal }: Run,
): Promise<Pick<Rendered, 'program' | 'text'> | undefined> {
	for (const [program = '', ...args] of commands) {
		try {
			const { stdout } = await promisify(execFile)(program, args, {
				env: { ...environment },
				maxBuffer: 64 << 20,
				signal,
			});
			return { program, text: stdout };
		} catch (error) {
			signal.throwIfAborted();
			if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
			const why = reasonIn(String(readPath(error, ['stderr']) ?? '')) || messageOf(error);
			const place = placeIn(why, definition);
			throw new Failure(`${program} cannot render ${title}: ${why}`, {
				place: { ...place, file: shown(place.file) },
				cause: error,
			});
		}
	}
	return undefined;
}

/** Of all that a program writes about its failure the sentence that says why. */
function reasonIn(stderr: string): string {
	const lines = stderr
		.split('\n')
		.map((line) => line.trim())
		.filter((line) => line !== '' && !/^(# )?warning:|^Use --debug flag/i.test(line));
	const text = lines.join(' ').replace(/^error: /i, '');
	// As kubectl writes it where its log is structured.
	const quoted = /"command failed" err="((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
	return quoted?.replace(/\\(.)/g, '$1') ?? text;
}

/** Helm names templates by the chart's name, which need not be that of its folder. */
const template = String.raw`[^/\s():]+/((?:charts/[^\s():]+/)?(?:templates|crds)/[^\s():]+)`;

function placeIn(why: string, definition: string): Place {
	const [, path, line, column] = new RegExp(`${template}(?::(\\d+))?(?::(\\d+))?`).exec(why) ?? [];
	const file = resolve(definition, '..', path ?? '');
	if (path === undefined || !existsSync(file)) return { file: definition };
	return {
		file,
		...(line === undefined ? {} : { line: Number(line) }),
		...(column === undefined ? {} : { column: Number(column) }),
	};
}

/** Helm writes above each object which template it comes from. */
function templatesIn(text: string, folder: string): Rendered['fileOf'] {
	const lines = text.split('\n');
	const source = new RegExp(`^# Source: ${template}\\s*$`);
	return (_object, line) => {
		const above = lines.slice(0, line).findLast((each) => source.test(each));
		const path = source.exec(above ?? '')?.[1];
		// That of a packed subchart is no file.
		return path !== undefined && existsSync(join(folder, path)) ? join(folder, path) : undefined;
	};
}

/**
 * Which file each object of a kustomization comes from, by a second build: only an overlay
 * can ask for it (https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/buildmetadata/),
 * and what is deployed is to have no annotation that nobody wrote.
 */
async function originsOf(
	folder: string,
	{ parseAllDocuments }: typeof yaml,
	run: Run,
): Promise<Map<string, string>> {
	const overlay = await realpath(await mkdtemp(join(tmpdir(), 'lockstep-origins-')));
	try {
		const resources = [relative(overlay, await realpath(folder))];
		const content = JSON.stringify({ resources, buildMetadata: ['originAnnotations'] });
		await writeFile(join(overlay, 'kustomization.yaml'), content);
		const made = await firstOf(kustomizeBuild(overlay), run);
		const origins = new Map<string, string>();
		for (const document of parseAllDocuments(made?.text ?? '')) {
			const object: unknown = 'toJS' in document ? document.toJS() : undefined;
			if (!isRecord(object) || !isRecord(object.metadata)) continue;
			const note = readPath(object, ['metadata', 'annotations', 'config.kubernetes.io/origin']);
			const path = /^(?:path|configuredIn): (.+)$/m.exec(String(note))?.[1];
			// What comes from another repository has no file here.
			if (path !== undefined && !/^repo:/m.test(String(note)))
				origins.set(keyOf(object as KubernetesObject), resolve(overlay, path));
		}
		return origins;
	} finally {
		await rm(overlay, { recursive: true });
	}
}
