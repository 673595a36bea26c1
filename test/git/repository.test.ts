import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseRemote } from '../../shared/git/remote.ts';
import { openRepository, type Repository } from '../../shared/git/repository.ts';
import {
	createBareRepository,
	fixtureSignature,
	writeCommit,
} from '../stand-ins/git/bare-repository.ts';
import { git } from '../stand-ins/git/git.ts';
import { type GitServer, startGitServer } from '../stand-ins/git/git-server.ts';

const author = { name: 'Bot <b>\n', email: 'bot@example.com' };
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const text = (content: string) => Buffer.from(content);

let server: GitServer;
let path: string;
let tip: string;
let repository: Repository;
beforeEach(async () => {
	server = await startGitServer();
	path = server.repositoryPath('acme/infra');
	await createBareRepository(path, {
		files: { 'README.md': 'hello\n', 'deep/er/run.sh': '#!/bin/sh\n', 'deep/other.txt': 'x' },
	});
	const first = await git(path, ['rev-parse', 'main']);
	tip = await writeCommit(path, {
		parent: first,
		files: { 'deep/er/run.sh': '#!/bin/sh\nexit 0\n' },
		executable: new Set(['deep/er/run.sh']),
		message: 'Make it a program',
		author: fixtureSignature,
	});
	await git(path, ['update-ref', 'refs/heads/main', tip]);
	repository = await openRepository({
		remote: parseRemote(server.cloneUrl('acme/infra')),
		credentials: {},
		author,
		log: silent,
		signal: new AbortController().signal,
		variables: { PATH: process.env.PATH, GIT_AUTHOR_NAME: 'nobody' },
		protect() {},
	});
});
afterEach(async () => {
	await repository.close();
	await server.close();
});

describe('a commit', () => {
	test('changes its files alone, keeps their modes, and has its own author', async () => {
		await repository.fetchBranch('main');
		const commit = await repository.commit({
			parent: tip,
			files: [{ path: 'deep/er/run.sh', bytes: Buffer.from([0, 255, 10]) }],
			message: 'Change it\n\nwith a body\n',
		});
		expect(await repository.push({ ref: 'refs/heads/main', commit })).toEqual({ pushed: true });
		expect(await git(path, ['diff-tree', '-r', '--no-commit-id', 'main'])).toMatch(
			/^:100755 100755 \w+ \w+ M\tdeep\/er\/run\.sh$/,
		);
		expect(await git(path, ['log', '-1', '--format=%an|%ae|%cn|%P|%B', 'main'])).toBe(
			`Bot b|bot@example.com|Bot b|${tip}|Change it\n\nwith a body\n`,
		);
		await git(path, ['fsck', '--strict', '--no-dangling']);
	});

	test.each(['new/file.txt', 'with space', '"quoted"', 'back\\slash', 'li\nne', '-dash', 'ünï'])(
		'may add a file named %j',
		async (name) => {
			await repository.fetchBranch('main');
			const files = [{ path: name, bytes: text('new\n') }];
			const commit = await repository.commit({ parent: tip, files, message: 'Add' });
			await repository.push({ ref: 'refs/heads/main', commit });
			expect(await git(path, ['show', `main:${name}`])).toBe('new');
		},
	);
});

test('no file is fetched but those that are read', async () => {
	await repository.fetchBranch('main');
	const [readme] = await repository.listFiles(tip, ['README.md']);
	const before = await repository.git.text(['count-objects', '-v']);
	const contents = await repository.readFiles(readme ? [readme] : []);
	expect(Buffer.from(contents.get('README.md') ?? []).toString()).toBe('hello\n');
	const objects = (counted: string) =>
		[...counted.matchAll(/^(?:count|in-pack): (\d+)$/gm)].reduce(
			(sum, [, n]) => sum + Number(n),
			0,
		);
	const after = await repository.git.text(['count-objects', '-v']);
	expect(objects(after) - objects(before)).toBe(1);
});

describe('a branch of its own', () => {
	test('is made only where there is none', async () => {
		const made = { ref: 'refs/heads/promote/api', commit: tip, expect: null };
		await repository.fetchCommit(tip);
		expect(await repository.push(made)).toEqual({ pushed: true });
		expect(await repository.push(made)).toEqual({ pushed: true });
		await git(path, ['update-ref', 'refs/heads/promote/api', `${tip}~`]);
		expect(await repository.push(made)).toMatchObject({ pushed: false, sent: false });
	});

	test('is forced only while it is what it was', async () => {
		await repository.fetchBranch('main');
		const older = await git(path, ['rev-parse', `${tip}~`]);
		await git(path, ['update-ref', 'refs/heads/promote/api', older]);
		const commit = await repository.commit({
			parent: tip,
			files: [{ path: 'README.md', bytes: text('new') }],
			message: 'New',
		});
		const ref = 'refs/heads/promote/api';
		expect(await repository.push({ ref, commit, expect: tip })).toMatchObject({ pushed: false });
		expect(await repository.push({ ref, commit, expect: older })).toEqual({ pushed: true });
		expect(await repository.tip('promote/api')).toBe(commit);
	});

	test('is pushed without fetching or sending a file that the server has', async () => {
		const older = await git(path, ['rev-parse', `${tip}~`]);
		await repository.fetchCommit(older);
		await repository.readFiles(await repository.listFiles(older, ['README.md']));
		const commit = await repository.commit({
			parent: older,
			files: [{ path: 'README.md', bytes: text('new') }],
			message: 'New',
		});
		server.requests.length = 0;
		await repository.push({ ref: 'refs/heads/promote/old', commit, expect: null });
		expect(server.requests.filter((r) => r.path.endsWith('/git-receive-pack'))).toHaveLength(1);
		// A fetch for the files would be a POST of its own beside the one that negotiates.
		expect(server.requests.filter((r) => r.path.endsWith('/git-upload-pack'))).toHaveLength(1);
	});
});

describe('an annotated tag', () => {
	test('on a commit that is no tip of a branch', async () => {
		const older = await git(path, ['rev-parse', `${tip}~`]);
		await repository.fetchCommit(older);
		const message = '{"ami": "ami-1"}\n';
		const tag = await repository.tagObject({ name: 'ami/v1', commit: older, message });
		const ref = 'refs/tags/ami/v1';
		expect(await repository.push({ ref, commit: tag, expect: null })).toEqual({ pushed: true });
		expect(await git(path, ['cat-file', 'tag', 'ami/v1'])).toMatch(
			new RegExp(
				`^object ${older}\ntype commit\ntag ami/v1\ntagger Bot b <bot@example.com> \\d+ \\+0000\n\n\\{"ami": "ami-1"\\}$`,
			),
		);
		expect(await repository.remoteRefs('refs/tags/*')).toEqual(
			new Map([
				[ref, tag],
				[`${ref}^{}`, older],
			]),
		);
	});

	test.each(['-x', 'a..b', 'x.lock', 'with space'])('is not named %j', async (name) => {
		await repository.fetchCommit(tip);
		await expect(repository.tagObject({ name, commit: tip, message: 'x' })).rejects.toMatchObject({
			exitCode: 2,
		});
	});
});

test('a commit that the remote does not have is told as one', async () => {
	await expect(repository.fetchCommit('a'.repeat(40))).rejects.toThrow(
		/has no commit a{40}; check it, and that it has been pushed/,
	);
});
