import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { connectForge } from '../../shared/forge/connect.ts';
import { giteaActions, type Values } from '../scenarios/fronts.ts';
import { runStep } from '../scenarios/run-step.ts';

const { url, adminUser, adminToken } = inject('gitea');
const unique = randomUUID().slice(0, 8);
const slug = `${adminUser}/promotion-${unique}`;
const name = 'ghcr.io/acme/api';
const branch = 'promote/production-acme-api';
const manifest = (tag: number) =>
	`spec:\n  containers:\n    - {name: api, image: ${name}:${tag}}\n`;

interface Pull {
	number: number;
	state: string;
	merged: boolean;
	title: string;
	body: string;
	head: { ref: string; sha: string };
	labels: { name: string }[];
	assignees: { login: string }[] | null;
	requested_reviewers: { login: string }[] | null;
}

async function api<T>(method: string, path: string, body?: unknown): Promise<T> {
	const response = await fetch(`${url}/api/v1${path}`, {
		method,
		headers: { authorization: `token ${adminToken}`, 'content-type': 'application/json' },
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
	});
	const text = await response.text();
	if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
	return (text === '' ? undefined : JSON.parse(text)) as T;
}

const pulls = () => api<Pull[]>('GET', `/repos/${slug}/pulls?state=all`);
const openPulls = () => api<Pull[]>('GET', `/repos/${slug}/pulls?state=open`);

function run(inputs: Values = {}) {
	const situation = { server: url, repository: slug, commit: 'c'.repeat(40), branch: 'main' };
	const all = {
		repository: slug,
		token: adminToken,
		file: 'api.yaml',
		image: `${name}:2`,
		environment: 'production',
		...inputs,
	};
	return runStep('promotion-pr', giteaActions(situation, all));
}

describe('promotion-pr on a real Gitea', () => {
	const reviewer = `reviewer-${unique}`;

	beforeAll(async () => {
		await api('POST', '/user/repos', {
			name: slug.split('/')[1],
			auto_init: true,
			default_branch: 'main',
		});
		const content = Buffer.from(manifest(1)).toString('base64');
		await api('POST', `/repos/${slug}/contents/api.yaml`, { content, message: 'Lay the manifest' });
		await api('POST', '/admin/users', {
			username: reviewer,
			email: `${reviewer}@example.com`,
			password: randomUUID(),
			must_change_password: false,
		});
		await api('PUT', `/repos/${slug}/collaborators/${reviewer}`, { permission: 'write' });
	});

	test('one pull request is opened with all that it is to have, and the same again writes nothing', async () => {
		const inputs = { labels: 'promotion', assignees: reviewer, reviewers: reviewer };
		const first = await run(inputs);
		expect(first).toMatchObject({ exitCode: 0, outputs: { operation: 'created', branch } });
		const [pull, ...more] = await pulls();
		expect(more).toEqual([]);
		expect(pull).toMatchObject({
			state: 'open',
			title: `Promote ${name} to 2 in production`,
			head: { ref: branch, sha: first.outputs.commit },
			labels: [{ name: 'promotion' }],
			assignees: [{ login: reviewer }],
			requested_reviewers: [{ login: reviewer }],
		});
		const again = await run(inputs);
		expect(again.outputs).toEqual({ ...first.outputs, operation: 'unchanged' });
		expect(await pulls()).toEqual([pull]);
	});

	test('newer images update it, and two at once leave one', async () => {
		for (const tag of [3, 4])
			expect(await run({ image: `${name}:${tag}` })).toMatchObject({
				exitCode: 0,
				outputs: { operation: 'updated', number: '1' },
			});
		const both = await Promise.all([run({ image: `${name}:5` }), run({ image: `${name}:5` })]);
		expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
		expect((await openPulls()).map(({ title }) => title)).toEqual([
			`Promote ${name} to 5 in production`,
		]);
	});

	test('twenty promotions in a row for one environment leave one open pull request', async () => {
		const before = (await pulls()).length;
		const tags = Array.from({ length: 20 }, (_, index) => 100 + index);
		for (const tag of tags)
			expect(await run({ image: `${name}:${tag}` })).toMatchObject({
				exitCode: 0,
				outputs: { operation: 'updated', number: '1', image: `${name}:${tag}` },
			});
		expect(await pulls()).toHaveLength(before);
		const [pull, ...more] = await openPulls();
		expect(more).toEqual([]);
		expect(pull?.title).toBe(`Promote ${name} to 119 in production`);
		const commits = await api<unknown[]>('GET', `/repos/${slug}/pulls/1/commits`);
		expect(commits).toHaveLength(1);
		await run({ image: `${name}:5` });
	}, 120_000);

	test('an older pull request on another branch is closed in favour of it', async () => {
		const old = { branch: 'promote/old', 'close-superseded': 'false', image: `${name}:4` };
		expect((await run(old)).outputs).toMatchObject({ operation: 'created', number: '2' });
		expect((await run({ image: `${name}:6` })).outputs.superseded).toBe('[2]');
		const comments = await api<{ body: string }[]>('GET', `/repos/${slug}/issues/2/comments`);
		expect(comments.map(({ body }) => body)).toEqual([
			`Closed in favour of #1, which promotes \`${name}:6\`.`,
		]);
		expect((await openPulls()).map(({ number }) => number)).toEqual([1]);
	});

	test('a draft is one by its title, and stays one', async () => {
		const draft = { branch: 'other/draft', environment: 'staging', draft: 'true' };
		await run(draft);
		expect((await run(draft)).outputs.operation).toBe('unchanged');
		await run({ ...draft, image: `${name}:7` });
		const [pull] = (await openPulls()).filter(({ head }) => head.ref === 'other/draft');
		expect(pull?.title).toBe(`WIP: Promote ${name} to 7 in staging`);
		await api('PATCH', `/repos/${slug}/pulls/${pull?.number}`, { state: 'closed' });
	});

	test('after a merge the next one is a new pull request', async () => {
		await api('POST', `/repos/${slug}/pulls/1/merge`, { do: 'squash' });
		expect((await run({ image: `${name}:6` })).outputs.operation).toBe('none');
		const next = await run({ image: `${name}:8` });
		expect(next).toMatchObject({ exitCode: 0, outputs: { operation: 'created' } });
		expect((await openPulls()).map(({ title }) => title)).toEqual([
			`Promote ${name} to 8 in production`,
		]);
	});

	test('somebody else’s commit is not thrown away', async () => {
		const content = Buffer.from('careful\n').toString('base64');
		await api('POST', `/repos/${slug}/contents/notes.md`, {
			content,
			branch,
			message: 'By a person',
			author: { name: 'Alice', email: 'alice@example.com' },
		});
		const { exitCode, stdout } = await run({ image: `${name}:9` });
		expect(exitCode).toBe(1);
		expect(stdout).toContain('has a commit that this step did not make');
	});

	test('it is closed when its base has the image', async () => {
		const file = await api<{ sha: string }>('GET', `/repos/${slug}/contents/api.yaml`);
		const content = Buffer.from(manifest(8)).toString('base64');
		await api('PUT', `/repos/${slug}/contents/api.yaml`, {
			content,
			sha: file.sha,
			message: 'Set it by hand',
		});
		expect((await run({ image: `${name}:8` })).outputs.operation).toBe('closed');
		expect(await openPulls()).toEqual([]);
	});
});

describe('promotion-pr with verified on a real Gitea', () => {
	const own = 'promote/verified-acme-api';
	const verified = (inputs: Values = {}) =>
		run({ verified: 'true', environment: 'verified', ...inputs });

	test('the forge makes the commit, and the pull request stays open while its image changes', async () => {
		const first = await verified();
		expect(first, first.stdout).toMatchObject({ exitCode: 0, outputs: { operation: 'created' } });
		const newer = await verified({ image: `${name}:3` });
		expect(newer, newer.stdout).toMatchObject({
			exitCode: 0,
			outputs: { operation: 'updated', number: first.outputs.number },
		});
		expect((await verified({ image: `${name}:3` })).outputs).toMatchObject({
			operation: 'unchanged',
			commit: newer.outputs.commit,
		});
		const [pull] = (await openPulls()).filter(({ head }) => head.ref === own);
		expect(pull).toMatchObject({ state: 'open', head: { sha: newer.outputs.commit } });
		const branches = await api<{ name: string }[]>('GET', `/repos/${slug}/branches`);
		expect(branches.filter(({ name }) => name.endsWith('.next'))).toEqual([]);
		const base = await api<{ commit: { id: string } }>('GET', `/repos/${slug}/branches/main`);
		const commit = await api<{ parents: { sha: string }[]; author: { login: string } }>(
			'GET',
			`/repos/${slug}/git/commits/${newer.outputs.commit}`,
		);
		expect(commit.parents.map(({ sha }) => sha)).toEqual([base.commit.id]);
		expect(commit.author.login).toBe(adminUser);
	});

	test('five at once leave one pull request with one commit', async () => {
		const runs = await Promise.all(
			Array.from({ length: 5 }, (_, n) =>
				verified({ environment: 'at-once', 'outputs-dir': `.out-${n}` }),
			),
		);
		expect(runs.map(({ exitCode, stdout }) => (exitCode === 0 ? 0 : stdout))).toEqual(
			runs.map(() => 0),
		);
		const open = (await openPulls()).filter(({ head }) => head.ref.includes('at-once'));
		expect(open).toHaveLength(1);
	});
});

describe('what a pull request tells on a real Gitea', () => {
	const infra = `${adminUser}/body-${unique}`;
	const source = `${adminUser}/app-${unique}`;
	const host = new URL(url).host;
	const commits: string[] = [];

	async function write(repository: string, path: string, text: string, message: string) {
		const content = Buffer.from(text).toString('base64');
		const at = `/repos/${repository}/contents/${path}`;
		const present = await api<{ sha: string } | undefined>('GET', at).catch(() => undefined);
		const author = { name: 'Carol', email: 'carol@example.com' };
		const method = present === undefined ? 'POST' : 'PUT';
		const body = { content, message, author, ...(present && { sha: present.sha }) };
		return (await api<{ commit: { sha: string } }>(method, at, body)).commit.sha;
	}
	const record = (tag: number, commit = '') =>
		`Bump\n\nLockstep-Image: ${name}:${tag}\nLockstep-Source: ${host}/${source}@${commit}`;
	const propose = (tag: number, commit = '') =>
		run({
			...{ repository: infra, image: `${name}:${tag}`, 'source-commit': commit },
			'source-repository': `${url}/${source}.git`,
		});

	beforeAll(async () => {
		for (const repository of [infra, source]) {
			const [, short] = repository.split('/');
			await api('POST', '/user/repos', { name: short, auto_init: true, default_branch: 'main' });
		}
		for (const message of ['Begin', 'Add a cart', `fixes #1 for @${adminUser} <b>now</b>`])
			commits.push(await write(source, 'a.txt', message, message));
		await write(infra, 'api.yaml', manifest(1), record(1, commits[0]));
	});

	test('the commits of the source stand in the body, linked, and mention nobody', async () => {
		const first = await propose(2, commits[2]);
		expect(first).toMatchObject({ exitCode: 0, outputs: { operation: 'created' } });
		const { body } = await api<Pull>('GET', `/repos/${infra}/pulls/1`);
		const [from, middle = '', to = ''] = commits;
		const page = `${url}/${source}`;
		expect(body).toContain(
			[
				`[2 commits](${page}/compare/${from}...${to}) of \`${source}\`, by Carol:`,
				'',
				`- [\`${to.slice(0, 7)}\`](${page}/commit/${to}) fixes #\u20601 for @\u2060${adminUser} &lt;b\\>now&lt;/b\\> (Carol)`,
				`- [\`${middle.slice(0, 7)}\`](${page}/commit/${middle}) Add a cart (Carol)`,
			].join('\n'),
		);
		for (const address of [`/compare/${from}...${to}`, `/commit/${to}`]) {
			const headers = { authorization: `token ${adminToken}` };
			expect((await fetch(`${page}${address}`, { headers })).status).toBe(200);
		}
		const markup = { Text: body, Mode: 'comment', Context: `${url}/${infra}` };
		const html = await fetch(`${url}/api/v1/markdown`, {
			method: 'POST',
			headers: { authorization: `token ${adminToken}`, 'content-type': 'application/json' },
			body: JSON.stringify(markup),
		}).then((answer) => answer.text());
		const list = html.slice(html.indexOf('Commits</h3>'), html.indexOf('Files</h3>'));
		expect(list).toContain('Add a cart');
		expect(list).not.toMatch(/<b>|class="mention"|class="ref-issue"/);
		expect((await propose(2, commits[2])).outputs.operation).toBe('unchanged');
	});

	test('its button to update the branch leaves the branch the step’s own', async () => {
		await write(infra, 'other.txt', 'a', 'Something else');
		await api('POST', `/repos/${infra}/pulls/1/update?style=merge`);
		const { head } = await api<Pull>('GET', `/repos/${infra}/pulls/1`);
		const again = await propose(2, commits[2]);
		expect(again.outputs).toMatchObject({ operation: 'unchanged', commit: head.sha });
		expect(await propose(3, commits[2])).toMatchObject({
			exitCode: 0,
			outputs: { operation: 'updated', number: '1' },
		});
	});

	test('a commit takes a status of a run, and the next one in its place', async () => {
		const silent = () => undefined;
		const forge = await connectForge('gitea', {
			apiUrl: `${url}/api/v1`,
			repository: { owner: adminUser, name: source.split('/')[1] ?? '' },
			token: adminToken,
			tls: {},
			environment: {},
			log: { debug: silent, info: silent, warn: silent, error: silent },
			signal: new AbortController().signal,
		});
		const [commit = ''] = commits;
		const status = { commit, context: 'lockstep/qa', description: 'x', runUrl: `${url}/run/1` };
		for (const state of ['running', 'failure', 'success'] as const)
			await forge.writeStatus?.({ ...status, state });
		await forge.close();
		const { state, statuses } = await api<{ state: string; statuses: object[] }>(
			'GET',
			`/repos/${source}/commits/${commit}/status`,
		);
		expect(state).toBe('success');
		expect(statuses).toMatchObject([{ context: 'lockstep/qa', target_url: status.runUrl }]);
	});
});

describe('tag-source on a real Gitea', () => {
	test('a tag is written once, replaced by force, and refused for a commit that is not there', async () => {
		const { commit } = await api<{ commit: { id: string } }>('GET', `/repos/${slug}/branches/main`);
		const situation = { server: url, repository: slug, commit: commit.id, tag: '1.4.0' };
		const tag = (inputs: Values = {}) =>
			runStep(
				'tag-source',
				giteaActions(situation, {
					token: adminToken,
					kind: 'deploy',
					environment: 'qa',
					...inputs,
				}),
			);
		const first = await tag();
		expect(first).toMatchObject({
			exitCode: 0,
			outputs: { tag: 'deploy/qa/1.4.0', created: 'true' },
		});
		expect((await tag()).outputs).toEqual({ ...first.outputs, created: 'false' });
		expect((await tag({ info: 'a=b' })).exitCode).toBe(1);
		expect(await tag({ info: 'a=b', force: 'true' })).toMatchObject({
			outputs: { created: 'true' },
		});
		const missing = await tag({ commit: 'e'.repeat(40) });
		expect(missing.exitCode).toBe(1);
		expect(missing.stdout).toContain(`has no commit ${'e'.repeat(40)}`);
	});
});
