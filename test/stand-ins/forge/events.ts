import { git, resolveCommit, zeroId } from '../git/git.ts';
import type { PushEvent } from '../git/git-server.ts';
import { timestamp } from './api.ts';
import { GithubViews } from './github-views.ts';
import type { ForgeModel, PullRequest, Repository } from './model.ts';
import { type Commit, changedFiles, readCommit, readCommits } from './objects.ts';

/** What a webhook would carry, in GitHub's shape. */
export type Payload = Record<string, unknown>;

/** Something that starts pipelines on a real forge. */
export type ForgeEvent =
	| {
			readonly kind: 'push';
			/** `owner/name`. */
			readonly repository: string;
			readonly ref: string;
			readonly before: string;
			readonly after: string;
			readonly sender: string;
			/** For a file at `GITHUB_EVENT_PATH`. */
			readonly payload: Payload;
	  }
	| {
			readonly kind: 'pull_request';
			/** `opened`, `synchronize`, `edited`, `labeled`, `closed`, `reopened`, ... */
			readonly action: string;
			readonly repository: string;
			readonly number: number;
			readonly merged: boolean;
			readonly sender: string;
			readonly payload: Payload;
	  };

/** GitHub lists at most so many commits in a push. */
const commitsInAPush = 20;

export async function pushEvent(
	model: ForgeModel,
	repository: Repository,
	push: PushEvent,
): Promise<ForgeEvent> {
	const views = new GithubViews(model);
	const { ref, before, after } = push;
	const head = after === zeroId ? undefined : await resolveCommit(repository.path, after);
	const commits = await newCommits(repository, push);
	const page = `${model.url}/${repository.fullName}`;
	const sender = views.user(push.pusher);
	const payload: Payload = {
		ref,
		before,
		after,
		created: before === zeroId,
		deleted: after === zeroId,
		forced: await isForced(repository, push),
		base_ref: null,
		compare: `${page}/compare/${before.slice(0, 12)}...${after.slice(0, 12)}`,
		commits: await Promise.all(commits.map((commit) => commitPayload(model, repository, commit))),
		head_commit: head
			? await commitPayload(model, repository, await readCommit(repository.path, head))
			: null,
		repository: views.repository(repository),
		pusher: { name: push.pusher, email: emailFor(model, push.pusher) },
		sender,
	};
	return {
		kind: 'push',
		repository: repository.fullName,
		ref,
		before,
		after,
		sender: push.pusher,
		payload,
	};
}

export function pullEvent(
	model: ForgeModel,
	action: string,
	repository: Repository,
	pull: PullRequest,
	sender: string,
	change: Payload = {},
): ForgeEvent {
	const views = new GithubViews(model);
	const merged = pull.merge !== undefined;
	return {
		kind: 'pull_request',
		action,
		repository: repository.fullName,
		number: pull.number,
		merged,
		sender,
		payload: {
			action,
			number: pull.number,
			pull_request: {
				...views.pull(repository, pull),
				merged,
				merged_by: pull.merge ? views.user(pull.merge.by) : null,
			},
			...change,
			repository: views.repository(repository),
			sender: views.user(sender),
		},
	};
}

/** What the push brought: for a new branch, what no other branch has. */
async function newCommits(repository: Repository, push: PushEvent): Promise<Commit[]> {
	const branch = /^refs\/heads\/(.+)$/.exec(push.ref)?.[1];
	if (branch === undefined || push.after === zeroId) return [];
	const known =
		push.before === zeroId ? ['--not', `--exclude=${branch}`, '--branches'] : [`^${push.before}`];
	const limit = `--max-count=${commitsInAPush}`;
	return readCommits(repository.path, ['--reverse', limit, push.after, ...known]);
}

async function isForced(
	repository: Repository,
	{ ref, before, after }: PushEvent,
): Promise<boolean> {
	if (before === zeroId || after === zeroId || !ref.startsWith('refs/heads/')) return false;
	return (await git(repository.path, ['rev-list', '--max-count=1', before, `^${after}`])) !== '';
}

async function commitPayload(
	model: ForgeModel,
	repository: Repository,
	commit: Commit,
): Promise<Payload> {
	const files = await changedFiles(repository.path, commit.parents[0], commit.sha);
	const paths = (status: string) =>
		files.filter((file) => file.status === status).map((file) => file.path);
	const person = ({ name, email }: { name: string; email: string }) => ({
		name,
		email,
		...(model.accounts.byName(name) && { username: name }),
	});
	return {
		id: commit.sha,
		tree_id: commit.tree,
		distinct: true,
		message: commit.message,
		timestamp: timestamp(commit.committer.date),
		url: `${model.url}/${repository.fullName}/commit/${commit.sha}`,
		author: person(commit.author),
		committer: person(commit.committer),
		added: paths('added'),
		removed: paths('removed'),
		modified: paths('modified'),
	};
}

function emailFor(model: ForgeModel, name: string): string {
	return model.accounts.byName(name)?.email ?? `${name}@users.example`;
}
