import { git, resolveCommit, resolveObject, zeroId } from '../git/git.ts';
import { type ApiCall, created, list, noContent, ok, type Router } from './api.ts';
import { changeContents, entryAt, entryView, type FileEdit } from './contents.ts';
import type { GiteaViews } from './gitea-views.ts';
import { mergePlanned } from './merge.ts';
import { commitOf, listRefs, type Repository } from './model.ts';
import { listTree, readBlob, readCommit, readCommits } from './objects.ts';
import { Refusal } from './refusal.ts';
import { addStatus, combinedState } from './statuses.ts';
import { readTag, writeTag } from './tags.ts';

const base = '/repos/:owner/:name';

/** Gitea's users, repositories, branches, tags, files, commits, statuses and labels. */
export function addGiteaRepositoryRoutes(router: Router, views: GiteaViews): void {
	router
		.on('GET', '/version', () => ok({ version: '1.26.0' }))
		.on('GET', '/user', (call) => ok(views.user(call.user.name)))
		.on('GET', base, (call) => {
			const repository = call.repository();
			return ok(
				views.repository(repository, call.record.user === undefined ? undefined : call.user),
			);
		})
		.on('GET', `${base}/labels`, (call) => list([...call.repository().labels.values()]))
		.on('POST', `${base}/labels`, (call) => {
			const repository = call.repository('write');
			const color = call.requiredText('color').replace(/^#/, '');
			const description = call.text('description') ?? '';
			return created(repository.ensureLabel(call.requiredText('name'), color, description));
		});
	addBranchRoutes(router, views);
	addTagRoutes(router, views);
	addFileRoutes(router, views);
	addCommitRoutes(router, views);
}

function addBranchRoutes(router: Router, views: GiteaViews): void {
	const branchView = async (repository: Repository, name: string) => {
		const tip = await repository.branchTip(name);
		if (tip === undefined) throw new Refusal('not-found', 'Not Found');
		return views.branch(repository, name, await readCommit(repository.path, tip));
	};
	router
		.on('GET', `${base}/branches`, async (call) => {
			const repository = call.repository();
			const refs = await listRefs(repository, 'refs/heads/');
			const shown = refs.map(({ ref }) => branchView(repository, ref.slice('refs/heads/'.length)));
			return list(await Promise.all(shown));
		})
		.on('GET', `${base}/branches/*branch`, async (call) =>
			ok(await branchView(call.repository(), call.param('branch'))),
		)
		.on('POST', `${base}/branches`, async (call) => {
			const repository = call.repository('write');
			const name = call.requiredText('new_branch_name');
			const from = call.text('old_ref_name') ?? call.text('old_branch_name');
			const start = await commitOf(repository, from ?? repository.defaultBranch);
			await call.model.moveRef(repository, `refs/heads/${name}`, zeroId, start, call.user);
			return created(await branchView(repository, name));
		})
		// Moves a branch from the commit that the caller saw to another: a compare-and-swap.
		.on('PUT', `${base}/branches/*branch`, async (call) => {
			const repository = call.repository('write');
			const ref = `refs/heads/${call.param('branch')}`;
			const target = call.requiredText('new_commit_id');
			const before = call.requiredText('old_commit_id');
			const force = call.flag('force');
			await call.model.moveRef(repository, ref, before, target, call.user, { force });
			return noContent;
		})
		.on('DELETE', `${base}/branches/*branch`, async (call) => {
			const repository = call.repository('write');
			const tip = await repository.branchTip(call.param('branch'));
			if (tip === undefined) throw new Refusal('not-found', 'Not Found');
			const ref = `refs/heads/${call.param('branch')}`;
			await call.model.moveRef(repository, ref, tip, zeroId, call.user);
			return noContent;
		})
		.on('GET', `${base}/git/refs/*ref`, async (call) => {
			const repository = call.repository();
			const refs = await listRefs(repository, `refs/${call.param('ref')}`);
			if (refs.length === 0) throw new Refusal('not-found', 'Not Found');
			return ok(
				refs.map(({ ref, sha, type }) => ({ ref, url: '', object: { sha, type, url: '' } })),
			);
		});
}

function addTagRoutes(router: Router, views: GiteaViews): void {
	const tagView = async (repository: Repository, name: string) => {
		const id = await resolveObject(repository.path, `refs/tags/${name}`);
		if (id === undefined) throw new Refusal('not-found', 'Not Found');
		const isAnnotated = (await git(repository.path, ['cat-file', '-t', id])) === 'tag';
		const message = isAnnotated ? (await readTag(repository, id)).message : '';
		const sha = await resolveCommit(repository.path, id);
		return { name, id, message, commit: { sha, url: '' } };
	};
	router
		.on('GET', `${base}/tags`, async (call) => {
			const repository = call.repository();
			const refs = await listRefs(repository, 'refs/tags/');
			const shown = refs.map(({ ref }) => tagView(repository, ref.slice('refs/tags/'.length)));
			return list(await Promise.all(shown));
		})
		.on('GET', `${base}/tags/*tag`, async (call) =>
			ok(await tagView(call.repository(), call.param('tag'))),
		)
		// With a message the tag is annotated: tag object and reference in one call.
		.on('POST', `${base}/tags`, async (call) => {
			const repository = call.repository('write');
			const name = call.requiredText('tag_name');
			const target = await commitOf(repository, call.text('target') ?? repository.defaultBranch);
			const message = call.text('message') ?? '';
			const tagger = call.model.signature(call.user);
			const tag = { name, message, tagger, object: { sha: target, type: 'commit' } };
			const object = message === '' ? target : await writeTag(repository, tag);
			await call.model.moveRef(repository, `refs/tags/${name}`, zeroId, object, call.user);
			return created(await tagView(repository, name));
		})
		.on('GET', `${base}/git/tags/:sha`, async (call) => {
			const repository = call.repository();
			return ok(views.tag(repository, await readTag(repository, call.param('sha'))));
		});
}

function addFileRoutes(router: Router, views: GiteaViews): void {
	const change = async (call: ApiCall, files: FileEdit[]) => {
		const repository = call.repository('write');
		const sha = await changeContents(call.model, repository, call.user, {
			branch: call.text('branch') ?? repository.defaultBranch,
			newBranch: call.text('new_branch'),
			force: call.flag('force_push'),
			signed: call.model.giteaSigns,
			message: call.text('message') ?? `Change ${files.map(({ path }) => path).join(', ')}`,
			files,
		});
		const entries = await Promise.all(files.map(({ path }) => entryAt(repository, sha, path)));
		const contents = entries.map((entry) => (entry ? entryView(entry) : null));
		const commit = views.gitCommit(repository, await readCommit(repository.path, sha));
		return { contents, commit };
	};
	const single = async (call: ApiCall, operation: 'create' | 'update' | 'delete') => {
		const content =
			operation === 'delete' ? null : Buffer.from(call.text('content') ?? '', 'base64');
		const sha = call.text('sha');
		const { contents, commit } = await change(call, [
			{ path: call.param('path'), content, operation, sha },
		]);
		return { content: contents[0], commit };
	};
	router
		.on('GET', `${base}/contents/*path`, async (call) => {
			const repository = call.repository();
			const path = call.param('path');
			const commit = await commitOf(repository, call.query.ref ?? repository.defaultBranch);
			const entry = await entryAt(repository, commit, path);
			if (entry === undefined) throw new Refusal('not-found', 'Not Found');
			if (entry.type === 'tree') {
				return ok((await listTree(repository.path, commit, `${path}/`)).map(entryView));
			}
			const content = (await readBlob(repository.path, entry.sha)).toString('base64');
			return ok({ ...entryView(entry), encoding: 'base64', content });
		})
		// Several files in one commit.
		.on('POST', `${base}/contents`, async (call) => {
			const { contents, commit } = await change(call, fileEdits(call.body.files));
			return created({ files: contents, commit });
		})
		.on('POST', `${base}/contents/*path`, async (call) => created(await single(call, 'create')))
		.on('PUT', `${base}/contents/*path`, async (call) => ok(await single(call, 'update')))
		.on('DELETE', `${base}/contents/*path`, async (call) => ok(await single(call, 'delete')));
}

function fileEdits(value: unknown): FileEdit[] {
	if (!Array.isArray(value)) throw new Refusal('invalid', 'files is not a list');
	return value.map((file: Record<string, string | undefined>) => {
		const operation = file.operation;
		if (operation !== 'create' && operation !== 'update' && operation !== 'delete') {
			throw new Refusal('invalid', `${operation} is no operation`);
		}
		const content = operation === 'delete' ? null : Buffer.from(file.content ?? '', 'base64');
		return { path: file.path ?? '', content, operation, sha: file.sha };
	});
}

function addCommitRoutes(router: Router, views: GiteaViews): void {
	router
		.on('GET', `${base}/commits`, async (call) => {
			const repository = call.repository();
			const start = await commitOf(repository, call.query.sha ?? repository.defaultBranch);
			const paths = call.query.path === undefined ? [] : ['--', call.query.path];
			const commits = await readCommits(repository.path, [start, ...paths]);
			return list(commits.map((commit) => views.commit(repository, commit)));
		})
		.on('GET', `${base}/git/commits/*ref`, async (call) => {
			const repository = call.repository();
			const commit = await readCommit(
				repository.path,
				await commitOf(repository, call.param('ref')),
			);
			return ok(views.commit(repository, commit));
		})
		.on('GET', `${base}/compare/*range`, async (call) => {
			const repository = call.repository();
			const [from = '', to = ''] = call.param('range').split('...');
			const range = `${await commitOf(repository, from)}..${await commitOf(repository, to)}`;
			const commits = await readCommits(repository.path, [range]);
			const shown = commits.map((commit) => views.commit(repository, commit));
			return ok({ total_commits: commits.length, commits: shown });
		})
		.on('POST', `${base}/statuses/:sha`, async (call) => {
			const repository = call.repository('write');
			const sha = await commitOf(repository, call.param('sha'));
			const status = addStatus(call.model, repository, call.user, sha, call.newStatus());
			await mergePlanned(call.model, repository);
			return created(views.status(repository, sha, status));
		})
		.on('GET', `${base}/commits/*ref/status`, async (call) => {
			const repository = call.repository();
			const sha = await commitOf(repository, call.param('ref'));
			const latest = repository.latestStatuses(sha);
			const statuses = latest.map((status) => views.status(repository, sha, status));
			const state = combinedState(latest.map((status) => status.state));
			return ok({ sha, state, total_count: latest.length, statuses });
		});
}
