/**
 * Bundles every step into `dist/<step>/step.js`, an ESM file with all that it needs but the
 * parser of YAML, which is the file beside it, and the `index.js` that CIs start; and the
 * command line that calls them. The bytes are the same on every machine. `--check` only tells
 * what is stale.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import { helpText } from '../shared/step/help.ts';
import { completions } from './generate/completion.ts';
import { fromRoot, settle } from './outcome.ts';
import { loadStep, root, stepNames } from './steps.ts';

/**
 * `@actions/core` brings a client for OpenID Connect and, with it, 400 KB of undici. Told
 * that loading them has no effect of its own, esbuild leaves out what no step calls.
 */
const withoutUnused: Plugin = {
	name: 'without-unused',
	setup({ onResolve, resolve }) {
		const unused = /^(@actions\/(http-client|exec)|\.\/(oidc-utils|platform)\.js)/;
		onResolve({ filter: unused }, async ({ path, pluginData, ...options }) => {
			if (pluginData === unused) return undefined;
			const found = await resolve(path, { ...options, pluginData: unused });
			return { ...found, sideEffects: false };
		});
	},
};

/**
 * Node's own modules, each loaded when the first thing in it is used: `node:http` and
 * `node:crypto` alone take a third of a step's start, and most runs use neither. As plain
 * imports all of them would be hoisted to the top of the bundle. The proxy is a prototype
 * because esbuild copies a module's own properties, which would load it.
 */
const lazyBuiltins: Plugin = {
	name: 'lazy-builtins',
	setup({ onResolve, onLoad }) {
		onResolve({ filter: /./ }, ({ path }) =>
			isBuiltin(path) ? { path: path.replace(/^node:/, ''), namespace: 'builtin' } : undefined,
		);
		onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
			contents:
				// This module is a class itself, and node has loaded it when a step starts.
				path === 'events'
					? `module.exports = process.getBuiltinModule('node:events');`
					: `
let module_;
const load = () => (module_ ??= process.getBuiltinModule('node:${path}'));
module.exports = Object.create(new Proxy({}, { get: (_, name) => load()[name] }));
`,
		}));
	},
};

/**
 * Of the thousand endpoints of GitHub's that octokit knows, those that our code names, as in
 * `octokit.rest.pulls.list`: the list of all is a third of a bundle.
 */
const namedEndpoints: Plugin = {
	name: 'named-endpoints',
	setup({ onLoad }) {
		onLoad({ filter: /plugin-rest-endpoint-methods\/.*\/endpoints\.js$/ }, async ({ path }) => {
			const all = ((await import(path)) as { default: Record<string, Record<string, unknown>> })
				.default;
			const named: typeof all = {};
			for (const file of readdirSync(join(root, 'shared/forge')).sort()) {
				const source = readFileSync(join(root, 'shared/forge', file), 'utf8');
				for (const [, scope = '', method = ''] of source.matchAll(/\.rest\.(\w+)\.(\w+)/g)) {
					const endpoint = all[scope]?.[method];
					if (endpoint === undefined)
						throw new Error(`${file}: octokit has no rest.${scope}.${method}`);
					named[scope] = { ...named[scope], [method]: endpoint };
				}
			}
			return { contents: `export default ${JSON.stringify(named)};` };
		});
	},
};

/**
 * `yaml` is a file of its own beside each step that reads YAML, half as large as the step: it
 * is compiled when it is asked for, which may be while git is at work. It is the package's
 * ESM build, which is there for browsers, but nothing in it is of a browser.
 */
const yaml = { file: 'yaml.js', source: 'node_modules/yaml/browser/index.js' };

const yamlBeside: Plugin = {
	name: 'yaml-beside',
	setup({ onResolve }) {
		onResolve({ filter: /^yaml$/ }, () => ({ path: `./${yaml.file}`, external: true }));
	},
};

/** The oldest node that a step's bundle runs on. */
const neededNode = 24;

/**
 * What a CI starts: shows help, which is known now, without reading the step at all, for a
 * node needs longer to read a bundle than to start. It is for old nodes, too, to say that they
 * are: Gitea's runner takes the first on the PATH, whatever `using:` says.
 */
async function startOf(name: string): Promise<string> {
	const help = helpText(await loadStep(name));
	return `// Written by npm run build from actions/${name}/step.ts.
const help = ${JSON.stringify(help)};
const args = process.argv.slice(2);
const { node } = process.versions;
if (args.includes('--help') || args.includes('-h')) process.stdout.write(help);
else if (parseInt(node) < ${neededNode}) {
	const mark = process.env.GITHUB_ACTIONS ? '::error::' : 'error: ';
	console.error(mark + 'This is node ' + node + ', and the step needs ${neededNode} or newer; put one first on the PATH');
	process.exitCode = 1;
} else await import('./step.js');
`;
}

/** The whole program of a step. */
function programOf(name: string): string {
	return `
import { step } from './actions/${name}/step.ts';
import { processEnvironment } from './shared/ci/process.ts';
import { main } from './shared/step/main.ts';
process.exit(await main(step, process.argv.slice(2), processEnvironment()));
`;
}

async function bundle(entry: { contents: string } | { file: string }) {
	const result = await build({
		...('file' in entry
			? { entryPoints: [join(root, entry.file)] }
			: {
					stdin: {
						contents: entry.contents,
						resolveDir: root,
						sourcefile: 'program.ts',
						loader: 'ts',
					},
				}),
		outfile: join(root, 'dist', 'bundle.js'),
		absWorkingDir: root,
		bundle: true,
		platform: 'node',
		format: 'esm',
		target: 'node24',
		minify: true,
		legalComments: 'none',
		metafile: true,
		write: false,
		plugins: 'file' in entry ? [] : [lazyBuiltins, withoutUnused, namedEndpoints, yamlBeside],
	});
	const [output] = result.outputFiles;
	if (output === undefined) throw new Error(`esbuild wrote nothing`);
	return { contents: output.contents, metafile: result.metafile };
}

/** The licences of the packages of which any byte is in the bundles. */
function licencesOf(bundles: readonly Metafile[]): string {
	const packages = new Set<string>();
	for (const output of bundles.flatMap(({ outputs }) => Object.values(outputs)))
		for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
			const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
			if (folder !== undefined && bytesInOutput > 0) packages.add(folder);
		}
	return [...packages].sort().map(licenceOf).join('\n');
}

function licenceOf(folder: string): string {
	const { name, version, license } = JSON.parse(
		readFileSync(join(root, folder, 'package.json'), 'utf8'),
	) as { name: string; version: string; license: string };
	const file = readdirSync(join(root, folder)).find((entry) => /^licen[sc]e(\.|$)/i.test(entry));
	const text = file === undefined ? '' : readFileSync(join(root, folder, file), 'utf8').trim();
	return `${name} ${version} (${license})\n\n${text}\n\n${'-'.repeat(72)}\n`;
}

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
	version: string;
};
const files = new Map<string, string | Uint8Array>([
	// Node reads the bundles as ESM wherever this folder is copied to.
	['dist/package.json', `{ "type": "module", "version": "${version}" }\n`],
]);
for (const name of stepNames()) {
	files.set(`dist/${name}/index.js`, await startOf(name));
	const step = await addBundle(`dist/${name}/step.js`, { contents: programOf(name) });
	const imports = Object.values(step.outputs).flatMap((output) => output.imports);
	const bundles = imports.some(({ path }) => path === `./${yaml.file}`)
		? [step, await addBundle(`dist/${name}/${yaml.file}`, { file: yaml.source })]
		: [step];
	const licences = licencesOf(bundles);
	if (licences !== '') files.set(`dist/${name}/LICENSES.txt`, licences);
}
await addBundle('dist/lockstep/index.js', { file: 'plugins/cli/lockstep.ts' });
for (const [shell, script] of Object.entries(
	completions(await Promise.all(stepNames().map(loadStep))),
))
	files.set(`dist/lockstep/completion.${shell}`, script);

async function addBundle(path: string, entry: Parameters<typeof bundle>[0]): Promise<Metafile> {
	const { contents, metafile } = await bundle(entry);
	files.set(path, contents);
	return metafile;
}

const obsolete = readdirSync(join(root, 'dist'), { recursive: true, withFileTypes: true })
	.filter((entry) => entry.isFile())
	.map((entry) => fromRoot(join(entry.parentPath, entry.name)))
	.filter((path) => !files.has(path));
const written = settle(files, obsolete, 'npm run build');
if (!process.argv.includes('--check')) {
	for (const path of obsolete) rmSync(join(root, path));
	for (const [path, { length }] of files)
		if (!path.endsWith('index.js') && path.endsWith('.js'))
			console.log(`${path}  ${Math.ceil(length / 1024)} KB`);
	console.log(`${written.length} of ${files.size} files were stale`);
}
