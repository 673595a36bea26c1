import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findOrBuild, type Recipe } from './build.ts';
import type { GiteaAddress } from './gitea.ts';
import type { Log } from './server.ts';
import { launch, type ServerProcess } from './server-process.ts';

const run = promisify(execFile);

const recipe: Recipe = {
	name: 'gitea-runner',
	title: "Gitea's runner 1.0.8",
	command: 'gitea-runner',
	folder: join(import.meta.dirname, 'gitea-runner'),
	package: 'gitea.com/gitea/runner',
	arguments: ['-ldflags=-s -w'],
	cgo: false,
	usually: 'takes 1 to 4 minutes on 2 cores',
	otherwise: 'put a gitea-runner 1.0.8 on PATH',
};

export interface RunnerOptions {
	readonly gitea: GiteaAddress;
	/** A folder of programs that jobs find before those of this machine. */
	readonly commands: string;
	/** An empty folder for its files. */
	readonly folder: string;
	readonly log: Log;
}

/**
 * Starts the runner of Gitea's Actions, for all its repositories. Jobs for `ubuntu-latest` run
 * as processes of this machine, with this process's node and no more of its environment than PATH.
 */
export async function startRunner(options: RunnerOptions): Promise<ServerProcess> {
	const { gitea, commands, folder, log } = options;
	const program = await findOrBuild(recipe, log);
	await mkdir(folder, { recursive: true });
	const config = join(folder, 'runner.yaml');
	await writeFile(config, JSON.stringify(settings));
	const environment = {
		PATH: [commands, dirname(process.execPath), process.env.PATH].join(':'),
		HOME: folder,
	};
	await run(
		program.file,
		['register', '--no-interactive', '--config', config, '--name', 'lockstep'].concat(
			...['--instance', gitea.url, '--token', await registrationToken(gitea)],
		),
		{ cwd: folder, env: environment },
	);
	return await launch({
		title: recipe.title,
		command: program.file,
		arguments: ['daemon', '--config', config],
		folder,
		logFile: join(folder, 'runner.log'),
		environment,
		isReady: async () => true,
	});
}

const settings = {
	runner: { capacity: 2, fetch_interval: '1s', labels: ['ubuntu-latest:host'] },
	// Its own cache would listen on addresses other than the loopback one.
	cache: { enabled: false },
};

async function registrationToken({ url, adminToken }: GiteaAddress): Promise<string> {
	const response = await fetch(`${url}/api/v1/admin/actions/runners/registration-token`, {
		method: 'POST',
		headers: { authorization: `token ${adminToken}` },
	});
	if (!response.ok) throw new Error(`Gitea gives no token for a runner: ${await response.text()}`);
	return ((await response.json()) as { token: string }).token;
}
