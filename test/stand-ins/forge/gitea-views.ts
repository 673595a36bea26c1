import type { User } from '../git/accounts.ts';
import { timestamp } from './api.ts';
import { GithubViews } from './github-views.ts';
import type { ForgeModel, PullRequest, Repository, Review, Status } from './model.ts';
import type { ChangedFile, Commit } from './objects.ts';
import type { Tag } from './tags.ts';

/** Gitea's JSON: mostly GitHub's, which it was modelled on, and what it has of its own. */
export class GiteaViews {
	readonly #model: ForgeModel;
	readonly #github: GithubViews;

	constructor(model: ForgeModel) {
		this.#model = model;
		this.#github = new GithubViews(model);
	}

	#api(repository: Repository): string {
		return `${this.#model.url}/api/v1/repos/${repository.fullName}`;
	}

	#page(repository: Repository): string {
		return `${this.#model.url}/${repository.fullName}`;
	}

	user(name: string) {
		const { id, login, avatar_url, html_url } = this.#github.user(name);
		const email = this.#model.accounts.byName(name)?.email ?? `${name}@users.example`;
		return { id, login, username: login, full_name: '', email, avatar_url, html_url };
	}

	repository(repository: Repository, user?: User) {
		const view = this.#github.repository(repository, user);
		const { admin, push, pull } = view.permissions;
		return {
			...view,
			owner: this.user(repository.owner),
			url: this.#api(repository),
			empty: false,
			allow_merge_commits: true,
			allow_rebase: true,
			allow_rebase_explicit: true,
			permissions: { admin, push, pull },
		};
	}

	/** `mergeable` is only given where it was asked for. */
	pull(repository: Repository, pull: PullRequest, mergeable: boolean) {
		const view = this.#github.pull(repository, pull);
		const page = `${this.#page(repository)}/pulls/${pull.number}`;
		const side = (branch: string, sha: string) => ({
			label: branch,
			ref: branch,
			sha,
			repo_id: repository.id,
			repo: this.repository(repository),
		});
		return {
			id: view.id,
			number: view.number,
			title: view.title,
			body: pull.body,
			state: view.state,
			draft: view.draft,
			url: page,
			html_url: page,
			diff_url: `${page}.diff`,
			patch_url: `${page}.patch`,
			user: this.user(pull.user),
			labels: this.labels(repository, pull),
			milestone: null,
			assignee: null,
			assignees: [...pull.assignees].map((name) => this.user(name)),
			requested_reviewers: [...pull.requestedReviewers].map((name) => this.user(name)),
			comments: pull.comments.length,
			mergeable,
			merged: pull.merge !== undefined,
			merged_at: view.merged_at,
			merge_commit_sha: view.merge_commit_sha,
			merged_by: pull.merge ? this.user(pull.merge.by) : null,
			base: side(pull.base, pull.baseSha),
			head: side(pull.head, pull.headSha),
			merge_base: pull.baseSha,
			created_at: view.created_at,
			updated_at: view.updated_at,
			closed_at: view.closed_at,
		};
	}

	labels(repository: Repository, pull: PullRequest) {
		return [...pull.labels].map((name) => this.#github.label(repository.ensureLabel(name)));
	}

	review(repository: Repository, pull: PullRequest, review: Review) {
		const states = {
			APPROVED: 'APPROVED',
			CHANGES_REQUESTED: 'REQUEST_CHANGES',
			COMMENTED: 'COMMENT',
			DISMISSED: 'APPROVED',
		};
		return {
			...this.#github.review(repository, pull, review),
			user: this.user(review.user),
			state: states[review.state],
			dismissed: review.state === 'DISMISSED',
			stale: review.commit !== pull.headSha,
			official: true,
		};
	}

	file({ path, status, additions, deletions }: ChangedFile) {
		const states = { added: 'added', removed: 'deleted', modified: 'changed' };
		const changes = additions + deletions;
		return { filename: path, status: states[status], additions, deletions, changes };
	}

	status(repository: Repository, commit: string, status: Status) {
		const { state, ...rest } = this.#github.status(repository, commit, status);
		return { ...rest, status: state, creator: this.user(status.creator) };
	}

	commit(repository: Repository, commit: Commit) {
		return this.#github.commit(repository, commit);
	}

	gitCommit(repository: Repository, commit: Commit) {
		return this.#github.gitCommit(repository, commit);
	}

	tag(repository: Repository, tag: Tag) {
		return this.#github.tag(repository, tag);
	}

	branch(repository: Repository, name: string, commit: Commit) {
		const person = ({ name, email }: { name: string; email: string }) => ({ name, email });
		return {
			name,
			commit: {
				id: commit.sha,
				message: `${commit.message}\n`,
				url: `${this.#page(repository)}/commit/${commit.sha}`,
				author: person(commit.author),
				committer: person(commit.committer),
				timestamp: timestamp(commit.committer.date),
			},
			protected: repository.protections.has(name),
			required_approvals: repository.protections.get(name)?.requiredApprovals ?? 0,
			enable_status_check: repository.protections.get(name)?.requiredChecks !== undefined,
			status_check_contexts: repository.protections.get(name)?.requiredChecks ?? null,
		};
	}
}
