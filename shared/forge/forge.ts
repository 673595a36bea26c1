import type { FilesToWrite, WriteOutcome } from '../git/commit-to-branch.ts';
import type { CommitsBetween } from '../git/commits-between.ts';
import type { Relation } from '../git/history.ts';
import type { PageStyle } from './pages.ts';
import type { DeploymentStatus, RunStatus } from './run-status.ts';

/** What a server can be. `git` is a server with no forge around it. */
export type ForgeKind = 'github' | 'gitea' | 'forgejo' | 'gitlab' | 'bitbucket' | 'azure' | 'git';

/** A repository as forges name it. */
export interface RepositoryName {
	readonly owner: string;
	readonly name: string;
}

/** A pull request between two branches of one repository. */
export interface PullRequest {
	readonly number: number;
	/** Its page for people. */
	readonly url: string;
	/** Without the mark that some forges make a draft by. */
	readonly title: string;
	/** Line ends are `\n`. */
	readonly body: string;
	readonly draft: boolean;
	/** Branch that is to be merged. */
	readonly head: string;
	/** Commit that the forge knows as the head's tip. */
	readonly headCommit: string;
	/** Branch that it is to be merged into. */
	readonly base: string;
	readonly state: 'open' | 'closed' | 'merged';
	/** Who opened it. */
	readonly author: string;
	readonly labels: readonly string[];
	readonly assignees: readonly string[];
	/** Users and teams that were asked for a review and have not given it. */
	readonly requestedReviewers: readonly string[];
	readonly requestedTeams: readonly string[];
}

/** What somebody said of a pull request. */
export interface RequestComment {
	readonly by: string;
	/** ISO 8601. */
	readonly at: string;
	readonly text: string;
}

/** What came of opening one; `created` is false where another process was first. */
export interface Opened {
	readonly request: PullRequest;
	readonly created: boolean;
}

export interface NewPullRequest {
	readonly head: string;
	readonly base: string;
	readonly title: string;
	readonly body: string;
	readonly draft: boolean;
}

export interface Verification {
	readonly verified: boolean;
	/** `valid`, `unsigned`, ...: as the forge words it. */
	readonly reason: string;
}

export type MergeMethod = 'merge' | 'squash' | 'rebase';

/** How a pull request is to be merged. */
export interface MergeWish {
	readonly method: MergeMethod;
	/** Message of the commit that it makes; undefined for the forge's own. */
	readonly text?: { readonly title: string; readonly body: string } | undefined;
}

/** A merge that the forge is to make by itself, once all that the base asks for is there. */
export interface AutoMerge extends MergeWish {
	/** Whether what an earlier run asked for may be out of date. */
	readonly replace: boolean;
}

/** `not-yet`: the forge plans no merge as the pull request stands now. */
export type AutoMergeOutcome = 'merged' | 'planned' | 'not-yet' | NoPlan;

/** The forge plans no merges there, and merges when it is asked while nothing is missing. */
export interface NoPlan {
	/** Why, as a sentence without an end. */
	readonly noPlan: string;
}

/** How a pull request that is to be merged stands. */
export interface MergeState {
	readonly state: 'open' | 'merged' | 'closed';
	/** The commit of the base that it became. */
	readonly mergeCommit: string | undefined;
	readonly headCommit: string;
	/** The base's tip, where the forge tells. */
	readonly baseCommit: string | undefined;
	/** Whether it has to be made on a newer base; a forge that has not found out yet may say so too. */
	readonly outdated: 'conflict' | 'behind' | undefined;
	/** Each as it follows `it waits for`: `an approving review`. */
	readonly waitsFor: readonly string[];
	/** Whether the forge still means to merge it by itself; told where it may give that up. */
	readonly planned?: boolean;
	/** Why the merge queue that it stood in let it go. */
	readonly expelled?: string | undefined;
	/** Who approved the commit that it stands at, where the forge tells. */
	readonly approvedBy?: readonly string[];
}

/**
 * What a forge does for one repository. Each method throws a Failure that says in one
 * sentence what the forge refused and why; passing faults (5xx, rate limits, a forge that
 * does not yet know what it was told a moment ago) have been tried again by then.
 *
 * A later capability that only some forges have is to be an optional member, so that a step
 * asks `if (forge.autoMerge)` and says what is missing.
 */
export interface Forge {
	readonly kind: ForgeKind;
	/** `GitHub`, `Gitea`, `Forgejo`: for messages. */
	readonly title: string;
	/** What stands before a pull request's number in a text that refers to it; `#` where it is not there. */
	readonly mark?: '!';
	/** How the addresses of its pages are made. */
	readonly pages?: PageStyle;
	/** Characters that a body may have, where that is fewer than a diff may need. */
	readonly longestBody?: number;
	/** Whether a second pull request between two branches is refused even to who asks at once. */
	readonly opensOne?: true;
	/** All open pull requests between branches of the repository itself, the newest first. */
	openPullRequests(): Promise<PullRequest[]>;
	/** The newest pull request from a branch, whatever its state. */
	latestPullRequest(head: string): Promise<PullRequest | undefined>;
	/**
	 * Opens a pull request. Where another process opened one between the same two branches a
	 * moment ago, that one is returned, with `created: false`.
	 */
	openPullRequest(request: NewPullRequest): Promise<Opened>;
	/** Changes title and body; a draft stays one. */
	updatePullRequest(request: PullRequest, change: { title: string; body: string }): Promise<void>;
	/** Closes it without merging, after saying why in a comment. */
	closePullRequest(request: PullRequest, comment: string): Promise<void>;
	/** Comments once: the same text is not said twice in a row when an answer got lost. */
	comment(request: PullRequest, text: string): Promise<void>;
	/** Puts labels on it, beside those that it has; a label that does not exist is made. */
	addLabels(request: PullRequest, labels: readonly string[]): Promise<void>;
	/** Assigns users, beside those that are. */
	addAssignees(request: PullRequest, users: readonly string[]): Promise<void>;
	/** Users who have reviewed it, whatever they said. */
	reviewersOf(request: PullRequest): Promise<string[]>;
	askForReview(
		request: PullRequest,
		reviewers: { users: readonly string[]; teams: readonly string[] },
	): Promise<void>;
	/**
	 * Has the forge merge it by itself as soon as the base's rules are met; where they are
	 * already, it is merged at once.
	 */
	autoMerge?(request: PullRequest, wish: AutoMerge): Promise<AutoMergeOutcome>;
	/** Takes a merge back that is planned, as before its message becomes wrong; nothing where none is. */
	cancelAutoMerge?(request: PullRequest): Promise<void>;
	/** A pull request by its number, whatever its state. */
	pullRequest?(number: number): Promise<PullRequest | undefined>;
	/** What was said of it, the oldest first. */
	commentsOf?(request: PullRequest): Promise<RequestComment[]>;
	/**
	 * Approves the commit that it stood at when it was read, as whoever the step works for; the
	 * text says why, and may be ''.
	 */
	approve?(request: PullRequest, text: string): Promise<void>;
	/** Takes a draft for one that may be merged. */
	markReady?(request: PullRequest): Promise<void>;
	/** Merges it now, where the forge has no plans for that; what it still waits for is a Failure. */
	merge?(request: PullRequest, wish: MergeWish): Promise<void>;
	/** How it stands, and what it waits for. */
	mergeState?(request: PullRequest): Promise<MergeState>;
	/**
	 * How a commit stands to another one; undefined where the forge does not know both, or any
	 * that comes before both.
	 */
	compare?(ours: string, theirs: string): Promise<Relation>;
	/**
	 * What lies between two commits, of each side the newest so many; undefined where the forge
	 * does not know both.
	 */
	commitsBetween?(from: string, to: string, limit: number): Promise<CommitsBetween | undefined>;
	/**
	 * Commits files by the API, as whoever the token belongs to: a commit that the forge signs
	 * itself, where it does so. It goes through only while what it replaces stands as it did.
	 */
	commitFiles?(commit: FilesToWrite): Promise<WriteOutcome>;
	/** Says on a commit's page how a run stands; a later one of the same context takes its place. */
	writeStatus?(status: RunStatus): Promise<void>;
	/**
	 * Says on an environment's page how a deployment to it stands. The first that this process
	 * says of an environment opens one, and what follows is of the same.
	 */
	writeDeployment?(deployment: DeploymentStatus): Promise<void>;
	/** Whether the forge shows a commit as verified, and if not its own word for why. */
	verificationOf?(commit: string): Promise<Verification>;
	/** Closes connections, and takes away what was written to this machine. */
	close(): Promise<void>;
}
