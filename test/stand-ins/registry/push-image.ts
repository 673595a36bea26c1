import { digestOf } from './storage.ts';

export interface ImageContent {
	/** Labels of the image's config; some tell the cluster stand-in how its container behaves. */
	labels?: Record<string, string>;
	/** The one file of the image's one layer; another text gives another digest. */
	content?: string;
	/** With platforms such as `linux/arm64` an index of one image each is pushed. Default: one linux/amd64 image. */
	platforms?: string[];
	/** The `Authorization` header to push with. */
	authorization?: string;
}

const types = {
	index: 'application/vnd.oci.image.index.v1+json',
	manifest: 'application/vnd.oci.image.manifest.v1+json',
	config: 'application/vnd.oci.image.config.v1+json',
	layer: 'application/vnd.oci.image.layer.v1.tar',
};

interface Descriptor {
	mediaType: string;
	digest: string;
	size: number;
}

/**
 * Pushes a tiny but whole image over HTTP, as `docker build` and `docker push` would: config, layer,
 * manifest. The same input gives the same digest, on every machine.
 * @param image `acme/app:v1`
 * @returns the digest of the manifest, or of the index.
 */
export async function pushImage(
	registry: { url: string },
	image: string,
	{ labels = {}, content = image, platforms = [], authorization }: ImageContent = {},
): Promise<string> {
	const [name = '', tag = 'latest'] = image.split(':');
	const pusher = new Pusher(`${registry.url}/v2/${name}`, authorization);
	const layer = await pusher.blob(types.layer, tarOf('app/content.txt', content));
	const pushOne = async (platform: string, reference?: string) => {
		const [os = 'linux', architecture = 'amd64', variant] = platform.split('/');
		const config = await pusher.blob(
			types.config,
			JSON.stringify({
				architecture,
				os,
				...(variant === undefined ? {} : { variant }),
				config: { Labels: labels, Cmd: ['/app'] },
				rootfs: { type: 'layers', diff_ids: [layer.digest] },
			}),
		);
		const manifest = { schemaVersion: 2, mediaType: types.manifest, config, layers: [layer] };
		const pushed = await pusher.manifest(types.manifest, manifest, reference);
		return {
			...pushed,
			platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
		};
	};
	if (platforms.length === 0) return (await pushOne('linux/amd64', tag)).digest;
	const manifests: Descriptor[] = [];
	for (const platform of platforms) manifests.push(await pushOne(platform));
	const index = { schemaVersion: 2, mediaType: types.index, manifests };
	return (await pusher.manifest(types.index, index, tag)).digest;
}

class Pusher {
	readonly #base: string;
	readonly #headers: Record<string, string>;

	constructor(base: string, authorization: string | undefined) {
		this.#base = base;
		this.#headers = authorization === undefined ? {} : { authorization };
	}

	async blob(mediaType: string, content: Buffer | string): Promise<Descriptor> {
		const digest = digestOf(content);
		const size = Buffer.byteLength(content);
		const known = await fetch(`${this.#base}/blobs/${digest}`, {
			method: 'HEAD',
			headers: this.#headers,
		});
		if (!known.ok) {
			const started = await this.#send('POST', `${this.#base}/blobs/uploads/`);
			const location = new URL(started.headers.get('location') ?? '', this.#base);
			location.searchParams.set('digest', digest);
			await this.#send('PUT', location.href, 'application/octet-stream', content);
		}
		return { mediaType, digest, size };
	}

	async manifest(mediaType: string, document: object, reference?: string): Promise<Descriptor> {
		const content = JSON.stringify(document);
		const digest = digestOf(content);
		await this.#send('PUT', `${this.#base}/manifests/${reference ?? digest}`, mediaType, content);
		return { mediaType, digest, size: content.length };
	}

	async #send(method: string, url: string, type?: string, body?: Buffer | string) {
		const response = await fetch(url, {
			method,
			headers: { ...this.#headers, ...(type === undefined ? {} : { 'content-type': type }) },
			...(body === undefined ? {} : { body: Buffer.from(body) }),
		});
		if (response.ok) return response;
		throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
	}
}

/** A tar archive with one file, its times and owners at zero. */
function tarOf(path: string, content: string): Buffer {
	const body = Buffer.from(content);
	const header = Buffer.alloc(512);
	const octal = (value: number, length: number) =>
		`${value.toString(8).padStart(length - 1, '0')}\0`;
	header.write(path, 0);
	header.write(octal(0o644, 8), 100);
	header.write(octal(0, 8), 108);
	header.write(octal(0, 8), 116);
	header.write(octal(body.length, 12), 124);
	header.write(octal(0, 12), 136);
	header.write(' '.repeat(8), 148);
	header.write('0', 156);
	header.write('ustar\0', 257);
	header.write('00', 263);
	const sum = header.reduce((total, byte) => total + byte, 0);
	header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
	const padding = Buffer.alloc((512 - (body.length % 512)) % 512);
	return Buffer.concat([header, body, padding, Buffer.alloc(1024)]);
}
