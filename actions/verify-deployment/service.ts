import { badInput } from '../../shared/failure/failure.ts';
import type { KubernetesClient } from '../../shared/kubernetes/client.ts';
import { type Ask, longestBody } from './http-check.ts';

/** A Service of the cluster, and what is asked for there. */
export interface ServiceAddress {
	/** As the proxy's path has it: `web:80`, `https:web:443`. */
	service: string;
	namespace?: string;
	/** From the `/` on, with its query. */
	path: string;
}

/**
 * Reads `service://name.namespace:port/path`; the port may be a name, so this is no URL.
 * @throws Failure (bad input)
 */
export function parseService(text: string, inputName: string): ServiceAddress {
	const match =
		/^service:\/\/([a-z0-9-]+)(?:\.([a-z0-9-]+))?(?::([a-z0-9-]+))?(\/[^\s#]*|\?[^\s#]*)?$/.exec(
			text,
		);
	if (match === null)
		throw badInput(
			`${inputName}: "${text}" has to be service://name:port/path or service://name.namespace:port/path`,
		);
	const [, name = '', namespace, port, path = ''] = match;
	const scheme = port === '443' || port === 'https' ? 'https:' : '';
	return {
		service: port === undefined ? name : `${scheme}${name}:${port}`,
		...(namespace === undefined ? {} : { namespace }),
		path: path.startsWith('/') ? path : `/${path}`,
	};
}

/**
 * Asks through the API server's proxy:
 * https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/.
 */
export function askService(
	{ service, path, ...named }: ServiceAddress,
	{ client, namespace }: { client: KubernetesClient; namespace: string },
): Ask {
	return async (signal) => {
		const at = { namespace: named.namespace ?? namespace, service };
		const proxied = client.withSignal(signal);
		try {
			return await proxied.throughProxy(at, path, longestBody);
		} finally {
			proxied.close();
		}
	};
}
