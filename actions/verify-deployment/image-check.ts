import { Failure } from '../../shared/failure/failure.ts';
import {
	formatReference,
	parseReference,
	type Reference,
	sameRepository,
} from '../../shared/image/reference.ts';
import type { KubernetesClient } from '../../shared/kubernetes/client.ts';
import { imageIdsOf, imagesOf } from '../../shared/kubernetes/images.ts';
import { containersOf, type Pod, podSpecOf, titleOf } from '../../shared/kubernetes/object.ts';
import { readinessOf } from '../../shared/kubernetes/readiness.ts';
import { readWorkload, type WorkloadName } from '../../shared/kubernetes/workload.ts';
import type { RegistryRepository } from '../../shared/registry/client.ts';
import { digestsOf } from '../../shared/registry/manifest.ts';
import type { Check } from './checks.ts';

export interface ImageCheckOptions {
	client: KubernetesClient;
	/** Opens a repository of a registry; the caller closes it. */
	registry(repository: string): RegistryRepository;
	/** Told what the pods run, `name@sha256:…`. */
	onImageIds(ids: readonly string[]): void;
}

/**
 * Whether a workload has rolled out, and all of its pods run the digests of the images.
 * @param images - what it has to run; by default what its own template names
 */
export function imageCheck(
	workload: WorkloadName,
	images: readonly Reference[],
	options: ImageCheckOptions,
): Check {
	const digests = new Map<string, Promise<readonly string[]>>();
	const accepted = (image: Reference) => {
		const key = formatReference(image);
		const known = digests.get(key) ?? acceptedDigests(image, options);
		digests.set(key, known);
		// A registry that is away is asked again at the next attempt.
		known.catch(() => digests.delete(key));
		return known;
	};
	return {
		kind: 'image',
		name: `${workload.kind}/${workload.name} runs ${images.map(formatReference).join(', ') || 'what its template names'}`,
		async run() {
			const { object, pods } = await readWorkload(workload, options.client);
			const readiness = readinessOf(object);
			if (readiness.state !== 'ready')
				throw new Failure(`${titleOf(object)} has not rolled out: ${readiness.detail}`);
			if (pods.length === 0) throw new Failure(`${titleOf(object)} has no pod that runs`);
			options.onImageIds(imageIdsOf(pods));
			const wanted =
				images.length > 0 ? images : imagesOf(object).flatMap((text) => parseReference(text) ?? []);
			for (const image of wanted) {
				const running = pods.flatMap((pod) => runsOf(pod, image));
				if (running.length === 0)
					throw new Failure(
						`no container of ${titleOf(object)} is of ${image.name}; they are of ${imagesOf(object).join(', ')}`,
					);
				for (const { pod, container, imageID } of running)
					if (digestIn(imageID) !== image.digest || image.digest === undefined)
						await judge({ pod, container, imageID }, image, accepted);
			}
		},
	};
}

interface Running {
	pod: string;
	container: string;
	imageID: string;
}

/** The containers of a pod whose image is of the repository. */
function runsOf(pod: Pod, image: Reference): Running[] {
	const names = containersOf(podSpecOf(pod))
		.filter((container) => {
			const reference = parseReference(container.image ?? '');
			return reference !== undefined && sameRepository(reference.name, image.name);
		})
		.map(({ name }) => name);
	const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
	const statuses = [...initContainerStatuses, ...containerStatuses];
	return names.map((container) => ({
		pod: pod.metadata.name,
		container,
		imageID: statuses.find(({ name }) => name === container)?.imageID ?? '',
	}));
}

async function judge(
	{ pod, container, imageID }: Running,
	image: Reference,
	accepted: (image: Reference) => Promise<readonly string[]>,
): Promise<void> {
	const digest = digestIn(imageID);
	const where = `container "${container}" of pod ${pod}`;
	if (digest === undefined) throw new Failure(`${where} has not told yet what it runs`);
	const digests = await accepted(image);
	if (digests.includes(digest)) return;
	throw new Failure(`${where} runs ${digest}, and ${formatReference(image)} is ${digests[0]}`);
}

/** `docker.io/library/nginx@sha256:…`, `docker-pullable://…`, or the digest alone. */
function digestIn(imageID: string): string | undefined {
	return /(?:^|[@/])(\w+:[0-9a-f]{32,})$/.exec(imageID)?.[1];
}

async function acceptedDigests(
	image: Reference,
	{ registry }: ImageCheckOptions,
): Promise<readonly string[]> {
	const repository = registry(image.name);
	try {
		const found = await repository.manifest(image.digest ?? image.tag ?? 'latest');
		if (found === undefined) throw new Failure(`the registry has no ${formatReference(image)}`);
		// Some runtimes tell the config of their platform, which the index does not name.
		const children = await Promise.all(
			(found.manifest.manifests ?? []).map(({ digest }) => repository.manifest(digest)),
		);
		return [
			...digestsOf(found.digest, found.manifest),
			...children.flatMap((child) => (child ? digestsOf(child.digest, child.manifest) : [])),
		];
	} finally {
		repository.close();
	}
}
