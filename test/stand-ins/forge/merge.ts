import type { User } from '../git/accounts.ts';
import type { ForgeModel, MergeMethod, PullRequest, Repository } from './model.ts';
import { commitTree, mergeTrees, readCommits, rebase } from './objects.ts';
import { checkRequirements, isBehind, refresh } from './pulls.ts';
import { Refusal } from './refusal.ts';

export interface MergeInput {
	readonly method: MergeMethod;
	/** Refused when the head is no longer this commit. */
	readonly expectedHead?: string | undefined;
	readonly title?: string | undefined;
	readonly message?: string | undefined;
	/** By the merge queue, where the base has one. */
	readonly fromQueue?: boolean;
}

/** Merges an open pull request and returns the base's new commit. */
export async function mergePullRequest(
	model: ForgeModel,
	repository: Repository,
	user: User,
	pull: PullRequest,
	input: MergeInput,
): Promise<string> {
	await refresh(repository, pull);
	if (pull.state === 'closed') throw new Refusal('closed', 'Pull Request is not mergeable');
	if (pull.draft) throw new Refusal('draft', 'Pull Request is still a draft');
	if (input.expectedHead !== undefined && input.expectedHead !== pull.headSha) {
		throw new Refusal('head-moved', 'Head branch was modified. Review and try the merge again.');
	}
	checkRequirements(model, repository, pull);
	const { mergeQueue = false } = repository.protections.get(pull.base) ?? {};
	if (mergeQueue && !input.fromQueue)
		throw new Refusal('unchecked', 'Changes must be made through the merge queue');
	if (await isBehind(repository, pull))
		throw new Refusal('unchecked', 'The head branch is not up to date with the base branch.');
	const before = pull.baseSha;
	const commit = await makeCommit(model, repository, user, pull, input);
	if (commit === undefined) throw new Refusal('conflict', 'Pull Request is not mergeable');
	// Somebody else may have merged it while the commit was made.
	if (pull.merge) throw new Refusal('closed', 'Pull Request is not mergeable');
	// Closed before the base moves: else the moved base would be taken for a merge by hand.
	pull.state = 'closed';
	pull.merge = { commit, by: user.name, at: model.now(), method: input.method };
	pull.closedAt = pull.merge.at;
	pull.updatedAt = pull.merge.at;
	const ref = `refs/heads/${pull.base}`;
	try {
		await model.moveRef(repository, ref, before, commit, user, { viaPull: true });
	} catch (error) {
		Object.assign(pull, { state: 'open', merge: undefined, closedAt: undefined });
		if (!(error instanceof Refusal && error.reason === 'stale')) throw error;
		throw new Refusal('base-moved', 'Base branch was modified. Review and try the merge again.');
	}
	await model.pullChanged('closed', repository, pull, user.name);
	return commit;
}

/** Merges by itself what was planned so and may be by now; called when something has changed. */
export async function mergePlanned(model: ForgeModel, repository: Repository): Promise<void> {
	for (const pull of repository.pulls) {
		const { autoMerge } = pull;
		const user = model.accounts.byName(autoMerge?.user ?? '');
		if (autoMerge === undefined || user === undefined || pull.state === 'closed') continue;
		try {
			if (repository.protections.get(pull.base)?.mergeQueue)
				await enqueue(model, repository, pull, user);
			else await mergePullRequest(model, repository, user, pull, autoMerge);
			pull.autoMerge = undefined;
		} catch (error) {
			// It may not be merged yet; the next change is another chance.
			if (!(error instanceof Refusal)) throw error;
		}
	}
}

/** Puts a pull request that may be merged into the queue of its base. */
export async function enqueue(
	model: ForgeModel,
	repository: Repository,
	pull: PullRequest,
	user: User,
): Promise<void> {
	await refresh(repository, pull);
	if (pull.state === 'closed') throw new Refusal('closed', 'Pull request is closed');
	if (!repository.protections.get(pull.base)?.mergeQueue)
		throw new Refusal('invalid', 'The base branch does not have a merge queue');
	if (pull.queuedBy !== undefined) throw new Refusal('exists', 'Already in the queue');
	checkRequirements(model, repository, pull);
	pull.queuedBy = user.name;
	pull.expelled = undefined;
}

async function makeCommit(
	model: ForgeModel,
	repository: Repository,
	user: User,
	pull: PullRequest,
	input: MergeInput,
): Promise<string | undefined> {
	const { path } = repository;
	const author = model.signature(user);
	const committer = { name: 'Forge', email: 'noreply@forge.example', date: author.date };
	if (input.method === 'rebase') return rebase(path, pull.baseSha, pull.headSha, author);
	const tree = await mergeTrees(path, pull.baseSha, pull.headSha);
	if (tree === undefined) return undefined;
	if (input.method === 'squash') {
		const message = await squashMessage(repository, pull, input);
		return commitTree(path, tree, [pull.baseSha], message, author, committer);
	}
	const title =
		input.title ?? `Merge pull request #${pull.number} from ${repository.owner}/${pull.head}`;
	const message = join(title, input.message ?? pull.title);
	return commitTree(path, tree, [pull.baseSha, pull.headSha], message, author, committer);
}

/** GitHub's default: a single commit's own words, else the pull request's title and a list. */
async function squashMessage(
	repository: Repository,
	pull: PullRequest,
	input: MergeInput,
): Promise<string> {
	const range = ['--reverse', '--no-merges', `${pull.baseSha}..${pull.headSha}`];
	const commits = await readCommits(repository.path, range);
	const single = commits.length === 1 ? commits[0] : undefined;
	const [subject = '', ...rest] = (single?.message ?? pull.title).split('\n');
	const title = input.title ?? `${subject} (#${pull.number})`;
	const body = single
		? rest.join('\n').trim()
		: commits.map((commit) => `* ${commit.message}`).join('\n\n');
	return join(title, input.message ?? body);
}

function join(title: string, body: string): string {
	return body === '' ? title : `${title}\n\n${body}`;
}
