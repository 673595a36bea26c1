import { parseRemote, repositoryId } from '../../shared/git/remote.ts';
import {
	type BareRepositoryOptions,
	commitToBranch,
	fixtureSignature,
} from '../stand-ins/git/bare-repository.ts';
import { git } from '../stand-ins/git/git.ts';
import { Workspace } from '../stand-ins/git/workspace.ts';
import { manifest, name, type Promotion, qa } from './promotion.ts';

/** A commit of the application: its message, and who wrote it. */
export type Written = readonly [message: string, author: string];

/**
 * The application's repository beside production's, on the same forge: production has the
 * image of its first commit, and QA that of its last one, as their records tell.
 */
export class Source {
	readonly scene: Promotion;
	/** Full name on the forge. */
	readonly fullName: string;
	/** As the record names it. */
	readonly id: string;
	/** The commits, the oldest first. */
	readonly commits: readonly string[];

	constructor(scene: Promotion, fullName: string, id: string, commits: readonly string[]) {
		this.scene = scene;
		this.fullName = fullName;
		this.id = id;
		this.commits = commits;
	}

	static async make(
		scene: Promotion,
		written: readonly Written[],
		options: BareRepositoryOptions = {},
	): Promise<Source> {
		const { forge, on } = scene;
		const fullName = on.production.replace(/[^/]+$/, 'api');
		await forge.createRepository(fullName, { files: { 'n.txt': '0' }, ...options });
		const path = forge.repositoryPath(fullName);
		const commits = [await git(path, ['rev-parse', 'main'])];
		for (const [index, [message, author]] of written.entries()) {
			const by = { ...fixtureSignature, name: author };
			commits.push(await commitToBranch(path, 'main', { 'n.txt': `${index + 1}` }, message, by));
		}
		const id = repositoryId(parseRemote(on.cloneUrl(forge, fullName)));
		const source = new Source(scene, fullName, id, commits);
		await scene.commit('main', { 'other.yaml': 'a: 2\n' }, source.record(1, 0));
		await source.run(2, commits.length - 1);
		return source;
	}

	/** A commit's message that records an image built from the commit of this index. */
	record(tag: number, index: number): string {
		return `Bump api\n\nLockstep-Image: ${name}:${tag}\nLockstep-Source: ${this.id}@${this.commits[index]}\nLockstep-Environment: qa\nLockstep-Run: https://ci.example/runs/${tag}\n`;
	}

	/** Lets QA run an image, and its pipeline check that out. */
	async run(tag: number, index: number): Promise<void> {
		const path = this.scene.forge.repositoryPath(qa);
		const files = { 'api.yaml': manifest(`${name}:${tag}`), 'run.txt': `${tag} ${index}` };
		await commitToBranch(path, 'main', files, this.record(tag, index));
		await new Workspace(this.scene.workspace).git(['pull', '--quiet', 'origin', 'main']);
	}

	/** The part of the pull request's body that lists commits, line by line. */
	get block(): string[] {
		const [, block = ''] =
			/^### Commits\n\n([\s\S]*?)\n\n### Files$/m.exec(this.scene.pull.body) ?? [];
		return block.split('\n');
	}
}
