import { type ApiCall, created, ok, type Router } from './api.ts';
import { changeContents, entryAt, entryView } from './contents.ts';
import type { GithubViews } from './github-views.ts';
import { commitOf, type Repository } from './model.ts';
import { listTree, readBlob, readCommit } from './objects.ts';
import { Refusal } from './refusal.ts';

/** Files by the API: read, write and delete, each write a commit guarded by the blob's id. */
export function addContentRoutes(router: Router, views: GithubViews): void {
	const commitAnswer = async (repository: Repository, path: string, sha: string) => {
		const entry = await entryAt(repository, sha, path);
		const commit = views.gitCommit(repository, await readCommit(repository.path, sha));
		return { content: entry ? entryView(entry) : null, commit };
	};
	router
		.on('GET', '/repos/:owner/:name/contents', (call) => read(call, ''))
		.on('GET', '/repos/:owner/:name/contents/*path', (call) => read(call, call.param('path')))
		.on('PUT', '/repos/:owner/:name/contents/*path', async (call) => {
			const repository = call.repository('write');
			const path = call.param('path');
			const content = Buffer.from(call.text('content') ?? '', 'base64');
			const sha = call.text('sha');
			const commit = await changeContents(call.model, repository, call.user, {
				...(await common(call, repository)),
				files: [{ path, content, operation: 'either', sha }],
			});
			const answer = await commitAnswer(repository, path, commit);
			return sha === undefined ? created(answer) : ok(answer);
		})
		.on('DELETE', '/repos/:owner/:name/contents/*path', async (call) => {
			const repository = call.repository('write');
			const path = call.param('path');
			const commit = await changeContents(call.model, repository, call.user, {
				...(await common(call, repository)),
				files: [{ path, content: null, operation: 'delete', sha: call.requiredText('sha') }],
			});
			return ok(await commitAnswer(repository, path, commit));
		});
}

async function common(call: ApiCall, repository: Repository) {
	const author = call.body.author as { name: string; email: string; date?: string } | undefined;
	return {
		branch: call.text('branch') ?? repository.defaultBranch,
		message: call.requiredText('message'),
		...(author && {
			author: {
				name: author.name,
				email: author.email,
				date: author.date === undefined ? call.model.now() : new Date(author.date),
			},
		}),
	};
}

async function read(call: ApiCall, path: string) {
	const repository = call.repository();
	const commit = await commitOf(repository, call.query.ref ?? repository.defaultBranch);
	const entry = path === '' ? undefined : await entryAt(repository, commit, path);
	if (path !== '' && entry === undefined) throw new Refusal('not-found', 'Not Found');
	if (entry === undefined || entry.type === 'tree') {
		const folder = path === '' ? '' : `${path}/`;
		return ok((await listTree(repository.path, commit, folder)).map(entryView));
	}
	const bytes = await readBlob(repository.path, entry.sha);
	if (/\braw\b/.test(call.record.headers.accept ?? '')) {
		return { status: 200, body: bytes, headers: { 'content-type': 'application/vnd.github.raw' } };
	}
	const content = bytes.toString('base64').replace(/.{60}/g, '$&\n');
	return ok({ ...entryView(entry), encoding: 'base64', content });
}
