import type { PullRequest } from '../stand-ins/forge/model.ts';
import { git, resolveCommit } from '../stand-ins/git/git.ts';

/** A request as it stands in its file. */
interface Stored {
	number: number;
	title: string;
	head: string;
	base: string;
	state: 'open' | 'closed' | 'merged';
	draft: boolean;
	opened: { by: { name: string }; at: string };
	labels: string[];
	assignees: string[];
	reviewers: string[];
	approvals: { by: { name: string; email: string }; commit: string }[];
	comments: { by: { name: string }; at: string; text: string }[];
	autoMerge?: { method: 'merge' | 'squash' | 'rebase' };
	merged?: { by: { name: string }; at: string; commit: string; head: string };
}

/** The requests of a bare repository, the oldest first, read as anybody may with git alone. */
export async function readRequests(repository: string): Promise<(Stored & { body: string })[]> {
	const refs = await git(repository, ['for-each-ref', '--format=%(refname)', 'refs/lockstep/']);
	const found = refs.split('\n').filter(Boolean);
	const requests = found.map(async (ref) => ({
		...(JSON.parse(await git(repository, ['show', `${ref}:request.json`])) as Stored),
		body: await git(repository, ['show', `${ref}:body.md`]),
	}));
	return (await Promise.all(requests)).sort((a, b) => a.number - b.number);
}

/** The subjects of a request's history, the oldest first. */
export async function historyOf(repository: string, number: number): Promise<string[]> {
	const ref = `refs/lockstep/requests/${number}`;
	return (await git(repository, ['log', '--reverse', '--format=%s', ref])).split('\n');
}

/** The same as a stand-in of a forge keeps them, for tests of what is so on every forge. */
export async function requestsAsPulls(repository: string): Promise<PullRequest[]> {
	const requests = await readRequests(repository);
	return await Promise.all(
		requests.map(async (request): Promise<PullRequest> => {
			const { number, head, base, title, body, draft, state, merged, opened } = request;
			const at = new Date(opened.at);
			return {
				...{ id: number, number, head, base, title, body, draft },
				user: opened.by.name,
				state: state === 'open' ? 'open' : 'closed',
				headSha: merged?.head ?? (await resolveCommit(repository, `refs/heads/${head}`)) ?? '',
				baseSha: '',
				labels: new Set(request.labels),
				assignees: new Set(request.assignees),
				requestedReviewers: new Set(request.reviewers),
				requestedTeams: new Set(),
				comments: request.comments.map((comment, id) => ({
					...{ id, body: comment.text, user: comment.by.name },
					...{ createdAt: new Date(comment.at), updatedAt: new Date(comment.at) },
				})),
				reviews: [],
				...{ autoMerge: undefined, queuedBy: undefined, expelled: undefined },
				merge: merged && {
					...{ commit: merged.commit, by: merged.by.name, at: new Date(merged.at) },
					method: 'merge',
				},
				checked: undefined,
				...{ createdAt: at, updatedAt: at, closedAt: undefined },
			};
		}),
	);
}
