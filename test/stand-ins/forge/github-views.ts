import type { User } from '../git/accounts.ts';
import { allows, permissionOf } from '../git/accounts.ts';
import type { Signature } from '../git/bare-repository.ts';
import { timestamp } from './api.ts';
import type {
	Comment,
	ForgeModel,
	Label,
	PullRequest,
	Repository,
	Review,
	Status,
} from './model.ts';
import type { ChangedFile, Commit } from './objects.ts';
import type { Mergeability } from './pulls.ts';
import type { Tag } from './tags.ts';

/** GitHub's JSON of the model's things: the fields that clients read, with GitHub's own names. */
export class GithubViews {
	readonly #model: ForgeModel;

	constructor(model: ForgeModel) {
		this.#model = model;
	}

	api(repository: Repository): string {
		return `${this.#model.url}/api/v3/repos/${repository.fullName}`;
	}

	#page(repository: Repository): string {
		return `${this.#model.url}/${repository.fullName}`;
	}

	user(name: string) {
		const { url } = this.#model;
		return {
			login: name,
			id: idOf(name),
			node_id: `U_${name}`,
			avatar_url: '',
			url: `${url}/api/v3/users/${name}`,
			html_url: `${url}/${name}`,
			type: name.endsWith('[bot]') ? 'Bot' : 'User',
			site_admin: false,
		};
	}

	repository(repository: Repository, user?: User) {
		const permission = user ? permissionOf(user, repository.fullName) : 'read';
		return {
			id: repository.id,
			node_id: `R_${repository.id}`,
			name: repository.name,
			full_name: repository.fullName,
			private: !repository.isPublic,
			visibility: repository.isPublic ? 'public' : 'private',
			owner: this.user(repository.owner),
			html_url: this.#page(repository),
			description: null,
			fork: false,
			url: this.api(repository),
			clone_url: `${this.#page(repository)}.git`,
			git_url: `${this.#page(repository)}.git`,
			ssh_url: `git@${new URL(this.#model.url).host}:${repository.fullName}.git`,
			default_branch: repository.defaultBranch,
			archived: false,
			disabled: false,
			allow_merge_commit: true,
			allow_squash_merge: true,
			allow_rebase_merge: true,
			allow_auto_merge: repository.allowAutoMerge,
			delete_branch_on_merge: false,
			created_at: timestamp(repository.createdAt),
			updated_at: timestamp(repository.createdAt),
			pushed_at: timestamp(repository.createdAt),
			permissions: {
				admin: allows(permission, 'admin'),
				maintain: allows(permission, 'admin'),
				push: allows(permission, 'write'),
				triage: allows(permission, 'write'),
				pull: true,
			},
		};
	}

	label({ id, name, color, description }: Label) {
		return { id, node_id: `L_${id}`, url: '', name, color, description, default: false };
	}

	/** A pull request as lists have it. */
	pull(repository: Repository, pull: PullRequest) {
		const api = this.api(repository);
		const page = `${this.#page(repository)}/pull/${pull.number}`;
		const side = (branch: string, sha: string) => ({
			label: `${repository.owner}:${branch}`,
			ref: branch,
			sha,
			user: this.user(repository.owner),
			repo: this.repository(repository),
		});
		return {
			...this.#issueFields(repository, pull),
			node_id: `PR_${pull.id}`,
			url: `${api}/pulls/${pull.number}`,
			html_url: page,
			diff_url: `${page}.diff`,
			patch_url: `${page}.patch`,
			issue_url: `${api}/issues/${pull.number}`,
			commits_url: `${api}/pulls/${pull.number}/commits`,
			statuses_url: `${api}/statuses/${pull.headSha}`,
			draft: pull.draft,
			merged_at: pull.merge ? timestamp(pull.merge.at) : null,
			merge_commit_sha: pull.merge?.commit ?? null,
			requested_reviewers: [...pull.requestedReviewers].map((name) => this.user(name)),
			requested_teams: [...pull.requestedTeams].map((slug) => ({ name: slug, slug })),
			head: side(pull.head, pull.headSha),
			base: side(pull.base, pull.baseSha),
			auto_merge: null,
			author_association: 'MEMBER',
		};
	}

	/** A single pull request: what a list leaves out, as its mergeability. */
	fullPull(
		repository: Repository,
		pull: PullRequest,
		counts: { commits: number; files: readonly ChangedFile[] },
		mergeability: Mergeability | undefined,
		blocked: boolean,
	) {
		const states = { pending: 'unknown', conflict: 'dirty', clean: blocked ? 'blocked' : 'clean' };
		return {
			...this.pull(repository, pull),
			merged: pull.merge !== undefined,
			merged_by: pull.merge ? this.user(pull.merge.by) : null,
			mergeable:
				mergeability === undefined || mergeability === 'pending' ? null : mergeability === 'clean',
			rebaseable: mergeability === 'clean',
			mergeable_state: pull.draft ? 'draft' : states[mergeability ?? 'pending'],
			comments: pull.comments.length,
			review_comments: 0,
			maintainer_can_modify: false,
			commits: counts.commits,
			additions: counts.files.reduce((sum, file) => sum + file.additions, 0),
			deletions: counts.files.reduce((sum, file) => sum + file.deletions, 0),
			changed_files: counts.files.length,
		};
	}

	/** The issue that every pull request also is. */
	issue(repository: Repository, pull: PullRequest) {
		const api = this.api(repository);
		return {
			...this.#issueFields(repository, pull),
			node_id: `I_${pull.id}`,
			url: `${api}/issues/${pull.number}`,
			html_url: `${this.#page(repository)}/pull/${pull.number}`,
			comments: pull.comments.length,
			pull_request: { url: `${api}/pulls/${pull.number}` },
		};
	}

	#issueFields(repository: Repository, pull: PullRequest) {
		const assignees = [...pull.assignees].map((name) => this.user(name));
		return {
			id: pull.id,
			number: pull.number,
			state: pull.state,
			locked: false,
			title: pull.title,
			user: this.user(pull.user),
			body: pull.body === '' ? null : pull.body,
			labels: [...pull.labels].map((name) => this.label(repository.ensureLabel(name))),
			milestone: null,
			assignee: assignees[0] ?? null,
			assignees,
			created_at: timestamp(pull.createdAt),
			updated_at: timestamp(pull.updatedAt),
			closed_at: pull.closedAt ? timestamp(pull.closedAt) : null,
		};
	}

	review(repository: Repository, pull: PullRequest, review: Review) {
		return {
			id: review.id,
			node_id: `PRR_${review.id}`,
			user: this.user(review.user),
			body: review.body,
			state: review.state,
			html_url: `${this.#page(repository)}/pull/${pull.number}#pullrequestreview-${review.id}`,
			commit_id: review.commit,
			submitted_at: timestamp(review.submittedAt),
			author_association: 'MEMBER',
		};
	}

	comment(repository: Repository, pull: PullRequest, comment: Comment) {
		return {
			id: comment.id,
			node_id: `IC_${comment.id}`,
			url: `${this.api(repository)}/issues/comments/${comment.id}`,
			html_url: `${this.#page(repository)}/pull/${pull.number}#issuecomment-${comment.id}`,
			body: comment.body,
			user: this.user(comment.user),
			created_at: timestamp(comment.createdAt),
			updated_at: timestamp(comment.updatedAt),
			author_association: 'MEMBER',
		};
	}

	status(repository: Repository, commit: string, status: Status) {
		return {
			id: status.id,
			node_id: `SC_${status.id}`,
			url: `${this.api(repository)}/statuses/${commit}`,
			state: status.state,
			context: status.context,
			description: status.description,
			target_url: status.targetUrl,
			creator: this.user(status.creator),
			created_at: timestamp(status.createdAt),
			updated_at: timestamp(status.createdAt),
		};
	}

	/** A commit of the repository, as `GET /commits/{ref}` and lists have it. */
	commit(repository: Repository, commit: Commit, files?: readonly ChangedFile[]) {
		const known = (signature: Signature) => {
			const user = this.#model.accounts.byName(signature.name);
			return user ? this.user(user.name) : null;
		};
		return {
			sha: commit.sha,
			node_id: `C_${commit.sha}`,
			commit: this.gitCommit(repository, commit),
			url: `${this.api(repository)}/commits/${commit.sha}`,
			html_url: `${this.#page(repository)}/commit/${commit.sha}`,
			author: known(commit.author),
			committer: known(commit.committer),
			parents: this.#parents(repository, commit),
			...(files && { files: files.map((file) => this.file(repository, commit.sha, file)) }),
		};
	}

	/** The commit object itself, as the git database's routes have it. */
	gitCommit(repository: Repository, commit: Commit) {
		return {
			sha: commit.sha,
			url: `${this.api(repository)}/git/commits/${commit.sha}`,
			author: signatureView(commit.author),
			committer: signatureView(commit.committer),
			message: commit.message,
			tree: { sha: commit.tree, url: `${this.api(repository)}/git/trees/${commit.tree}` },
			parents: this.#parents(repository, commit),
			comment_count: 0,
			verification: repository.signed.has(commit.sha)
				? { verified: true, reason: 'valid', signature: 'signed by the forge', payload: '' }
				: { verified: false, reason: 'unsigned', signature: null, payload: null },
		};
	}

	#parents(repository: Repository, commit: Commit) {
		return commit.parents.map((sha) => ({
			sha,
			url: `${this.api(repository)}/commits/${sha}`,
			html_url: `${this.#page(repository)}/commit/${sha}`,
		}));
	}

	file(repository: Repository, commit: string, file: ChangedFile) {
		return {
			sha: file.blob,
			filename: file.path,
			status: file.status,
			additions: file.additions,
			deletions: file.deletions,
			changes: file.additions + file.deletions,
			blob_url: `${this.#page(repository)}/blob/${commit}/${file.path}`,
			raw_url: `${this.#page(repository)}/raw/${commit}/${file.path}`,
			contents_url: `${this.api(repository)}/contents/${file.path}?ref=${commit}`,
			...(file.patch !== '' && { patch: file.patch }),
		};
	}

	/** An annotated tag's object. */
	tag(repository: Repository, tag: Tag) {
		const { sha, type } = tag.object;
		return {
			sha: tag.sha,
			node_id: `TAG_${tag.sha}`,
			url: `${this.api(repository)}/git/tags/${tag.sha}`,
			tag: tag.name,
			message: tag.message,
			tagger: signatureView(tag.tagger),
			object: { sha, type, url: `${this.api(repository)}/git/${type}s/${sha}` },
			verification: { verified: false, reason: 'unsigned', signature: null, payload: null },
		};
	}

	reference(repository: Repository, ref: string, sha: string, type: string) {
		return {
			ref,
			node_id: `REF_${ref}`,
			url: `${this.api(repository)}/git/${ref}`,
			object: { sha, type, url: `${this.api(repository)}/git/${type}s/${sha}` },
		};
	}
}

function signatureView({ name, email, date }: Signature) {
	return { name, email, date: timestamp(date) };
}

/** The same name has the same id in every run. */
function idOf(name: string): number {
	let id = 7;
	for (const byte of Buffer.from(name)) id = (id * 31 + byte) % 1_000_003;
	return id;
}
