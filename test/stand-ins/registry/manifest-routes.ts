import { RegistryError } from './errors.ts';
import { type Answer, json, type RegistryRequest } from './route.ts';
import { isDigest, type Storage } from './storage.ts';

const imageIndex = 'application/vnd.oci.image.index.v1+json';

/** Reads, keeps or deletes a manifest by tag or digest. */
export function answerManifest(storage: Storage, request: RegistryRequest): Answer {
	const { method, name, reference, body } = request;
	switch (method) {
		case 'GET':
		case 'HEAD': {
			const { mediaType, digest, content } = storage.manifest(name, reference);
			const headers = { 'content-type': mediaType, 'docker-content-digest': digest };
			return {
				status: 200,
				headers: { ...headers, 'content-length': String(content.length) },
				body: content,
			};
		}
		case 'PUT': {
			if (!isDigest(reference) && !/^\w[\w.-]{0,127}$/.test(reference)) {
				throw new RegistryError('MANIFEST_INVALID', { detail: `${reference} is no tag` });
			}
			const mediaType = request.header('content-type');
			const { digest, subject } = storage.addManifest(name, reference, {
				mediaType,
				content: body,
			});
			return {
				status: 201,
				headers: {
					location: `/v2/${name}/manifests/${digest}`,
					'docker-content-digest': digest,
					...(subject === undefined ? {} : { 'oci-subject': subject }),
				},
			};
		}
		case 'DELETE':
			storage.removeManifest(name, reference);
			return { status: 202 };
		default:
			throw new RegistryError('UNSUPPORTED');
	}
}

/** The repository's tags in order, `n` at a time after `last`, with a Link to the next page. */
export function answerTags(storage: Storage, { name, query }: RegistryRequest): Answer {
	const last = query.get('last') ?? '';
	const tags = [...storage.existing(name).tags.keys()].sort().filter((tag) => tag > last);
	const limit = query.get('n') === null ? tags.length : Number(query.get('n'));
	const page = tags.slice(0, limit);
	const answer = json(JSON.stringify({ name, tags: page }));
	const end = page.at(-1);
	if (page.length === tags.length || end === undefined) return answer;
	const next = `</v2/${name}/tags/list?n=${limit}&last=${encodeURIComponent(end)}>; rel="next"`;
	return { ...answer, headers: { ...answer.headers, link: next } };
}

/** The manifests that refer to a digest, as an index; `artifactType` filters them. */
export function answerReferrers(storage: Storage, request: RegistryRequest): Answer {
	const { name, reference, query } = request;
	if (!isDigest(reference)) throw new RegistryError('DIGEST_INVALID', { detail: reference });
	const wanted = query.get('artifactType');
	const manifests = storage
		.referrers(name, reference)
		.filter(({ artifactType }) => wanted === null || artifactType === wanted);
	return {
		status: 200,
		headers: {
			'content-type': imageIndex,
			...(wanted === null ? {} : { 'oci-filters-applied': 'artifactType' }),
		},
		body: JSON.stringify({ schemaVersion: 2, mediaType: imageIndex, manifests }),
	};
}
