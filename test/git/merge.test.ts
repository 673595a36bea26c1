import { afterEach, beforeEach, expect, test } from 'vitest';
import { merge, mergeBase } from '../../shared/git/merge.ts';
import { parseRemote } from '../../shared/git/remote.ts';
import { openRepository, type Repository } from '../../shared/git/repository.ts';
import {
	fixtureSignature as author,
	createBareRepository,
	type FileChange,
	writeCommit,
} from '../stand-ins/git/bare-repository.ts';
import { git, tryGit } from '../stand-ins/git/git.ts';
import { type GitServer, startGitServer } from '../stand-ins/git/git-server.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const lines = (...changed: string[]) =>
	Array.from({ length: 9 }, (_, at) => `${changed[at] ?? `line ${at}`}\n`).join('');

let server: GitServer;
let path: string;
let repository: Repository;
let first: string;
beforeEach(async () => {
	server = await startGitServer();
	path = server.repositoryPath('acme/infra');
	await createBareRepository(path, {
		files: { 'a.yaml': lines(), 'b.yaml': 'b\n', 'run.sh': 'x\n', 'deep/c.yaml': 'c\n' },
	});
	first = await git(path, ['rev-parse', 'main']);
	repository = await openRepository({
		remote: parseRemote(server.cloneUrl('acme/infra')),
		credentials: {},
		author,
		log: silent,
		signal: new AbortController().signal,
		variables: { PATH: process.env.PATH },
		protect() {},
	});
});
afterEach(async () => {
	await repository.close();
	await server.close();
});

/** Commits on a branch, each with these changes. */
async function branch(name: string, ...changes: Record<string, FileChange>[]): Promise<string> {
	let tip = first;
	for (const files of changes)
		tip = await writeCommit(path, { parent: tip, files, message: name, author });
	await git(path, ['update-ref', `refs/heads/${name}`, tip]);
	return tip;
}

type Sides = readonly [ours: Record<string, FileChange>, theirs: Record<string, FileChange>];

test.each<[string, Sides]>([
	['nothing of ours', [{}, { 'b.yaml': 'new\n', 'new.yaml': 'x\n' }]],
	['other files', [{ 'b.yaml': 'ours\n' }, { 'deep/c.yaml': 'theirs\n' }]],
	[
		'other lines of a file',
		[
			{ 'a.yaml': lines('ours') },
			{ 'a.yaml': lines('line 0', 'line 1', 'line 2', 'line 3', 'line 4', 'theirs') },
		],
	],
	['the same line in the same way', [{ 'a.yaml': lines('same') }, { 'a.yaml': lines('same') }]],
	['the same line in two ways', [{ 'a.yaml': lines('ours') }, { 'a.yaml': lines('theirs') }]],
	['a file that is gone here', [{ 'b.yaml': null }, { 'b.yaml': 'theirs\n' }]],
	['a file that is gone there', [{ 'b.yaml': 'ours\n' }, { 'b.yaml': null }]],
	['a file that both took away', [{ 'b.yaml': null }, { 'b.yaml': null, 'a.yaml': lines('x') }]],
	['a file that both made', [{ 'new.yaml': 'ours\n' }, { 'new.yaml': 'theirs\n' }]],
	['a folder where we have a file', [{ new: 'file\n' }, { 'new/x.yaml': 'x\n' }]],
	['a file where we have a folder', [{ 'new/x.yaml': 'x\n' }, { new: 'file\n' }]],
	['bytes that are no text', [{ 'b.yaml': 'a\0b' }, { 'b.yaml': 'c\0d' }]],
])('of %s it makes what git itself makes', async (_, [ours, theirs]) => {
	const [our, their] = [await branch('ours', ours), await branch('theirs', theirs)];
	const git2 = await tryGit(path, ['merge-tree', '--write-tree', '--name-only', our, their]);
	const ancestor = await mergeBase(repository, our, their);
	expect(ancestor).toBe(first);
	const { files, conflicts } = await merge(repository, { ancestor, ours: our, theirs: their });
	expect(conflicts.length > 0).toBe(git2.code === 1);
	if (conflicts.length > 0) return;
	const commit = await repository.commit({ parent: our, merged: [their], files, message: 'm\n' });
	expect(await repository.git.text(['rev-parse', `${commit}^{tree}`])).toBe(
		git2.stdout.toString().trim(),
	);
	expect(await repository.git.text(['rev-parse', `${commit}^2`])).toBe(their);
});

test('modes, links and submodules come along as they are', async () => {
	const theirs = await writeCommit(path, {
		...{ parent: first, message: 'Odd', author },
		files: { 'run.sh': 'x\n', link: 'b.yaml' },
		executable: new Set(['run.sh']),
		symlinks: new Set(['link']),
	});
	const index = { GIT_INDEX_FILE: `${path}/odd-index` };
	await git(path, ['read-tree', theirs], { env: index });
	const entry = `160000,${'1'.repeat(40)},module`;
	await git(path, ['update-index', '--add', '--cacheinfo', entry], { env: index });
	const tree = await git(path, ['write-tree'], { env: index });
	const id = ['-c', 'user.name=x', '-c', 'user.email=x@x'];
	const odd = await git(path, [...id, 'commit-tree', '-p', first, '-m', 'Odd', tree]);
	await git(path, ['update-ref', 'refs/heads/theirs', odd]);
	const ours = await branch('ours', { 'a.yaml': lines('ours') });
	const { files } = await merge(repository, { ancestor: first, ours, theirs: odd });
	const commit = await repository.commit({ parent: ours, files, message: 'm\n' });
	const listed = await repository.git.text(['ls-tree', commit, 'link', 'module', 'run.sh']);
	expect(listed.split('\n').map((line) => line.split(' ')[0])).toEqual([
		...['120000', '160000', '100755'],
	]);
});

test('the commit that both began from is found however far below', async () => {
	const ours = await branch('ours', ...Array.from({ length: 60 }, (_, at) => ({ x: `${at}` })));
	const theirs = await branch('theirs', { 'b.yaml': 'theirs\n' });
	expect(await mergeBase(repository, ours, theirs)).toBe(first);
	expect(await mergeBase(repository, ours, first)).toBe(first);
});

test('histories that have nothing in common are told', async () => {
	const other = await writeCommit(path, {
		...{ parent: undefined, files: { x: 'x' }, message: 'Other', author },
	});
	await git(path, ['update-ref', 'refs/heads/other', other]);
	await expect(mergeBase(repository, first, other)).rejects.toThrow('have no commit in common');
});
