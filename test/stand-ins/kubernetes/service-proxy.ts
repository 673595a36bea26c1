import { forbidden, isAllowed } from './access.ts';
import type { Answer, Api } from './api.ts';
import type { ApiRequest } from './api-request.ts';
import { at, type KubeObject } from './objects.ts';
import { StatusError } from './status-error.ts';
import type { Pod } from './workloads.ts';

/** What a pod answers to a GET that the API server hands on to it. */
export type PodServer = (pod: Pod, path: string) => { status: number; type?: string; body: string };

const pathOf =
	/^\/api\/v1\/namespaces\/([^/]+)\/services\/(?:https?:)?([^/:]+)(?::([^/]*))?\/proxy(\/.*)?$/;

/** Answers what is asked through a Service's proxy; undefined for every other path. */
export function proxyService(api: Api, request: ApiRequest): Answer | undefined {
	const match = pathOf.exec(request.path);
	if (match === null) return undefined;
	const [, namespace = '', name = '', port = '', path = '/'] = match;
	const attributes = { verb: 'get', group: '', resource: 'services/proxy', namespace, name };
	if (!isAllowed(request.user, attributes)) throw forbidden(request.user, attributes);
	const service = api.read('Service', namespace, name);
	if (service === undefined) throw StatusError.notFound('services', '', name);
	if (!hasPort(service, port))
		throw unavailable(`no service port "${port}" found for service "${name}"`);
	const selector = Object.entries((at(service, 'spec', 'selector') ?? {}) as object);
	const pod = (api.readAll('Pod', namespace) as Pod[]).find(
		({ metadata, status }) =>
			selector.length > 0 &&
			selector.every(([key, value]) => metadata.labels?.[key] === value) &&
			status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
	);
	if (pod === undefined) throw unavailable(`no endpoints available for service "${name}"`);
	const query = request.query.toString();
	const { status, type, body } = api.serve(pod, query === '' ? path : `${path}?${query}`);
	return { type: 'text', status, text: body, ...(type === undefined ? {} : { contentType: type }) };
}

function hasPort(service: KubeObject, port: string): boolean {
	const ports = (at(service, 'spec', 'ports') ?? []) as { name?: string; port: number }[];
	if (port === '') return ports.length === 1;
	return ports.some((entry) => entry.name === port || String(entry.port) === port);
}

function unavailable(message: string): StatusError {
	return new StatusError(503, 'ServiceUnavailable', message);
}
