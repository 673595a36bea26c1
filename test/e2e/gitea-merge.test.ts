import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { giteaActions, type Values } from '../scenarios/fronts.ts';
import { runStep } from '../scenarios/run-step.ts';

const { url, adminUser, adminToken } = inject('gitea');
const unique = randomUUID().slice(0, 8);
const slug = `${adminUser}/merging-${unique}`;
const name = 'ghcr.io/acme/api';
const branch = 'promote/production-acme-api';
const manifest = (tag: number) =>
	`spec:\n  containers:\n    - {name: api, image: ${name}:${tag}}\n`;
let reviewerToken = '';

async function api<T>(method: string, path: string, body?: unknown, as = `token ${adminToken}`) {
	const response = await fetch(`${url}/api/v1${path}`, {
		method,
		headers: { authorization: as, 'content-type': 'application/json' },
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
	});
	const text = await response.text();
	if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
	return (text === '' ? undefined : JSON.parse(text)) as T;
}

interface Pull {
	number: number;
	merged: boolean;
	merge_commit_sha: string;
	head: { sha: string };
}

const pull = (number: number) => api<Pull>('GET', `/repos/${slug}/pulls/${number}`);
const approve = (number: number) =>
	api(
		'POST',
		`/repos/${slug}/pulls/${number}/reviews`,
		{ event: 'APPROVED', body: '' },
		`token ${reviewerToken}`,
	);
const tip = async (of = 'main') =>
	(await api<{ commit: { id: string } }>('GET', `/repos/${slug}/branches/${of}`)).commit.id;

const branches = async () =>
	(await api<{ name: string }[]>('GET', `/repos/${slug}/branches`)).map((one) => one.name);

async function until(holds: () => Promise<boolean>): Promise<void> {
	for (let look = 0; !(await holds().catch(() => false)); look++) {
		if (look > 150) throw new Error('it never came to that');
		await sleep(200);
	}
}

async function put(path: string, content: string): Promise<void> {
	const present = await api<{ sha: string }>('GET', `/repos/${slug}/contents/${path}`).catch(
		() => undefined,
	);
	await api(present ? 'PUT' : 'POST', `/repos/${slug}/contents/${path}`, {
		content: Buffer.from(content).toString('base64'),
		message: `Set ${path}`,
		...(present && { sha: present.sha }),
	});
}

function step(which: string, inputs: Values) {
	const situation = { server: url, repository: slug, commit: 'c'.repeat(40), branch: 'main' };
	const all = { repository: slug, token: adminToken, file: 'api.yaml', ...inputs };
	return runStep(which, giteaActions(situation, all));
}

const promote = (tag: number, inputs: Values = {}) =>
	step('promotion-pr', { image: `${name}:${tag}`, environment: 'production', ...inputs });
const bump = (inputs: Values) => step('bump-image', { image: name, ...inputs });

beforeAll(async () => {
	await api('POST', '/user/repos', {
		name: slug.split('/')[1],
		auto_init: true,
		default_branch: 'main',
	});
	await put('api.yaml', manifest(1));
	const reviewer = `reviewer-${unique}`;
	const password = randomUUID();
	await api('POST', '/admin/users', {
		username: reviewer,
		email: `${reviewer}@example.com`,
		password,
		must_change_password: false,
	});
	await api('PUT', `/repos/${slug}/collaborators/${reviewer}`, { permission: 'write' });
	const basic = `Basic ${Buffer.from(`${reviewer}:${password}`).toString('base64')}`;
	const made = await api<{ sha1: string }>(
		'POST',
		`/users/${reviewer}/tokens`,
		{ name: 'e2e', scopes: ['all'] },
		basic,
	);
	reviewerToken = made.sha1;
});

describe('on a real Gitea', () => {
	test('its API writes the commit of a bump, and the step tells that it is not signed', async () => {
		const before = await tip();
		const done = await bump({ tag: '2', verified: 'true' });
		expect(done.stdout).toContain('as verified');
		expect(done).toMatchObject({
			exitCode: 0,
			outputs: { changed: 'true', verified: 'false', commit: await tip() },
		});
		const { commit, parents } = await api<{
			commit: { message: string; author: { name: string } };
			parents: { sha: string }[];
		}>('GET', `/repos/${slug}/git/commits/${done.outputs.commit}`);
		expect(parents.map(({ sha }) => sha)).toEqual([before]);
		expect(commit.message).toContain(`\nLockstep-Image: ${name}:2`);
		expect(commit.author.name).toBe(adminUser);
		expect((await bump({ tag: '2', verified: 'true' })).outputs.changed).toBe('false');
		expect(await branches()).toEqual(['main']);
	});

	test('six at once by its API, on one file, lose nothing', async () => {
		const lines = Array.from({ length: 6 }, (_, n) => `k${n}: 0`).join('\n');
		await put('values.yaml', `${lines}\n`);
		const runs = await Promise.all(
			Array.from({ length: 6 }, (_, n) =>
				step('bump-image', { file: 'values.yaml', set: `k${n}=1`, verified: 'true' }),
			),
		);
		expect(runs.map(({ exitCode, stdout }) => (exitCode === 0 ? 0 : stdout))).toEqual(
			runs.map(() => 0),
		);
		const { content } = await api<{ content: string }>(
			'GET',
			`/repos/${slug}/contents/values.yaml`,
		);
		expect(Buffer.from(content, 'base64').toString()).toBe(`${lines.replaceAll(': 0', ': 1')}\n`);
		expect(await branches()).toEqual(['main']);
	});

	test('its comparison orders builds where git gets no answer', async () => {
		const first = await tip();
		await put('more.txt', 'more\n');
		const second = await tip();
		// Nothing listens there, so that git cannot ask; the CI tells where the forge's API is.
		const source = { 'source-repository': `ssh://git@127.0.0.1:1/${slug}`, 'log-level': 'debug' };
		expect((await bump({ ...source, tag: '4', 'source-commit': second })).outputs).toMatchObject({
			changed: 'true',
		});
		const late = await bump({ ...source, tag: '3', 'source-commit': first });
		expect(late.stdout).toContain(`The history of ssh://git@127.0.0.1:1/${slug} cannot be asked`);
		expect(late.outputs).toMatchObject({ changed: 'false', superseded: 'true' });
		const newer = await tip();
		expect((await bump({ ...source, tag: '5', 'source-commit': newer })).outputs).toMatchObject({
			changed: 'true',
		});
	});

	describe('with a protected base', () => {
		beforeAll(async () => {
			await api('POST', `/repos/${slug}/branch_protections`, {
				rule_name: 'main',
				enable_push: true,
				required_approvals: 1,
				enable_status_check: true,
				status_check_contexts: ['ci/test'],
			});
		});
		const report = async (of: string, state: string) =>
			api('POST', `/repos/${slug}/statuses/${of}`, { state, context: 'ci/test' });

		test.each([
			['squash', 10],
			['rebase', 11],
			['merge', 12],
		])(
			'its auto-merge by %s is planned and waited for; a second user approves',
			async (method, tag) => {
				const running = promote(tag, { 'auto-merge': method, wait: 'merged', timeout: '90s' });
				let number = 0;
				await until(async () => {
					const open = await api<Pull[]>('GET', `/repos/${slug}/pulls?state=open`);
					number = open[0]?.number ?? 0;
					return number !== 0;
				});
				const { head } = await pull(number);
				await report(head.sha, 'failure');
				await sleep(2500);
				expect((await pull(number)).merged).toBe(false);
				await approve(number);
				await report(head.sha, 'success');
				const { exitCode, outputs, stdout } = await running;
				expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
				expect(outputs).toMatchObject({
					operation: 'created',
					number: String(number),
					merged: 'true',
					'merge-commit': await tip(),
				});
				expect(stdout).toContain('waits for an approving review, the check ci/test, which');
				const commits = await api<{ commit: { message: string } }[]>(
					'GET',
					`/repos/${slug}/commits?sha=main&limit=3&stat=false&files=false`,
				);
				const messages = commits.map(({ commit }) => commit.message).join('\n');
				expect(messages).toContain(`Lockstep-Image: ${name}:${tag}`);
			},
		);

		test('what was merged is found by the next run', async () => {
			const again = await promote(12, { 'auto-merge': 'merge', wait: 'merged' });
			expect(again.outputs).toMatchObject({
				operation: 'none',
				merged: 'true',
				'merge-commit': await tip(),
			});
		});

		test('a newer image takes the place of the older in what is planned', async () => {
			const first = await promote(13, { 'auto-merge': 'squash' });
			expect(first).toMatchObject({ exitCode: 0, outputs: { merged: 'false' } });
			const number = Number(first.outputs.number);
			expect((await promote(13, { 'auto-merge': 'squash' })).outputs.operation).toBe('unchanged');
			expect(await promote(14, { 'auto-merge': 'squash' })).toMatchObject({
				exitCode: 0,
				outputs: { operation: 'updated', number: String(number) },
			});
			await report((await pull(number)).head.sha, 'success');
			await approve(number);
			await until(async () => (await pull(number)).merged);
			const { commit } = await api<{ commit: { message: string } }>(
				'GET',
				`/repos/${slug}/git/commits/${await tip()}`,
			);
			expect(commit.message).toMatch(/^Promote .* to 14 in production \(#\d+\)\n/);
			expect(commit.message).toContain(`Lockstep-Image: ${name}:14`);
		});

		test('a conflict with what the base got meanwhile is solved by making the edit anew', async () => {
			const running = promote(15, { 'auto-merge': 'squash', wait: 'merged', timeout: '90s' });
			await until(async () => (await tip(branch)) !== '');
			let number = 0;
			await until(async () => {
				const open = await api<Pull[]>('GET', `/repos/${slug}/pulls?state=open`);
				number = open[0]?.number ?? 0;
				return number !== 0;
			});
			const { head } = await pull(number);
			await put('api.yaml', `# ours\n${manifest(14).replace(':14', ':14.1')}`);
			await until(async () => (await tip(branch)) !== head.sha);
			await report(await tip(branch), 'success');
			await approve(number);
			expect(await running).toMatchObject({ exitCode: 0, outputs: { merged: 'true' } });
			const { content } = await api<{ content: string }>('GET', `/repos/${slug}/contents/api.yaml`);
			expect(Buffer.from(content, 'base64').toString()).toBe(`# ours\n${manifest(15)}`);
		});

		test('closed is an end for who waits for it, and an error for who waits for the merge', async () => {
			const running = promote(16, { wait: 'merged', timeout: '60s' });
			let number = 0;
			await until(async () => {
				const open = await api<Pull[]>('GET', `/repos/${slug}/pulls?state=open`);
				number = open[0]?.number ?? 0;
				return number !== 0;
			});
			await api('PATCH', `/repos/${slug}/pulls/${number}`, { state: 'closed' });
			const { exitCode, stdout } = await running;
			expect(exitCode).toBe(1);
			expect(stdout).toContain(`Pull request ${number} was closed without being merged`);
		});

		test('a bump by the API is told that the branch is protected', async () => {
			await api('PATCH', `/repos/${slug}/branch_protections/main`, { enable_push: false });
			const { exitCode, stdout } = await bump({ tag: '99', verified: 'true' });
			expect(stdout).toContain('the branch is protected: use promotion-pr');
			expect(exitCode).toBe(1);
		});
	});
});
