import { RegistryError } from './errors.ts';
import type { Answer, RegistryRequest } from './route.ts';
import type { Storage } from './storage.ts';

/** Reads, or deletes, a blob; a `Range` gives a part of it. */
export function answerBlob(storage: Storage, request: RegistryRequest): Answer {
	const { method, name, reference } = request;
	const content = storage.blob(name, reference);
	const headers = {
		'content-type': 'application/octet-stream',
		'docker-content-digest': reference,
		'accept-ranges': 'bytes',
	};
	if (method === 'DELETE') {
		storage.open(name).blobs.delete(reference);
		return { status: 202 };
	}
	if (method === 'HEAD') {
		return { status: 200, headers: { ...headers, 'content-length': String(content.length) } };
	}
	if (method !== 'GET') throw new RegistryError('UNSUPPORTED');
	const range = /^bytes=(\d*)-(\d*)$/.exec(request.header('range'));
	if (range === null) return { status: 200, headers, body: content };
	const [, first = '', last = ''] = range;
	const start = first === '' ? Math.max(0, content.length - Number(last)) : Number(first);
	const end = first === '' || last === '' ? content.length - 1 : Number(last);
	if (start >= content.length || start > end) {
		const headers = { 'content-range': `bytes */${content.length}` };
		throw new RegistryError('RANGE_INVALID', { headers });
	}
	const part = content.subarray(start, end + 1);
	const place = `bytes ${start}-${start + part.length - 1}/${content.length}`;
	return { status: 206, headers: { ...headers, 'content-range': place }, body: part };
}

/** Starts, continues, ends, asks for or cancels an upload; mounts a blob from another repository. */
export function answerUpload(storage: Storage, request: RegistryRequest): Answer {
	const { method, name, reference: id, query, body } = request;
	if (id === '') {
		if (method !== 'POST') throw new RegistryError('UNSUPPORTED');
		return start(storage, request);
	}
	const { uploads } = storage.existing(name);
	const so = storage.upload(name, id);
	switch (method) {
		case 'GET':
			return { status: 204, headers: progress(name, id, so.length) };
		case 'DELETE':
			uploads.delete(id);
			return { status: 204 };
		case 'PATCH': {
			const content = appended(so, request);
			uploads.set(id, content);
			return { status: 202, headers: progress(name, id, content.length) };
		}
		case 'PUT': {
			const content = body.length > 0 ? appended(so, request) : so;
			const digest = query.get('digest') ?? '';
			storage.addBlob(name, digest, content);
			uploads.delete(id);
			return created(name, digest);
		}
		default:
			throw new RegistryError('UNSUPPORTED');
	}
}

function start(storage: Storage, { name, query, body }: RegistryRequest): Answer {
	const digest = query.get('digest');
	if (digest !== null) {
		storage.addBlob(name, digest, body);
		return created(name, digest);
	}
	const mounted = query.get('mount') ?? '';
	if (storage.mount(name, mounted, query.get('from') ?? '')) return created(name, mounted);
	const id = storage.startUpload(name);
	return { status: 202, headers: progress(name, id, 0) };
}

/** @throws RANGE_INVALID when a chunk does not begin where the upload has got to. */
function appended(so: Buffer, { name, reference, header, body }: RegistryRequest): Buffer {
	const range = /^(?:bytes[ =])?(\d+)-(\d+)/.exec(header('content-range'));
	if (range !== null) {
		const [, first, last] = range.map(Number);
		if (first !== so.length || last !== so.length + body.length - 1) {
			const headers = progress(name, reference, so.length);
			throw new RegistryError('RANGE_INVALID', { headers });
		}
	}
	return Buffer.concat([so, body]);
}

function progress(name: string, id: string, length: number): Record<string, string> {
	return {
		location: `/v2/${name}/blobs/uploads/${id}`,
		'docker-upload-uuid': id,
		range: `0-${Math.max(0, length - 1)}`,
	};
}

function created(name: string, digest: string): Answer {
	return {
		status: 201,
		headers: { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest },
	};
}
