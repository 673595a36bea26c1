import { appendFile, mkdir, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { git } from './git.ts';

/** Who and when, as a commit has it. */
export interface Signature {
	readonly name: string;
	readonly email: string;
	readonly date: Date;
}

/** A file's content; null takes the file away. */
export type FileChange = string | Buffer | null;

type ObjectFormat = 'sha1' | 'sha256';

export interface CommitInput {
	/** The commit to build on; undefined for a first one. */
	readonly parent: string | undefined;
	/** How the repository names objects. Default: as the parent is named, or `sha1`. */
	readonly objectFormat?: ObjectFormat;
	readonly files: Record<string, FileChange>;
	readonly message: string;
	readonly author: Signature;
	readonly committer?: Signature;
	/** Files that are programs (mode 100755). */
	readonly executable?: ReadonlySet<string>;
	/** Files that are symlinks; their content is the target. */
	readonly symlinks?: ReadonlySet<string>;
}

export interface BareRepositoryOptions {
	/** The first commit's files by path. */
	readonly files?: Record<string, string | Buffer>;
	/** A folder whose files are the first commit's. */
	readonly from?: string;
	/** Default `main`. */
	readonly defaultBranch?: string;
	readonly message?: string;
	readonly author?: Signature;
	/** Whether the server offers partial clones. Default true; false: a fetch gets every blob. */
	readonly allowFilter?: boolean;
	/** Whether any object may be asked for by its id. Default true, as on the known forges. */
	readonly allowAnySHA1InWant?: boolean;
	/** How objects are named. Default `sha1`. */
	readonly objectFormat?: ObjectFormat;
	/** More of git's own settings, for example `receive.denyNonFastForwards`. */
	readonly config?: Record<string, string>;
}

/** Always the same, so that a stand-in's first commits have the same ids on every machine. */
export const fixtureSignature: Signature = {
	name: 'Fixture',
	email: 'fixture@example.com',
	date: new Date('2026-01-05T09:00:00Z'),
};

/** Refuses what the server says is protected; the server names it in the hook's environment. */
const updateHook = `#!/bin/sh
for ref in $STAND_IN_PROTECTED_REFS; do
	if [ "$ref" = "$1" ]; then
		echo "error: GH006: Protected branch update failed for $1." >&2
		exit 1
	fi
done
`;

/** Tells the server which references a push really moved, whoever else pushed meanwhile. */
const postReceiveHook = `#!/bin/sh
while read -r line; do
	if [ -n "$STAND_IN_RECEIVED" ]; then echo "$line" >>"$STAND_IN_RECEIVED"; fi
done
`;

/** A setting such as `http.receivepack` as git's own file has it. */
function configLines([name, value]: [string, string]): string {
	const [section, key] = name.split('.');
	return `[${section}]\n\t${key} = ${value}\n`;
}

/** Makes a bare repository at `path`, with one commit when there are files, else empty. */
export async function createBareRepository(
	path: string,
	options: BareRepositoryOptions = {},
): Promise<void> {
	const branch = options.defaultBranch ?? 'main';
	await mkdir(path, { recursive: true });
	const format = options.objectFormat ?? 'sha1';
	const kind = [`--initial-branch=${branch}`, `--object-format=${format}`];
	await git(path, ['init', '--quiet', '--bare', '--template=', ...kind]);
	const settings: Record<string, string> = {
		'http.receivepack': 'true',
		'http.getanyfile': 'false',
		'receive.autogc': 'false',
		'receive.advertisePushOptions': 'true',
		'uploadpack.allowFilter': String(options.allowFilter ?? true),
		'uploadpack.allowAnySHA1InWant': String(options.allowAnySHA1InWant ?? true),
		...options.config,
	};
	await appendFile(join(path, 'config'), Object.entries(settings).map(configLines).join(''));
	await mkdir(join(path, 'hooks'));
	await writeFile(join(path, 'hooks', 'update'), updateHook, { mode: 0o755 });
	await writeFile(join(path, 'hooks', 'post-receive'), postReceiveHook, { mode: 0o755 });

	const found = options.from === undefined ? undefined : await readFolder(options.from);
	const files = { ...found?.files, ...options.files };
	if (Object.keys(files).length === 0) return;
	const commit = await writeCommit(path, {
		parent: undefined,
		objectFormat: format,
		files,
		message: options.message ?? 'Lay the first files',
		author: options.author ?? fixtureSignature,
		...(found && { executable: found.executable, symlinks: found.symlinks }),
	});
	await git(path, ['update-ref', `refs/heads/${branch}`, commit, zeroId(format)]);
}

/** Writes a commit that changes some files of its parent, and returns its id. No ref moves. */
export async function writeCommit(repository: string, input: CommitInput): Promise<string> {
	const format = input.objectFormat ?? (input.parent?.length === 64 ? 'sha256' : 'sha1');
	const scratch = `refs/stand-in/${crypto.randomUUID()}`;
	const parts: (string | Buffer)[] = [
		`feature get-mark\ncommit ${scratch}\nmark :1\n`,
		`author ${person(input.author)}\ncommitter ${person(input.committer ?? input.author)}\n`,
		data(input.message),
		input.parent === undefined ? '' : `from ${input.parent}\n`,
	];
	for (const [path, content] of Object.entries(input.files)) {
		if (content === null) {
			parts.push(`D ${quote(path)}\n`);
			continue;
		}
		const mode = input.symlinks?.has(path)
			? '120000'
			: input.executable?.has(path)
				? '100755'
				: '100644';
		parts.push(`M ${mode} inline ${quote(path)}\n`, data(content));
	}
	// The scratch ref is dropped in the same stream, so that nobody ever sees it.
	parts.push(`\nget-mark :1\nreset ${scratch}\nfrom ${zeroId(format)}\n\n`);
	const stream = Buffer.concat(parts.map((part) => Buffer.from(part)));
	return git(repository, ['fast-import', '--quiet', '--force'], { input: stream });
}

/** Puts a commit on a branch's tip behind the server's back, as another pusher would. */
export async function commitToBranch(
	repository: string,
	branch: string,
	files: Record<string, FileChange>,
	message: string,
	author: Signature = fixtureSignature,
): Promise<string> {
	const ref = `refs/heads/${branch}`;
	const parent = await git(repository, ['rev-parse', '--verify', ref]);
	const commit = await writeCommit(repository, { parent, files, message, author });
	await git(repository, ['update-ref', ref, commit, parent]);
	return commit;
}

/** The name that stands for no object. */
function zeroId(format: ObjectFormat): string {
	return '0'.repeat(format === 'sha256' ? 64 : 40);
}

function person({ name, email, date }: Signature): string {
	return `${name} <${email}> ${Math.floor(date.getTime() / 1000)} +0000`;
}

function data(content: string | Buffer): Buffer {
	const bytes = Buffer.from(content);
	return Buffer.concat([Buffer.from(`data ${bytes.length}\n`), bytes, Buffer.from('\n')]);
}

/** fast-import reads a path as it stands unless it begins with a quote or holds a newline. */
function quote(path: string): string {
	return /["\n\\]/.test(path) ? JSON.stringify(path) : path;
}

async function readFolder(folder: string) {
	const files: Record<string, Buffer> = {};
	const executable = new Set<string>();
	const symlinks = new Set<string>();
	for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
		if (entry.isDirectory()) continue;
		const full = join(entry.parentPath, entry.name);
		const path = full.slice(folder.length).replaceAll('\\', '/').replace(/^\/+/, '');
		if (posix.normalize(path).split('/').includes('.git')) continue;
		if (entry.isSymbolicLink()) {
			symlinks.add(path);
			files[path] = Buffer.from(await readlink(full));
		} else {
			files[path] = await readFile(full);
			if ((await stat(full)).mode & 0o100) executable.add(path);
		}
	}
	return { files, executable, symlinks };
}
