import { join } from 'node:path';
import type { Accounts, User } from '../git/accounts.ts';
import { allows, emailOf, permissionOf } from '../git/accounts.ts';
import type { Signature } from '../git/bare-repository.ts';
import { git, resolveBranch, resolveCommit, resolveObject, tryGit, zeroId } from '../git/git.ts';
import type { PushEvent } from '../git/git-server.ts';
import type { Deployment } from './deployments.ts';
import { isAncestor } from './objects.ts';
import { Refusal } from './refusal.ts';

export type MergeMethod = 'merge' | 'squash' | 'rebase';

/** What has to hold before a branch moves. Nobody pushes to it but `pushers`. */
export interface Protection {
	readonly requiredApprovals?: number;
	/** Contexts of statuses that have to be `success` on the head. */
	readonly requiredChecks?: readonly string[];
	/** The head has to have all of the base (GitHub's strict checks). Default false. */
	readonly upToDate?: boolean;
	/** Approvals do not outlive a push to the pull request. Default false. */
	readonly dismissStaleApprovals?: boolean;
	/** What is merged has to go through a queue, by which it is tested together first. */
	readonly mergeQueue?: boolean;
	/** Names of users who may push all the same. */
	readonly pushers?: readonly string[];
}

export type StatusState = 'error' | 'failure' | 'pending' | 'success';

export interface Status {
	readonly id: number;
	readonly state: StatusState;
	readonly context: string;
	readonly description: string;
	readonly targetUrl: string;
	readonly creator: string;
	readonly createdAt: Date;
}

export type ReviewState = 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED' | 'DISMISSED';

export interface Review {
	readonly id: number;
	readonly user: string;
	state: ReviewState;
	readonly body: string;
	readonly commit: string;
	readonly submittedAt: Date;
}

export interface Comment {
	readonly id: number;
	readonly user: string;
	body: string;
	readonly createdAt: Date;
	updatedAt: Date;
}

export interface Label {
	readonly id: number;
	readonly name: string;
	readonly color: string;
	readonly description: string;
}

export interface PlannedMerge {
	readonly method: MergeMethod;
	readonly user: string;
	readonly title: string | undefined;
	readonly message: string | undefined;
	/** The head without which the plan is void, where the forge holds it to one. */
	readonly expectedHead?: string;
}

export interface Merge {
	readonly commit: string;
	readonly by: string;
	readonly at: Date;
	readonly method: MergeMethod;
}

export interface PullRequest {
	readonly id: number;
	readonly number: number;
	readonly user: string;
	readonly head: string;
	base: string;
	title: string;
	body: string;
	draft: boolean;
	state: 'open' | 'closed';
	/** The head's commit as of the last look; while open it follows the branch. */
	headSha: string;
	/** The base's commit, which stays what it was once the pull request is closed. */
	baseSha: string;
	readonly labels: Set<string>;
	readonly assignees: Set<string>;
	readonly requestedReviewers: Set<string>;
	readonly requestedTeams: Set<string>;
	readonly comments: Comment[];
	readonly reviews: Review[];
	/** Who put it into the merge queue that it stands in. */
	queuedBy: string | undefined;
	/** Why the queue let it go last; undefined as long as it did not. */
	expelled: string | undefined;
	/** The merge that the forge makes by itself once it may. */
	autoMerge: PlannedMerge | undefined;
	merge: Merge | undefined;
	/** The pair of commits whose mergeability was last asked for. */
	checked: string | undefined;
	readonly createdAt: Date;
	updatedAt: Date;
	closedAt: Date | undefined;
}

export class Repository {
	readonly id: number;
	readonly owner: string;
	readonly name: string;
	readonly path: string;
	readonly defaultBranch: string;
	readonly isPublic: boolean;
	readonly createdAt: Date;
	readonly protections = new Map<string, Protection>();
	readonly pulls: PullRequest[] = [];
	readonly labels = new Map<string, Label>();
	/** GitHub's setting, which is off where nobody turns it on. */
	allowAutoMerge = true;
	/** How GitLab merges all that is merged into it. */
	mergeMethod: 'merge' | 'ff' = 'merge';
	/** Commits that the forge itself wrote and signed. */
	readonly signed = new Set<string>();
	/** By commit, oldest first. */
	readonly statuses = new Map<string, Status[]>();
	/** The oldest first. */
	readonly deployments: Deployment[] = [];

	constructor(
		id: number,
		fullName: string,
		path: string,
		settings: { defaultBranch: string; isPublic: boolean; createdAt: Date },
	) {
		const slash = fullName.lastIndexOf('/');
		const [owner, name] = [fullName.slice(0, slash), fullName.slice(slash + 1)];
		this.id = id;
		this.owner = owner;
		this.name = name;
		this.path = path;
		this.defaultBranch = settings.defaultBranch;
		this.isPublic = settings.isPublic;
		this.createdAt = settings.createdAt;
	}

	get fullName(): string {
		return `${this.owner}/${this.name}`;
	}

	async branchTip(branch: string): Promise<string | undefined> {
		return resolveBranch(this.path, branch);
	}

	pull(number: number): PullRequest {
		const pull = this.pulls.find((candidate) => candidate.number === number);
		if (pull === undefined) throw new Refusal('not-found', 'Not Found');
		return pull;
	}

	/** A label comes to be when it is first used, as on GitHub. */
	ensureLabel(name: string, color = 'ededed', description = '', id = this.labels.size + 1): Label {
		const known = this.labels.get(name);
		if (known) return known;
		const label = { id, name, color, description };
		this.labels.set(name, label);
		return label;
	}

	/** The newest status of each context on a commit. */
	latestStatuses(commit: string): Status[] {
		const latest = new Map(
			(this.statuses.get(commit) ?? []).map((status) => [status.context, status]),
		);
		return [...latest.values()];
	}
}

/** Everything that the forge knows beyond what is in the bare repositories. */
export class ForgeModel {
	readonly root: string;
	readonly accounts: Accounts;
	readonly repositories = new Map<string, Repository>();
	/** Whether what comes by Gitea's API is signed, for which it needs a key. */
	giteaSigns = false;
	/** The server's address, without a slash at the end. */
	url = '';
	/** Told of every reference that moved, by whichever way. Awaited before the mover is answered. */
	refMoved: (event: PushEvent) => Promise<void> = async () => undefined;
	/** Told of what happened to a pull request. */
	pullChanged: (
		action: string,
		repository: Repository,
		pull: PullRequest,
		sender: string,
	) => Promise<void> = async () => undefined;
	readonly #clock: () => Date;
	#ids = 0;

	constructor(root: string, accounts: Accounts, clock: () => Date) {
		this.root = root;
		this.accounts = accounts;
		this.#clock = clock;
	}

	now(): Date {
		return this.#clock();
	}

	nextId(): number {
		this.#ids += 1;
		return this.#ids;
	}

	addRepository(fullName: string, defaultBranch: string, isPublic: boolean): Repository {
		const path = join(this.root, `${fullName}.git`);
		const settings = { defaultBranch, isPublic, createdAt: this.now() };
		const repository = new Repository(this.nextId(), fullName, path, settings);
		this.repositories.set(fullName, repository);
		return repository;
	}

	/** The repository when the user may do this with it, else the refusal that a forge gives. */
	repositoryFor(
		fullName: string,
		user: User | undefined,
		wanted: 'read' | 'write' | 'admin',
	): Repository {
		const repository = this.repositories.get(fullName);
		if (repository === undefined) throw new Refusal('not-found', 'Not Found');
		const granted = user === undefined ? 'none' : permissionOf(user, fullName);
		const readable = repository.isPublic || allows(granted, 'read');
		if (!readable) throw new Refusal('not-found', 'Not Found');
		if (wanted === 'read' || allows(granted, wanted)) return repository;
		if (user === undefined) throw new Refusal('unauthorized', 'Requires authentication');
		throw new Refusal('forbidden', 'Resource not accessible by personal access token');
	}

	signature(user: User): Signature {
		return { name: user.name, email: emailOf(user), date: this.now() };
	}

	/**
	 * Moves a reference from `before` to `after`, as the API's caller. All zeros stand for 'none'.
	 * `stale` when it is no longer at `before`, `protected` when its branch is.
	 */
	async moveRef(
		repository: Repository,
		ref: string,
		before: string,
		after: string,
		user: User,
		options: { force?: boolean; viaPull?: boolean } = {},
	): Promise<void> {
		const branch = ref.replace(/^refs\/heads\//, '');
		if (!options.viaPull && isProtectedFrom(repository, branch, user.name)) {
			throw new Refusal('protected', `Protected branch ${branch}: changes by pull request only`);
		}
		if (after === zeroId && branch === repository.defaultBranch) {
			throw new Refusal('invalid', 'Cannot delete the default branch');
		}
		if ((await tryGit(repository.path, ['check-ref-format', ref])).code !== 0) {
			throw new Refusal('invalid', `${ref} is not a valid ref name.`, 'ref');
		}
		if (
			after !== zeroId &&
			(await resolveObject(repository.path, `${after}^{object}`)) === undefined
		) {
			throw new Refusal('invalid', 'Object does not exist', 'sha');
		}
		const grows = before === zeroId || after === zeroId || options.force;
		if (!grows && !(await isAncestor(repository.path, before, after))) {
			throw new Refusal('not-fast-forward', 'Update is not a fast forward');
		}
		const args = after === zeroId ? ['-d', ref, before] : [ref, after, before];
		const { code } = await tryGit(repository.path, ['update-ref', ...args]);
		if (code !== 0) {
			const now = await resolveObject(repository.path, ref);
			throw before === zeroId && now !== undefined
				? new Refusal('exists', 'Reference already exists')
				: new Refusal('stale', `${ref} is at ${now ?? 'nothing'} but expected ${before}`);
		}
		const moved = { repository: repository.fullName, ref, before, after, pusher: user.name };
		await this.refMoved(moved);
	}
}

export function isProtectedFrom(repository: Repository, branch: string, user: string): boolean {
	const protection = repository.protections.get(branch);
	return protection !== undefined && !protection.pushers?.includes(user);
}

/** Full names of all refs whose name begins with `prefix`, each with the object that it names. */
export async function listRefs(
	repository: Repository,
	prefix: string,
): Promise<{ ref: string; sha: string; type: string }[]> {
	const format = '--format=%(refname) %(objectname) %(objecttype)';
	const out = await git(repository.path, ['for-each-ref', format]);
	return out
		.split('\n')
		.filter((line) => line.startsWith(prefix))
		.map((line) => {
			const [ref = '', sha = '', type = ''] = line.split(' ');
			return { ref, sha, type };
		});
}

/** The commit that a branch, tag, full ref name or id names. */
export async function commitOf(repository: Repository, ref: string): Promise<string> {
	for (const name of [`refs/heads/${ref}`, `refs/tags/${ref}`, ref]) {
		const commit = await resolveCommit(repository.path, name);
		if (commit !== undefined) return commit;
	}
	throw new Refusal('invalid', `No commit found for SHA: ${ref}`);
}
