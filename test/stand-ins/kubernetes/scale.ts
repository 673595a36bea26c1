import { at, isObject, type JsonObject, type KubeObject } from './objects.ts';

/** The Scale of a workload: what its `scale` subresource shows. */
export function scaleOf(object: KubeObject): JsonObject {
	const { name, namespace = '', uid, resourceVersion, creationTimestamp } = object.metadata;
	const labels = at(object, 'spec', 'selector', 'matchLabels');
	const selector = Object.entries(isObject(labels) ? labels : {})
		.map(([key, value]) => `${key}=${String(value)}`)
		.join(',');
	return {
		kind: 'Scale',
		apiVersion: 'autoscaling/v1',
		metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
		spec: { replicas: at(object, 'spec', 'replicas') ?? 0 },
		status: {
			replicas: at(object, 'status', 'replicas') ?? 0,
			...(selector === '' ? {} : { selector }),
		},
	};
}

/** The workload with the replicas that a Scale asks for. */
export function withScale(object: KubeObject, scale: JsonObject): KubeObject {
	const spec = isObject(object.spec) ? object.spec : {};
	return { ...object, spec: { ...spec, replicas: at(scale, 'spec', 'replicas') ?? 0 } };
}
