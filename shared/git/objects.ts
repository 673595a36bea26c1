import { Failure } from '../failure/failure.ts';
import { oneLine } from '../record/record.ts';
import type { Git } from './git.ts';
import { type Signer, withSignature } from './sign.ts';
import type { TreeFile } from './tree.ts';

/** Who a commit or tag is by. */
export interface Identity {
	readonly name: string;
	readonly email: string;
}

/** A file as it is to be. */
export interface FileChange {
	readonly path: string;
	/** Its content; undefined takes the file away. */
	readonly bytes: Uint8Array | undefined;
}

export interface CommitRequest {
	/** Undefined for a first commit. */
	readonly parent: string | undefined;
	/** Further parents, whose changes `files` bring. */
	readonly merged?: readonly string[];
	/**
	 * Files to change; all others stay as in the parent, and so does the mode of these unless it
	 * is told. An object that is named has been fetched.
	 */
	readonly files: readonly (FileChange | TreeFile)[];
	readonly message: string;
	/** Default: the repository's own identity, which is the committer always, and now. */
	readonly author?: Identity & { readonly at?: Date };
}

/** By whom something is written. */
export interface Signature {
	readonly identity: Identity;
	/** Undefined: it is not signed. */
	readonly signer: Signer | undefined;
}

export interface TagRequest {
	readonly name: string;
	/** What is tagged. */
	readonly commit: string;
	readonly message: string;
}

/** The contents of files, all of which this repository has. */
export async function readBlobs(
	git: Git,
	files: readonly TreeFile[],
): Promise<Map<string, Uint8Array>> {
	const contents = new Map<string, Uint8Array>();
	if (files.length === 0) return contents;
	const output = await git.run(
		['cat-file', '--batch'],
		files.map(({ oid }) => `${oid}\n`).join(''),
	);
	let offset = 0;
	for (const { path, oid } of files) {
		const headEnd = output.indexOf('\n', offset);
		const head = output.toString('latin1', offset, headEnd);
		const size = Number(/^[0-9a-f]+ blob (\d+)$/.exec(head)?.[1]);
		if (Number.isNaN(size)) throw new Error(`git cat-file says "${head}" of ${oid}`);
		const bytes = output.subarray(headEnd + 1, headEnd + 1 + size);
		if (isLfsPointer(bytes))
			throw new Failure(
				`${path} is kept in Git LFS, so the repository has only a pointer to it; take it out of LFS to have it edited`,
				{ place: { file: path } },
			);
		contents.set(path, bytes);
		offset = headEnd + 1 + size + 1;
	}
	return contents;
}

/** git-lfs: "Pointers are text files which MUST begin with the version key" and its URL. */
function isLfsPointer(bytes: Uint8Array): boolean {
	const head = Buffer.from(bytes.subarray(0, 60)).toString('latin1');
	return bytes.length < 1024 && head.startsWith('version https://git-lfs.github.com/spec/');
}

/**
 * Writes a commit that changes some files of its parent; no ref of the remote's moves.
 * `git fast-import` does it in one process and reads no tree but those above the files.
 * @returns the commit's object name
 */
export async function writeCommit(
	git: Git,
	request: CommitRequest & { modes: ReadonlyMap<string, string> },
	{ identity: committer, signer }: Signature,
	now: Date,
): Promise<string> {
	const { parent, merged = [], files, message, modes } = request;
	const author: NonNullable<CommitRequest['author']> = request.author ?? committer;
	const parts: (string | Uint8Array)[] = [
		'feature get-mark\nfeature done\n',
		'commit refs/lockstep/new\nmark :1\n',
		`author ${person(author, author.at ?? now)}\ncommitter ${person(committer, now)}\n`,
		...data(message),
		...(parent === undefined ? [] : [`from ${parent}\n`]),
		...merged.map((commit) => `merge ${commit}\n`),
	];
	for (const file of files) {
		const path = quote(file.path);
		if ('oid' in file) parts.push(`M ${file.mode} ${file.oid} ${path}\n`);
		else if (file.bytes === undefined) parts.push(`D ${path}\n`);
		else parts.push(`M ${modes.get(file.path) ?? '100644'} inline ${path}\n`, ...data(file.bytes));
	}
	parts.push('\nget-mark :1\ndone\n');
	const input = Buffer.concat(parts.map((part) => Buffer.from(part)));
	const commit = await git.text(['fast-import', '--quiet', '--force'], input);
	if (signer === undefined) return commit;
	const content = await git.run(['cat-file', 'commit', commit]);
	const signed = withSignature(content, await signer.sign(content));
	return await git.text(['hash-object', '-t', 'commit', '-w', '--stdin'], signed);
}

/** A commit as it stands written. */
export interface CommitText {
	readonly tree: string;
	readonly parents: readonly string[];
	readonly author: Identity & { readonly at: Date };
	readonly committer: Identity & { readonly at: Date };
	readonly message: string;
	readonly signed: boolean;
}

/** Reads a commit that this repository has. */
export async function readCommit(git: Git, commit: string): Promise<CommitText> {
	const content = (await git.run(['cat-file', 'commit', commit])).toString();
	const end = content.indexOf('\n\n');
	const headers = content.slice(0, end).split('\n');
	const values = (name: string) =>
		headers
			.filter((line) => line.startsWith(`${name} `))
			.map((line) => line.slice(name.length + 1));
	const person = (name: string): CommitText['author'] => {
		const [, who = '', email = '', seconds = '0'] =
			/^(.*?) ?<([^>]*)> ?(\d*)/.exec(values(name)[0] ?? '') ?? [];
		return { name: who, email, at: new Date(Number(seconds) * 1000) };
	};
	return {
		tree: values('tree')[0] ?? '',
		parents: values('parent'),
		author: person('author'),
		committer: person('committer'),
		message: content.slice(end + 2),
		signed: values('gpgsig').length > 0,
	};
}

/** Writes an annotated tag object; no ref moves. */
export async function writeTag(
	git: Git,
	{ name, commit, message }: TagRequest,
	{ identity: tagger, signer }: Signature,
	now: Date,
): Promise<string> {
	const type = await git.text(['cat-file', '-t', commit]);
	const lines = [
		`object ${commit}`,
		`type ${type}`,
		`tag ${name}`,
		`tagger ${person(tagger, now)}`,
		'',
		message.endsWith('\n') ? message : `${message}\n`,
	];
	const content = lines.join('\n');
	const signature = signer === undefined ? '' : await signer.sign(Buffer.from(content));
	return await git.text(['mktag'], content + signature);
}

/** `Name <email> seconds +0000`; without the characters that end a name or an address. */
function person({ name, email }: Identity, at: Date): string {
	const clean = (text: string) => oneLine(text.replace(/[<>]+/g, ' ')).replace(/ +/g, ' ');
	return `${clean(name)} <${clean(email)}> ${Math.floor(at.getTime() / 1000)} +0000`;
}

function data(content: string | Uint8Array): (string | Uint8Array)[] {
	const bytes = Buffer.from(content);
	return [`data ${bytes.length}\n`, bytes, '\n'];
}

/** git-fast-import: a path with an LF or a leading quote has to be quoted as a C string. */
function quote(path: string): string {
	if (!/^"|[\n\\]/.test(path)) return path;
	return `"${path.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}
