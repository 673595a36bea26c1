import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod/mini';

import { badInput, Failure } from '../../shared/failure/failure.ts';
import type { Program, Recipe } from './build.ts';
import type { Log, Server, ServerKind } from './server.ts';
import { launch, onFreePorts } from './server-process.ts';

const run = promisify(execFile);

export interface GiteaAddress {
	/** without a slash at its end */
	url: string;
	adminUser: string;
	/** may do everything */
	adminToken: string;
}

const version = '1.26.0';
const gitea = 'code.gitea.io/gitea';

const recipe: Recipe = {
	name: 'gitea',
	title: `Gitea ${version}`,
	command: 'gitea',
	folder: join(import.meta.dirname, 'gitea'),
	package: gitea,
	arguments: [
		'-tags=sqlite,sqlite_unlock_notify,timetzdata',
		`-ldflags=-s -w -X main.Version=${version}`,
	],
	// Its web pages come without style, because no stylesheets are built; the API is whole.
	assets: { module: gitea, folders: ['options', 'public', 'templates'] },
	cgo: true,
	usually: 'downloads 300 MB and takes 3 to 7 minutes on 2 cores',
	otherwise: "set GITEA_URL, and GITEA_TOKEN to an administrator's token",
};

export const giteaServer: ServerKind<GiteaAddress> = {
	recipe,

	async given(log: Log): Promise<Server<GiteaAddress> | undefined> {
		const url = process.env.GITEA_URL?.replace(/\/+$/, '');
		const adminToken = process.env.GITEA_TOKEN;
		if (!url) {
			return undefined;
		}
		if (!adminToken) {
			throw badInput(
				"GITEA_URL is set, but GITEA_TOKEN is not: set it to an administrator's token.",
			);
		}
		log(`Gitea: taking ${url}, which GITEA_URL names.`);
		return describe({ url, adminToken, adminUser: await administrator(url, adminToken) });
	},

	start(program: Program, folder: string): Promise<Server<GiteaAddress>> {
		return onFreePorts(1, async (port) => {
			const url = `http://127.0.0.1:${port}`;
			const config = join(folder, 'app.ini');
			await mkdir(folder, { recursive: true, mode: 0o700 });
			await writeFile(config, settings(port, folder, program.assets), { mode: 0o600 });
			const place = ['--config', config, '--work-path', folder];
			const serverProcess = await launch({
				title: recipe.title,
				command: program.file,
				arguments: ['web', ...place],
				folder,
				logFile: join(folder, 'server.log'),
				isReady: async () => {
					const answer = await fetch(`${url}/api/healthz`).catch(() => undefined);
					return answer?.ok === true;
				},
			});
			try {
				const adminUser = 'lockstep-admin';
				const adminToken = await createAdministrator(program.file, place, adminUser, folder);
				return { ...describe({ url, adminUser, adminToken }), process: serverProcess };
			} catch (error) {
				await serverProcess.stop();
				throw error;
			}
		});
	},
};

function describe(address: GiteaAddress): Server<GiteaAddress> {
	return { address, variables: { GITEA_URL: address.url, GITEA_TOKEN: address.adminToken } };
}

function settings(port: number, folder: string, assets: string | undefined): string {
	return `APP_NAME = Lockstep's tests
RUN_MODE = prod
WORK_PATH = ${folder}
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true

[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = ${port}
ROOT_URL = http://127.0.0.1:${port}/
${assets === undefined ? '' : `STATIC_ROOT_PATH = ${assets}`}
DISABLE_SSH = true
OFFLINE_MODE = true

[database]
DB_TYPE = sqlite3
SQLITE_JOURNAL_MODE = WAL

[security]
INSTALL_LOCK = true
PASSWORD_COMPLEXITY = off
; hashing that is safe takes long
PASSWORD_HASH_ALGO = pbkdf2$1000$20

[service]
DISABLE_REGISTRATION = true

[webhook]
; otherwise a delivery to 127.0.0.1 is dropped
ALLOWED_HOST_LIST = loopback

[actions]
ENABLED = true
DEFAULT_ACTIONS_URL = self

[indexer]
ISSUE_INDEXER_TYPE = db

[queue]
TYPE = channel

[session]
PROVIDER = memory

[cron.update_checker]
ENABLED = false
`;
}

/** Returns the new administrator's token. */
async function createAdministrator(
	command: string,
	place: readonly string[],
	user: string,
	folder: string,
): Promise<string> {
	const { stdout } = await run(
		command,
		['admin', 'user', 'create', ...place, '--admin', '--username', user]
			.concat('--email', `${user}@example.com`, '--random-password', '--must-change-password=false')
			.concat('--access-token', '--access-token-name', 'tests', '--access-token-scopes', 'all'),
		{ env: { PATH: process.env.PATH, HOME: folder } },
	);
	const token = /\b[0-9a-f]{40}\b/.exec(stdout)?.[0];
	if (token === undefined) {
		throw new Failure(`${recipe.title} made no token for ${user}: it said ${stdout.trim()}`);
	}
	return token;
}

const account = z.object({ login: z.string(), is_admin: z.boolean() });

/** The name of the administrator whose token it is. */
async function administrator(url: string, token: string): Promise<string> {
	const request = { headers: { authorization: `token ${token}` } };
	const answer = await fetch(`${url}/api/v1/user`, request).catch((cause: unknown) => {
		throw badInput(`GITEA_URL names ${url}, where nothing answers.`, {
			cause,
		});
	});
	if (!answer.ok) {
		throw badInput(`GITEA_TOKEN is not accepted by ${url}: it answers ${answer.status}.`);
	}
	const { login, is_admin } = z.parse(account, await answer.json());
	if (!is_admin) {
		throw badInput(`GITEA_TOKEN is ${login}'s, who is no administrator of ${url}.`);
	}
	return login;
}
