import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commitToBranch as pushBehindTheBack } from '../stand-ins/git/bare-repository.ts';
import type { RecordedRequest } from '../stand-ins/git/exchange.ts';
import { deployment, Infra, repository } from './infra.ts';

const image = 'ghcr.io/acme/api';
/** Of one that nothing goes wrong with; bump-image.test.ts names each. */
const requestsOfBump = 7;
let infra: Infra;
beforeEach(async () => {
	infra = await Infra.start({
		'apps/api.yaml': deployment(`${image}:v1`),
		'apps/web.yaml': deployment('ghcr.io/acme/web:v1', 'web'),
	});
});
afterEach(() => infra.close());

/** What a process has started, and what that has started, as far as it still runs. */
function childrenOf(pid: number): number[] {
	const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
	return children
		.filter((id) => id !== '')
		.flatMap((id) => [Number(id), ...childrenOf(Number(id))]);
}

const isPush = ({ path }: RecordedRequest) => path.endsWith('/git-receive-pack');
const asksToPush = ({ query }: RecordedRequest) => query.service === 'git-receive-pack';
const other = (files: Record<string, string>, message: string) =>
	pushBehindTheBack(infra.server.repositoryPath(repository), 'main', files, message);

describe('a lost race', () => {
	test.each([
		['before the push begins', asksToPush],
		['while the push is under way', isPush],
	])('%s: the edit is applied to what the other pushed', async (_, at) => {
		let raced = false;
		infra.server.onRequest = async (request) => {
			if (raced || !at(request)) return undefined;
			raced = true;
			const theirs = `${deployment(`${image}:v1`)}\n# another line\n`;
			await other({ 'apps/api.yaml': theirs }, 'Their edit of the same file');
			return undefined;
		};
		const run = await infra.bump();
		expect(run).toMatchObject({ exitCode: 0, outputs: { changed: 'true', attempts: '2' } });
		expect(run.stderr).toContain('Somebody else pushed to main meanwhile');
		expect(await infra.subjects()).toEqual([
			`Bump ${image} to v2`,
			'Their edit of the same file',
			'Lay the first files',
		]);
		expect(`${await infra.file('apps/api.yaml')}\n`).toBe(
			`${deployment(`${image}:v2`)}\n# another line\n`,
		);
	});

	test('to somebody who wrote the same: nothing is left to do', async () => {
		let raced = false;
		infra.server.onRequest = async (request) => {
			if (raced || !isPush(request)) return undefined;
			raced = true;
			await other({ 'apps/api.yaml': deployment(`${image}:v2`) }, 'The same edit');
			return undefined;
		};
		expect(await infra.bump()).toMatchObject({ exitCode: 0, outputs: { changed: 'false' } });
		expect(await infra.subjects()).toEqual(['The same edit', 'Lay the first files']);
	});

	test('without end: exit code 3 when the time for it is over', async () => {
		let count = 0;
		infra.server.onRequest = async (request) => {
			if (isPush(request)) await other({ 'other.txt': `${count}` }, `Their commit ${count++}`);
			return undefined;
		};
		const run = await infra.bump({ 'push-timeout': '1s' });
		expect(run.exitCode).toBe(3);
		expect(run.stderr).toMatch(
			/Others pushed to main of \S+ faster than this step for \d+ attempts/,
		);
		expect(await infra.file('apps/api.yaml')).toBe(deployment(`${image}:v1`));
	});

	// Fifty at once, in files of their own too: test/e2e/many-at-once.test.ts.
	test('among eight processes at once in one file: each edit stands in its own commit', async () => {
		const images = Array.from({ length: 8 }, (_, index) => `ghcr.io/acme/svc${index}`);
		const laid = images.map((name) => `---\n${deployment(`${name}:v1`)}\n`).join('');
		await other({ 'svc.yaml': laid }, 'Add the services');
		const runs = await Promise.all(
			images.map((name) => infra.bump({ file: 'svc.yaml', image: name })),
		);
		expect(runs.map(({ exitCode }) => exitCode)).toEqual(images.map(() => 0));
		const subjects = await infra.subjects();
		expect(subjects.slice(0, -2).sort()).toEqual(images.map((name) => `Bump ${name} to v2`).sort());
		expect(subjects.slice(-2)).toEqual(['Add the services', 'Lay the first files']);
		expect(`${await infra.file('svc.yaml')}\n`).toBe(laid.replaceAll(':v1 ', ':v2 '));
	}, 120_000);
});

describe('a server that is unwell', () => {
	test.each([
		['500', { kind: 'status', status: 500 }],
		['502', { kind: 'status', status: 502 }],
		['429', { kind: 'status', status: 429, headers: { 'retry-after': '1' } }],
		['a reset', { kind: 'reset', when: 'before' }],
		['a reset after the work was done', { kind: 'reset', when: 'after' }],
		['an answer that is cut off', { kind: 'truncate', after: 20 }],
	] as const)(
		'%s at each request in turn ends in one commit',
		async (_, fault) => {
			for (let broken = 1; broken <= requestsOfBump; broken++) {
				let seen = 0;
				infra.server.onRequest = () => (++seen === broken ? fault : undefined);
				const before = (await infra.subjects()).length;
				const run = await infra.bump({ tag: `v${broken + 1}` });
				expect(run, `request ${broken}: ${run.stderr}`).toMatchObject({
					exitCode: 0,
					outputs: { changed: 'true', commit: await infra.git('rev-parse', 'main') },
				});
				expect((await infra.subjects()).length).toBe(before + 1);
				expect(await infra.file('apps/api.yaml')).toBe(deployment(`${image}:v${broken + 1}`));
			}
		},
		120_000,
	);

	test('whose answer is lost while somebody pushes on top: the commit is found below', async () => {
		infra.server.onRequest = (request) =>
			isPush(request) ? { kind: 'reset', when: 'after' } : undefined;
		infra.server.onPush(() => {
			infra.server.onRequest = async () => {
				infra.server.onRequest = undefined;
				await other({ 'other.txt': 'x' }, 'On top');
				return undefined;
			};
		});
		const run = await infra.bump();
		expect(run, run.stderr).toMatchObject({ exitCode: 0, outputs: { changed: 'true' } });
		expect(run.outputs.commit).toBe(await infra.git('rev-parse', 'main~'));
		expect(await infra.subjects()).toEqual([
			'On top',
			`Bump ${image} to v2`,
			'Lay the first files',
		]);
	});

	test('that falls silent at each request in turn: exit code 3, and the next run completes it', async () => {
		for (let silent = 1; silent <= requestsOfBump; silent++) {
			const before = await infra.subjects();
			const tag = `v${silent + 1}`;
			let seen = 0;
			infra.server.onRequest = () => (++seen === silent ? { kind: 'stall' } : undefined);
			const run = await infra.bump({ tag, timeout: '3s' });
			expect(run, `request ${silent}`).toMatchObject({ exitCode: 3 });
			expect(run.stderr).toContain('Not done within 3 s');
			infra.server.onRequest = undefined;
			expect(await infra.bump({ tag })).toMatchObject({ exitCode: 0 });
			expect(await infra.subjects()).toEqual([`Bump ${image} to ${tag}`, ...before]);
		}
	}, 120_000);

	test('that never gets well: exit code 1, with what it says', async () => {
		infra.server.onRequest = (request) =>
			asksToPush(request) ? { kind: 'status', status: 503 } : undefined;
		const run = await infra.bump({ 'push-timeout': '1s' });
		expect(run.exitCode).toBe(1);
		expect(run.stderr).toContain('The requested URL returned error: 503');
	});
});

describe.each([
	['alone', (pid: number) => [pid]],
	['with the git that it started', (pid: number) => [pid, ...childrenOf(pid)]],
])('killed %s', (_, victims) => {
	// Before a file is written and between programs: killed.test.ts.
	test('at each request in turn and run again: one commit, and the right one', async () => {
		for (let killed = 1; killed <= requestsOfBump; killed++) {
			const before = await infra.subjects();
			const tag = `v${killed + 1}`;
			let seen = 0;
			let pid = 0;
			infra.server.onRequest = () => {
				if (++seen === killed) for (const id of victims(pid)) process.kill(id, 'SIGKILL');
				return undefined;
			};
			const run = await infra.bump({ tag }, { onStart: (id) => (pid = id) });
			expect(run.exitCode, `request ${killed}`).toBeUndefined();
			infra.server.onRequest = undefined;
			expect(await infra.bump({ tag })).toMatchObject({ exitCode: 0 });
			expect(await infra.subjects()).toEqual([`Bump ${image} to ${tag}`, ...before]);
			expect(await infra.file('apps/api.yaml')).toBe(deployment(`${image}:${tag}`));
		}
	}, 60_000);
});

describe('a server that refuses', () => {
	const hook = (text: string) =>
		`#!/bin/sh\nif [ "$1" = refs/heads/main ]; then echo "${text}" >&2; exit 1; fi\n`;
	const writeHook = async (text: string) => {
		const path = `${infra.server.repositoryPath(repository)}/hooks/update`;
		await writeFile(path, hook(text), { mode: 0o755 });
	};

	test('a protected branch: points to promotion-pr, and is asked once', async () => {
		await writeHook('error: GH006: Protected branch update failed for refs/heads/main.');
		const run = await infra.bump();
		expect(run.exitCode).toBe(1);
		expect(run.stderr).toMatch(
			/main of \S+ is protected \("error: GH006: Protected branch update failed .*; use promotion-pr/,
		);
		expect(infra.takeRequests().filter((r) => r === 'POST git-receive-pack')).toHaveLength(1);
	});

	test('a hook: its own words', async () => {
		await writeHook('Tickets are missing: write PLAT-123');
		expect((await infra.bump()).stderr).toMatch(
			/A hook of \S+ refuses the push to main \("Tickets are missing: write PLAT-123 hook declined"\)/,
		);
	});

	test.each([
		[
			'a token that only reads',
			{ token: 'token-that-only-reads' },
			/The credentials for \S+ may not do this \("Permission to acme\/infra-staging.git denied to reader."\); give a token that may write/,
		],
		['a wrong token', { token: 'wrong-token' }, /does not take the credentials for \S+; the token/],
		[
			'no token at all',
			{ token: undefined },
			/wants credentials for \S+, and none were given; give token; .* fork/,
		],
		[
			'a repository that is not there',
			{ repository: 'acme/none' },
			/There is no repository at \S+\/acme\/none\.git, or these credentials may not see it/,
		],
		['a branch that is not there', { branch: 'prod' }, /has no branch prod; it has main/],
	])('%s: exit code 1 and what to do', async (_, inputs, message) => {
		const url = 'repository' in inputs ? infra.server.cloneUrl(inputs.repository) : infra.url;
		const run = await infra.bump({ ...inputs, repository: url });
		expect(run.exitCode).toBe(1);
		expect(run.stderr).toMatch(message);
		expect(run.stderr.trim().split('\n')).toHaveLength(1);
	});

	test.each([undefined, 'main'])(
		'an empty repository is told as one (branch %s)',
		async (branch) => {
			await infra.server.createRepository('acme/empty');
			const run = await infra.bump({ repository: infra.server.cloneUrl('acme/empty'), branch });
			expect(run.exitCode).toBe(1);
			expect(run.stderr).toContain('acme/empty.git is empty; push a first commit to it');
		},
	);
});
