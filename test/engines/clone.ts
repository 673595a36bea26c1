import { mkdir } from 'node:fs/promises';
import { execute } from './execute.ts';
import type { ForgeEvent } from './webhook.ts';

export interface CloneOptions {
	/** The folder to clone into; it is made. */
	readonly folder: string;
	readonly token: string;
	/** Commits to fetch; 0 for all. */
	readonly depth: number;
	/** Leaves the token in the clone's configuration, so that scripts can push. */
	readonly keepToken: boolean;
}

/** A clone of the event's commit, on its branch where it has one, as CIs make it. */
export async function clone(event: ForgeEvent, options: CloneOptions): Promise<string> {
	const { folder, token, depth } = options;
	const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
	const header = `AUTHORIZATION: basic ${basic}`;
	const origin = new URL(event.repository.cloneUrl).origin;
	const headerKey = `http.${origin}/.extraheader`;
	const env = {
		...containerVariables(folder),
		GIT_CONFIG_NOSYSTEM: '1',
		GIT_TERMINAL_PROMPT: '0',
		GIT_CONFIG_COUNT: '1',
		GIT_CONFIG_KEY_0: headerKey,
		GIT_CONFIG_VALUE_0: header,
	};
	const log: string[] = [];
	const git = async (...args: string[]) => {
		const done = await execute({
			command: ['git', ...args],
			env,
			cwd: folder,
			secrets: [token, basic],
		});
		log.push(`+ git ${args.join(' ')}`, done.log);
		if (done.exitCode !== 0) throw new Error(log.filter((line) => line !== '').join('\n'));
	};
	await mkdir(folder, { recursive: true });
	await git('init', '--quiet');
	await git('remote', 'add', 'origin', event.repository.cloneUrl);
	await git(
		'fetch',
		'--quiet',
		'--no-tags',
		...(depth === 0 ? [] : [`--depth=${depth}`]),
		'origin',
		event.commit,
	);
	await git(
		'checkout',
		'--quiet',
		...(event.branch ? ['-B', event.branch] : ['--detach']),
		event.commit,
	);
	if (event.branch) await git('update-ref', `refs/remotes/origin/${event.branch}`, event.commit);
	if (options.keepToken) await git('config', '--local', headerKey, header);
	return log
		.filter((line) => line !== '')
		.join('\n')
		.replaceAll(basic, '***');
}

/** The variables that every process has in a container: where programs are, and a home. */
export function containerVariables(home: string): Record<string, string> {
	return { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: home };
}
