import type { RestEndpointMethodTypes } from '@octokit/rest';
import type { PullRequest } from './forge.ts';

export type ListedPull = RestEndpointMethodTypes['pulls']['list']['response']['data'][number];
type AnyPull = ListedPull | RestEndpointMethodTypes['pulls']['create']['response']['data'];

/**
 * A pull request as GitHub's API gives it, in a list or by itself. Servers that only speak
 * GitHub's language leave out some of it.
 */
export function toPullRequest(pull: AnyPull): PullRequest {
	const users = (list: { login?: string }[] | null | undefined) =>
		(list ?? []).flatMap(({ login }) => login ?? []);
	return {
		number: pull.number,
		url: pull.html_url,
		title: pull.title,
		body: (pull.body ?? '').replaceAll('\r\n', '\n'),
		draft: pull.draft ?? false,
		head: pull.head.ref,
		headCommit: pull.head.sha,
		base: pull.base.ref,
		state: pull.merged_at ? 'merged' : pull.state === 'open' ? 'open' : 'closed',
		author: pull.user?.login ?? '',
		labels: (pull.labels ?? []).map(({ name }) => name),
		assignees: users(pull.assignees),
		requestedReviewers: users(pull.requested_reviewers),
		requestedTeams: (pull.requested_teams ?? []).map(({ slug }) => slug),
	};
}
