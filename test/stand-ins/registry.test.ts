import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { pushImage } from './registry/push-image.ts';
import { type Registry, startRegistry } from './registry/registry.ts';

const started: Registry[] = [];

async function start(options?: Parameters<typeof startRegistry>[0]): Promise<Registry> {
	const registry = await startRegistry(options);
	started.push(registry);
	return registry;
}

afterEach(async () => {
	await Promise.all(started.splice(0).map((registry) => registry.close()));
});

function digestOf(content: string): string {
	return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

async function codeOf(response: Response): Promise<string | undefined> {
	const body = (await response.json()) as { errors: { code: string }[] };
	return body.errors[0]?.code;
}

function basic(user: string, password: string): string {
	return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

describe('an image', () => {
	it('is pushed and pulled by tag and by digest', async () => {
		const registry = await start();
		const digest = await pushImage(registry, 'acme/app:v1', { labels: { commit: 'abc' } });
		for (const reference of ['v1', digest]) {
			const response = await fetch(`${registry.url}/v2/acme/app/manifests/${reference}`);
			expect(response.headers.get('docker-content-digest')).toBe(digest);
			expect(digestOf(await response.clone().text())).toBe(digest);
			const manifest = (await response.json()) as { config: { digest: string } };
			const config = await fetch(`${registry.url}/v2/acme/app/blobs/${manifest.config.digest}`);
			expect(await config.json()).toMatchObject({ config: { Labels: { commit: 'abc' } } });
		}
	});

	it('has a digest that follows from its content', async () => {
		const [one, other] = [await start(), await start()];
		const digest = await pushImage(one, 'acme/app:v1', { content: 'same' });
		expect(await pushImage(other, 'acme/app:v2', { content: 'same' })).toBe(digest);
		expect(await pushImage(other, 'acme/app:v2', { content: 'new' })).not.toBe(digest);
	});

	it('for several platforms is an index of one manifest each', async () => {
		const registry = await start();
		const platforms = ['linux/amd64', 'linux/arm64'];
		const digest = await pushImage(registry, 'acme/app:v1', { platforms });
		const response = await fetch(`${registry.url}/v2/acme/app/manifests/v1`);
		expect(response.headers.get('content-type')).toBe('application/vnd.oci.image.index.v1+json');
		expect(response.headers.get('docker-content-digest')).toBe(digest);
		const { manifests } = (await response.json()) as { manifests: { digest: string }[] };
		for (const child of manifests) {
			const url = `${registry.url}/v2/acme/app/manifests/${child.digest}`;
			expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
		}
		expect(manifests).toHaveLength(2);
	});

	it('that is not there is answered with the code of the specification', async () => {
		const registry = await start();
		const unknown = await fetch(`${registry.url}/v2/acme/app/manifests/v1`);
		expect([unknown.status, await codeOf(unknown)]).toEqual([404, 'NAME_UNKNOWN']);
		await pushImage(registry, 'acme/app:v1');
		const missing = await fetch(`${registry.url}/v2/acme/app/manifests/v2`);
		expect([missing.status, await codeOf(missing)]).toEqual([404, 'MANIFEST_UNKNOWN']);
	});

	it('is gone by its tag alone, or by its digest with all tags', async () => {
		const registry = await start();
		const digest = await pushImage(registry, 'acme/app:v1', { content: 'same' });
		await pushImage(registry, 'acme/app:v2', { content: 'same' });
		const url = `${registry.url}/v2/acme/app/manifests`;
		expect((await fetch(`${url}/v1`, { method: 'DELETE' })).status).toBe(202);
		expect((await fetch(`${url}/v1`)).status).toBe(404);
		expect((await fetch(`${url}/v2`)).status).toBe(200);
		expect((await fetch(`${url}/${digest}`, { method: 'DELETE' })).status).toBe(202);
		expect((await fetch(`${url}/v2`)).status).toBe(404);
	});
});

describe('a blob', () => {
	it('is uploaded in chunks, resumed where it got to, and read in ranges', async () => {
		const registry = await start();
		const begun = await fetch(`${registry.url}/v2/acme/app/blobs/uploads/`, { method: 'POST' });
		const upload = new URL(begun.headers.get('location') ?? '', registry.url).href;
		const chunk = (body: string, range: string) =>
			fetch(upload, { method: 'PATCH', body, headers: { 'content-range': range } });
		expect((await chunk('hello ', '0-5')).headers.get('range')).toBe('0-5');
		const gap = await chunk('there', '9-13');
		expect([gap.status, gap.headers.get('range')]).toEqual([416, '0-5']);
		expect((await fetch(upload)).headers.get('range')).toBe('0-5');
		expect((await chunk('world', '6-10')).status).toBe(202);
		const digest = digestOf('hello world');
		const ended = await fetch(`${upload}?digest=${digest}`, { method: 'PUT' });
		expect([ended.status, ended.headers.get('docker-content-digest')]).toEqual([201, digest]);
		const blob = `${registry.url}/v2/acme/app/blobs/${digest}`;
		const part = await fetch(blob, { headers: { range: 'bytes=6-' } });
		expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
			206,
			'bytes 6-10/11',
			'world',
		]);
		const beyond = await fetch(blob, { headers: { range: 'bytes=50-60' } });
		expect(beyond.status).toBe(416);
	});

	it('with another digest than announced is refused', async () => {
		const registry = await start();
		const url = `${registry.url}/v2/acme/app/blobs/uploads/?digest=${digestOf('this')}`;
		const response = await fetch(url, { method: 'POST', body: 'that' });
		expect([response.status, await codeOf(response)]).toEqual([400, 'DIGEST_INVALID']);
	});

	it('is mounted from another repository without an upload', async () => {
		const registry = await start();
		const digest = digestOf('layer');
		const uploads = (name: string) => `${registry.url}/v2/${name}/blobs/uploads/`;
		await fetch(`${uploads('acme/base')}?digest=${digest}`, { method: 'POST', body: 'layer' });
		const mount = (from: string) =>
			fetch(`${uploads('acme/app')}?mount=${digest}&from=${from}`, { method: 'POST' });
		expect((await mount('acme/other')).status).toBe(202);
		expect((await mount('acme/base')).status).toBe(201);
		const blob = await fetch(`${registry.url}/v2/acme/app/blobs/${digest}`);
		expect(await blob.text()).toBe('layer');
	});

	it('must be there before a manifest that names it', async () => {
		const registry = await start();
		const mediaType = 'application/vnd.oci.image.manifest.v1+json';
		const manifest = {
			schemaVersion: 2,
			mediaType,
			config: {
				mediaType: 'application/vnd.oci.image.config.v1+json',
				digest: digestOf('x'),
				size: 1,
			},
			layers: [],
		};
		const response = await fetch(`${registry.url}/v2/acme/app/manifests/v1`, {
			method: 'PUT',
			body: JSON.stringify(manifest),
			headers: { 'content-type': mediaType },
		});
		expect(await codeOf(response)).toBe('MANIFEST_BLOB_UNKNOWN');
	});
});

describe('lists', () => {
	it('of tags come in pages with a link to the next', async () => {
		const registry = await start();
		for (const tag of ['v3', 'v1', 'v2']) await pushImage(registry, `acme/app:${tag}`);
		const page = await fetch(`${registry.url}/v2/acme/app/tags/list?n=2`);
		expect(await page.json()).toEqual({ name: 'acme/app', tags: ['v1', 'v2'] });
		const next = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
		const last = await fetch(new URL(next ?? '', registry.url));
		expect(await last.json()).toEqual({ name: 'acme/app', tags: ['v3'] });
		expect(last.headers.get('link')).toBeNull();
	});

	it('of referrers hold what names the digest as its subject, by artifact type', async () => {
		const registry = await start();
		const digest = await pushImage(registry, 'acme/app:v1');
		const mediaType = 'application/vnd.oci.image.manifest.v1+json';
		const empty = digestOf('{}');
		const uploads = `${registry.url}/v2/acme/app/blobs/uploads/?digest=${empty}`;
		await fetch(uploads, { method: 'POST', body: '{}' });
		const descriptor = { mediaType: 'application/vnd.oci.empty.v1+json', digest: empty, size: 2 };
		const body = JSON.stringify({
			schemaVersion: 2,
			mediaType,
			artifactType: 'application/vnd.example.signature',
			config: descriptor,
			layers: [descriptor],
			subject: { mediaType, digest, size: 1 },
		});
		const pushed = await fetch(`${registry.url}/v2/acme/app/manifests/${digestOf(body)}`, {
			method: 'PUT',
			body,
			headers: { 'content-type': mediaType },
		});
		expect(pushed.headers.get('oci-subject')).toBe(digest);
		const referrers = async (query: string) => {
			const response = await fetch(`${registry.url}/v2/acme/app/referrers/${digest}${query}`);
			return ((await response.json()) as { manifests: unknown[] }).manifests;
		};
		expect(await referrers('')).toMatchObject([
			{ digest: digestOf(body), artifactType: 'application/vnd.example.signature' },
		]);
		expect(await referrers('?artifactType=application/vnd.example.sbom')).toEqual([]);
	});
});

describe('access', () => {
	const accounts = { ci: { password: 'right', push: true }, reader: { password: 'read' } };

	it('by password is asked for, refused when wrong, and limited to what the account may do', async () => {
		const registry = await start({ auth: { kind: 'basic', accounts } });
		const without = await fetch(`${registry.url}/v2/`);
		expect([without.status, without.headers.get('www-authenticate')]).toEqual([
			401,
			'Basic realm="registry"',
		]);
		const wrong = await fetch(`${registry.url}/v2/`, {
			headers: { authorization: basic('ci', 'wrong') },
		});
		expect(wrong.status).toBe(401);
		await pushImage(registry, 'acme/app:v1', { authorization: basic('ci', 'right') });
		const reading = { headers: { authorization: basic('reader', 'read') } };
		const url = `${registry.url}/v2/acme/app/manifests/v1`;
		expect((await fetch(url, reading)).status).toBe(200);
		expect((await fetch(url, { ...reading, method: 'DELETE' })).status).toBe(403);
	});

	it('by token is traded at the realm that the challenge names', async () => {
		const registry = await start({ auth: { kind: 'token', accounts } });
		const refused = await fetch(`${registry.url}/v2/acme/app/blobs/uploads/`, { method: 'POST' });
		const challenge = refused.headers.get('www-authenticate') ?? '';
		const part = (name: string) => new RegExp(`${name}="([^"]+)"`).exec(challenge)?.[1] ?? '';
		expect(part('scope')).toBe('repository:acme/app:pull,push');
		const trade = async (authorization: string) => {
			const url = `${part('realm')}?service=${part('service')}&scope=${part('scope')}`;
			const response = await fetch(url, { headers: { authorization } });
			return ((await response.json()) as { token: string }).token;
		};
		const reader = await trade(basic('reader', 'read'));
		await expect(
			pushImage(registry, 'acme/app:v1', { authorization: `Bearer ${reader}` }),
		).rejects.toThrow('401');
		const writer = await trade(basic('ci', 'right'));
		await pushImage(registry, 'acme/app:v1', { authorization: `Bearer ${writer}` });
		const pulled = await fetch(`${registry.url}/v2/acme/app/manifests/v1`, {
			headers: { authorization: `Bearer ${reader}` },
		});
		expect(pulled.status).toBe(200);
	});
});

it('records each request and fails those that it is told to', async () => {
	const registry = await start();
	registry.fault = ({ method }) =>
		method === 'HEAD' ? { status: 429, headers: { 'retry-after': '1' } } : undefined;
	const url = `${registry.url}/v2/acme/app/manifests/v1`;
	expect((await fetch(url, { method: 'HEAD' })).headers.get('retry-after')).toBe('1');
	expect((await fetch(url)).status).toBe(404);
	expect(registry.requests.map(({ method, status }) => [method, status])).toEqual([
		['HEAD', 429],
		['GET', 404],
	]);
});
