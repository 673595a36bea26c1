/**
 * `node plain-requests.ts KUBECONFIG NAMESPACE FOLDER`: applies JSON files as fast as plain
 * requests can, eight at a time, without a look at anything: the floor for every client.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { connectionOf } from '../../shared/kubernetes/kubeconfig.ts';

const [kubeconfig = '', namespace = '', folder = ''] = process.argv.slice(2);
const { server, tls, credentials } = await connectionOf(
	{ kubeconfig },
	{ environment: {}, folder: '/', protect: () => undefined, nameOf: (input) => input },
);
const agent = new Agent({ keepAlive: true, maxSockets: 8, ...tls });
const authorization = await credentials.authorization?.();
const plurals: Readonly<Record<string, string>> = {
	ConfigMap: `/api/v1/namespaces/${namespace}/configmaps`,
	Service: `/api/v1/namespaces/${namespace}/services`,
	Deployment: `/apis/apps/v1/namespaces/${namespace}/deployments`,
};

function apply(text: string): Promise<void> {
	const { kind, metadata } = JSON.parse(text) as { kind: string; metadata: { name: string } };
	const url = `${server}${plurals[kind]}/${metadata.name}?fieldManager=plain`;
	const headers = {
		'content-type': 'application/apply-patch+yaml',
		'content-length': Buffer.byteLength(text),
		...(authorization === undefined ? {} : { authorization }),
	};
	return new Promise((resolve, reject) => {
		const outgoing = request(url, { method: 'PATCH', agent, headers }, (response) => {
			response.resume().once('end', resolve);
			if ((response.statusCode ?? 500) >= 300) reject(new Error(`${url}: ${response.statusCode}`));
		});
		outgoing.once('error', reject).end(text);
	});
}

const files = readdirSync(folder).map((name) => join(folder, name));
await Promise.all(files.map((file) => apply(readFileSync(file, 'utf8'))));
agent.destroy();
