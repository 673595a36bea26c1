import { parseRemote } from '../../shared/git/remote.ts';
import { openRepository, type Repository } from '../../shared/git/repository.ts';
import { git } from '../stand-ins/git/git.ts';

export const author = { name: 'Bot', email: 'bot@example.com' };
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Makes a bare repository at `path`; returns its first commit. */
export async function layFirstCommit(path: string): Promise<string> {
	await git(path, ['init', '--quiet', '--bare', '-b', 'main']);
	const tree = await git(path, ['mktree'], { input: '' });
	const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
	const commit = await git(path, [...who, 'commit-tree', tree, '-m', 'First']);
	await git(path, ['update-ref', 'refs/heads/main', commit]);
	return commit;
}

/** The commit that is made on `parent` in these tests. */
export const commitOn = (parent: string) => ({
	parent,
	files: [{ path: 'a.txt', bytes: Buffer.from('a') }],
	message: 'Über\n\nbody\n',
});

/** Works on the repository at `path` with a key to sign with. */
export async function withSigningKey<T>(
	path: string,
	signingKey: string,
	work: (repository: Repository) => Promise<T>,
	variables: Record<string, string | undefined> = { PATH: process.env.PATH },
): Promise<T> {
	const repository = await openRepository({
		remote: parseRemote(path),
		credentials: {},
		author,
		signingKey,
		log: silent,
		signal: new AbortController().signal,
		variables,
		protect() {},
	});
	try {
		return await work(repository);
	} finally {
		await repository.close();
	}
}
