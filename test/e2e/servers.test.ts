import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';

import { KubernetesClient } from '../../shared/kubernetes/client.ts';
import { connectionOf } from '../../shared/kubernetes/kubeconfig.ts';
import type { KubernetesObject, Pod } from '../../shared/kubernetes/object.ts';
import { readPath } from '../../shared/kubernetes/object.ts';

const run = promisify(execFile);
const unique = `servers-${randomUUID().slice(0, 8)}`;
const silent = () => undefined;

describe('Kubernetes', () => {
	const namespace = unique;
	const core = `/api/v1/namespaces/${namespace}`;
	const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;
	let cluster: KubernetesClient;

	beforeAll(async () => {
		const connection = await connectionOf(
			{ kubeconfig: inject('kubernetes').kubeconfig },
			{ environment: {}, folder: '/', protect: silent, nameOf: (input) => input },
		);
		cluster = new KubernetesClient(connection, {
			log: { debug: silent, info: silent, warn: silent, error: silent },
			signal: new AbortController().signal,
			environment: {},
		});
		await cluster.create('/api/v1/namespaces', { metadata: { name: namespace } });
	});
	afterAll(() => cluster.delete(`/api/v1/namespaces/${namespace}`));

	async function deploy(name: string, image: string, replicas: number): Promise<void> {
		const labels = { app: name };
		await cluster.create(deployments, {
			metadata: { name },
			spec: {
				replicas,
				selector: { matchLabels: labels },
				template: {
					metadata: { labels },
					spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image }] },
				},
			},
		});
	}

	function deployment(name: string): Promise<KubernetesObject> {
		return cluster.get(`${deployments}/${name}`);
	}

	async function statuses(name: string) {
		const { items } = await cluster.list<Pod>(`${core}/pods`, { labelSelector: `app=${name}` });
		return items.flatMap((pod) => pod.status?.containerStatuses ?? []);
	}

	async function imageIdsOf(name: string, image: string): Promise<(string | undefined)[]> {
		await deploy(name, image, 2);
		await vi.waitFor(
			async () => {
				const available = readPath(await deployment(name), ['status', 'availableReplicas']);
				expect(available).toBe(2);
			},
			{ timeout: 60_000, interval: 100 },
		);
		return (await statuses(name)).map((status) => status.imageID);
	}

	test('a Deployment becomes available, and the imageID of its pods follows the image', async () => {
		const [first, second, ...more] = await imageIdsOf('tag', 'registry.k8s.io/pause:3.9');
		expect(first).toMatch(/^registry\.k8s\.io\/pause@sha256:[0-9a-f]{64}$/);
		expect(second).toBe(first);
		expect(more).toEqual([]);

		const [other] = await imageIdsOf('other-tag', 'registry.k8s.io/pause:3.10');
		expect(other).toMatch(/^registry\.k8s\.io\/pause@sha256:[0-9a-f]{64}$/);
		expect(other).not.toBe(first);
	});

	test('an image given by its digest runs with that very digest', async () => {
		const digest = 'sha256:ee6521f290b2168b6e0935a181d4cff9be1ac3f505666ef0e3c98fae8199917a';
		const ids = await imageIdsOf('digest', `registry.k8s.io/pause:3.10@${digest}`);
		expect(ids).toEqual(Array(2).fill(`registry.k8s.io/pause@${digest}`));
	});

	test('an image that cannot be pulled leaves the container waiting, without an imageID', async () => {
		await deploy('missing', 'registry.invalid:5000/app:fake-err-image-pull', 1);
		await vi.waitFor(
			async () => {
				const [status] = await statuses('missing');
				expect(status?.state?.waiting?.reason).toMatch(/^(ErrImagePull|ImagePullBackOff)$/);
				expect(status?.imageID).toBe('');
			},
			{ timeout: 60_000, interval: 100 },
		);
	});
});

describe('Gitea', () => {
	const { url, adminUser, adminToken } = inject('gitea');
	const repository = `${adminUser}/${unique}`;
	const authorization = `token ${adminToken}`;
	let folder: string;

	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), 'lockstep-clone-'));
	});
	afterAll(async () => {
		await rm(folder, { recursive: true, force: true });
		await api('DELETE', `/repos/${repository}`);
	});

	async function api(method: string, path: string, body?: object): Promise<Response> {
		return await fetch(`${url}/api/v1${path}`, {
			method,
			headers: { authorization, 'content-type': 'application/json' },
			...(body && { body: JSON.stringify(body) }),
		});
	}

	async function git(...args: string[]): Promise<string> {
		const { stdout } = await run('git', args, {
			cwd: folder,
			env: {
				PATH: process.env.PATH,
				HOME: folder,
				GIT_CONFIG_COUNT: '3', // the token stays out of argv and of files
				GIT_CONFIG_KEY_0: 'http.extraHeader',
				GIT_CONFIG_VALUE_0: `Authorization: ${authorization}`,
				GIT_CONFIG_KEY_1: 'user.name',
				GIT_CONFIG_VALUE_1: 'A tester',
				GIT_CONFIG_KEY_2: 'user.email',
				GIT_CONFIG_VALUE_2: 'tester@example.com',
			},
		});
		return stdout.trim();
	}

	test("the administrator's token creates a repository and pushes to it", async () => {
		const created = await api('POST', '/user/repos', { name: unique, private: true });
		expect(created.status).toBe(201);

		await git('init', '--quiet', '--initial-branch=main');
		await writeFile(join(folder, 'README.md'), 'Pushed by a test.\n');
		await git('add', '.');
		await git('commit', '--quiet', '--message=A first commit');
		await git('push', '--quiet', `${url}/${repository}.git`, 'main');

		// Gitea notes only in the background that the repository is no longer empty
		await vi.waitFor(
			async () => {
				const branch = await api('GET', `/repos/${repository}/branches/main`);
				expect(branch.status).toBe(200);
				expect(await branch.json()).toMatchObject({
					commit: { id: await git('rev-parse', 'HEAD') },
				});
			},
			{ timeout: 10_000, interval: 100 },
		);
	});
});
