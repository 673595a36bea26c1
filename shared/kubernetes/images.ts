import { containersIn, type KubernetesObject, type Pod, podSpecOf } from './object.ts';

/** The images that a workload's containers are to run, each once, init containers left out. */
export function imagesOf(object: KubernetesObject): string[] {
	const containers = containersIn(podSpecOf(object), 'containers');
	return unique(containers.map(({ image }) => image));
}

/** What the containers of pods really run, as the nodes tell it: `name@sha256:…`, each once. */
export function imageIdsOf(pods: readonly Pod[]): string[] {
	return unique(
		pods.flatMap(({ status }) =>
			(status?.containerStatuses ?? []).map(({ imageID }) => imageID.replace(/^[a-z-]+:\/\//, '')),
		),
	);
}

function unique(texts: readonly (string | undefined)[]): string[] {
	return [...new Set(texts.filter((text) => typeof text === 'string' && text !== ''))] as string[];
}
