import { badInput, Failure } from '../../shared/failure/failure.ts';
import type { Repository } from '../../shared/git/repository.ts';
import { type Content, readContent } from './content.ts';

/** A tag as the remote has it. */
export interface PresentTag {
	/** What its ref names: an annotated tag's own object, or the commit. */
	readonly object: string;
	/** What it stands on in the end. */
	readonly commit: string;
	/** Undefined for a tag that this step did not write. */
	readonly content: Content | undefined;
}

/** One commit without its tree: a tag needs no more. */
const bare = ['--depth=1', '--filter=tree:0'];

/**
 * Fetches a commit so far that a tag can be put on it.
 * @param commit - its full name, or that of an annotated tag on it, which some CIs give as the
 * commit of a push of that tag
 * @returns the commit's full name
 * @throws Failure where the remote has no such commit; bad input for the name of a tree or file.
 */
export async function fetchToTag(
	repository: Repository,
	commit: string,
	inputName: string,
): Promise<string> {
	const { code } = await repository.transport.fetch([...bare, '--', 'origin', commit], (said) =>
		/not our ref|no such remote ref|unadvertised object/i.test(said),
	);
	if (code !== 0)
		throw new Failure(
			`${repository.remote.url} has no commit ${commit}; check ${inputName}, and that it has been pushed`,
		);
	const peeled = await repository.git.text(['rev-parse', '--verify', `${commit}^{}`]);
	const type = await repository.git.text(['cat-file', '-t', peeled]);
	if (type !== 'commit')
		throw badInput(`${inputName}: ${commit} is the name of a ${type}; give that of a commit`);
	return peeled;
}

/** The remote's tag of this name, or undefined where there is none. */
export async function fetchTag(
	repository: Repository,
	name: string,
): Promise<PresentTag | undefined> {
	const ref = `refs/tags/${name}`;
	const object = (await repository.remoteRefs(ref)).get(ref);
	if (object === undefined) return undefined;
	const local = 'refs/lockstep/present';
	const { code } = await repository.transport.fetch(
		[...bare, '--', 'origin', `+${ref}:${local}`],
		(said) => /couldn't find remote ref/i.test(said),
	);
	if (code !== 0) return undefined;
	const present = await repository.git.text(['rev-parse', '--verify', local]);
	const commit = await repository.git.text(['rev-parse', '--verify', `${local}^{}`]);
	const isAnnotated = (await repository.git.text(['cat-file', '-t', present])) === 'tag';
	return {
		object: present,
		commit,
		content: isAnnotated ? readContent(await messageOf(repository, present)) : undefined,
	};
}

async function messageOf({ git }: Repository, tag: string): Promise<string> {
	const content = (await git.run(['cat-file', 'tag', tag])).toString();
	return content.slice(content.indexOf('\n\n') + 2);
}
