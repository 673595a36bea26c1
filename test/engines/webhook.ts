/** A repository as a forge's webhook tells of it. */
export interface ForgeRepository {
	readonly owner: string;
	readonly name: string;
	readonly fullName: string;
	readonly url: string;
	readonly cloneUrl: string;
	readonly sshUrl: string;
	readonly defaultBranch: string;
	readonly isPrivate: boolean;
}

/** What happened on a forge, in the words that all CIs share. */
export interface ForgeEvent {
	readonly kind: 'push' | 'tag' | 'pull_request';
	/** Of a pull request: `opened`, `synchronize`, `closed`. */
	readonly action: string | undefined;
	readonly repository: ForgeRepository;
	/** In full: `refs/heads/main`, `refs/tags/v1`, `refs/pull/1/head`. */
	readonly ref: string;
	/** The branch that was pushed, or the one that a pull request goes to; none for a tag. */
	readonly branch: string | undefined;
	readonly tag: string | undefined;
	/** The commit before the push; all zeros for a new branch. */
	readonly before: string;
	/** The commit that it is about. */
	readonly commit: string;
	/** The branch or tag is gone. */
	readonly deleted: boolean;
	readonly message: string;
	readonly author: { readonly login: string; readonly name: string; readonly email: string };
	/** Who did it: the login of the pusher, or of the pull request's mover. */
	readonly sender: string;
	readonly link: string;
	readonly pullRequest: ForgePullRequest | undefined;
	/** The webhook's name and body as they came. */
	readonly webhook: { readonly name: string; readonly payload: unknown };
}

export interface ForgePullRequest {
	readonly number: number;
	readonly title: string;
	readonly source: string;
	readonly target: string;
	readonly draft: boolean;
	readonly merged: boolean;
}

interface Person {
	login?: string;
	username?: string;
	name?: string;
	email?: string;
}

/** The fields that are read; GitHub's, Gitea's and Forgejo's webhooks agree on them. */
interface Payload {
	action?: string;
	ref?: string;
	before?: string;
	after?: string;
	compare?: string;
	compare_url?: string;
	repository: {
		name: string;
		full_name: string;
		owner: Person;
		html_url: string;
		clone_url: string;
		ssh_url?: string;
		default_branch: string;
		private?: boolean;
	};
	head_commit?: { id: string; message: string; url?: string; author?: Person } | null;
	pusher?: Person;
	sender?: Person;
	pull_request?: {
		number: number;
		title: string;
		html_url: string;
		draft?: boolean;
		merged?: boolean;
		user: Person;
		head: { ref: string; sha: string };
		base: { ref: string; sha: string };
	};
}

/** Reads a webhook's body; undefined for one that starts no pipeline in any CI (such as `ping`). */
export function readWebhook(name: string, body: unknown): ForgeEvent | undefined {
	const payload = body as Payload;
	if (name === 'push') return pushEvent(name, payload);
	if (name === 'pull_request') return pullRequestEvent(name, payload);
	return undefined;
}

function pushEvent(name: string, payload: Payload): ForgeEvent {
	const { ref = '', after = '', before = '', head_commit: head } = payload;
	const tag = withoutPrefix(ref, 'refs/tags/');
	const sender = loginOf(payload.sender) || loginOf(payload.pusher);
	return {
		kind: tag === undefined ? 'push' : 'tag',
		action: undefined,
		repository: repositoryOf(payload),
		ref,
		branch: withoutPrefix(ref, 'refs/heads/'),
		tag,
		before,
		// An annotated tag's `after` is the tag's own object.
		commit: head?.id || after,
		deleted: /^0+$/.test(after),
		message: head?.message ?? '',
		author: {
			login: loginOf(head?.author) || sender,
			name: head?.author?.name ?? sender,
			email: head?.author?.email ?? '',
		},
		sender,
		link: head?.url ?? payload.compare_url ?? payload.compare ?? payload.repository.html_url,
		pullRequest: undefined,
		webhook: { name, payload },
	};
}

function pullRequestEvent(name: string, payload: Payload): ForgeEvent | undefined {
	const pull = payload.pull_request;
	if (pull === undefined) return undefined;
	const sender = loginOf(payload.sender) || loginOf(pull.user);
	return {
		kind: 'pull_request',
		// Gitea writes `synchronized` where GitHub writes `synchronize`.
		action: payload.action === 'synchronized' ? 'synchronize' : payload.action,
		repository: repositoryOf(payload),
		ref: `refs/pull/${pull.number}/head`,
		branch: pull.base.ref,
		tag: undefined,
		before: pull.base.sha,
		commit: pull.head.sha,
		deleted: false,
		message: pull.title,
		author: { login: loginOf(pull.user), name: loginOf(pull.user), email: pull.user.email ?? '' },
		sender,
		link: pull.html_url,
		pullRequest: {
			number: pull.number,
			title: pull.title,
			source: pull.head.ref,
			target: pull.base.ref,
			draft: pull.draft ?? false,
			merged: pull.merged ?? false,
		},
		webhook: { name, payload },
	};
}

function repositoryOf({ repository }: Payload): ForgeRepository {
	const [owner = '', name = ''] = repository.full_name.split('/');
	return {
		owner,
		name,
		fullName: repository.full_name,
		url: repository.html_url,
		cloneUrl: repository.clone_url,
		sshUrl: repository.ssh_url ?? '',
		defaultBranch: repository.default_branch,
		isPrivate: repository.private ?? false,
	};
}

function loginOf(person: Person | undefined): string {
	return person?.login || person?.username || person?.name || '';
}

/** What follows `prefix` in `text`; undefined where it does not begin with it. */
function withoutPrefix(text: string, prefix: string): string | undefined {
	return text.startsWith(prefix) ? text.slice(prefix.length) : undefined;
}
