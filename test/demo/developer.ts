import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { git, tokenEnvironment } from './repository-view.ts';
import type { Account } from './servers.ts';

/** A person who works on a clone with plain git. */
export class Developer {
	readonly #folder: string;
	readonly #url: string;
	readonly #env: Record<string, string>;

	constructor(folder: string, url: string, { name, token }: Account) {
		this.#folder = folder;
		this.#url = url;
		const identity = { NAME: name, EMAIL: `${name}@dellintosh.example` };
		this.#env = tokenEnvironment(token);
		for (const [key, value] of Object.entries(identity))
			for (const role of ['AUTHOR', 'COMMITTER']) this.#env[`GIT_${role}_${key}`] = value;
	}

	async clone(): Promise<void> {
		await mkdir(dirname(this.#folder), { recursive: true });
		await git(['clone', '--quiet', this.#url, this.#folder], this.#env);
	}

	/** Commits files on a branch, which begins at the present one where it is new. */
	async commit(
		branch: string,
		message: string,
		files: Readonly<Record<string, string>>,
	): Promise<string> {
		await this.#git('checkout', '--quiet', '-B', branch);
		for (const [path, text] of Object.entries(files)) {
			await writeFile(join(this.#folder, path), text);
			await this.#git('add', '--', path);
		}
		await this.#git('commit', '--quiet', '--message', message);
		return await this.#git('rev-parse', 'HEAD');
	}

	async push(...refs: string[]): Promise<void> {
		await this.#git('push', '--quiet', 'origin', ...refs);
	}

	/** Brings main up to a branch, without a commit of its own. */
	async merge(branch: string): Promise<void> {
		await this.#git('checkout', '--quiet', 'main');
		await this.#git('merge', '--quiet', '--ff-only', branch);
	}

	async tag(version: string): Promise<void> {
		await this.#git('tag', '--annotate', '--message', version, version);
	}

	#git(...args: string[]): Promise<string> {
		return git(['-C', this.#folder, ...args], this.#env);
	}
}
