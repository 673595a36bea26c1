import {
	type Behaviour,
	type ImageBehaviour,
	type ImageReference,
	notFoundMessage,
	parseImage,
	pullError,
} from './behaviour.ts';

export interface RegistryOptions {
	/** Where a registry's images are really pulled from: `{ 'docker.io': 'http://127.0.0.1:5000' }`. */
	mirrors?: Record<string, string>;
	/** Sent with each pull, as the node's own credentials. */
	authorization?: string;
}

const accept = [
	'application/vnd.oci.image.index.v1+json',
	'application/vnd.oci.image.manifest.v1+json',
	'application/vnd.docker.distribution.manifest.list.v2+json',
	'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

interface Manifest {
	manifests?: { digest: string; platform?: { os?: string; architecture?: string } }[];
	config?: { digest: string };
}

/**
 * Pulls each image from its registry over HTTP. Its labels say how it behaves, ready when they say nothing:
 * `lockstep.test/behaviour` (ready, never-ready, crash, exit, config-error), `lockstep.test/exit-code`,
 * `lockstep.test/log`, `lockstep.test/after` (seconds).
 */
export function askRegistry({ mirrors = {}, authorization }: RegistryOptions = {}): Behaviour {
	const headers = { accept, ...(authorization === undefined ? {} : { authorization }) };
	return async (image) => {
		const reference = parseImage(image);
		if (reference === undefined) throw new Error(`${image} is no image name`);
		const { host, repository, version, full } = reference;
		const base = `${mirrors[host] ?? `http://${host}`}/v2/${repository}`;
		const get = async (path: string) => fetch(`${base}/${path}`, { headers });
		const found = await get(`manifests/${version}`).catch((error: Error) => error);
		if (found instanceof Error) {
			const cause = `failed to do request: Head "${base}/manifests/${version}": ${found.message}`;
			return { kind: 'missing', message: pullError('Unknown', full, cause) };
		}
		if (!found.ok) return refused(found.status, reference);
		const digest = found.headers.get('docker-content-digest') ?? '';
		let manifest = (await found.json()) as Manifest;
		if (manifest.manifests !== undefined) {
			const own = manifest.manifests.find(({ platform }) => platform?.architecture === 'amd64');
			if (own === undefined) {
				const message = `rpc error: code = NotFound desc = failed to pull and unpack image "${full}": no match for platform in manifest: not found`;
				return { kind: 'missing', message };
			}
			manifest = (await (await get(`manifests/${own.digest}`)).json()) as Manifest;
		}
		const blob = await get(`blobs/${manifest.config?.digest}`);
		const config = (await blob.json()) as { config?: { Labels?: Record<string, string> } };
		return labelled(config.config?.Labels ?? {}, `${host}/${repository}@${digest}`);
	};
}

function refused(status: number, reference: ImageReference): ImageBehaviour {
	if (status === 404) return { kind: 'missing', message: notFoundMessage(reference.full) };
	const cause =
		status === 401 || status === 403
			? 'pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials'
			: `unexpected status from HEAD request: ${status}`;
	return { kind: 'missing', message: pullError('Unknown', reference.full, cause) };
}

function labelled(labels: Record<string, string>, imageID: string): ImageBehaviour {
	const log = labels['lockstep.test/log'];
	const after = labels['lockstep.test/after'];
	const run = {
		imageID,
		...(log === undefined ? {} : { log }),
		...(after === undefined ? {} : { after: Number(after) }),
	};
	const kind = labels['lockstep.test/behaviour'];
	switch (kind) {
		case 'crash':
		case 'exit': {
			const preset = kind === 'crash' ? 1 : 0;
			return { kind, exitCode: Number(labels['lockstep.test/exit-code'] ?? preset), ...run };
		}
		case 'never-ready':
			return { kind, ...run };
		case 'config-error':
			return { kind, message: log ?? 'configmap "settings" not found' };
		default:
			return { kind: 'ready', ...run };
	}
}
