import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { cleanGitEnvironment } from '../stand-ins/git/git.ts';

const exec = promisify(execFile);

export interface CommitView {
	readonly id: string;
	readonly subject: string;
	readonly author: string;
}

/** A person's look at a repository of the forge: a mirror of it, brought up to date when asked. */
export class RepositoryView {
	readonly folder: string;
	readonly #url: string;
	readonly #token: string;
	#updated: Promise<unknown> = Promise.resolve();

	constructor(folder: string, url: string, token: string) {
		this.folder = folder;
		this.#url = url;
		this.#token = token;
	}

	/** Fetches what the forge has now; one after the other where several ask at once. */
	update(): Promise<this> {
		const updated = this.#updated.then(() => this.#fetch());
		this.#updated = updated.catch(() => undefined);
		return updated;
	}

	async #fetch(): Promise<this> {
		const env = tokenEnvironment(this.#token);
		if (!existsSync(this.folder))
			await git(['init', '--quiet', '--bare', '--initial-branch=main', this.folder]);
		const refs = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];
		await git(
			['-C', this.folder, 'fetch', '--quiet', '--prune', '--no-tags', this.#url, ...refs],
			env,
		);
		return this;
	}

	git(...args: string[]): Promise<string> {
		return git(['-C', this.folder, ...args]);
	}

	/** Every branch and tag with the object that it names. */
	async refs(): Promise<Map<string, string>> {
		const text = await this.git('for-each-ref', '--format=%(refname) %(objectname)');
		return new Map(
			text
				.split('\n')
				.filter((line) => line !== '')
				.map((line) => line.split(' ') as [string, string]),
		);
	}

	async tip(branch = 'main'): Promise<string> {
		return await this.git('rev-parse', '--verify', `refs/heads/${branch}`);
	}

	/** The commits of main, the newest first. */
	async log(range = 'main'): Promise<CommitView[]> {
		const text = await this.git('log', '--format=%H%x09%an%x09%s', range);
		return text
			.split('\n')
			.filter((line) => line !== '')
			.map((line) => {
				const [id = '', author = '', subject = ''] = line.split('\t');
				return { id, author, subject };
			});
	}

	/** A file of a commit; undefined where it has none of that name. */
	async read(commit: string, path: string): Promise<string | undefined> {
		return await this.git('show', `${commit}:${path}`).catch(() => undefined);
	}

	/** The lines that differ between two commits, each with the sign that a diff gives it. */
	async changedLines(from: string, to: string): Promise<string[]> {
		const diff = await this.git('diff', '--unified=0', '--no-color', from, to);
		return diff.split('\n').filter((line) => /^[+-](?!\+\+ |-- )/.test(line));
	}

	async changedFiles(from: string, to: string): Promise<string[]> {
		const names = await this.git('diff', '--name-only', from, to);
		return names.split('\n').filter((name) => name !== '');
	}
}

/** Variables by which git logs in, so that the token is in no URL and no file. */
export function tokenEnvironment(token: string): Record<string, string> {
	const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
	return {
		GIT_CONFIG_COUNT: '1',
		GIT_CONFIG_KEY_0: 'http.extraHeader',
		GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
	};
}

/** Runs git, and returns what it printed without the last end of line. */
export async function git(
	args: readonly string[],
	env: Record<string, string> = {},
): Promise<string> {
	const { stdout } = await exec('git', args, {
		env: { ...cleanGitEnvironment(), ...env },
		maxBuffer: 64 * 1024 * 1024,
	});
	return stdout.replace(/\n$/, '');
}
