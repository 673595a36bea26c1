import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Cluster } from './cluster.ts';
import { at, type JsonObject } from './objects.ts';

export interface Answer {
	status: number;
	headers: Record<string, string | string[] | undefined>;
	body: JsonObject;
	text: string;
}

export interface Options {
	method?: string;
	body?: JsonObject | JsonObject[];
	type?: string;
	accept?: string;
	token?: string;
}

/** One request to the cluster as its admin, or with another token. */
export function call(cluster: Cluster, path: string, options: Options = {}): Promise<Answer> {
	const { method = 'GET', body, type = 'application/json', accept = 'application/json' } = options;
	const token = options.token ?? cluster.adminToken;
	const send = cluster.url.startsWith('https') ? httpsRequest : httpRequest;
	return new Promise((resolve, reject) => {
		const request = send(
			`${cluster.url}${path}`,
			{
				method,
				...(cluster.ca === '' ? {} : { ca: cluster.ca }),
				headers: { accept, 'content-type': type, authorization: `Bearer ${token}` },
			},
			(response) => {
				const chunks: Buffer[] = [];
				response.on('data', (chunk: Buffer) => chunks.push(chunk));
				response.on('end', () => {
					const text = Buffer.concat(chunks).toString();
					const isJson = String(response.headers['content-type']).startsWith('application/json');
					resolve({
						status: response.statusCode ?? 0,
						headers: response.headers,
						body: isJson && !text.includes('}\n{') ? (JSON.parse(text) as JsonObject) : {},
						text,
					});
				});
				response.on('error', reject);
			},
		);
		request.on('error', reject);
		request.end(body === undefined ? undefined : JSON.stringify(body));
	});
}

const collections: Record<string, string> = {
	ConfigMap: '/api/v1/namespaces/default/configmaps',
	ResourceQuota: '/api/v1/namespaces/default/resourcequotas',
	Service: '/api/v1/namespaces/default/services',
	DaemonSet: '/apis/apps/v1/namespaces/default/daemonsets',
	Deployment: '/apis/apps/v1/namespaces/default/deployments',
	StatefulSet: '/apis/apps/v1/namespaces/default/statefulsets',
	Job: '/apis/batch/v1/namespaces/default/jobs',
	CustomResourceDefinition: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
};

/** Where an object of the namespace `default`, or of none, is read and written. */
export function pathOf(object: JsonObject): string {
	return `${collections[String(object.kind)]}/${String(at(object, 'metadata', 'name'))}`;
}

/** Server-side apply as `lockstep`, strictly validated; other parameters by `query`, such as `&force=true`. */
export function apply(
	cluster: Cluster,
	object: JsonObject,
	query = '',
	options: Options = {},
): Promise<Answer> {
	const manager = query.includes('fieldManager') ? '' : '&fieldManager=lockstep';
	return call(cluster, `${pathOf(object)}?fieldValidation=Strict${manager}${query}`, {
		method: 'PATCH',
		body: object,
		type: 'application/apply-patch+yaml',
		...options,
	});
}

/** The same, for an object that is to be taken. @throws with the answer when it is not. */
export async function deploy(cluster: Cluster, object: JsonObject): Promise<void> {
	const { status, text } = await apply(cluster, object, '&force=true');
	if (status >= 300) throw new Error(text);
}
