/** What is read of a manifest or an index; the OCI's and Docker's agree on these. */
export interface Manifest {
	mediaType?: string;
	/** Of an index: the manifests, one for each platform. */
	manifests?: readonly Descriptor[];
	/** Of an image's manifest. */
	config?: Descriptor;
}

export interface Descriptor {
	mediaType?: string;
	digest: string;
	size?: number;
	platform?: { os?: string; architecture?: string; variant?: string };
}

/** All that a tag may stand for. */
export const manifestTypes: readonly string[] = [
	'application/vnd.oci.image.index.v1+json',
	'application/vnd.oci.image.manifest.v1+json',
	'application/vnd.docker.distribution.manifest.list.v2+json',
	'application/vnd.docker.distribution.manifest.v2+json',
];

/**
 * The digests by which a node may tell that it runs what a manifest describes: its own, those
 * of its platforms where it is an index, and that of its config, which CRI-O tells.
 */
export function digestsOf(digest: string, { manifests = [], config }: Manifest): string[] {
	return [digest, ...manifests.map((child) => child.digest), ...(config ? [config.digest] : [])];
}
