import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Cluster } from './cluster.ts';
import type { JsonObject } from './objects.ts';

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
