import { domainOf } from '../aws/aws.ts';
import type { AwsCredentialChain } from '../aws/credentials.ts';
import { badInput, Failure } from '../failure/failure.ts';
import { HttpClient } from '../http/client.ts';
import type { Log } from '../log/log.ts';
import type { Credentials } from './credentials.ts';
import { readPath } from './object.ts';

/** A cluster of Amazon EKS, and who asks for it. */
export interface EksCluster {
	name: string;
	region: string;
	aws: AwsCredentialChain;
	/** Variables that name a proxy, or another address of AWS. */
	environment: Readonly<Record<string, string | undefined>>;
	protect: (secret: string) => void;
}

/** Tokens are valid for a quarter of an hour; one is renewed well before. */
const keptMs = 10 * 60_000;
const presignSeconds = '60';

/**
 * Tokens as `aws eks get-token` makes them: a presigned request of who the caller is, which
 * the cluster sends to STS
 * (https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster).
 */
export function eksCredentials(cluster: EksCluster): Credentials {
	let kept: { value: string; until: number } | undefined;
	return {
		async authorization() {
			if (kept === undefined || kept.until < Date.now()) {
				const { AwsV4Signer } = await import('aws4fetch');
				const url = new URL(`https://sts.${domainOf(cluster.region)}/`);
				url.searchParams.set('Action', 'GetCallerIdentity');
				url.searchParams.set('Version', '2011-06-15');
				url.searchParams.set('X-Amz-Expires', presignSeconds);
				const signer = new AwsV4Signer({
					...(await cluster.aws.credentials()),
					method: 'GET',
					url: url.href,
					service: 'sts',
					region: cluster.region,
					signQuery: true,
					headers: { 'x-k8s-aws-id': cluster.name },
				});
				const signed = (await signer.sign()).url.href;
				const token = `k8s-aws-v1.${Buffer.from(signed).toString('base64url')}`;
				cluster.protect(token);
				kept = { value: `Bearer ${token}`, until: Date.now() + keptMs };
			}
			return kept.value;
		},
		renew() {
			kept = undefined;
			cluster.aws.forget();
			return true;
		},
	};
}

/**
 * Asks EKS for the cluster's address and authority:
 * https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeCluster.html.
 */
export async function describeEksCluster(
	cluster: EksCluster,
	{ log, signal, nameOf }: { log: Log; signal: AbortSignal; nameOf: (input: string) => string },
): Promise<{ server: string; ca: string }> {
	const { name, region, environment } = cluster;
	const endpoint =
		environment.AWS_ENDPOINT_URL_EKS ||
		environment.AWS_ENDPOINT_URL ||
		`https://eks.${domainOf(region)}`;
	const path = `/clusters/${encodeURIComponent(name)}`;
	const { AwsV4Signer } = await import('aws4fetch');
	const signer = new AwsV4Signer({
		...(await cluster.aws.credentials()),
		method: 'GET',
		url: `${endpoint.replace(/\/$/, '')}${path}`,
		service: 'eks',
		region,
	});
	const headers = Object.fromEntries((await signer.sign()).headers);
	const http = new HttpClient({ baseUrl: endpoint, environment, log, signal });
	try {
		const { status, text } = await http.send({ path, headers });
		const answer = jsonOf(text);
		if (status === 404)
			throw badInput(
				`${nameOf('eks-cluster')}: there is no EKS cluster "${name}" in ${region}; check the name and the region`,
			);
		if (status !== 200)
			throw new Failure(
				`EKS does not tell the address of cluster "${name}" in ${region} (${status}): ${String(readPath(answer, ['message']) ?? text.slice(0, 300))}; the right eks:DescribeCluster is needed, or give ${nameOf('server')} and ${nameOf('cluster-ca')}`,
			);
		const server = readPath(answer, ['cluster', 'endpoint']);
		const ca = readPath(answer, ['cluster', 'certificateAuthority', 'data']);
		if (typeof server !== 'string' || typeof ca !== 'string')
			throw new Failure(
				`The EKS cluster "${name}" has no address yet; its status is ${String(readPath(answer, ['cluster', 'status']))}`,
			);
		return { server, ca: Buffer.from(ca, 'base64').toString('utf8') };
	} finally {
		http.close();
	}
}

function jsonOf(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
