import { resolveObject, zeroId } from '../git/git.ts';
import { type ApiCall, created, noContent, ok, type Router } from './api.ts';
import type { GithubViews } from './github-views.ts';
import { listRefs, type Repository } from './model.ts';
import { readCommit } from './objects.ts';
import { Refusal } from './refusal.ts';
import { readTag, writeTag } from './tags.ts';

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
			const given = (call.body.tagger ?? {}) as { name?: string; email?: string; date?: string };
			const { name, email, date } = call.model.signature(call.user);
			const id = await writeTag(repository, {
				name: call.requiredText('tag'),
				message: call.requiredText('message'),
				object: { sha: call.requiredText('object'), type: call.text('type') ?? 'commit' },
				tagger: {
					name: given.name ?? name,
					email: given.email ?? email,
					date: given.date === undefined ? date : new Date(given.date),
				},
			});
			return created(views.tag(repository, await readTag(repository, id)));
		})
		.on('GET', '/repos/:owner/:name/git/tags/:sha', async (call) => {
			const repository = call.repository();
			return ok(views.tag(repository, await readTag(repository, call.param('sha'))));
		});
}

async function existingRef(call: ApiCall, repository: Repository) {
	const ref = `refs/${call.param('ref')}`;
	const before = await resolveObject(repository.path, ref);
	if (before === undefined) throw new Refusal('invalid', 'Reference does not exist');
	return { ref, before };
}
