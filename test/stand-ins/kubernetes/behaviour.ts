import type { Pod } from './workloads.ts';

/**
 * What happens when a node pulls an image and starts a container of it. Times are in the cluster's
 * seconds; `imageID` is `NAME@DIGEST` as the runtime reports it; `log` is what one run of it writes.
 */
export type ImageBehaviour =
	| { kind: 'ready'; imageID?: string; after?: number; log?: string }
	/** Runs, and its readiness probe never succeeds. */
	| { kind: 'never-ready'; imageID?: string; probe?: string; log?: string }
	/** Ends with this code after `after`, and starts again as the pod's restart policy has it. */
	| { kind: 'exit' | 'crash'; imageID?: string; exitCode: number; after?: number; log?: string }
	/** Cannot be pulled; the message is the runtime's own. */
	| { kind: 'missing'; message: string }
	/** Is pulled, and its container cannot be made: `configmap "app" not found`. */
	| { kind: 'config-error'; message: string };

/** Asked at each pull, so that a later pull may find what an earlier one did not. */
export type Behaviour = (image: string, pod: Pod) => Promise<ImageBehaviour>;

/** Every image is there, starts and is ready after half a second. */
export const alwaysReady: Behaviour = async () => ({ kind: 'ready' });

/** The runtime's words for an image that its registry does not have. */
export function notFoundMessage(reference: string): string {
	return pullError('NotFound', reference, `${reference}: not found`);
}

export function pullError(code: string, reference: string, cause: string): string {
	return `rpc error: code = ${code} desc = failed to pull and unpack image "${reference}": failed to resolve reference "${reference}": ${cause}`;
}

export interface ImageReference {
	/** `127.0.0.1:5000`, `docker.io` */
	host: string;
	/** `acme/app`, `library/nginx` */
	repository: string;
	/** A tag or a digest. */
	version: string;
	/** The name in full, as the runtime prints it. */
	full: string;
}

/** The parts of an image's name with the runtime's defaults: docker.io, library/, latest. Undefined when it is no name. */
export function parseImage(image: string): ImageReference | undefined {
	const match =
		/^(?:(?<host>[a-zA-Z0-9.-]+(?::\d+)?)\/)?(?<path>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/.exec(
			image,
		);
	if (match?.groups === undefined) return undefined;
	const { host: first, path = '', tag, digest } = match.groups;
	const isHost = first !== undefined && (/[.:]/.test(first) || first === 'localhost');
	const host = isHost ? first : 'docker.io';
	const rest = isHost || first === undefined ? path : `${first}/${path}`;
	const repository = host === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest;
	const version = digest ?? tag ?? 'latest';
	const separator = digest === undefined ? ':' : '@';
	return { host, repository, version, full: `${host}/${repository}${separator}${version}` };
}
