/**
 * `npm run image`: builds the images of plugins/Dockerfile, one a step and one with all of them,
 * and says how large they are to pull. `npm run image -- --help` shows its options.
 *
 * Two builds of one commit on one base are the same to the byte: every time in them is the
 * commit's own.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root, stepNames } from './steps.ts';

const help = `npm run image -- [options]
  --engine docker|buildah  what builds; default: docker where it answers, else buildah
  --name NAME              repository of the images, whose tags are the steps' names
  --base IMAGE             node on a small base, in place of the Dockerfile's own
  --platform LIST          such as linux/amd64,linux/arm64; default: this machine's
  --step NAME              that image alone; may be repeated
  --push                   to the registry as well
  --layout FOLDER          keeps each image there by the OCI's layout
`;

/** One image to be built, for one or more platforms. */
interface ImageBuild {
	readonly step: string;
	readonly tag: string;
	/** Arguments that docker and buildah share. */
	readonly arguments: readonly string[];
	readonly platforms: readonly string[];
	/** Seconds since 1970: the time of everything in the image. */
	readonly time: string;
	readonly push: boolean;
	/** A folder to lay the image out in, by the OCI's layout, so that it can be weighed. */
	readonly layouts: string;
}

/** Where an image lies: a layout, and its name in there where that has several. */
interface Laid {
	readonly layout: string;
	readonly name?: string;
}

type Engine = (build: ImageBuild) => Laid;

/** Of docker's builders only one in a container lays an image out, and takes several platforms. */
const dockerBuilder = 'lockstep';

const engines: Record<string, Engine> = {
	docker({ step, tag, arguments: shared, platforms, time, push, layouts }) {
		const layout = join(layouts, step);
		if (!answers('docker', ['buildx', 'inspect', dockerBuilder]))
			run('docker', ['buildx', 'create', '--driver=docker-container', `--name=${dockerBuilder}`]);
		const build = [
			'buildx',
			'build',
			`--builder=${dockerBuilder}`,
			`--platform=${platforms.join(',')}`,
			...shared,
			'.',
		];
		const pinned = `SOURCE_DATE_EPOCH=${time}`;
		const outputs = [
			`type=oci,tar=false,rewrite-timestamp=true,dest=${layout}`,
			...(push ? [`type=registry,rewrite-timestamp=true,name=${tag}`] : []),
			// docker's own store takes one platform only
			...(platforms.length === 1 ? [`type=docker,name=${tag}`] : []),
		];
		for (const output of outputs)
			run('docker', [...build, `--build-arg=${pinned}`, '--tag', tag, `--output=${output}`]);
		return { layout };
	},
	buildah({ step, tag, arguments: shared, platforms, time, push, layouts }) {
		const list = `${tag}-platforms`;
		run('buildah', ['manifest', 'rm', list], 'may fail');
		run('buildah', [
			...[
				'build',
				'--quiet',
				'--isolation=chroot',
				'--format=oci',
				'--layers',
				`--timestamp=${time}`,
			],
			...[`--platform=${platforms.join(',')}`, `--manifest=${list}`],
			...(platforms.length === 1 ? [`--tag=${tag}`] : []),
			...shared,
			'.',
		]);
		for (const to of [`oci:${layouts}:${step}`, ...(push ? [`docker://${tag}`] : [])])
			run('buildah', ['manifest', 'push', '--quiet', '--all', list, to]);
		// In one layout for all what they share is compressed once.
		return { layout: layouts, name: step };
	},
};

function run(program: string, args: readonly string[], failure?: 'may fail'): void {
	try {
		execFileSync(program, args, { cwd: root, stdio: ['ignore', 'ignore', failure ? 'ignore' : 2] });
	} catch (error) {
		if (failure === undefined) throw error;
	}
}

function answers(program: string, args: readonly string[]): boolean {
	try {
		execFileSync(program, args, { stdio: 'ignore' });
		return true;
	} catch {
		return false;
	}
}

function foundEngine(): string {
	if (answers('docker', ['buildx', 'inspect'])) return 'docker';
	if (answers('buildah', ['version'])) return 'buildah';
	throw new Error('There is neither docker with its engine nor buildah here; install one of them');
}

/** What an image is on each platform; `bytes` are those to pull. */
function weigh({ layout, name }: Laid): { platform: string; bytes: number; digest: string }[] {
	interface Descriptor {
		readonly digest: string;
		readonly size: number;
		readonly annotations?: Readonly<Record<string, string>>;
		readonly platform?: { readonly os: string; readonly architecture: string };
	}
	interface Manifest {
		readonly manifests?: readonly Descriptor[];
		readonly config?: Descriptor;
		readonly layers?: readonly Descriptor[];
	}
	const read = ({ digest }: Descriptor) =>
		JSON.parse(readFileSync(join(layout, 'blobs', ...digest.split(':')), 'utf8')) as Manifest;
	const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as Manifest;
	const named = (index.manifests ?? []).filter(
		({ annotations }) =>
			name === undefined || annotations?.['org.opencontainers.image.ref.name'] === name,
	);
	const flat = (manifest: Manifest): Descriptor[] =>
		(manifest.manifests ?? []).flatMap((entry) => {
			const inner = read(entry);
			return inner.manifests ? flat(inner) : [entry];
		});
	return (
		flat({ manifests: named })
			// buildx lists what it knows of the build as a further 'platform'
			.filter(({ platform }) => platform?.architecture !== 'unknown')
			.map((entry) => {
				const { config, layers = [] } = read(entry);
				const bytes = [config, ...layers].reduce((sum, part) => sum + (part?.size ?? 0), 0);
				const { os, architecture } = entry.platform ?? { os: 'linux', architecture: process.arch };
				return { platform: `${os}/${architecture}`, bytes, digest: entry.digest };
			})
	);
}

const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
const { values: options } = parseArgs({
	options: {
		engine: { type: 'string' },
		name: { type: 'string', default: 'ghcr.io/lockstep-ci/lockstep' },
		base: { type: 'string' },
		platform: { type: 'string', default: `linux/${architecture}` },
		step: { type: 'string', multiple: true, default: ['lockstep', ...stepNames()] },
		push: { type: 'boolean', default: false },
		layout: { type: 'string' },
		help: { type: 'boolean', default: false },
	},
});

function main(): void {
	if (options.help) return void process.stdout.write(help);
	const name = options.engine ?? foundEngine();
	const engine = engines[name];
	if (engine === undefined)
		throw new Error(`There is no engine ${name}; give docker or buildah as --engine`);
	const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' });
	const [revision = '', time = ''] = git('log', '-1', '--format=%H %ct').trim().split(' ');
	const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
	const layouts = options.layout ? resolve(options.layout) : mkdtempSync(join(tmpdir(), 'image-'));
	mkdirSync(layouts, { recursive: true });
	try {
		for (const step of options.step) {
			const tag = `${options.name}:${step}`;
			const laid = engine({
				step,
				tag,
				arguments: [
					...['--file', 'plugins/Dockerfile', '--target', step],
					...(options.base ? ['--build-arg', `NODE_IMAGE=${options.base}`] : []),
					...['--build-arg', `VERSION=${version}`, '--build-arg', `REVISION=${revision}`],
				],
				platforms: options.platform.split(','),
				time,
				push: options.push,
				layouts,
			});
			for (const { platform, bytes, digest } of weigh(laid))
				console.log(`${tag}  ${platform}  ${(bytes / 1e6).toFixed(1)} MB  ${digest}`);
		}
	} finally {
		if (!options.layout) rmSync(layouts, { recursive: true, force: true });
	}
}

try {
	main();
} catch (error) {
	console.error(`error: ${error instanceof Error ? error.message : error}`);
	process.exitCode = 1;
}
