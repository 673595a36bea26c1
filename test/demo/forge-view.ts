import { fullNameOf, type RepositoryName } from './flow.ts';
import type { Account, Servers } from './servers.ts';

export interface PullView {
	readonly number: number;
	readonly title: string;
	readonly body: string;
	readonly state: 'open' | 'closed';
	readonly merged: boolean;
	readonly mergeCommit: string | undefined;
	readonly branch: string;
	readonly url: string;
}

interface Pull {
	number: number;
	title: string;
	body?: string | null;
	state: 'open' | 'closed';
	merged_at?: string | null;
	merge_commit_sha?: string | null;
	html_url: string;
	head: { ref: string };
}

/** A person's look at pull requests, and what that person does with them, by the forge's API. */
export class ForgeView {
	readonly #forge: Servers['forge'];
	readonly #person: Account;

	constructor(forge: Servers['forge'], person: Account) {
		this.#forge = forge;
		this.#person = person;
	}

	/** All pull requests of a repository, open and closed, the oldest first. */
	async pulls(repository: RepositoryName): Promise<PullView[]> {
		const pulls = (await this.#request('GET', `${repository}/pulls?state=all`)).body as Pull[];
		return pulls
			.map((pull) => ({
				number: pull.number,
				title: pull.title,
				body: pull.body ?? '',
				state: pull.state,
				merged: Boolean(pull.merged_at),
				mergeCommit: pull.merged_at ? (pull.merge_commit_sha ?? undefined) : undefined,
				branch: pull.head.ref,
				url: pull.html_url,
			}))
			.sort((a, b) => a.number - b.number);
	}

	async approve(repository: RepositoryName, number: number): Promise<void> {
		const event = this.#forge.kind === 'github' ? 'APPROVE' : 'APPROVED';
		const body = { event, body: 'Seen on QA.' };
		const { status } = await this.#request('POST', `${repository}/pulls/${number}/reviews`, body);
		if (status >= 300) throw new Error(`The forge takes no approval: ${status}`);
	}

	/** Tries to merge; false where the forge does not let it. */
	async merge(repository: RepositoryName, number: number): Promise<boolean> {
		const path = `${repository}/pulls/${number}/merge`;
		for (let attempt = 1; ; attempt++) {
			const { status } =
				this.#forge.kind === 'github'
					? await this.#request('PUT', path, { merge_method: 'merge' })
					: await this.#request('POST', path, { do: 'merge' });
			if (status < 300) return true;
			// Forges look in the background whether a pull request can be merged.
			if (attempt === 5) return false;
			await new Promise((resolve) => setTimeout(resolve, 200));
		}
	}

	async #request(method: string, path: string, body?: object) {
		const [repository = '', ...rest] = path.split('/');
		const name = fullNameOf(repository as RepositoryName);
		const response = await fetch(`${this.#forge.apiUrl}/repos/${name}/${rest.join('/')}`, {
			method,
			headers: {
				authorization: `token ${this.#person.token}`,
				'content-type': 'application/json',
			},
			...(body && { body: JSON.stringify(body) }),
		});
		const text = await response.text();
		return {
			status: response.status,
			body: text === '' ? undefined : (JSON.parse(text) as unknown),
		};
	}
}
