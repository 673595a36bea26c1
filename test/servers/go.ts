import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { Failure } from '../../shared/failure/failure.ts';

const run = promisify(execFile);

/** What is built with Go, and what to say about it. */
export interface GoSource {
	/** as `Gitea 1.26.0` */
	title: string;
	/** folder with `go.mod` */
	folder: string;
	package: string;
	/** further arguments of `go build` */
	arguments: readonly string[];
	/** whether C code is compiled too */
	cgo: boolean;
	/** how long a first build usually takes */
	usually: string;
	/** what to do where it cannot be built: an imperative without a full stop */
	otherwise: string;
}

/** `go1.26.8 linux/amd64`: what, besides the source, decides what a build makes. */
export type Toolchain = string;

/** Finds Go and, where C is compiled, a C compiler; says how to get what is missing. */
export async function findToolchain(source: GoSource): Promise<Toolchain> {
	const wanted = await goDirective(source.folder);
	const needs = `${source.title} has to be built once, which needs`;
	let answer: string;
	try {
		const query = ['env', 'GOVERSION', 'GOOS', 'GOARCH', 'CC'];
		answer = (await run('go', query, { cwd: source.folder })).stdout;
	} catch (cause) {
		throw new Failure(
			`${needs} Go ${wanted} or later, but \`go env\` failed: install it from https://go.dev/dl, or ${source.otherwise}.`,
			{ cause },
		);
	}
	const [version = '', system = '', architecture = '', compiler = ''] = answer.split('\n');
	if (isOlder(version.replace(/^go/, ''), wanted)) {
		throw new Failure(
			`${needs} Go ${wanted} or later, but this is ${version}: get a newer one from https://go.dev/dl (or let it fetch one itself with GOTOOLCHAIN=auto), or ${source.otherwise}.`,
		);
	}
	if (source.cgo) {
		try {
			await run(compiler.split(' ')[0] || 'gcc', ['--version']);
		} catch (cause) {
			throw new Failure(
				`${needs} a C compiler, but ${compiler || 'gcc'} cannot be run: install one (Debian: apt-get install gcc libc6-dev; macOS: xcode-select --install), or ${source.otherwise}.`,
				{ cause },
			);
		}
	}
	return `${version} ${system}/${architecture}`;
}

/** The oldest Go that the module accepts. */
async function goDirective(folder: string): Promise<string> {
	const version = /^go (\S+)$/m.exec(await readFile(join(folder, 'go.mod'), 'utf8'))?.[1];
	if (version === undefined) {
		throw new Error(`${folder}/go.mod has no go directive`);
	}
	return version;
}

function isOlder(version: string, than: string): boolean {
	const [actual, wanted] = [numbers(version), numbers(than)];
	const differs = wanted.findIndex((part, index) => part !== (actual[index] ?? 0));
	return differs >= 0 && (actual[differs] ?? 0) < (wanted[differs] ?? 0);
}

function numbers(version: string): number[] {
	return version.split('.').map((part) => Number.parseInt(part, 10) || 0);
}

const progressInterval = 15_000;

/** Builds the program, at a low priority, and tells about it every 15 s. */
export async function buildProgram(
	source: GoSource,
	output: string,
	log: (line: string) => void,
): Promise<void> {
	log(`Building ${source.title}, once: ${source.usually}.`);
	const begin = Date.now();
	const build = spawn(
		'go',
		// without debug information, which costs time and disk
		['build', '-v', '-mod=readonly', '-trimpath', '-buildvcs=false', '-gcflags=all=-dwarf=false']
			.concat(source.arguments)
			.concat('-o', output, source.package),
		{
			cwd: source.folder,
			stdio: ['ignore', 'ignore', 'pipe'],
			env: {
				...process.env,
				CGO_ENABLED: source.cgo ? '1' : '0',
				GOGC: process.env.GOGC ?? '400', // the compiler's own memory is dear in CPU time to tidy up
			},
		},
	);
	if (build.pid !== undefined) {
		setPriority(build.pid, constants.priority.PRIORITY_BELOW_NORMAL);
	}
	const endWithUs = () => build.kill();
	process.once('exit', endWithUs);

	let compiled = 0;
	const lastLines: string[] = [];
	createInterface({ input: build.stderr }).on('line', (line) => {
		lastLines.push(line);
		lastLines.splice(0, lastLines.length - 20);
		if (/^[\w.~/-]+$/.test(line)) {
			compiled += 1; // -v prints each package's path
		}
	});
	const progress = setInterval(() => {
		log(`  ${source.title}: ${since(begin)}, ${compiled} packages compiled`);
	}, progressInterval);
	try {
		const code = await new Promise<number | null>((resolve, reject) => {
			build.once('error', reject).once('close', resolve);
		});
		if (code !== 0) {
			throw new Failure(
				`${source.title} could not be built in ${source.folder} (or ${source.otherwise}); \`go build\` ended with:\n${lastLines.join('\n')}`,
			);
		}
	} finally {
		clearInterval(progress);
		process.off('exit', endWithUs);
	}
	log(`  ${source.title}: built in ${since(begin)}.`);
}

function since(begin: number): string {
	const seconds = Math.round((Date.now() - begin) / 1000);
	return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}s`;
}

/** The folder in the module cache that holds a dependency's source. */
export async function moduleFolder(source: GoSource, module: string): Promise<string> {
	const query = ['list', '-mod=readonly', '-m', '-f', '{{.Dir}}', module];
	return (await run('go', query, { cwd: source.folder })).stdout.trim();
}
