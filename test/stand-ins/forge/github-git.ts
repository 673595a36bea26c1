import { git, resolveObject, tryGit, zeroId } from '../git/git.ts';
import { type ApiCall, created, noContent, ok, type Router } from './api.ts';
import { type GithubViews, signatureView } from './github-views.ts';
import { listRefs, type Repository } from './model.ts';
import { readCommit } from './objects.ts';
import { Refusal } from './refusal.ts';

/** The git database: references by compare-and-swap, commits, annotated tags. */
export function addGitRoutes(router: Router, views: GithubViews): void {
	const view = async (repository: Repository, ref: string) => {
		const [found] = (await listRefs(repository, ref)).filter((candidate) => candidate.ref === ref);
		if (found === undefined) throw new Refusal('not-found', 'Not Found');
		return views.reference(repository, found.ref, found.sha, found.type);
	};
	router
		.on('GET', '/repos/:owner/:name/git/ref/*ref', async (call) =>
			ok(await view(call.repository(), `refs/${call.param('ref')}`)),
		)
		.on('GET', '/repos/:owner/:name/git/matching-refs/*ref', async (call) => {
			const repository = call.repository();
			const refs = await listRefs(repository, `refs/${call.param('ref')}`);
			return ok(refs.map(({ ref, sha, type }) => views.reference(repository, ref, sha, type)));
		})
		.on('POST', '/repos/:owner/:name/git/refs', async (call) => {
			const repository = call.repository('write');
			const ref = call.requiredText('ref');
			if (!/^refs\/[^/]+\/./.test(ref)) {
				throw new Refusal('invalid', 'Reference name must start with refs/', 'ref');
			}
			const sha = call.requiredText('sha');
			await call.model.moveRef(repository, ref, zeroId, sha, call.user);
			return created(await view(repository, ref));
		})
		.on('PATCH', '/repos/:owner/:name/git/refs/*ref', async (call) => {
			const repository = call.repository('write');
			const { ref, before } = await existingRef(call, repository);
			const force = call.flag('force');
			await call.model.moveRef(repository, ref, before, call.requiredText('sha'), call.user, {
				force,
			});
			return ok(await view(repository, ref));
		})
		.on('DELETE', '/repos/:owner/:name/git/refs/*ref', async (call) => {
			const repository = call.repository('write');
			const { ref, before } = await existingRef(call, repository);
			await call.model.moveRef(repository, ref, before, zeroId, call.user);
			return noContent;
		})
		.on('GET', '/repos/:owner/:name/git/commits/:sha', async (call) => {
			const repository = call.repository();
			const sha = await resolveObject(repository.path, `${call.param('sha')}^{commit}`);
			if (sha === undefined) throw new Refusal('not-found', 'Not Found');
			return ok(views.gitCommit(repository, await readCommit(repository.path, sha)));
		})
		.on('POST', '/repos/:owner/:name/git/tags', async (call) => {
			const repository = call.repository('write');
			return created(await tagObject(repository, await writeTag(call, repository)));
		})
		.on('GET', '/repos/:owner/:name/git/tags/:sha', async (call) =>
			ok(await tagObject(call.repository(), call.param('sha'))),
		);
}

async function existingRef(call: ApiCall, repository: Repository) {
	const ref = `refs/${call.param('ref')}`;
	const before = await resolveObject(repository.path, ref);
	if (before === undefined) throw new Refusal('invalid', 'Reference does not exist');
	return { ref, before };
}

/** Writes a tag object, as `POST git/tags` does: the reference to it is the caller's next step. */
async function writeTag(call: ApiCall, repository: Repository): Promise<string> {
	const object = call.requiredText('object');
	const type = call.text('type') ?? 'commit';
	const tagger = (call.body.tagger ?? {}) as { name?: string; email?: string; date?: string };
	const { name, email, date } = call.model.signature(call.user);
	const at = tagger.date === undefined ? date : new Date(tagger.date);
	const text = [
		`object ${object}`,
		`type ${type}`,
		`tag ${call.requiredText('tag')}`,
		`tagger ${tagger.name ?? name} <${tagger.email ?? email}> ${Math.floor(at.getTime() / 1000)} +0000`,
		'',
		`${call.requiredText('message').trimEnd()}\n`,
	].join('\n');
	const { code, stdout, stderr } = await tryGit(repository.path, ['mktag'], { input: text });
	if (code !== 0) throw new Refusal('invalid', stderr.trim(), 'object');
	return stdout.toString().trim();
}

export async function tagObject(repository: Repository, sha: string) {
	const { code, stdout } = await tryGit(repository.path, ['cat-file', 'tag', sha]);
	if (code !== 0) throw new Refusal('not-found', 'Not Found');
	const text = stdout.toString();
	const end = text.indexOf('\n\n');
	const field = (name: string) =>
		new RegExp(`^${name} (.*)$`, 'm').exec(text.slice(0, end))?.[1] ?? '';
	const [, name = '', email = '', seconds = '0'] = /^(.*) <(.*)> (\d+)/.exec(field('tagger')) ?? [];
	const full = await git(repository.path, ['rev-parse', sha]);
	return {
		sha: full,
		node_id: `TAG_${full}`,
		url: '',
		tag: field('tag'),
		message: text.slice(end + 2).replace(/\n$/, ''),
		tagger: signatureView({ name, email, date: new Date(Number(seconds) * 1000) }),
		object: { sha: field('object'), type: field('type'), url: '' },
		verification: { verified: false, reason: 'unsigned', signature: null, payload: null },
	};
}
