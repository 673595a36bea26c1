import { type ForgeEvent, readWebhook } from './webhook.ts';

export interface FixturePush {
	readonly ref?: string;
	readonly commit?: string;
	readonly before?: string;
	readonly message?: string;
	readonly cloneUrl?: string;
	readonly deleted?: boolean;
}

const zero = '0'.repeat(40);
const repository = (cloneUrl: string) => ({
	name: 'dr',
	full_name: 'infra/dr',
	owner: { login: 'infra' },
	html_url: cloneUrl.replace(/\.git$/, ''),
	clone_url: cloneUrl,
	ssh_url: 'git@127.0.0.1:infra/dr.git',
	default_branch: 'main',
	private: true,
});

/** A push as a webhook tells of it. */
export function pushed(push: FixturePush = {}): ForgeEvent {
	const commit = push.commit ?? '1234567890abcdef1234567890abcdef12345678';
	const event = readWebhook('push', {
		ref: push.ref ?? 'refs/heads/main',
		before: push.before ?? zero,
		after: push.deleted ? zero : commit,
		compare: 'http://127.0.0.1:23100/infra/dr/compare/a...b',
		repository: repository(push.cloneUrl ?? 'http://127.0.0.1:23100/infra/dr.git'),
		head_commit: push.deleted
			? null
			: {
					id: commit,
					message: push.message ?? 'a change',
					author: { name: 'Alice', email: 'alice@x.test', username: 'alice' },
				},
		pusher: { name: 'alice' },
		sender: { login: 'alice' },
	});
	if (event === undefined) throw new Error('the fixture is no push');
	return event;
}

/** A pull request from `f` to `main`. */
export function pullRequest(action: string): ForgeEvent {
	const event = readWebhook('pull_request', {
		action,
		repository: repository('http://127.0.0.1:23100/infra/dr.git'),
		sender: { login: 'alice' },
		pull_request: {
			number: 1,
			title: 'pr',
			html_url: 'http://127.0.0.1:23100/infra/dr/pulls/1',
			user: { login: 'alice', email: 'alice@x.test' },
			head: { ref: 'f', sha: '1978cb58ae0a1c77b6270ae08f27045d492f8592' },
			base: { ref: 'main', sha: zero },
		},
	});
	if (event === undefined) throw new Error('the fixture is no pull request');
	return event;
}
