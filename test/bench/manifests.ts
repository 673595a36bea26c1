/** Small objects as sets have them: ConfigMaps, Services and Deployments of no pods. */
export function benchObjects(count: number): { kind: string; name: string; object: object }[] {
	return Array.from({ length: count }, (_, index) => {
		const name = `app-${index}`;
		const labels = { app: name };
		switch (index % 5) {
			case 0:
			case 1:
				return { kind: 'ConfigMap', name, object: configMap(name, labels) };
			case 2:
				return { kind: 'Service', name, object: service(name, labels) };
			default:
				return { kind: 'Deployment', name, object: deployment(name, labels, 0) };
		}
	});
}

type Labels = Readonly<Record<string, string>>;

function configMap(name: string, labels: Labels): object {
	const data = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`key-${n}`, `value ${n}`]));
	return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels }, data };
}

function service(name: string, labels: Labels): object {
	const ports = [{ name: 'http', port: 80, targetPort: 8080 }];
	return {
		apiVersion: 'v1',
		kind: 'Service',
		metadata: { name, labels },
		spec: { selector: labels, ports },
	};
}

/** Its pods say when they are ready; they count as such at once. */
export function deployment(
	name: string,
	labels: Labels,
	replicas: number,
	annotations: Labels = {},
): object {
	const container = {
		name: 'app',
		image: 'acme/app:1',
		ports: [{ containerPort: 8080 }],
		readinessProbe: { httpGet: { path: '/healthz', port: 8080 } },
		resources: { requests: { cpu: '10m', memory: '16Mi' } },
	};
	return {
		apiVersion: 'apps/v1',
		kind: 'Deployment',
		metadata: { name, labels },
		spec: {
			replicas,
			selector: { matchLabels: labels },
			template: { metadata: { labels, annotations }, spec: { containers: [container] } },
		},
	};
}
