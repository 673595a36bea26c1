import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeBase } from './image-base.ts';

const execute = promisify(execFile);

/** How a container is started; the network is the host's, and its root file system read-only. */
export interface ContainerOptions {
	/** A folder of the host that is its `/workspace`. */
	readonly workspace: string;
	readonly env?: Readonly<Record<string, string>>;
	/** In place of the image's entry. */
	readonly command?: readonly string[];
	readonly args?: readonly string[];
}

export interface ContainerRun {
	readonly exitCode: number;
	readonly stdout: string;
	readonly stderr: string;
}

/** What builds images here, and runs them. */
export interface ImageEngine {
	readonly name: 'docker' | 'buildah';
	/** For `npm run image -- --base`, where the Dockerfile's own cannot be pulled. */
	readonly base?: string;
	/** The image's configuration as the OCI has it. */
	inspect(image: string): Promise<ImageConfig>;
	run(image: string, options: ContainerOptions): Promise<ContainerRun>;
	close(): Promise<void>;
}

export interface ImageConfig {
	readonly User: string;
	readonly Entrypoint: string[];
	readonly Env: string[];
	readonly Labels: Record<string, string>;
}

/**
 * Docker where its engine answers, and else Debian's buildah, which is installed if need be:
 * it builds without an engine, and a container is then a chroot in namespaces of its own.
 */
export async function findImageEngine(): Promise<ImageEngine> {
	if (await succeeds('docker', ['buildx', 'inspect'])) return docker;
	if (!(await succeeds('buildah', ['version']))) await installBuildah();
	return await buildahEngine();
}

async function succeeds(program: string, args: string[]): Promise<boolean> {
	return await execute(program, args).then(
		() => true,
		() => false,
	);
}

async function installBuildah(): Promise<void> {
	if (process.getuid?.() !== 0 || !(await succeeds('apt-get', ['--version'])))
		throw new Error('Images are built by docker or buildah, and neither is here; install one');
	const options = ['install', '--yes', '-qq', '--no-install-recommends', 'buildah'];
	if (await succeeds('apt-get', options)) return;
	await execute('apt-get', ['update', '-qq']);
	await execute('apt-get', options);
}

const docker: ImageEngine = {
	name: 'docker',
	async inspect(image) {
		const { stdout } = await execute('docker', ['image', 'inspect', image]);
		return JSON.parse(stdout)[0].Config;
	},
	async run(image, { workspace, env = {}, command, args = [] }) {
		const [entry, ...first] = command ?? [];
		return await outcome('docker', [
			...['run', '--rm', '--init', '--network=host', '--read-only'],
			...['--volume', `${workspace}:/workspace`],
			...Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
			...(entry === undefined ? [] : ['--entrypoint', entry]),
			...[image, ...first, ...args],
		]);
	},
	async close() {},
};

/** Mounts what a container gets, then becomes its user: `$1` is its root, `$2` its workspace. */
const enter = `set -e
mount --bind "$1" "$1"
mount --bind "$2" "$1/workspace"
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
mount -o remount,ro,bind "$1"
user=$3; shift 3
exec chroot --userspec="$user" "$@"`;

async function buildahEngine(): Promise<ImageEngine> {
	const scratch = await mkdtemp(join(tmpdir(), 'image-engine-'));
	const base = 'localhost/lockstep-test-base:latest';
	await makeBase(base, scratch);
	const roots = new Map<string, { container: string; path: string }>();
	const inspect = async (image: string): Promise<ImageConfig> => {
		const { stdout } = await execute('buildah', ['inspect', '--type=image', image]);
		return JSON.parse(stdout).OCIv1.config;
	};
	const rootOf = async (image: string) => {
		let root = roots.get(image);
		if (root === undefined) {
			const { stdout } = await execute('buildah', ['from', '--pull-never', image]);
			const container = stdout.trim();
			const mounted = await execute('buildah', ['mount', container]);
			root = { container, path: mounted.stdout.trim() };
			roots.set(image, root);
		}
		return root;
	};
	return {
		name: 'buildah',
		base,
		inspect,
		async run(image, { workspace, env = {}, command, args = [] }) {
			const { User, Entrypoint, Env } = await inspect(image);
			const { path } = await rootOf(image);
			const started = [...(command ?? Entrypoint), ...args];
			const variables = [...Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
			return await outcome('unshare', [
				...['--mount', '--pid', '--fork', 'sh', '-c', enter, 'sh', path, workspace, User, path],
				...['/bin/sh', '-c', 'cd /workspace; exec env -i "$@"', 'sh', ...variables, ...started],
			]);
		},
		async close() {
			for (const { container } of roots.values())
				execFileSync('buildah', ['rm', container], { stdio: 'ignore' });
			await rm(scratch, { recursive: true, force: true });
		},
	};
}

async function outcome(program: string, args: string[]): Promise<ContainerRun> {
	return await execute(program, args).then(
		({ stdout, stderr }) => ({ exitCode: 0, stdout, stderr }),
		({ code, stdout, stderr }) => ({ exitCode: code as number, stdout, stderr }),
	);
}
