import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
	afterAll,
	afterEach,
	beforeAll,
	beforeEach,
	describe,
	expect,
	inject,
	test,
	vi,
} from 'vitest';
import { RepositoryView } from '../demo/repository-view.ts';
import { deployment, token as serverToken } from '../scenarios/infra.ts';
import { runStep } from '../scenarios/run-step.ts';
import { type GitServer, startGitServer } from '../stand-ins/git/git-server.ts';

// Fifty processes of node and git at once, on whatever machine this is.
const minute = 60_000;
vi.setConfig({ testTimeout: 15 * minute });

const many = 50;
const images = Array.from({ length: many }, (_, index) => `ghcr.io/acme/svc${index}`);

/** A server on which a repository with these files can be made. */
interface Server {
	readonly token: string;
	create(name: string, files: Record<string, string>): Promise<string>;
}

const { url, adminUser, adminToken } = inject('gitea');

const gitea: Server = {
	token: adminToken,
	async create(name, files) {
		const post = async (path: string, body: object) => {
			const response = await fetch(`${url}/api/v1${path}`, {
				method: 'POST',
				headers: { authorization: `token ${adminToken}`, 'content-type': 'application/json' },
				body: JSON.stringify(body),
			});
			if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
		};
		await post('/user/repos', { name, auto_init: true, default_branch: 'main' });
		await post(`/repos/${adminUser}/${name}/contents`, {
			branch: 'main',
			message: 'Lay the files',
			files: Object.entries(files).map(([path, text]) => ({
				operation: 'create',
				path,
				content: Buffer.from(text).toString('base64'),
			})),
		});
		return `${url}/${adminUser}/${name}.git`;
	},
};

let started: GitServer;
beforeAll(async () => {
	started = await startGitServer({ users: [{ name: 'bot', token: serverToken }] });
});
afterAll(() => started.close());

const httpBackend: Server = {
	token: serverToken,
	async create(name, files) {
		await started.createRepository(`acme/${name}`, { files });
		return started.cloneUrl(`acme/${name}`);
	},
};

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'many-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe.each([
	['Gitea', gitea],
	['git http-backend', httpBackend],
])('on %s fifty processes at once', (_, server) => {
	test.each([
		['in a file each', (index: number) => `svc/${index}.yaml`],
		['in one file', () => 'svc.yaml'],
	])('bump an image each %s: fifty commits, and nothing is lost', async (_where, fileOf) => {
		const files: Record<string, string> = {};
		for (const [index, image] of images.entries())
			files[fileOf(index)] =
				`${files[fileOf(index)] ?? ''}---\n${deployment(`${image}:v1`, `svc${index}`)}\n`;
		const repository = await server.create(`many-${randomUUID().slice(0, 8)}`, files);
		const runs = await Promise.all(
			images.map((image, index) => {
				const inputs = { repository, image, file: fileOf(index), tag: 'v2', 'push-timeout': '10m' };
				const args = Object.entries(inputs).map(([name, value]) => `--${name}=${value}`);
				return runStep('bump-image', {
					args: [...args, '--timeout=14m', `--token=${server.token}`],
				});
			}),
		);
		expect(runs.flatMap(({ exitCode, stderr }) => (exitCode === 0 ? [] : [stderr]))).toEqual([]);
		const view = await new RepositoryView(
			join(folder, 'view.git'),
			repository,
			server.token,
		).update();
		const log = await view.git('log', '--format=%s', 'main');
		const bumps = log.split('\n').filter((subject) => subject.startsWith('Bump '));
		expect(bumps.sort()).toEqual(images.map((image) => `Bump ${image} to v2`).sort());
		for (const [file, text] of Object.entries(files))
			expect(`${await view.git('show', `main:${file}`)}\n`).toBe(text.replaceAll(':v1 ', ':v2 '));
		const commits = runs.map(({ outputs }) => outputs.commit);
		expect(new Set(commits).size).toBe(many);
		const there = new Set((await view.git('rev-list', 'main')).split('\n'));
		expect(commits.filter((commit) => !there.has(commit ?? ''))).toEqual([]);
	});
});
