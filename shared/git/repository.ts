import { badInput, Failure } from '../failure/failure.ts';
import type { Log } from '../log/log.ts';
import { accessTo, type Credentials } from './credentials.ts';
import { type Git, gitVariables } from './git.ts';
import { layRepository } from './lay.ts';
import {
	type CommitRequest,
	type Identity,
	readBlobs,
	readCommit,
	type Signature,
	type TagRequest,
	writeCommit,
	writeTag,
} from './objects.ts';
import type { Remote } from './remote.ts';
import type { Variables } from './run-program.ts';
import { type Signer, signerFor } from './sign.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { type PushOutcome, type PushRequest, Transport } from './transport.ts';
import { listTree, selectFiles, type TreeFile } from './tree.ts';

export interface RepositoryOptions {
	readonly remote: Remote;
	readonly credentials: Credentials;
	/** Author and committer of what is written. */
	readonly author: Identity;
	/** Text of a private key, SSH or GPG, that commits and tags are signed with. */
	readonly signingKey?: string | undefined;
	readonly log: Log;
	readonly signal: AbortSignal;
	/** The variables that git is started with. */
	readonly variables: Variables;
	/** Keeps a secret out of the log. */
	readonly protect: (secret: string) => void;
}

/**
 * A remote repository, seen through a temporary bare repository that holds no more than what
 * was asked for: no checkout, no history, no file but those that are read. `close` removes it.
 * @throws Failure (bad input) for credentials that cannot be right.
 */
export async function openRepository(options: RepositoryOptions): Promise<Repository> {
	options.signal.throwIfAborted();
	const temporary = temporaryFolder();
	const folder = temporary.path;
	let signer: Signer | undefined;
	const close = async () => {
		await signer?.close();
		await temporary.remove();
	};
	try {
		const { remote, credentials, signingKey, protect, signal, log } = options;
		if (signingKey !== undefined)
			signer = signerFor(signingKey, { folder, variables: options.variables, signal });
		const access = await accessTo(remote, credentials, folder);
		for (const secret of access.secrets) protect(secret);
		const variables = gitVariables(options.variables, access.variables, access.config);
		const views = layRepository(folder, remote, { variables, signal, log });
		const { nameObjects } = views;
		const { isAnonymous = false } = access;
		const transport = (view: Git) =>
			new Transport(view, { remote, isAnonymous, log, signal, nameObjects });
		return new Repository({
			remote,
			author: { identity: options.author, signer },
			git: views.tip,
			transport: transport(views.tip),
			history: views.history,
			historyTransport: transport(views.history),
			close,
		});
	} catch (error) {
		await close();
		throw error;
	}
}

interface Parts {
	remote: Remote;
	author: Signature;
	git: Git;
	transport: Transport;
	history: Git;
	historyTransport: Transport;
	close: () => Promise<void>;
}

/** See `openRepository`. Object names are full; branches are named without `refs/heads/`. */
export class Repository {
	readonly remote: Remote;
	/** For what this class does not offer: git on the temporary repository. */
	readonly git: Git;
	readonly transport: Transport;
	/** Git on the same objects, which sees the commits that `fetchHistory` fetched. */
	readonly history: Git;
	readonly #historyTransport: Transport;
	#hasHistory = false;
	readonly #author: Signature;
	readonly #close: () => Promise<void>;
	readonly #trees = new Map<string, TreeFile[]>();
	/** Names of the files' contents that have been fetched. */
	readonly #read = new Set<string>();
	readonly #validRefs = new Set<string>();

	constructor({ remote, author, git, transport, history, historyTransport, close }: Parts) {
		this.remote = remote;
		this.git = git;
		this.transport = transport;
		this.history = history;
		this.#historyTransport = historyTransport;
		this.#author = author;
		this.#close = close;
	}

	/** @throws Failure (bad input) for a branch's name that git would refuse. */
	async checkBranch(branch: string, inputName = 'branch'): Promise<void> {
		await this.#checkRef(`refs/heads/${branch}`, inputName);
	}

	/** @throws Failure (bad input) for a tag's name that git would refuse. */
	async checkTag(tag: string, inputName = 'tag'): Promise<void> {
		await this.#checkRef(`refs/tags/${tag}`, inputName);
	}

	/**
	 * Fetches the tip of the remote's default branch without history and files. Only before
	 * anything else is fetched: it is laid anew, by `git clone`, which alone is told which
	 * branch it is in the conversation that fetches it.
	 * @throws Failure where the repository is empty.
	 */
	async fetchDefaultBranch(): Promise<{ branch: string; tip: string }> {
		await this.transport.clone(shallow);
		const only = ['for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads/'];
		const [ref = '', tip] = (await this.git.text(only)).split(' ');
		if (tip === undefined) throw await this.#noDefaultBranch();
		this.#validRefs.add(ref);
		return { branch: ref.replace(/^refs\/heads\//, ''), tip };
	}

	/** The commit at a branch's tip now, undefined where there is no such branch. */
	async tip(branch: string): Promise<string | undefined> {
		const ref = await this.#branchRef(branch);
		return (await this.transport.listRefs([ref])).get(ref);
	}

	/** The remote's refs that match patterns such as `refs/tags/v*`, with their object names. */
	async remoteRefs(...patterns: readonly string[]): Promise<Map<string, string>> {
		return await this.transport.listRefs(patterns);
	}

	/**
	 * Fetches a branch's tip without history and files.
	 * @throws Failure where there is no such branch, naming those that are there.
	 */
	async fetchBranch(branch: string): Promise<string> {
		const ref = await this.#branchRef(branch);
		const local = 'refs/lockstep/fetched';
		const { code } = await this.transport.fetch(
			[...shallow, '--', 'origin', `+${ref}:${local}`],
			(said) => /couldn't find remote ref/i.test(said),
		);
		if (code !== 0) throw await this.#noBranch(branch);
		return await this.git.text(['rev-parse', '--verify', local]);
	}

	/** Fetches a commit by its full object name, without history and files. */
	async fetchCommit(commit: string): Promise<void> {
		const { code } = await this.transport.fetch([...shallow, '--', 'origin', commit], (said) =>
			/not our ref|no such remote ref|unadvertised object/i.test(said),
		);
		if (code !== 0)
			throw new Failure(
				`${this.remote.url} has no commit ${commit}; check it, and that it has been pushed`,
			);
	}

	/** Every file of a commit that has been fetched. */
	async listAll(commit: string): Promise<readonly TreeFile[]> {
		const known = this.#trees.get(commit);
		if (known) return known;
		const files = await listTree(this.git, commit);
		this.#trees.set(commit, files);
		return files;
	}

	/**
	 * The files that paths and globs name in a commit that has been fetched; see `selectFiles`.
	 * @param where - how the commit is called in messages
	 */
	async listFiles(
		commit: string,
		patterns: readonly string[],
		where = this.remote.url,
	): Promise<TreeFile[]> {
		return selectFiles(await this.listAll(commit), patterns, where);
	}

	/**
	 * The contents of files by path, fetched all at once, and with them the commits before
	 * `historyOf` (as many as are looked through for a record), where the server can leave out
	 * their files.
	 */
	async readFiles(
		files: readonly TreeFile[],
		historyOf?: string,
	): Promise<Map<string, Uint8Array>> {
		const names = [...new Set(files.map(({ oid }) => oid))].filter((oid) => !this.#read.has(oid));
		if (historyOf !== undefined && this.filters)
			await this.fetchHistory([historyOf, ...names], recentCommits);
		else if (names.length > 0) await this.transport.fetchObjects(names);
		for (const name of names) this.#read.add(name);
		return await readBlobs(this.git, files);
	}

	/**
	 * Fetches commits (or a ref into a local one, as a refspec) and so many before them, without
	 * trees and files; `history` sees them.
	 */
	async fetchHistory(what: readonly string[], depth: number): Promise<void> {
		await this.#historyTransport.fetchObjects(what, depth);
		this.#hasHistory = true;
	}

	/** Fetches so many commits up to a branch's tip that has been fetched, with their trees. */
	async deepen(tip: string, depth: number): Promise<void> {
		await this.transport.fetch([
			...[`--depth=${depth}`, '--filter=blob:none'],
			...['--', 'origin', tip],
		]);
	}

	/** Whether any of the history has been fetched. */
	get hasHistory(): boolean {
		return this.#hasHistory;
	}

	/** Whether the history that has been fetched goes back to its beginnings. */
	async hasWholeHistory(): Promise<boolean> {
		if (!this.#hasHistory) return false;
		return (await this.history.text(['rev-parse', '--is-shallow-repository'])) === 'false';
	}

	/** Whether the server can leave out trees and files of the commits that it sends. */
	get filters(): boolean {
		return this.transport.filters && this.#historyTransport.filters;
	}

	/** A commit's message, of one that has been fetched. */
	async messageOf(commit: string): Promise<string> {
		return (await readCommit(this.git, commit)).message;
	}

	/** Writes a commit on `parent`, which has been fetched; returns its object name. */
	async commit(request: CommitRequest): Promise<string> {
		const { parent } = request;
		const present = parent === undefined ? [] : await this.listAll(parent);
		const modes = new Map(present.map(({ path, mode }) => [path, mode]));
		return await writeCommit(this.git, { ...request, modes }, this.#author, new Date());
	}

	/** What a commit changes in its parent, as a unified diff. */
	async diff(parent: string, commit: string): Promise<string> {
		return await this.git.text(['diff-tree', '-p', '--no-color', '--no-ext-diff', parent, commit]);
	}

	/** Writes an annotated tag on a commit that has been fetched; returns the tag's object name. */
	async tagObject(request: TagRequest): Promise<string> {
		await this.#checkRef(`refs/tags/${request.name}`, 'tag');
		return await writeTag(this.git, request, this.#author, new Date());
	}

	/** Who writes what is written. */
	get identity(): Identity {
		return this.#author.identity;
	}

	/**
	 * Pushes once, all or nothing; see `commitToBranch` for a push that minds what others push.
	 */
	async push(...requests: readonly [PushRequest, ...PushRequest[]]): Promise<PushOutcome> {
		for (const { ref } of requests) await this.#checkRef(ref, 'ref');
		return await this.transport.push(...requests);
	}

	/** Removes all that was written to this machine. */
	async close(): Promise<void> {
		await this.#close();
	}

	/** Refuses a ref that git would, and one that could be read as an option. */
	async #checkRef(ref: string, what: string): Promise<void> {
		if (this.#validRefs.has(ref)) return;
		const name = ref.replace(/^refs\/(heads|tags)\//, '');
		const { code } = await this.git.try(['check-ref-format', ref]);
		if (name.startsWith('-') || code !== 0) throw badRef(what, name);
		this.#validRefs.add(ref);
	}

	async #branchRef(branch: string): Promise<string> {
		const ref = `refs/heads/${branch}`;
		await this.#checkRef(ref, 'branch');
		return ref;
	}

	async #noBranch(branch: string): Promise<Failure> {
		const refs = await this.remoteRefs('refs/heads/*');
		if (refs.size === 0) return this.#empty();
		const names = [...refs.keys()].map((ref) => ref.replace(/^refs\/heads\//, ''));
		const more = names.length > 10 ? ` and ${names.length - 10} more` : '';
		return new Failure(
			`${this.remote.url} has no branch ${branch}; it has ${names.slice(0, 10).join(', ')}${more}`,
		);
	}

	async #noDefaultBranch(): Promise<Failure> {
		const refs = await this.remoteRefs('refs/heads/*');
		if (refs.size === 0) return this.#empty();
		const names = [...refs.keys()].map((ref) => ref.replace(/^refs\/heads\//, ''));
		return new Failure(
			`${this.remote.url} names no default branch; give branch as one of ${names.slice(0, 10).join(', ')}`,
		);
	}

	#empty(): Failure {
		return new Failure(`${this.remote.url} is empty; push a first commit to it`);
	}
}

/** The tip alone; a server without partial clones ignores the filter and sends its files too. */
const shallow = ['--depth=1', '--filter=blob:none'];

/** How far below a tip something is looked for that was written lately. */
export const recentCommits = 200;

function badRef(what: string, name: string): Failure {
	return badInput(`${what}: "${name}" is no name that git takes; see git check-ref-format`);
}
