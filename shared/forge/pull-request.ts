import { Failure } from '../failure/failure.ts';
import type { Forge, MergeState, NewPullRequest, PullRequest } from './forge.ts';

export type Operation = 'created' | 'updated' | 'unchanged';

/** The open pull request of the step's branch, among all that are open. */
export function pullRequestOf(
	open: readonly PullRequest[],
	branch: string,
	base: string,
): PullRequest | undefined {
	const from = open.filter(({ head }) => head === branch);
	const [own = from[0]] = from
		.filter((request) => request.base === base)
		.sort((one, other) => one.number - other.number);
	if (own === undefined || own.base === base) return own;
	throw new Failure(
		`Pull request ${own.number} (${own.url}) asks to merge ${branch} into ${own.base}, not into ${base}; close it, or give another branch`,
	);
}

/**
 * Opens the pull request, or makes the open one say what is wanted; says what had to be done.
 * One that was merged or closed since it was read is left behind, unless it brought the commit.
 */
export async function bringAbout(
	forge: Forge,
	open: PullRequest | undefined,
	wanted: NewPullRequest,
	{ commit, pushed }: { readonly commit: string; readonly pushed: boolean },
): Promise<{ request: PullRequest; operation: Operation }> {
	let request = open;
	if (request === undefined) {
		const opened = await forge.openPullRequest(wanted);
		request = opened.created ? await withoutTwin(forge, opened.request) : opened.request;
		if (request === opened.request && opened.created) return { request, operation: 'created' };
	}
	const { title, body } = wanted;
	const told = request.title === title && request.body.trimEnd() === body.trimEnd();
	const refusal = told
		? undefined
		: await forge
				.updatePullRequest(request, { title, body })
				.catch((error: unknown) => ({ error }));
	// Most forges take a new title for one that is closed, too.
	if (pushed || refusal) {
		const ended = await endOf(forge, request);
		if (refusal && !ended) throw refusal.error;
		if (ended && (ended.state !== 'merged' || ended.headCommit !== commit))
			return await bringAbout(forge, undefined, wanted, { commit, pushed });
		request = ended ?? request;
	}
	return { request, operation: told && !pushed ? 'unchanged' : 'updated' };
}

/**
 * Forges look for another pull request before they open one, so that two who ask at once may
 * both be let through: the older stands, and the other is closed.
 */
async function withoutTwin(forge: Forge, made: PullRequest): Promise<PullRequest> {
	if (forge.opensOne) return made;
	// Where it cannot be told now the next run sees both.
	const open = await forge.openPullRequests().catch(() => []);
	const first = pullRequestOf(open, made.head, made.base);
	if (first === undefined || first.number >= made.number) return made;
	const comment = `Closed in favour of ${forge.mark ?? '#'}${first.number}, opened just before.`;
	await forge.closePullRequest(made, comment);
	return first;
}

/**
 * Closes a pull request that was open when it was read.
 * @returns false where somebody merged or closed it meanwhile
 */
export async function closeOpen(
	forge: Forge,
	request: PullRequest,
	comment: string,
): Promise<boolean> {
	if (await endOf(forge, request)) return false;
	try {
		await forge.closePullRequest(request, comment);
		return true;
	} catch (error) {
		// Some forges refuse to close what was merged in between.
		if ((await endOf(forge, request)) === undefined) throw error;
		return false;
	}
}

/** How it ended, where it is open no more. */
async function endOf(
	forge: Forge,
	{ head, number }: PullRequest,
): Promise<PullRequest | undefined> {
	const latest = await forge.latestPullRequest(head);
	return latest?.number === number && latest.state !== 'open' ? latest : undefined;
}

export interface Dressing {
	readonly labels: readonly string[];
	readonly assignees: readonly string[];
	readonly reviewers: readonly string[];
	readonly teamReviewers: readonly string[];
}

/**
 * Gives the pull request the labels, assignees and reviewers that it lacks. Whoever has
 * reviewed it is asked again only where there is something new to review.
 */
export async function dress(
	forge: Forge,
	request: PullRequest,
	{ labels, assignees, reviewers, teamReviewers }: Dressing,
	operation: Operation,
): Promise<void> {
	const newLabels = without(labels, request.labels);
	if (newLabels.length > 0) await forge.addLabels(request, newLabels);
	const newAssignees = without(assignees, request.assignees);
	if (newAssignees.length > 0) await forge.addAssignees(request, newAssignees);
	let users = without(reviewers, request.requestedReviewers);
	if (users.length > 0 && operation === 'unchanged')
		users = without(users, await forge.reviewersOf(request));
	// A team that one of its members answered for is asked no more, and no forge says so.
	const teams = operation === 'unchanged' ? [] : without(teamReviewers, request.requestedTeams);
	if (users.length > 0 || teams.length > 0) await forge.askForReview(request, { users, teams });
}

function without(wanted: readonly string[], present: readonly string[]): string[] {
	const have = new Set(present.map((name) => name.toLowerCase()));
	return wanted.filter((name) => !have.has(name.toLowerCase()));
}

/** How it stands. A forge that does not tell more tells of the branch's newest pull request at least. */
export async function stateOf(forge: Forge, request: PullRequest): Promise<MergeState> {
	if (forge.mergeState) return await forge.mergeState(request);
	const latest = await forge.latestPullRequest(request.head);
	const { state, headCommit } = latest?.number === request.number ? latest : request;
	const unknown = { mergeCommit: undefined, baseCommit: undefined, outdated: undefined };
	return { ...unknown, state, headCommit, waitsFor: [] };
}
