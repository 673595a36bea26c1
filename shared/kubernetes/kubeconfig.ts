import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AwsCredentialChain } from '../aws/credentials.ts';
import { profileRegion } from '../aws/profiles.ts';
import { badInput, messageOf } from '../failure/failure.ts';
import type { TlsOptions } from '../http/client.ts';
import { isProxy } from '../http/proxy.ts';
import type { Log } from '../log/log.ts';
import { type Credentials, execCredentials, fixedToken, tokenFromFile } from './credentials.ts';
import { describeEksCluster, eksCredentials } from './eks.ts';
import {
	type Entry,
	entryOf,
	type Kubeconfig,
	namesIn,
	readGiven,
	readNamed,
} from './kubeconfig-text.ts';
import { checkedTls, dataOrFile, readPem } from './pem.ts';

/** How to reach a cluster, and as whom. */
export interface Connection {
	/** Base URL of the API server. */
	server: string;
	tls: TlsOptions;
	credentials: Credentials;
	/** Proxy of the kubeconfig's own; without it the environment's variables hold. */
	proxyUrl?: string;
	/** Namespace that the context or the service account names. */
	namespace?: string;
}

/** What a user says of the cluster, as the step's inputs have it. */
export interface ClusterOptions {
	kubeconfig?: string | undefined;
	context?: string | undefined;
	server?: string | undefined;
	clusterToken?: string | undefined;
	clusterCa?: string | undefined;
	eksCluster?: string | undefined;
	region?: string | undefined;
}

export interface Surroundings {
	/** Variables: `KUBECONFIG`, those of a pod, and those that exec plugins see. */
	environment: Readonly<Record<string, string | undefined>>;
	/** Folder that relative paths start from. */
	folder: string;
	/** Told every secret that is read, so that it can be kept out of the log. */
	protect: (secret: string) => void;
	/** An input's name as its user wrote it. */
	nameOf: (input: string) => string;
	/** Folder of a pod's service account, where it is not the usual one. */
	accountFolder?: string;
	log?: Log;
	signal?: AbortSignal;
}

const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Finds out how to reach the cluster: `server` with its token, a kubeconfig (a path, its
 * text or Base64 of it), the kubeconfig that the variable `KUBECONFIG` names, or the service
 * account of the pod that this runs in; the first of these that is given.
 * @throws Failure (bad input) where none is, or where what is given cannot be used.
 */
export async function connectionOf(
	options: ClusterOptions,
	around: Surroundings,
): Promise<Connection> {
	const { kubeconfig, server } = options;
	if (kubeconfig !== undefined && server !== undefined)
		throw badInput(
			`${around.nameOf('kubeconfig')} and ${around.nameOf('server')} exclude each other; give one of them`,
		);
	if (options.eksCluster !== undefined) return await fromEks(options.eksCluster, options, around);
	if (server !== undefined) return await fromServer(server, options, around);
	if (options.clusterToken !== undefined || options.clusterCa !== undefined)
		throw badInput(
			`${around.nameOf(options.clusterToken === undefined ? 'cluster-ca' : 'cluster-token')} needs ${around.nameOf('server')} beside it`,
		);
	if (kubeconfig !== undefined)
		return await fromKubeconfig([await readGiven(kubeconfig, around)], options, around);
	const named = around.environment.KUBECONFIG;
	if (named) return await fromKubeconfig(await readNamed(named, around.folder), options, around);
	if (around.environment.KUBERNETES_SERVICE_HOST) return await fromPod(around);
	throw badInput(
		`No cluster is given: name one with ${around.nameOf('kubeconfig')}, or with ${around.nameOf('server')} and ${around.nameOf('cluster-token')}`,
	);
}

async function fromServer(
	server: string,
	{ clusterToken, clusterCa }: ClusterOptions,
	around: Surroundings,
): Promise<Connection> {
	checkUrl(server, around.nameOf('server'));
	return {
		server,
		tls: clusterCa === undefined ? {} : await tlsOf(clusterCa, around),
		credentials: clusterToken === undefined ? {} : fixedToken(clusterToken.trim()),
	};
}

async function tlsOf(clusterCa: string, { folder, nameOf }: Surroundings): Promise<TlsOptions> {
	const name = nameOf('cluster-ca');
	return checkedTls({ ca: await readPem(clusterCa, folder, name) }, name);
}

async function fromEks(
	name: string,
	options: ClusterOptions,
	around: Surroundings,
): Promise<Connection> {
	const { environment, protect, nameOf } = around;
	const region =
		options.region ||
		environment.AWS_REGION ||
		environment.AWS_DEFAULT_REGION ||
		(await profileRegion(environment));
	if (!region)
		throw badInput(
			`${nameOf('eks-cluster')} needs a region: give ${nameOf('region')}, or set the variable AWS_REGION`,
		);
	const { log = silent, signal = new AbortController().signal } = around;
	const aws = new AwsCredentialChain({ environment, region, log, signal, protect });
	const cluster = { name, region, aws, environment, protect };
	const credentials = eksCredentials(cluster);
	if (options.server !== undefined)
		return { ...(await fromServer(options.server, options, around)), credentials };
	const { server, ca } = await describeEksCluster(cluster, { log, signal, nameOf });
	return { server, tls: { ca }, credentials };
}

const silent: Log = {
	debug: () => undefined,
	info: () => undefined,
	warn: () => undefined,
	error: () => undefined,
};

/** https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ */
async function fromPod({ environment, protect, ...around }: Surroundings): Promise<Connection> {
	const account = around.accountFolder ?? accountFolder;
	const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = environment;
	try {
		return {
			server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
			tls: { ca: await readFile(`${account}/ca.crt`, 'utf8') },
			credentials: await tokenFromFile(`${account}/token`, protect),
			namespace: (await readFile(`${account}/namespace`, 'utf8')).trim(),
		};
	} catch (error) {
		throw badInput(
			`No cluster is given, and the service account of this pod cannot be read: ${messageOf(error)}`,
			{ cause: error },
		);
	}
}

/** The parts of https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ that are used. */
interface ClusterEntry {
	server?: string;
	'certificate-authority'?: string;
	'certificate-authority-data'?: string;
	'insecure-skip-tls-verify'?: boolean;
	'tls-server-name'?: string;
	'proxy-url'?: string;
	extensions?: { name: string; extension: unknown }[];
}

interface UserEntry {
	token?: string;
	tokenFile?: string;
	username?: string;
	password?: string;
	'client-certificate'?: string;
	'client-certificate-data'?: string;
	'client-key'?: string;
	'client-key-data'?: string;
	exec?: Parameters<typeof execCredentials>[0];
	'auth-provider'?: { name?: string };
}

interface ContextEntry {
	cluster?: string;
	user?: string;
	namespace?: string;
}

async function fromKubeconfig(
	configs: readonly Kubeconfig[],
	options: ClusterOptions,
	around: Surroundings,
): Promise<Connection> {
	const first = configs.map(({ content }) => content['current-context']).find(Boolean);
	const contextName = options.context ?? first;
	if (typeof contextName !== 'string' || contextName === '')
		throw badInput(
			`The kubeconfig has no current context; name one with ${around.nameOf('context')}: ${namesIn(configs, 'contexts')}`,
		);
	const context = entryOf<ContextEntry>(configs, 'contexts', contextName, 'context');
	const cluster = entryOf<ClusterEntry>(configs, 'clusters', context.entry.cluster, 'cluster');
	const user = context.entry.user
		? entryOf<UserEntry>(configs, 'users', context.entry.user, 'user')
		: { entry: {}, folder: around.folder };
	const { server = '' } = cluster.entry;
	checkUrl(server, `The server of cluster "${context.entry.cluster}" in the kubeconfig`);
	const proxyUrl = cluster.entry['proxy-url'];
	if (proxyUrl !== undefined && !isProxy(proxyUrl))
		throw badInput(
			'The proxy-url of the kubeconfig has to be http or https, and what is special in its login percent-encoded',
		);
	if (proxyUrl !== undefined) around.protect(decodeURIComponent(new URL(proxyUrl).password));
	const trusted = await serverTls(cluster);
	const { tls, credentials } = await credentialsOf(user, around, clusterInfo(cluster, trusted));
	return {
		server,
		tls: checkedTls({ ...trusted, ...tls }, "The kubeconfig's certificate-authority"),
		credentials,
		...(proxyUrl === undefined ? {} : { proxyUrl }),
		...(context.entry.namespace ? { namespace: context.entry.namespace } : {}),
	};
}

/** What a plugin with `provideClusterInfo` is told of the cluster. */
function clusterInfo({ entry }: Entry<ClusterEntry>, { ca }: TlsOptions): object {
	const named = (entry.extensions ?? []).find(
		({ name }) => name === 'client.authentication.k8s.io/exec',
	);
	return {
		server: entry.server,
		'tls-server-name': entry['tls-server-name'],
		'insecure-skip-tls-verify': entry['insecure-skip-tls-verify'],
		'certificate-authority-data': ca === undefined ? undefined : Buffer.from(ca).toString('base64'),
		'proxy-url': entry['proxy-url'],
		config: named?.extension,
	};
}

async function serverTls({ entry, folder }: Entry<ClusterEntry>): Promise<TlsOptions> {
	const ca = await dataOrFile(entry, folder, 'certificate-authority');
	const serverName = entry['tls-server-name'];
	return {
		...(ca === undefined ? {} : { ca }),
		...(serverName === undefined ? {} : { serverName }),
		...(entry['insecure-skip-tls-verify'] === true ? { skipVerify: true } : {}),
	};
}

async function credentialsOf(
	{ entry, folder }: Entry<UserEntry>,
	around: Surroundings,
	cluster: object,
): Promise<{ tls: TlsOptions; credentials: Credentials }> {
	const cert = await dataOrFile(entry, folder, 'client-certificate');
	const key = await dataOrFile(entry, folder, 'client-key');
	if (key !== undefined) around.protect(key);
	const tls = { ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
	// The order of client-go: a token before a user name, both before a plugin.
	if (entry.tokenFile)
		return {
			tls,
			credentials: await tokenFromFile(resolve(folder, entry.tokenFile), around.protect),
		};
	if (entry.token) {
		around.protect(entry.token);
		return { tls, credentials: fixedToken(entry.token) };
	}
	if (entry.username !== undefined && entry.password !== undefined) {
		around.protect(entry.password);
		const pair = Buffer.from(`${entry.username}:${entry.password}`).toString('base64');
		around.protect(pair);
		return { tls, credentials: { authorization: async () => `Basic ${pair}` } };
	}
	if (entry.exec) {
		const plugin = await execCredentials(entry.exec, { ...around, folder, cluster });
		return { tls: { ...tls, ...plugin.tls }, credentials: plugin.credentials };
	}
	if (entry['auth-provider'])
		throw badInput(
			`The kubeconfig's auth-provider "${entry['auth-provider'].name}" was removed from Kubernetes in 1.26; use its exec plugin or a token`,
		);
	return { tls, credentials: {} };
}

function checkUrl(url: string, name: string): void {
	if (!/^https?:\/\/[^/]/.test(url) || !URL.canParse(url))
		throw badInput(`${name} has to be a URL such as https://cluster.example.com:6443`);
}
