import type { User } from '../git/accounts.ts';
import type { Comment, ForgeModel, PullRequest, Repository, Review, ReviewState } from './model.ts';
import { refresh } from './pulls.ts';
import { Refusal } from './refusal.ts';

/** Writes a comment under a pull request. */
export function addComment(
	model: ForgeModel,
	user: User,
	pull: PullRequest,
	body: string,
): Comment {
	const at = model.now();
	const comment = { id: model.nextId(), user: user.name, body, createdAt: at, updatedAt: at };
	pull.comments.push(comment);
	return comment;
}

/** The comment of this id and the pull request that it stands under. */
export function findComment(repository: Repository, id: number) {
	for (const pull of repository.pulls) {
		const comment = pull.comments.find((candidate) => candidate.id === id);
		if (comment) return { pull, comment };
	}
	throw new Refusal('not-found', 'Not Found');
}

/** Keeps a verdict on the pull request's present head. Nobody gives one on his own. */
export async function addReview(
	model: ForgeModel,
	repository: Repository,
	user: User,
	pull: PullRequest,
	state: ReviewState,
	body: string,
): Promise<Review> {
	if (user.name === pull.user && state !== 'COMMENTED') {
		const verb = state === 'APPROVED' ? 'approve' : 'request changes on';
		throw new Refusal('own-review', `Can not ${verb} your own pull request`);
	}
	await refresh(repository, pull);
	const submittedAt = model.now();
	const review = {
		id: model.nextId(),
		user: user.name,
		state,
		body,
		commit: pull.headSha,
		submittedAt,
	};
	pull.reviews.push(review);
	pull.requestedReviewers.delete(user.name);
	return review;
}

/** Asks users of the forge, but not the author, for a review. */
export async function requestReviews(
	model: ForgeModel,
	repository: Repository,
	user: User,
	pull: PullRequest,
	names: readonly string[],
	teams: readonly string[],
): Promise<void> {
	for (const name of names) {
		if (name === pull.user) {
			throw new Refusal('invalid', 'Review cannot be requested from pull request author.');
		}
		if (model.accounts.byName(name) === undefined) {
			throw new Refusal('invalid', `Reviews may only be requested from collaborators: ${name}`);
		}
	}
	for (const name of names) pull.requestedReviewers.add(name);
	for (const slug of teams) pull.requestedTeams.add(slug);
	await model.pullChanged('review_requested', repository, pull, user.name);
}
