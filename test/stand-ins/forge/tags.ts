import type { Signature } from '../git/bare-repository.ts';
import { git, tryGit } from '../git/git.ts';
import type { Repository } from './model.ts';
import { Refusal } from './refusal.ts';

/** An annotated tag's object. */
export interface Tag {
	readonly sha: string;
	readonly name: string;
	readonly message: string;
	readonly tagger: Signature;
	readonly object: { readonly sha: string; readonly type: string };
}

/** Writes a tag object and returns its id. The reference to it is the caller's next step. */
export async function writeTag(repository: Repository, tag: Omit<Tag, 'sha'>): Promise<string> {
	const { name, email, date } = tag.tagger;
	const text = [
		`object ${tag.object.sha}`,
		`type ${tag.object.type}`,
		`tag ${tag.name}`,
		`tagger ${name} <${email}> ${Math.floor(date.getTime() / 1000)} +0000`,
		'',
		`${tag.message.trimEnd()}\n`,
	].join('\n');
	const { code, stdout, stderr } = await tryGit(repository.path, ['mktag'], { input: text });
	if (code !== 0) throw new Refusal('invalid', stderr.trim(), 'object');
	return stdout.toString().trim();
}

/** Reads a tag object by its id. */
export async function readTag(repository: Repository, id: string): Promise<Tag> {
	const { code, stdout } = await tryGit(repository.path, ['cat-file', 'tag', id]);
	if (code !== 0) throw new Refusal('not-found', 'Not Found');
	const text = stdout.toString();
	const end = text.indexOf('\n\n');
	const head = text.slice(0, end);
	const field = (name: string) => new RegExp(`^${name} (.*)$`, 'm').exec(head)?.[1] ?? '';
	const [, name = '', email = '', seconds = '0'] = /^(.*) <(.*)> (\d+)/.exec(field('tagger')) ?? [];
	return {
		sha: await git(repository.path, ['rev-parse', '--verify', id]),
		name: field('tag'),
		message: text.slice(end + 2).replace(/\n$/, ''),
		tagger: { name, email, date: new Date(Number(seconds) * 1000) },
		object: { sha: field('object'), type: field('type') },
	};
}
