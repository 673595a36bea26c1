import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, link, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cleanGitEnvironment, git } from '../stand-ins/git/git.ts';
import type { GitServer } from '../stand-ins/git/git-server.ts';
import { cache } from './paths.ts';

/** An infra repository: a folder for each service, with its manifests and a few binary files. */
export interface Size {
	readonly name: string;
	readonly services: number;
	/** Manifests, values, dashboards and notes of each service. */
	readonly texts: number;
	/** Packed charts and pictures of each service, and how large each is. */
	readonly binaries: number;
	readonly binaryBytes: number;
}

/** As the aims name them: 1 file; 2,000 files and 20 MB; 20,000 files and 300 MB. */
export const sizes = {
	tiny: { name: 'tiny', services: 1, texts: 1, binaries: 0, binaryBytes: 0 },
	middle: { name: 'middle', services: 40, texts: 48, binaries: 2, binaryBytes: 220_000 },
	large: { name: 'large', services: 400, texts: 48, binaries: 2, binaryBytes: 340_000 },
} as const satisfies Record<string, Size>;

/** To be raised when anything below writes other bytes. */
const generation = 1;

/** The file whose image is bumped, in the middle of the tree. */
export function bumpedFile({ services }: Size): string {
	return `${folderOf(Math.floor(services / 2))}/base/deployment.yaml`;
}

/** The image in that file. */
export const bumpedImage = 'registry.example.com/acme/api';

/**
 * Puts a repository of a size on the server. What is generated is kept in the user's cache,
 * and is the same on every machine.
 */
export async function layRepository(server: GitServer, name: string, size: Size): Promise<void> {
	const kept = await generated(size);
	await server.createRepository(name);
	const path = server.repositoryPath(name);
	const packs = join(path, 'objects', 'pack');
	for (const file of await readdir(join(kept, 'objects', 'pack'))) {
		const [from, to] = [join(kept, 'objects', 'pack', file), join(packs, file)];
		await link(from, to).catch(() => copyFile(from, to));
	}
	await git(path, ['update-ref', 'refs/heads/main', await git(kept, ['rev-parse', 'main'])]);
}

async function generated(size: Size): Promise<string> {
	const folder = join(cache, `${size.name}-${generation}.git`);
	if (existsSync(folder)) return folder;
	if (size.services > 1) console.log(`Generating the ${size.name} repository in ${cache}`);
	const unfinished = `${folder}.${process.pid}`;
	await mkdir(unfinished, { recursive: true });
	await git(unfinished, ['init', '--quiet', '--bare', '--initial-branch=main']);
	await fastImport(unfinished, streamOf(size));
	// As a server keeps it: one pack, with deltas.
	await git(unfinished, ['repack', '-a', '-d', '-q']);
	await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true }));
	return folder;
}

async function fastImport(folder: string, stream: Iterable<string | Uint8Array>): Promise<void> {
	const child = spawn('git', [`--git-dir=${folder}`, 'fast-import', '--quiet'], {
		env: { ...cleanGitEnvironment() },
		stdio: ['pipe', 'inherit', 'inherit'],
	});
	const ended = once(child, 'close');
	for (const part of stream) if (!child.stdin.write(part)) await once(child.stdin, 'drain');
	child.stdin.end();
	const [code] = await ended;
	if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
}

function* streamOf(size: Size): Iterable<string | Uint8Array> {
	const person = 'Bench <bench@example.com> 1767600000 +0000';
	yield `commit refs/heads/main\nauthor ${person}\ncommitter ${person}\ndata 5\nbench\n`;
	const random = randomBytes();
	for (let service = 0; service < size.services; service++) {
		for (let index = 0; index < size.texts; index++) {
			const { path, text } = textOf(service, index);
			const bytes = Buffer.from(text);
			yield `M 100644 inline ${folderOf(service)}/${path}\ndata ${bytes.length}\n`;
			yield bytes;
			yield '\n';
		}
		for (let index = 0; index < size.binaries; index++) {
			const path = index % 2 === 0 ? `charts/api-1.${index}.0.tgz` : `docs/overview-${index}.png`;
			yield `M 100644 inline ${folderOf(service)}/${path}\ndata ${size.binaryBytes}\n`;
			yield random(size.binaryBytes);
			yield '\n';
		}
	}
}

/** Services in teams, teams in one folder, as large repositories have them. */
function folderOf(service: number): string {
	const number = (value: number) => String(value).padStart(3, '0');
	return `apps/team-${number(service % 20)}/service-${number(service)}`;
}

function textOf(service: number, index: number): { path: string; text: string } {
	const name = `service-${service}`;
	if (index === 0) return { path: 'base/deployment.yaml', text: deployment(name) };
	const environment = ['dev', 'staging', 'production'][index % 3] ?? '';
	if (index % 4 === 1)
		return {
			path: `overlays/${environment}/config-${index}.yaml`,
			text: `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}-${index}\ndata:\n${settings(service, index, '  ')}`,
		};
	if (index % 4 === 2)
		return { path: `values/${environment}-${index}.yaml`, text: settings(service, index, '') };
	if (index % 4 === 3)
		return {
			path: `dashboards/panel-${index}.json`,
			text: `${JSON.stringify({ title: name, panels: settings(service, index, '').split('\n') }, undefined, 2)}\n`,
		};
	return { path: `docs/note-${index}.md`, text: `# ${name}\n\n${settings(service, index, '- ')}` };
}

function deployment(name: string): string {
	return `# What runs of ${name}.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
spec:
  replicas: 2
  selector:
    matchLabels: {app: ${name}}
  template:
    metadata:
      labels: {app: ${name}}
    spec:
      containers:
      - name: api
        image: ${bumpedImage}:v0 # set by the pipeline
        ports: [{containerPort: 8080}]
`;
}

function settings(service: number, index: number, before: string): string {
	const lines = Array.from({ length: 30 }, (_, line) => {
		const value = (service * 7919 + index * 104_729 + line * 1299) % 99_991;
		return `${before}setting-${line}: "value ${value} of ${service}"\n`;
	});
	return lines.join('');
}

/** Bytes that do not compress, as those of archives and pictures; xorshift, always the same. */
function randomBytes(): (length: number) => Uint8Array {
	let state = 0x9e3779b9;
	return (length) => {
		const words = new Uint32Array(Math.ceil(length / 4));
		for (let index = 0; index < words.length; index++) {
			state ^= state << 13;
			state ^= state >>> 17;
			state ^= state << 5;
			words[index] = state;
		}
		return new Uint8Array(words.buffer, 0, length);
	};
}
