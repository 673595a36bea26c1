import type { MergeState, PullRequest, RequestComment } from '../../shared/forge/forge.ts';
import { oneLine } from '../../shared/record/record.ts';

/** All that is shown of one pull request. */
export interface Shown {
	readonly request: PullRequest;
	readonly standing: Pick<MergeState, 'state' | 'mergeCommit' | 'waitsFor'>;
	readonly approvals: readonly string[];
	readonly comments: readonly RequestComment[];
	/** What it would change in its base; undefined where it does so no more. */
	readonly diff: string | undefined;
}

/** The open pull requests for a terminal: a line each, in columns. */
export function listText(requests: readonly PullRequest[], where: string): string {
	if (requests.length === 0) return `No pull request is open in ${where}`;
	const rows = requests.map(({ number, headCommit, title, draft, head, base }) => [
		String(number),
		headCommit.slice(0, 12),
		`${draft ? '[draft] ' : ''}${oneLine(title)}`,
		`${head} into ${base}`,
	]);
	const widths = [0, 1, 2].map((at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
	return rows
		.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  '))
		.join('\n');
}

/** One pull request for a terminal: how it stands, what it says, what it would change. */
export function requestText({ request, standing, approvals, comments, diff }: Shown): string {
	const { number, title, head, base, headCommit, author, body, labels, assignees } = request;
	const { state, mergeCommit, waitsFor } = standing;
	const facts: [string, string | undefined][] = [
		['Branch', `${head} into ${base}, by ${author}`],
		['Commit', headCommit],
		['Merged as', mergeCommit],
		['Labels', labels.join(', ')],
		['Assigned to', assignees.join(', ')],
		['Approval asked of', request.requestedReviewers.join(', ')],
		['Approved by', approvals.join(', ')],
		['Waits for', waitsFor.join(', ')],
	];
	return [
		`${number} (${request.draft ? 'draft, ' : ''}${state}): ${oneLine(title)}`,
		facts.flatMap(([name, value]) => (value ? [`${name}: ${value}`] : [])).join('\n'),
		withoutDiff(body),
		...comments.map(({ by, at, text }) => `${by}, ${at}:\n${text}`),
		diff ?? '',
	]
		.filter((part) => part !== '')
		.join('\n\n');
}

/** The diff stands below as git has it now; a body keeps that of the time when it was written. */
function withoutDiff(body: string): string {
	return body.replace(/<details><summary>Diff<\/summary>[\s\S]*<\/details>\n*/, '').trim();
}
