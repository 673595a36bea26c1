import type { User } from '../git/accounts.ts';
import { allows, permissionOf } from '../git/accounts.ts';
import { git, zeroId } from '../git/git.ts';
import type { PushEvent } from '../git/git-server.ts';
import type { ForgeModel, PullRequest, Repository, ReviewState } from './model.ts';
import {
	changedFiles,
	commitTree,
	isAncestor,
	mergeBase,
	mergeTrees,
	readCommits,
} from './objects.ts';
import { Refusal } from './refusal.ts';

export interface NewPull {
	readonly head: string;
	readonly base: string;
	readonly title: string;
	readonly body: string;
	readonly draft: boolean;
}

function openPull(repository: Repository, head: string, base: string): PullRequest | undefined {
	return repository.pulls.find(
		(pull) => pull.state === 'open' && pull.head === head && pull.base === base,
	);
}

/**
 * Opens a pull request between two branches of one repository. Another one is looked for before
 * all else, as by Gitea, so that two callers at once are both let through.
 */
export async function openPullRequest(
	model: ForgeModel,
	repository: Repository,
	user: User,
	input: NewPull,
): Promise<PullRequest> {
	if (openPull(repository, input.head, input.base)) {
		const where = `${repository.owner}:${input.head}`;
		throw new Refusal('duplicate', `A pull request already exists for ${where}.`);
	}
	const [headSha, baseSha] = await Promise.all([
		repository.branchTip(input.head),
		repository.branchTip(input.base),
	]);
	if (headSha === undefined) throw new Refusal('unknown-head', 'head is not a branch', 'head');
	if (baseSha === undefined) throw new Refusal('unknown-base', 'base is not a branch', 'base');
	refuseLongTitle(input.title);
	if (await isAncestor(repository.path, headSha, baseSha)) {
		throw new Refusal('no-commits', `No commits between ${input.base} and ${input.head}`);
	}
	const now = model.now();
	const pull: PullRequest = {
		...input,
		id: model.nextId(),
		number: repository.pulls.length + 1,
		user: user.name,
		state: 'open',
		headSha,
		baseSha,
		labels: new Set(),
		assignees: new Set(),
		requestedReviewers: new Set(),
		requestedTeams: new Set(),
		comments: [],
		reviews: [],
		queuedBy: undefined,
		expelled: undefined,
		autoMerge: undefined,
		merge: undefined,
		checked: undefined,
		createdAt: now,
		updatedAt: now,
		closedAt: undefined,
	};
	repository.pulls.push(pull);
	await publishHead(repository, pull);
	await model.pullChanged('opened', repository, pull, user.name);
	return pull;
}

/** As GitLab, whose title has the mark of a draft in it, and within a character or so the others. */
function refuseLongTitle(title: string): void {
	if (title.length > 255)
		throw new Refusal('invalid', 'Title is too long (maximum is 255 characters)', 'title');
}

/** Forges offer a pull request's head as a ref of its own. */
async function publishHead(repository: Repository, pull: PullRequest): Promise<void> {
	await git(repository.path, ['update-ref', `refs/pull/${pull.number}/head`, pull.headSha]);
}

/** Reads the branches of an open pull request again, in case they moved behind the server. */
export async function refresh(repository: Repository, pull: PullRequest): Promise<PullRequest> {
	if (pull.state === 'closed') return pull;
	pull.headSha = (await repository.branchTip(pull.head)) ?? pull.headSha;
	pull.baseSha = (await repository.branchTip(pull.base)) ?? pull.baseSha;
	return pull;
}

/** The commits that the pull request brings, oldest first. */
export async function pullCommits(repository: Repository, pull: PullRequest) {
	await refresh(repository, pull);
	return readCommits(repository.path, ['--reverse', `${pull.baseSha}..${pull.headSha}`]);
}

/** The files that differ from where the head left the base. */
export async function pullFiles(repository: Repository, pull: PullRequest) {
	await refresh(repository, pull);
	const fork = await mergeBase(repository.path, pull.baseSha, pull.headSha);
	return changedFiles(repository.path, fork, pull.headSha);
}

export interface PullChange {
	readonly title?: string | undefined;
	readonly body?: string | undefined;
	readonly base?: string | undefined;
	readonly state?: string | undefined;
}

export async function updatePullRequest(
	model: ForgeModel,
	repository: Repository,
	user: User,
	pull: PullRequest,
	change: PullChange,
): Promise<void> {
	refuseLongTitle(change.title ?? '');
	if (change.base !== undefined && change.base !== pull.base) {
		if ((await repository.branchTip(change.base)) === undefined) {
			throw new Refusal('unknown-base', 'base is not a branch', 'base');
		}
		pull.base = change.base;
		await refresh(repository, pull);
	}
	const edited =
		change.title !== undefined || change.body !== undefined || change.base !== undefined;
	pull.title = change.title ?? pull.title;
	pull.body = change.body ?? pull.body;
	pull.updatedAt = model.now();
	if (edited) await model.pullChanged('edited', repository, pull, user.name);
	if (change.state === 'closed' && pull.state === 'open') {
		await closePull(model, repository, pull, user.name);
	}
	if (change.state === 'open' && pull.state === 'closed')
		await reopen(model, repository, pull, user);
}

async function reopen(
	model: ForgeModel,
	repository: Repository,
	pull: PullRequest,
	user: User,
): Promise<void> {
	if (pull.merge) throw new Refusal('invalid', 'A merged pull request cannot be reopened', 'state');
	if ((await repository.branchTip(pull.head)) === undefined) {
		throw new Refusal('invalid', `The ${pull.head} branch has been deleted.`, 'state');
	}
	if (openPull(repository, pull.head, pull.base)) {
		throw new Refusal('invalid', `There is already an open pull request`, 'state');
	}
	pull.state = 'open';
	pull.closedAt = undefined;
	await refresh(repository, pull);
	await model.pullChanged('reopened', repository, pull, user.name);
}

async function closePull(
	model: ForgeModel,
	repository: Repository,
	pull: PullRequest,
	sender: string,
): Promise<void> {
	pull.state = 'closed';
	pull.closedAt = model.now();
	pull.updatedAt = pull.closedAt;
	await model.pullChanged('closed', repository, pull, sender);
}

/** `pending` on the first look at a pair of commits, as forges check a merge in the background. */
export type Mergeability = 'pending' | 'clean' | 'conflict';

export async function checkMergeability(
	repository: Repository,
	pull: PullRequest,
): Promise<Mergeability> {
	await refresh(repository, pull);
	const pair = `${pull.headSha} ${pull.baseSha}`;
	if (pull.checked !== pair) {
		pull.checked = pair;
		return 'pending';
	}
	const tree = await mergeTrees(repository.path, pull.baseSha, pull.headSha);
	return tree === undefined ? 'conflict' : 'clean';
}

/** Throws what a protected base still wants: approvals of others, or statuses. */
export function checkRequirements(
	model: ForgeModel,
	repository: Repository,
	pull: PullRequest,
): void {
	const protection = repository.protections.get(pull.base);
	if (protection === undefined) return;
	const latest = new Map<string, ReviewState>();
	for (const review of pull.reviews) {
		if (review.state !== 'COMMENTED') latest.set(review.user, review.state);
	}
	if ([...latest.values()].includes('CHANGES_REQUESTED')) {
		throw new Refusal('unapproved', 'Changes were requested by a reviewer.');
	}
	const wanted = protection.requiredApprovals ?? 0;
	const approvals = [...latest].filter(([name, state]) => {
		const reviewer = model.accounts.byName(name);
		const trusted = reviewer && allows(permissionOf(reviewer, repository.fullName), 'write');
		return state === 'APPROVED' && trusted;
	});
	if (approvals.length < wanted) {
		throw new Refusal(
			'unapproved',
			`At least ${wanted} approving review is required by reviewers with write access.`,
		);
	}
	const statuses = repository.latestStatuses(pull.headSha);
	for (const context of protection.requiredChecks ?? []) {
		const state = statuses.find((status) => status.context === context)?.state;
		if (state === 'success') continue;
		const verb =
			state === undefined ? 'is expected' : state === 'pending' ? 'is pending' : 'is failing';
		throw new Refusal('unchecked', `Required status check "${context}" ${verb}.`);
	}
}

/** What a protected base still wants. */
export function missingRequirement(
	model: ForgeModel,
	repository: Repository,
	pull: PullRequest,
): Refusal | undefined {
	try {
		checkRequirements(model, repository, pull);
		return undefined;
	} catch (error) {
		if (error instanceof Refusal) return error;
		throw error;
	}
}

/** Whether the base wants the head up to date, and it is not. */
export async function isBehind(repository: Repository, pull: PullRequest): Promise<boolean> {
	if (!repository.protections.get(pull.base)?.upToDate) return false;
	return !(await isAncestor(repository.path, pull.baseSha, pull.headSha));
}

/** Brings the head up to date as its button does: by a merge of the base, in the caller's name. */
export async function updateHead(
	model: ForgeModel,
	repository: Repository,
	user: User,
	pull: PullRequest,
): Promise<void> {
	await refresh(repository, pull);
	const { headSha, baseSha, head, base } = pull;
	const tree = await mergeTrees(repository.path, headSha, baseSha);
	if (tree === undefined) throw new Refusal('invalid', 'merge conflict between base and head');
	const by = model.signature(user);
	const message = `Merge branch '${base}' into ${head}`;
	const commit = await commitTree(repository.path, tree, [headSha, baseSha], message, by, by);
	await model.moveRef(repository, `refs/heads/${head}`, headSha, commit, user);
}

/** What a moved branch means for the pull requests that have it as head or base. */
export async function followBranch(model: ForgeModel, event: PushEvent): Promise<void> {
	const repository = model.repositories.get(event.repository);
	const branch = /^refs\/heads\/(.+)$/.exec(event.ref)?.[1];
	if (repository === undefined || branch === undefined) return;
	for (const pull of repository.pulls) {
		if (pull.state === 'closed') continue;
		if (pull.head === branch) await followHead(model, repository, pull, event);
		else if (pull.base === branch && event.after !== zeroId) {
			await followBase(model, repository, pull, event);
		}
	}
}

async function followHead(
	model: ForgeModel,
	repository: Repository,
	pull: PullRequest,
	event: PushEvent,
): Promise<void> {
	if (event.after === zeroId) return closePull(model, repository, pull, event.pusher);
	await refresh(repository, pull);
	pull.updatedAt = model.now();
	await publishHead(repository, pull);
	if (pull.queuedBy !== undefined) leaveQueue(pull, 'The head branch was updated');
	if (repository.protections.get(pull.base)?.dismissStaleApprovals) {
		for (const review of pull.reviews) if (review.state === 'APPROVED') review.state = 'DISMISSED';
	}
	// GitHub closes a pull request whose branch was set back to its base.
	if (await isAncestor(repository.path, pull.headSha, pull.baseSha)) {
		return closePull(model, repository, pull, event.pusher);
	}
	await model.pullChanged('synchronize', repository, pull, event.pusher);
}

/** A merge queue lets a pull request go. */
export function leaveQueue(pull: PullRequest, reason: string): void {
	pull.queuedBy = undefined;
	pull.expelled = reason;
}

/** Somebody pushed the merge himself: the forge finds the head in the base and calls it merged. */
async function followBase(
	model: ForgeModel,
	repository: Repository,
	pull: PullRequest,
	event: PushEvent,
): Promise<void> {
	if (!(await isAncestor(repository.path, pull.headSha, event.after))) return;
	pull.merge = { commit: event.after, by: event.pusher, at: model.now(), method: 'merge' };
	await closePull(model, repository, pull, event.pusher);
}
