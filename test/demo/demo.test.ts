import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { git } from './repository-view.ts';

const demo = join(import.meta.dirname, 'demo.ts');
const minute = 60_000;
let folder: string;
let played: { code: number; stdout: string; stderr: string };
let result: {
	ok: boolean;
	page: string;
	environments: {
		name: string;
		image: string;
		imageId: string;
		commit: string;
		pullRequest?: number;
	}[];
	pullRequests: { number: number; merged: boolean }[];
	tags: { name: string; commit: string }[];
};

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'demo-test-'));
	played = await run('--json', '--keep', folder);
	result = JSON.parse(played.stdout);
}, 3 * minute);
afterAll(() => rm(folder, { recursive: true, force: true }));

function run(...args: string[]): Promise<typeof played> {
	return new Promise((resolve) => {
		execFile(process.execPath, [demo, ...args], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
			resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
		);
	});
}

function inKept(name: string, ...args: string[]): Promise<string> {
	return git(['-C', join(folder, `${name}.git`), ...args]);
}

test('the flow is played to its end', () => {
	expect(played.stderr).toContain('All is as it has to be');
	expect(played.code).toBe(0);
	expect(result.ok).toBe(true);
});

test('QA and production run the same image, which went there by the one pull request', () => {
	const [staging, qa, production] = result.environments;
	expect([staging?.name, qa?.name, production?.name]).toEqual(['staging', 'qa', 'production']);
	expect(production).toMatchObject({ image: qa?.image, imageId: qa?.imageId, commit: qa?.commit });
	expect(qa?.image).toMatch(/:v1\.1\.0$/);
	expect(production?.pullRequest).toBe(1);
	expect(result.pullRequests).toMatchObject([{ number: 1, merged: true }]);
});

test('the source is tagged with what was baked and deployed, and with nothing else', () => {
	const commit = result.environments[1]?.commit;
	const staging = result.environments[0]?.image.split(':')[1];
	expect(result.tags.map(({ name }) => name)).toEqual([
		'ami/us-east-1/v1.1.0',
		'ami/us-east-1/v1.2.0',
		'deploy/production/v1.1.0',
		'deploy/qa/v1.1.0',
		`deploy/staging/${staging}`,
		'v1.1.0',
		'v1.2.0',
	]);
	const deployed = result.tags.filter(({ name }) => name.startsWith('deploy/'));
	expect(new Set(deployed.map((tag) => tag.commit))).toEqual(new Set([commit]));
});

test.each(['infra-staging', 'infra-qa', 'infra-production'])(
	'%s is kept, and differs from its first commit in the tag of the image alone',
	async (name) => {
		const first = await inKept(name, 'rev-list', '--max-parents=0', 'main');
		const words = await inKept(
			name,
			'diff',
			'--word-diff=porcelain',
			'--word-diff-regex=[^:]+',
			first,
			'main',
		);
		const changed = words.split('\n').filter((line) => /^[+-](?![+-]{2} )/.test(line));
		const version = result.environments.find((one) => name.endsWith(one.name))?.image.split(':')[1];
		expect(changed).toEqual(['-v1.0.0', `+${version}`]);
		expect(await inKept(name, 'show', 'main:kubernetes/deployments/project.yaml')).not.toMatch(
			/\n$/,
		);
	},
);

test('the application is kept, without the branch that was deleted', async () => {
	expect(await inKept('application', 'branch', '--format=%(refname:short)')).toBe('main');
	expect(await inKept('application', 'remote')).toBe('');
});

test('the page tells the whole of it, by itself and without a secret', async () => {
	expect(result.page).toBe(join(folder, 'flow.html'));
	const page = await readFile(result.page, 'utf8');
	expect(page).toContain('infra-production');
	expect(page).toContain(result.environments[1]?.commit);
	expect(page).toContain('Go back to the version before');
	expect(page).not.toMatch(/<(script|link|img|iframe)\b/);
	expect(page).not.toMatch(/token-of-|docker-password|EXAMPLEKEY|certificate-authority-data/);
});

test('a folder that holds such repositories already is not written to', async () => {
	const again = await run('--keep', folder);
	expect(again.code).toBe(1);
	expect(again.stderr).toContain('is there already');
});

test('an option that it does not have is bad input', async () => {
	const { code, stderr } = await run('--kep', folder);
	expect(code).toBe(2);
	expect(stderr).toContain('--keep DIR');
	expect(existsSync('kep')).toBe(false);
});
