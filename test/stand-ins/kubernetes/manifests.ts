import type { JsonObject } from './objects.ts';

/** A Deployment named `web` of one container, as a repository would hold it; `spec` is laid over its own. */
export function deployment(image: string, spec: JsonObject = {}): JsonObject {
	return {
		apiVersion: 'apps/v1',
		kind: 'Deployment',
		metadata: { name: 'web', labels: { app: 'web' } },
		spec: {
			replicas: 2,
			selector: { matchLabels: { app: 'web' } },
			...spec,
			template: {
				metadata: { labels: { app: 'web' } },
				spec: { containers: [{ name: 'web', image, ports: [{ containerPort: 80 }] }] },
			},
		},
	};
}

export function configMap(name: string, data: JsonObject): JsonObject {
	return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}
