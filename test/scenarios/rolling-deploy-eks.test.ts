import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startAws, tokens } from '../stand-ins/aws.ts';
import { type Presigned, readPresigned } from '../stand-ins/aws-signature.ts';
import { type Cluster, startCluster } from '../stand-ins/kubernetes/cluster.ts';
import type { Values } from './fronts.ts';
import { deploy, log } from './rolling-deploy-run.ts';

const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const configMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: "1"}\n';
const header = { 'x-k8s-aws-id': 'acme-qa' };

let cluster: Cluster;
let seen: Presigned[];
let known: Set<string>;
let api: Server;
let asked: string[];
let env: Values;

/** As the cluster's own authenticator: the token is a request that AWS would have to accept. */
function authenticate(token: string) {
	const encoded = /^k8s-aws-v1\.([\w-]+)$/.exec(token)?.[1];
	if (encoded === undefined) return undefined;
	if (!known.has(token)) {
		known.add(token);
		seen.push(readPresigned(Buffer.from(encoded, 'base64url').toString(), secret, header));
	}
	return seen.at(-1)?.isSigned ? { name: 'arn:aws:iam::123456789012:role/ci' } : undefined;
}

beforeEach(async () => {
	seen = [];
	known = new Set();
	asked = [];
	cluster = await startCluster({ authenticate });
	api = createServer(({ url, headers }, response) => {
		asked.push(`${url} ${headers.authorization?.split(',')[0]}`);
		response.setHeader('content-type', 'application/json');
		response.statusCode = url === '/clusters/acme-qa' ? 200 : url === '/clusters/shut' ? 403 : 404;
		const ca = { data: Buffer.from(cluster.ca).toString('base64') };
		response.end(
			JSON.stringify(
				response.statusCode === 200
					? { cluster: { endpoint: cluster.url, certificateAuthority: ca, status: 'ACTIVE' } }
					: { message: 'User: ci is not authorized to perform: eks:DescribeCluster' },
			),
		);
	});
	await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
	env = {
		AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
		AWS_SECRET_ACCESS_KEY: secret,
		AWS_SESSION_TOKEN: 'session/token+==',
		AWS_REGION: 'eu-west-1',
		// Not the files of who runs the tests.
		AWS_CONFIG_FILE: 'none',
		AWS_SHARED_CREDENTIALS_FILE: 'none',
		AWS_ENDPOINT_URL_EKS: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
	};
});
afterEach(async () => {
	await cluster.close();
	api.closeAllConnections();
	api.close();
});

const eks = { kubeconfig: '', 'eks-cluster': 'acme-qa' };

test('a cluster of EKS is reached by its name, with a token that AWS would accept', async () => {
	const run = await deploy(cluster, configMap, { ...eks, 'log-level': 'debug' }, { env });
	expect(run.exitCode, log(run)).toBe(0);
	expect(cluster.get('ConfigMap', 'default', 'c')).toBeDefined();
	expect(seen).toEqual([
		{
			host: 'sts.eu-west-1.amazonaws.com',
			action: 'GetCallerIdentity',
			accessKeyId: 'AKIDEXAMPLE',
			scope: 'eu-west-1/sts',
			expires: '60',
			sessionToken: 'session/token+==',
			signedHeaders: 'host;x-k8s-aws-id',
			isSigned: true,
		},
	]);
	expect(asked).toEqual([
		expect.stringMatching(
			/^\/clusters\/acme-qa AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/eks\/aws4_request/,
		),
	]);
	expect(log(run)).not.toContain('k8s-aws-v1.');
	expect(log(run)).not.toContain(secret);
});

test('a token that the server refuses is made anew', async () => {
	const isFirst = new Set<string>();
	const refuse = (token: string) => {
		if (isFirst.size > 0) return authenticate(token);
		isFirst.add(token);
		return undefined;
	};
	const strict = await startCluster({ authenticate: refuse });
	const given = { server: strict.url, 'cluster-ca': strict.ca };
	const run = await deploy(strict, configMap, { ...eks, ...given }, { env });
	await strict.close();
	expect(run.exitCode, log(run)).toBe(0);
	// The address was given, so nobody was asked for it.
	expect(asked).toEqual([]);
});

test.each<[string, (url: string) => Values, string]>([
	['a role by the keys of a profile', () => ({ AWS_PROFILE: 'ci' }), 'ASIA-deployer'],
	[
		'a web identity',
		() => ({ AWS_WEB_IDENTITY_TOKEN_FILE: 'identity', AWS_ROLE_ARN: 'arn:aws:iam::1:role/irsa' }),
		'ASIA-irsa',
	],
	[
		'the role of the pod',
		(url) => ({
			AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/pod`,
			AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: 'agent',
		}),
		'ASIA-pod',
	],
	['the role of the instance', () => ({}), 'ASIA-runner'],
])('the token may be made with %s', async (_what, variables, id) => {
	const aws = await startAws();
	const { AWS_ENDPOINT_URL_EKS = '' } = env;
	const files = {
		identity: tokens.identity,
		agent: tokens.container,
		config:
			'[profile ci]\nregion = eu-west-1\nrole_arn = arn:aws:iam::1:role/deployer\nsource_profile = base\n',
		credentials: `[base]\naws_access_key_id = AKID\naws_secret_access_key = ${aws.secret}\n`,
	};
	const run = await deploy(
		cluster,
		configMap,
		{ ...eks, ...(id === 'ASIA-deployer' ? {} : { region: 'eu-west-1' }), 'log-level': 'debug' },
		{
			files,
			env: {
				AWS_ENDPOINT_URL_EKS,
				AWS_CONFIG_FILE: 'config',
				AWS_SHARED_CREDENTIALS_FILE: 'credentials',
				AWS_ENDPOINT_URL_STS: aws.url,
				AWS_EC2_METADATA_SERVICE_ENDPOINT: aws.url,
				...variables(aws.url),
			},
		},
	);
	await aws.close();
	expect(run.exitCode, log(run)).toBe(0);
	expect(seen).toMatchObject([
		{ accessKeyId: id, sessionToken: expect.stringContaining('of/'), isSigned: true },
	]);
	expect(log(run)).not.toContain(aws.secret);
	expect(log(run)).not.toMatch(/of\/\S+\+==/);
});

test.each<[string, Values, Values, number, RegExp]>([
	[
		'no keys',
		eks,
		{ AWS_SECRET_ACCESS_KEY: '', AWS_EC2_METADATA_DISABLED: 'true' },
		2,
		/no credentials of AWS: set the variables AWS_ACCESS_KEY_ID/,
	],
	['no region', eks, { AWS_REGION: '' }, 2, /eks-cluster needs a region/],
	[
		'no such cluster',
		{ ...eks, 'eks-cluster': 'acme' },
		{},
		2,
		/--eks-cluster: there is no EKS cluster "acme" in eu-west-1/,
	],
	[
		'no right to describe it',
		{ ...eks, 'eks-cluster': 'shut' },
		{},
		1,
		/not authorized to perform: eks:DescribeCluster; the right .* give --server and --cluster-ca/,
	],
	['a kubeconfig beside it', { ...eks, kubeconfig: 'kubeconfig' }, {}, 2, /kubeconfig/],
])('%s is told', async (_what, inputs, variables, exitCode, message) => {
	const run = await deploy(cluster, configMap, inputs, { env: { ...env, ...variables } });
	expect(run.exitCode, log(run)).toBe(exitCode);
	expect(log(run)).toMatch(message);
	expect(cluster.requests).toEqual([]);
});
