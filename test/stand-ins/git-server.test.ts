import { randomBytes } from 'node:crypto';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commitToBranch, createBareRepository } from './git/bare-repository.ts';
import { git, resolveCommit, zeroId } from './git/git.ts';
import { type GitServer, type PushEvent, startGitServer } from './git/git-server.ts';
import { createWorkspace, type Workspace, withToken } from './git/workspace.ts';

let server: GitServer;
let work: Workspace;
let pushes: PushEvent[];

beforeEach(async () => {
	server = await startGitServer({
		users: [
			{ name: 'bot', token: 'write-token', access: { 'acme/infra': 'write' } },
			{ name: 'reader', token: 'read-token', access: 'read' },
		],
	});
	await server.createRepository('acme/infra', {
		files: { 'app.yaml': 'image: app:1\n', 'apps/other.yaml': 'a: 1\n' },
	});
	await server.createRepository('acme/closed', { files: { a: '1' } });
	pushes = [];
	server.onPush((push) => pushes.push(push));
	work = await createWorkspace();
});
afterEach(async () => {
	await server.close();
	await work.remove();
});

const path = () => server.repositoryPath('acme/infra');
const tip = async (branch = 'main') => (await resolveCommit(path(), `refs/heads/${branch}`)) ?? '';
const address = (token: string, name = 'acme/infra') => withToken(server.cloneUrl(name), token);

async function cloneAndCommit(folder: string): Promise<string> {
	await work.git(['clone', '-q', address('write-token'), folder]);
	await work.git(['commit', '-q', '--allow-empty', '-m', folder], folder);
	return work.git(['rev-parse', 'HEAD'], folder);
}

test('a repository made from the same files has the same first commit every time', async () => {
	const again = join(work.folder, 'again.git');
	await createBareRepository(again, {
		files: { 'apps/other.yaml': 'a: 1\n', 'app.yaml': 'image: app:1\n' },
	});
	expect(await git(again, ['rev-parse', 'main'])).toBe(await tip());
	await git(path(), ['fsck', '--strict']);
});

test('a folder becomes a repository with its programs and links, on the branch that was asked for', async () => {
	await work.git(['init', '-q', 'source']);
	await writeFile(join(work.folder, 'source', 'run'), '#!/bin/sh\n', { mode: 0o755 });
	await writeFile(join(work.folder, 'source', 'plain "text"'), 'x');
	await symlink('run', join(work.folder, 'source', 'start'));
	const made = join(work.folder, 'made.git');
	await createBareRepository(made, {
		from: join(work.folder, 'source'),
		defaultBranch: 'master',
		config: { 'uploadpack.hideRefs': 'refs/hidden' },
	});
	const tree = await git(made, ['ls-tree', '-r', '--format=%(objectmode) %(path)', 'master']);
	expect(tree.split('\n')).toEqual(['100644 "plain \\"text\\""', '100755 run', '120000 start']);
	expect(await git(made, ['symbolic-ref', 'HEAD'])).toBe('refs/heads/master');
	expect(await git(made, ['config', 'uploadpack.hideRefs'])).toBe('refs/hidden');
});

test('a clone speaks protocol v2 and is recorded with the token that it showed', async () => {
	await work.git(['clone', '-q', address('read-token'), 'w']);
	expect(await work.git(['log', '--format=%s'], 'w')).toBe('Lay the first files');
	expect(server.requests.map(({ method, path, status }) => `${method} ${path} ${status}`)).toEqual([
		'GET /acme/infra.git/info/refs 401',
		'GET /acme/infra.git/info/refs 200',
		'POST /acme/infra.git/git-upload-pack 200',
		'POST /acme/infra.git/git-upload-pack 200',
	]);
	expect(server.requests[1]).toMatchObject({
		kind: 'git',
		user: 'reader',
		query: { service: 'git-upload-pack' },
		headers: { 'git-protocol': 'version=2' },
		authorization: { scheme: 'basic', user: 'x-access-token', token: 'read-token' },
	});
	expect(server.requests[3]?.bytesDown).toBeGreaterThan(100);
});

test('a shallow clone gets the tip alone', async () => {
	await commitToBranch(path(), 'main', { 'app.yaml': 'image: app:2\n' }, 'second');
	await work.git(['clone', '-q', '--depth', '1', address('read-token'), 'w']);
	expect(await work.git(['log', '--format=%s'], 'w')).toBe('second');
	expect(await work.git(['rev-parse', '--is-shallow-repository'], 'w')).toBe('true');
});

const partialFetch = async (folder: string) => {
	await work.git(['init', '-q', '--bare', folder]);
	const filter = ['--depth', '1', '--filter=blob:none'];
	await work.git(['fetch', '-q', ...filter, address('read-token', 'acme/infra'), 'main'], folder);
	return work.git(['rev-list', '--objects', '--missing=print', 'FETCH_HEAD'], folder);
};

test('a partial fetch gets no blobs, and a blob by its id when it asks', async () => {
	expect((await partialFetch('w')).match(/^\?/gm)).toHaveLength(2);
	const blob = await git(path(), ['rev-parse', 'main:app.yaml']);
	await work.git(['fetch', '-q', address('read-token'), blob], 'w');
	expect(await work.git(['cat-file', 'blob', blob], 'w')).toBe('image: app:1');
});

test('a server without partial clones sends every blob', async () => {
	await git(path(), ['config', 'uploadpack.allowFilter', 'false']);
	expect(await partialFetch('w')).not.toMatch(/^\?/m);
});

test('a push moves the branch and is told with what was there before', async () => {
	const before = await tip();
	const pushed = await cloneAndCommit('w');
	await work.git(['push', '-q', '-o', 'ci.skip', 'origin', 'HEAD:main', 'HEAD:new'], 'w');
	await work.git(['push', '-q', 'origin', ':new'], 'w');
	expect(await tip()).toBe(pushed);
	const common = { repository: 'acme/infra', pusher: 'bot' };
	expect(pushes).toEqual([
		{ ...common, ref: 'refs/heads/main', before, after: pushed },
		{ ...common, ref: 'refs/heads/new', before: zeroId, after: pushed },
		{ ...common, ref: 'refs/heads/new', before: pushed, after: zeroId },
	]);
});

test('a push larger than git buffers arrives in chunks', async () => {
	await work.git(['clone', '-q', address('write-token'), 'w']);
	await writeFile(join(work.folder, 'w', 'large'), randomBytes(3_000_000));
	await work.git(['add', 'large'], 'w');
	await work.git(['commit', '-q', '-m', 'large'], 'w');
	await work.git(['push', '-q', 'origin', 'HEAD'], 'w');
	const push = server.requests.at(-1);
	expect(push?.headers['transfer-encoding']).toBe('chunked');
	expect(push?.bytesUp).toBeGreaterThan(3_000_000);
	expect(await tip()).toBe(await work.git(['rev-parse', 'HEAD'], 'w'));
});

test('a request for much is gzipped and understood', async () => {
	await work.git(['clone', '-q', address('write-token'), 'w']);
	for (let at = 0; at < 40; at += 1) {
		await work.git(['commit', '-q', '--allow-empty', '-m', `local ${at}`], 'w');
	}
	await commitToBranch(path(), 'main', { n: '1' }, 'theirs');
	await work.git(['fetch', '-q', 'origin'], 'w');
	expect(server.requests.some(({ headers }) => headers['content-encoding'] === 'gzip')).toBe(true);
	expect(await work.git(['rev-parse', 'origin/main'], 'w')).toBe(await tip());
});

test('of two pushes onto the same tip one loses, and only the other is told', async () => {
	const before = await tip();
	const commits = await Promise.all(['one', 'two'].map(cloneAndCommit));
	const results = await Promise.all(
		['one', 'two'].map((folder) => work.try(['push', 'origin', 'HEAD:main'], folder)),
	);
	expect(results.map(({ code }) => code).sort()).toEqual([0, 1]);
	const winner = commits[results.findIndex(({ code }) => code === 0)] ?? '';
	expect(await tip()).toBe(winner);
	expect(pushes.map(({ before, after }) => [before, after])).toEqual([[before, winner]]);
});

test('a branch that moves between the look and the push makes the push lose', async () => {
	await cloneAndCommit('w');
	let theirs = '';
	server.onRequest = async (request) => {
		if (request.path.endsWith('/git-receive-pack')) {
			theirs = await commitToBranch(path(), 'main', { n: '1' }, 'theirs');
		}
		return undefined;
	};
	const push = await work.try(['push', 'origin', 'HEAD:main'], 'w');
	expect(push.code).toBe(1);
	expect(push.stderr).toMatch(/\[remote rejected\] HEAD -> main \(failed to update ref\)/);
	expect(await tip()).toBe(theirs);
	expect(pushes).toEqual([]);
});

test('an unknown token is a 401, a read-only one a 403 for a push, no access a 404', async () => {
	await cloneAndCommit('w');
	const push = (token: string) => work.try(['push', address(token), 'HEAD:main'], 'w');
	expect((await push('wrong')).stderr).toMatch(/Authentication failed/);
	expect((await push('read-token')).stderr).toMatch(
		/Permission to acme\/infra.git denied to reader.[\s\S]*403/,
	);
	const closed = await work.try(['ls-remote', address('write-token', 'acme/closed')]);
	expect(closed.stderr).toMatch(/not found/);
	const missing = await work.try(['ls-remote', address('read-token', 'acme/missing')]);
	expect(missing.stderr).toMatch(/not found/);
	expect(pushes).toEqual([]);
});

test('an extra header carries the token as well as the address does', async () => {
	const basic = Buffer.from('x-access-token:read-token').toString('base64');
	for (const value of [`basic ${basic}`, 'bearer read-token']) {
		const header = `http.extraHeader=Authorization: ${value}`;
		const out = await work.git(['-c', header, 'ls-remote', server.cloneUrl('acme/infra'), 'main']);
		expect(out).toContain(await tip());
	}
	expect(server.requests.every(({ status }) => status === 200)).toBe(true);
});

test('a reset before the push is handled loses the push, one after it only the answer', async () => {
	const pushed = await cloneAndCommit('w');
	for (const when of ['before', 'after'] as const) {
		server.onRequest = ({ method }) => (method === 'POST' ? { kind: 'reset', when } : undefined);
		const push = await work.try(['push', 'origin', 'HEAD:main'], 'w');
		expect(push.code).not.toBe(0);
		expect((await tip()) === pushed).toBe(when === 'after');
	}
	expect(pushes).toHaveLength(1);
});

test('a cut answer, a server error and a silent server are what the client says they are', async () => {
	for (const after of [0, 20]) {
		server.onRequest = ({ method }) =>
			method === 'POST' ? { kind: 'truncate', after } : undefined;
		const cut = await work.try(['clone', address('read-token'), 'cut']);
		expect(cut.stderr).toMatch(/early EOF|unexpected|hung up|transfer closed/);
		expect(server.requests.at(-1)?.bytesDown).toBe(after);
	}
	server.onRequest = () => ({ kind: 'status', status: 502, body: 'bad gateway' });
	const failed = await work.try(['ls-remote', address('read-token')]);
	expect(failed.stderr).toMatch(/returned error: 502/);
	server.onRequest = () => ({ kind: 'stall' });
	const patience = ['-c', 'http.lowSpeedLimit=1', '-c', 'http.lowSpeedTime=1'];
	const silent = await work.try([...patience, 'ls-remote', address('read-token')]);
	expect(silent.stderr).toMatch(/too slow|Operation too slow|timed out/);
	expect(server.requests.at(-1)?.status).toBe(0);
});

test('a hook of the repository itself refuses a push', async () => {
	const hook = '#!/bin/sh\necho "no pushes today" >&2\nexit 1\n';
	await writeFile(join(path(), 'hooks', 'pre-receive'), hook, { mode: 0o755 });
	await cloneAndCommit('w');
	const push = await work.try(['push', 'origin', 'HEAD:main'], 'w');
	expect(push.stderr).toMatch(/no pushes today[\s\S]*pre-receive hook declined/);
});

test('a server without users lets anybody in', async () => {
	const open = await startGitServer();
	await open.createRepository('acme/open');
	await work.git(['init', '-q', '-b', 'main', 'w']);
	await work.git(['commit', '-q', '--allow-empty', '-m', 'first'], 'w');
	await work.git(['push', '-q', open.cloneUrl('acme/open'), 'HEAD:main'], 'w');
	const refs = await work.git(['ls-remote', open.cloneUrl('acme/open'), 'main']);
	await open.close();
	expect(refs).toContain(await work.git(['rev-parse', 'HEAD'], 'w'));
});
