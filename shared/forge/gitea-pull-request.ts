import type { PullRequest } from './forge.ts';

export interface User {
	login: string;
}

export interface Label {
	id: number;
	name: string;
}

/** A pull request as Gitea's API gives it (its /swagger.v1.json, `PullRequest`). */
export interface GiteaPull {
	number: number;
	html_url: string;
	title: string;
	body: string | null;
	state: string;
	merged?: boolean;
	user: User | null;
	labels: Label[] | null;
	assignees: User[] | null;
	requested_reviewers?: User[] | null;
	requested_reviewers_teams?: { name: string }[] | null;
	head: Branch;
	base: Branch;
}

/** `ref` is `refs/pull/N/head` once the branch is gone; `label` is its name then too. */
interface Branch {
	ref: string;
	label?: string;
	sha: string;
	repo_id: number;
}

/** What Gitea takes for a draft by default ([repository.pull-request] WORK_IN_PROGRESS_PREFIXES). */
export const draftMark = /^(WIP:|\[WIP\])\s*/i;

export function toPullRequest(pull: GiteaPull): PullRequest {
	const logins = (users: User[] | null | undefined) => (users ?? []).map(({ login }) => login);
	return {
		number: pull.number,
		url: pull.html_url,
		title: pull.title.replace(draftMark, ''),
		body: (pull.body ?? '').replaceAll('\r\n', '\n'),
		draft: draftMark.test(pull.title),
		head: pull.head.label ?? pull.head.ref,
		headCommit: pull.head.sha,
		base: pull.base.ref,
		state: pull.merged === true ? 'merged' : pull.state === 'open' ? 'open' : 'closed',
		author: pull.user?.login ?? '',
		labels: (pull.labels ?? []).map(({ name }) => name),
		assignees: logins(pull.assignees),
		requestedReviewers: logins(pull.requested_reviewers),
		requestedTeams: (pull.requested_reviewers_teams ?? []).map(({ name }) => name),
	};
}

/** A fork may have a branch of the same name; its pull requests are none of the step's. */
export function isOwn({ head, base }: GiteaPull): boolean {
	return head.repo_id === base.repo_id;
}
