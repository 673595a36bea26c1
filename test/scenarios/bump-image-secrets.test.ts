import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { capturedEnvironment } from '../ci/captured-environment.ts';
import { deployment, Infra, token } from './infra.ts';
import { runStep } from './run-step.ts';

const image = 'ghcr.io/acme/api';
const realGit = execFileSync('sh', ['-c', 'command -v git']).toString().trim();

/**
 * Stands before git on the PATH: keeps the arguments and the environment of every git, and
 * the files of its repository as they are when it ends, and is git otherwise.
 */
const wrapper = (records: string) => `#!/bin/sh
record=$(mktemp -d ${records}/XXXXXX)
printf '%s\\n' "$@" >"$record/argv"
env >"$record/env"
${realGit} "$@"
code=$?
cp -r "$GIT_DIR/config" "$record/config" 2>/dev/null
exit $code
`;

let infra: Infra;
let folder: string;
let env: Record<string, string>;
beforeEach(async () => {
	infra = await Infra.start({ 'apps/api.yaml': deployment(`${image}:v1`) });
	folder = await mkdtemp(join(tmpdir(), 'secrets-'));
	for (const name of ['bin', 'records', 'home', 'tmp', 'workspace'])
		await mkdir(join(folder, name));
	await writeFile(join(folder, 'bin/git'), wrapper(join(folder, 'records')), { mode: 0o755 });
	env = {
		PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
		HOME: join(folder, 'home'),
		TMPDIR: join(folder, 'tmp'),
	};
});
afterEach(async () => {
	await infra.close();
	await rm(folder, { recursive: true });
});

/** The texts of all files below a folder, by their paths. */
async function texts(below: string): Promise<Record<string, string>> {
	const entries = await readdir(below, { recursive: true, withFileTypes: true });
	const files = entries.filter((entry) => entry.isFile());
	return Object.fromEntries(
		await Promise.all(
			files.map(async ({ parentPath, name }) => {
				const path = join(parentPath, name);
				return [path, await readFile(path, 'latin1')] as const;
			}),
		),
	);
}

/** The forms in which a token could be seen: as it is, and as git's header has it. */
function forms(username: string, secret: string, password = secret): string[] {
	return [secret, Buffer.from(`${username}:${password}`).toString('base64')];
}

const withLogin = (url: string) => url.replace('http://', `http://bot:${token}@`);
const settings = { PLUGIN_FILE: 'apps/api.yaml', PLUGIN_IMAGE: image, 'PLUGIN_LOG-LEVEL': 'debug' };

test.each([
	[
		'an explicit token',
		forms('x-access-token', token),
		(url: string) => ({ ...settings, PLUGIN_REPOSITORY: url, PLUGIN_TOKEN: token }),
	],
	[
		'a token in the URL',
		forms('bot', token),
		(url: string) => ({ ...settings, PLUGIN_REPOSITORY: withLogin(url) }),
	],
	[
		"Drone's netrc of a Gitea login",
		forms(token, token, 'x-oauth-basic'),
		(url: string) => ({
			...settings,
			PLUGIN_REPOSITORY: url,
			DRONE_NETRC_MACHINE: '127.0.0.1',
			DRONE_NETRC_USERNAME: token,
			DRONE_NETRC_PASSWORD: 'x-oauth-basic',
		}),
	],
])('%s is in no argument, URL, file or log', async (_, secrets, inputs) => {
	const hidden = (text: string) => secrets.every((secret) => !text.includes(secret));
	const cwd = join(folder, 'workspace');
	const run = await runStep('bump-image', {
		env: { ...capturedEnvironment('drone-1.10.1-push'), ...inputs(infra.url), ...env },
		cwd,
	});
	expect(run, run.stdout).toMatchObject({ exitCode: 0, outputs: { changed: 'true' } });
	expect(infra.server.requests.every(({ user }) => user === 'bot')).toBe(true);
	expect(hidden(run.stdout + run.stderr)).toBe(true);

	const records = await texts(join(folder, 'records'));
	const [argv, environments, configs] = ['argv', 'env', 'config'].map((kind) =>
		Object.entries(records).filter(([path]) => path.endsWith(`/${kind}`)),
	) as [[string, string][], [string, string][], [string, string][]];
	expect(argv.length).toBeGreaterThan(5);
	expect(configs.length).toBe(argv.length);
	expect([...argv, ...configs].filter(([, text]) => !hidden(text))).toEqual([]);
	// The one way that it does go: without it this test would look in the wrong place.
	expect(environments.every(([, text]) => !hidden(text))).toBe(true);
	// The step's own inputs are nobody else's business.
	expect(environments.filter(([, text]) => text.includes('PLUGIN_TOKEN'))).toEqual([]);

	for (const place of ['home', 'tmp', 'workspace'])
		expect(
			Object.entries(await texts(join(folder, place))).filter(([, text]) => !hidden(text)),
		).toEqual([]);
	expect(await infra.git('log', '--format=%B', 'main')).not.toContain(token);
});

test('a token is in no error either', async () => {
	const run = await infra.bump(
		{ repository: withLogin(infra.url).replace('staging', 'none'), 'log-level': 'debug' },
		{ env },
	);
	expect(run.exitCode).toBe(1);
	expect(run.stderr).toContain('There is no repository at http://127.0.0.1');
	for (const secret of forms('x-access-token', token)) expect(run.stderr).not.toContain(secret);
});

test('being told to end, the step ends its git and leaves nothing behind', async () => {
	infra.server.onRequest = ({ path }) =>
		path.endsWith('/git-upload-pack') ? { kind: 'stall' } : undefined;
	const asked = new Promise<void>((resolve) => {
		const { onRequest } = infra.server;
		infra.server.onRequest = (request) => {
			if (request.path.endsWith('/git-upload-pack')) resolve();
			return onRequest?.(request);
		};
	});
	const run = await infra.bump(
		{},
		{ env, onStart: (pid) => void asked.then(() => process.kill(pid, 'SIGTERM')) },
	);
	expect(run.exitCode).toBe(1);
	expect(run.stderr).toContain('Ended by SIGTERM; it is safe to run this step again');
	expect(await readdir(join(folder, 'tmp'))).toEqual([]);
	const left = execFileSync('ps', ['-eo', 'args']).toString();
	expect(left).not.toContain(infra.url);
});
