import { afterEach, describe, expect, test } from 'vitest';
import { readChallenges } from '../../shared/registry/challenge.ts';
import { type Login, RegistryRepository } from '../../shared/registry/client.ts';
import { pushImage } from '../stand-ins/registry/push-image.ts';
import { type Registry, startRegistry } from '../stand-ins/registry/registry.ts';

const silent = () => undefined;
const ended = new AbortController();
const account: Login = { username: 'ci', password: 'correct-horse' };
const authorization = `Basic ${Buffer.from('ci:correct-horse').toString('base64')}`;
let registry: Registry;
let repository: RegistryRepository;

async function open(kind?: 'basic' | 'token', login?: Login): Promise<void> {
	const accounts = { ci: { password: 'correct-horse', push: true } };
	registry = await startRegistry(kind === undefined ? {} : { auth: { kind, accounts } });
	repository = new RegistryRepository(`${registry.host}/acme/web`, {
		log: { debug: silent, info: silent, warn: silent, error: silent },
		signal: ended.signal,
		...(login === undefined ? {} : { login }),
	});
}

afterEach(async () => {
	repository.close();
	await registry.close();
});

/** Pushes as the registry's gate wants it. */
async function push(kind?: 'basic' | 'token', platforms: string[] = []): Promise<string> {
	if (kind !== 'token')
		return await pushImage(registry, 'acme/web:1', {
			platforms,
			...(kind === undefined ? {} : { authorization }),
		});
	const scope = 'repository:acme/web:pull,push';
	const answer = await fetch(`${registry.url}/token?scope=${scope}`, {
		headers: { authorization },
	});
	const { token } = (await answer.json()) as { token: string };
	return await pushImage(registry, 'acme/web:1', { platforms, authorization: `Bearer ${token}` });
}

describe.each([undefined, 'basic', 'token'] as const)('a registry with access by %s', (kind) => {
	test('tells the digest and the manifest of a tag', async () => {
		await open(kind, kind === undefined ? undefined : account);
		const digest = await push(kind, ['linux/amd64', 'linux/arm64']);
		expect(await repository.digestOf('1')).toBe(digest);
		const found = await repository.manifest('1');
		expect(found?.digest).toBe(digest);
		expect(found?.manifest.manifests).toHaveLength(2);
		expect((await repository.manifest(digest))?.digest).toBe(digest);
		expect(await repository.digestOf('2')).toBeUndefined();
		expect(await repository.manifest('2')).toBeUndefined();
	});
});

test('a token is asked for once', async () => {
	await open('token', account);
	await push('token');
	registry.requests.length = 0;
	await repository.digestOf('1');
	await repository.manifest('1');
	expect(
		registry.requests.map(({ method, path, status }) => `${method} ${path} ${status}`),
	).toEqual([
		'HEAD /v2/acme/web/manifests/1 401',
		'GET /token 200',
		'HEAD /v2/acme/web/manifests/1 200',
		'GET /v2/acme/web/manifests/1 200',
	]);
});

test.each([
	['basic', undefined, /does not let .*acme\/web:1 be read; give it a user name/],
	['basic', { ...account, password: 'wrong-horse' }, /check the user name and the password/],
	['token', { ...account, password: 'wrong-horse' }, /gives no token .*check the user name/],
] as const)('%s access is refused with what to do', async (kind, login, message) => {
	await open(kind, login);
	await push(kind);
	await expect(repository.digestOf('1')).rejects.toThrow(message);
});

test('a manifest that is not what its digest says is not trusted', async () => {
	await open();
	await push();
	registry.fault = () => ({ status: 200, body: '{"config":{"digest":"sha256:0"}}' });
	await expect(repository.manifest(`sha256:${'a'.repeat(64)}`)).rejects.toThrow('do not trust it');
});

test('the challenges of a header are told apart', () => {
	expect(
		readChallenges(
			'Basic realm="a, b", Bearer realm="https://x/t?a=1",service=s,scope="r:n:pull,push"',
		),
	).toEqual([
		{ scheme: 'basic', parameters: { realm: 'a, b' } },
		{
			scheme: 'bearer',
			parameters: { realm: 'https://x/t?a=1', service: 's', scope: 'r:n:pull,push' },
		},
	]);
	expect(readChallenges(undefined)).toEqual([]);
});
