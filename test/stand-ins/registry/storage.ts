import { createHash, randomUUID } from 'node:crypto';
import { RegistryError } from './errors.ts';

export interface Manifest {
	mediaType: string;
	content: Buffer;
}

interface ManifestDocument {
	mediaType?: string;
	artifactType?: string;
	annotations?: Record<string, string>;
	config?: { digest: string; mediaType?: string };
	layers?: { digest: string }[];
	manifests?: { digest: string }[];
	subject?: { digest: string };
}

/** What one repository holds. */
class Repository {
	readonly blobs = new Map<string, Buffer>();
	readonly manifests = new Map<string, Manifest>();
	readonly tags = new Map<string, string>();
	readonly uploads = new Map<string, Buffer>();
}

const emptyConfig = 'application/vnd.oci.empty.v1+json';

/** The digest of a content by the algorithm that another digest names. */
export function digestOf(content: Buffer | string, like = 'sha256:'): string {
	const algorithm = like.startsWith('sha512:') ? 'sha512' : 'sha256';
	return `${algorithm}:${createHash(algorithm).update(content).digest('hex')}`;
}

export function isDigest(text: string): boolean {
	return /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(text);
}

/** The registry's content: blobs, manifests and tags by repository, all in memory. */
export class Storage {
	readonly #repositories = new Map<string, Repository>();

	/** The repository, made when it is not there. @throws NAME_INVALID */
	open(name: string): Repository {
		if (!/^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/.test(name)) {
			throw new RegistryError('NAME_INVALID', { detail: name });
		}
		const known = this.#repositories.get(name) ?? new Repository();
		this.#repositories.set(name, known);
		return known;
	}

	/** The repository of a request that only reads. @throws NAME_UNKNOWN */
	existing(name: string): Repository {
		const known = this.#repositories.get(name);
		if (known === undefined) throw new RegistryError('NAME_UNKNOWN', { detail: name });
		return known;
	}

	startUpload(name: string): string {
		const id = randomUUID();
		this.open(name).uploads.set(id, Buffer.alloc(0));
		return id;
	}

	upload(name: string, id: string): Buffer {
		const content = this.#repositories.get(name)?.uploads.get(id);
		if (content === undefined) throw new RegistryError('BLOB_UPLOAD_UNKNOWN', { detail: id });
		return content;
	}

	/** Takes a blob over from another repository; false when it is not there. */
	mount(name: string, digest: string, from: string): boolean {
		const blob = this.#repositories.get(from)?.blobs.get(digest);
		if (blob !== undefined) this.open(name).blobs.set(digest, blob);
		return blob !== undefined;
	}

	/** @throws DIGEST_INVALID when the content has another digest. */
	addBlob(name: string, digest: string, content: Buffer): void {
		if (!isDigest(digest) || digestOf(content, digest) !== digest) {
			throw new RegistryError('DIGEST_INVALID', { detail: digest });
		}
		this.open(name).blobs.set(digest, content);
	}

	blob(name: string, digest: string): Buffer {
		const blob = this.existing(name).blobs.get(digest);
		if (blob === undefined) throw new RegistryError('BLOB_UNKNOWN', { detail: digest });
		return blob;
	}

	/** A manifest by tag or digest. @throws MANIFEST_UNKNOWN */
	manifest(name: string, reference: string): Manifest & { digest: string } {
		const { tags, manifests } = this.existing(name);
		const digest = tags.get(reference) ?? reference;
		const manifest = manifests.get(digest);
		if (manifest === undefined) {
			throw new RegistryError('MANIFEST_UNKNOWN', { detail: reference });
		}
		return { ...manifest, digest };
	}

	/**
	 * Keeps a manifest under its digest, and under a tag when the reference is one.
	 * @throws MANIFEST_INVALID, DIGEST_INVALID, or MANIFEST_BLOB_UNKNOWN for content that was not pushed before.
	 */
	addManifest(name: string, reference: string, manifest: Manifest) {
		const repository = this.open(name);
		const digest = digestOf(manifest.content, reference);
		if (reference.includes(':') && reference !== digest) {
			throw new RegistryError('DIGEST_INVALID', { detail: reference });
		}
		const document = parse(manifest.content);
		if (document.mediaType !== undefined && document.mediaType !== manifest.mediaType) {
			throw new RegistryError('MANIFEST_INVALID', {
				detail: `mediaType ${document.mediaType} is not the content type ${manifest.mediaType}`,
			});
		}
		const blobs = [document.config, ...(document.layers ?? [])];
		const missing = [
			...blobs.filter((one) => one !== undefined && !repository.blobs.has(one.digest)),
			...(document.manifests ?? []).filter((one) => !repository.manifests.has(one.digest)),
		];
		const [first] = missing;
		if (first !== undefined) {
			throw new RegistryError('MANIFEST_BLOB_UNKNOWN', { detail: first.digest });
		}
		repository.manifests.set(digest, manifest);
		if (!isDigest(reference)) repository.tags.set(reference, digest);
		return { digest, subject: document.subject?.digest };
	}

	/** Deletes a tag, or a manifest with the tags that point at it. */
	removeManifest(name: string, reference: string): void {
		const { digest } = this.manifest(name, reference);
		const { tags, manifests } = this.existing(name);
		if (tags.delete(reference)) return;
		manifests.delete(digest);
		for (const [tag, target] of tags) if (target === digest) tags.delete(tag);
	}

	/** Descriptors of the manifests whose subject is the digest. */
	referrers(name: string, digest: string) {
		const manifests = this.#repositories.get(name)?.manifests ?? new Map<string, Manifest>();
		return [...manifests].flatMap(([own, { mediaType, content }]) => {
			const document = parse(content);
			if (document.subject?.digest !== digest) return [];
			const { config, annotations } = document;
			const artifactType =
				document.artifactType ??
				(config?.mediaType === emptyConfig ? undefined : config?.mediaType);
			return [
				{
					mediaType,
					digest: own,
					size: content.length,
					...(artifactType === undefined ? {} : { artifactType }),
					...(annotations === undefined ? {} : { annotations }),
				},
			];
		});
	}
}

function parse(content: Buffer): ManifestDocument {
	try {
		const document: unknown = JSON.parse(content.toString());
		if (typeof document === 'object' && document !== null) return document;
	} catch {
		// Answered below, as any other content that is no manifest.
	}
	throw new RegistryError('MANIFEST_INVALID', { detail: 'the manifest is no JSON object' });
}
