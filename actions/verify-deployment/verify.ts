import { getCACertificates } from 'node:tls';
import { badInput, Failure } from '../../shared/failure/failure.ts';
import type { TlsOptions } from '../../shared/http/client.ts';
import { parseReference, type Reference, sameRepository } from '../../shared/image/reference.ts';
import { KubernetesClient } from '../../shared/kubernetes/client.ts';
import { mapConcurrently } from '../../shared/kubernetes/concurrent.ts';
import { connectionOf } from '../../shared/kubernetes/kubeconfig.ts';
import { checkedTls, readPem } from '../../shared/kubernetes/pem.ts';
import { parseWorkload, type WorkloadName } from '../../shared/kubernetes/workload.ts';
import { RegistryRepository } from '../../shared/registry/client.ts';
import type { InputValues, StepContext } from '../../shared/step/declare.ts';
import { readRollout } from '../../shared/step/rollout.ts';
import { type Check, type Result, tryCheck } from './checks.ts';
import { askDirectly, httpCheck } from './http-check.ts';
import { imageCheck } from './image-check.ts';
import type { inputs as declared } from './inputs.ts';
import { junitXml } from './junit.ts';
import { commandCheck, tcpCheck } from './plain-checks.ts';
import { askService, parseService, tcpServiceCheck } from './service.ts';

type Inputs = InputValues<typeof declared>;

/** What the step puts out. */
export interface Verdict {
	verified?: boolean;
	imageIds?: string[];
	failures?: Record<string, unknown>[];
}

type Context = Omit<StepContext, 'report'> & { report(verdict: Verdict): void };

/** A workload and what it has to run. */
interface Expected {
	workload: WorkloadName;
	images: readonly Reference[];
}

/** @throws Failure where a check does not hold, after all have been tried and told */
export async function verify(inputs: Inputs, context: Context): Promise<Verdict> {
	const expected = await expectedOf(inputs, context);
	const tls = await trustFrom(inputs, context);
	let cluster: Cluster | undefined;
	const smoke = [
		...(inputs.url ?? []).map((url) => urlCheck(url, inputs, context, tls, () => given(cluster))),
		...(inputs.command ?? []).map((command) =>
			commandCheck(command, {
				environment: context.childEnvironment,
				folder: context.workspace,
			}),
		),
	];
	if (expected.length + smoke.length === 0)
		throw badInput(
			`There is nothing to verify: name a ${context.nameOf('workload')}, a ${context.nameOf('url')} or a ${context.nameOf('command')}, or run rolling-deploy before`,
		);
	if (expected.length > 0 || inputs.url?.some(isService))
		cluster = await clusterFrom(inputs, context);
	const imageIds = new Set<string>();
	try {
		const images = expected.map(({ workload, images }) => {
			const { client, namespace } = given(cluster);
			return imageCheck({ namespace, ...workload }, images, {
				client,
				registry: (repository) => registryFrom(repository, inputs, context, tls),
				onImageIds: (ids) => ids.forEach((id) => void imageIds.add(id)),
			});
		});
		if (inputs.dryRun) {
			for (const { name } of [...images, ...smoke]) context.log.info(`Would check: ${name}`);
			return {};
		}
		// A smoke check ahead of these might still be answered by what ran before.
		const results = await runAll(images, inputs, context);
		if (!context.signal.aborted) results.push(...(await runAll(smoke, inputs, context)));
		return await tellResults(results, [...imageIds], context);
	} finally {
		cluster?.client.close();
	}
}

interface Cluster {
	client: KubernetesClient;
	namespace: string;
}

function given(cluster: Cluster | undefined): Cluster {
	if (cluster === undefined) throw new Error('a check needs the cluster, and none was connected');
	return cluster;
}

async function clusterFrom(inputs: Inputs, context: Context): Promise<Cluster> {
	const { log, signal, childEnvironment: environment, workspace, protect, nameOf } = context;
	const connection = await connectionOf(inputs, {
		environment,
		folder: workspace,
		protect,
		nameOf,
		log,
		signal,
	});
	return {
		client: new KubernetesClient(connection, { log, signal, environment }),
		namespace: inputs.namespace ?? connection.namespace ?? 'default',
	};
}

/** The inputs' workloads and images, or what rolling-deploy put out in this workspace. */
async function expectedOf(inputs: Inputs, { outputsOf, nameOf }: Context): Promise<Expected[]> {
	const images = inputs.image?.map((text) => referenceOf(text, nameOf('image')));
	const outputs = await outputsOf('rolling-deploy');
	const deployed =
		inputs.workload === undefined || images === undefined ? readDeployed(outputs) : [];
	if (inputs.workload !== undefined)
		return inputs.workload.map((text) => {
			const workload = parseWorkload(text, nameOf('workload'));
			const known = deployed.find((other) => isSame(other.workload, workload));
			return { workload, images: images ?? known?.images ?? [] };
		});
	if (images === undefined) return deployed;
	const users = deployed.flatMap(({ workload, images: own }) => {
		const wanted = images.filter(({ name }) => own.some((used) => sameRepository(used.name, name)));
		return wanted.length > 0 ? [{ workload, images: wanted }] : [];
	});
	if (users.length > 0) return users;
	throw badInput(
		`${nameOf('image')} needs ${nameOf('workload')} beside it: rolling-deploy has deployed none of that image here`,
	);
}

const verifiable = ['Deployment', 'StatefulSet', 'DaemonSet'];

function readDeployed(outputs: Readonly<Record<string, string>>): Expected[] {
	// Refuses the outputs of a rollout that failed.
	if (readRollout(outputs) === undefined) return [];
	const objects = JSON.parse(outputs.objects ?? '[]') as {
		kind: string;
		name: string;
		namespace?: string;
		images?: string[];
	}[];
	return objects
		.filter(({ kind }) => verifiable.includes(kind))
		.map(({ kind, name, namespace, images = [] }) => ({
			workload: { kind, name, ...(namespace === undefined ? {} : { namespace }) },
			images: images.flatMap((text) => parseReference(text) ?? []),
		}));
}

function isSame(a: WorkloadName, b: WorkloadName): boolean {
	const sameNamespace = b.namespace === undefined || a.namespace === b.namespace;
	return a.kind === b.kind && a.name === b.name && sameNamespace;
}

function referenceOf(text: string, inputName: string): Reference {
	const reference = parseReference(text);
	if (reference === undefined) throw badInput(`${inputName}: "${text}" is no image reference`);
	return reference;
}

/** How certificates are checked: by the authorities that are usual, and by one that is given. */
async function trustFrom(
	{ caCertificate, skipVerify }: Inputs,
	{ workspace, nameOf }: Context,
): Promise<TlsOptions> {
	if (caCertificate === undefined) return { skipVerify };
	const name = nameOf('ca-certificate');
	const { ca = '' } = checkedTls({ ca: await readPem(caCertificate, workspace, name) }, name);
	return { skipVerify, ca: [ca, ...getCACertificates()].join('\n') };
}

function registryFrom(
	repository: string,
	inputs: Inputs,
	context: Context,
	tls: TlsOptions,
): RegistryRepository {
	const { log, signal, childEnvironment: environment } = context;
	const { username = '', password } = inputs;
	return new RegistryRepository(repository, {
		tls,
		log,
		signal,
		environment,
		...(password === undefined ? {} : { login: { username, password } }),
	});
}

/** Makes the check of a `url`; one of a Service gets the cluster when it runs. */
function urlCheck(
	text: string,
	inputs: Inputs,
	context: Context,
	tls: TlsOptions,
	cluster: () => Cluster,
): Check {
	const { log, childEnvironment: environment, nameOf } = context;
	const expectation = {
		statuses: inputs.expectStatus,
		body: inputs.expectBody,
		json: inputs.expectJson ?? {},
	};
	if (isService(text)) {
		const address = parseService(text, nameOf('url'));
		if (text.startsWith('tcp+')) return tcpServiceCheck(text, address, cluster);
		return httpCheck(text, expectation, (signal) => askService(address, cluster())(signal), nameOf);
	}
	const url = URL.canParse(text) ? new URL(text) : undefined;
	if (url === undefined || !['http:', 'https:', 'tcp:'].includes(url.protocol) || url.host === '')
		throw badInput(
			`${nameOf('url')}: "${text}" has to be https://…, http://…, tcp://host:port, service://name:port/path or tcp+service://name:port`,
		);
	if (url.protocol !== 'tcp:')
		return httpCheck(
			text,
			expectation,
			askDirectly(url, nameOf, { environment, log, tls }),
			nameOf,
		);
	if (url.port === '')
		throw badInput(`${nameOf('url')}: "${text}" has no port; write tcp://host:port`);
	return tcpCheck(url);
}

function isService(url: string): boolean {
	return /^(tcp\+)?service:/.test(url);
}

async function runAll(
	checks: readonly Check[],
	inputs: Inputs,
	{ signal, log }: Context,
): Promise<Result[]> {
	const { attempts, interval, checkTimeout } = inputs;
	const patience = { attempts, interval, checkTimeout, signal, log };
	return await mapConcurrently(checks, 8, (check) => tryCheck(check, patience));
}

async function tellResults(
	results: readonly Result[],
	imageIds: string[],
	context: Context,
): Promise<Verdict> {
	const failed = results.flatMap(({ check, failure, attempts }) =>
		failure === undefined ? [] : [{ check: check.name, kind: check.kind, failure, attempts }],
	);
	await context.writeFile('verify-deployment.xml', junitXml(results));
	const isWhole = !context.signal.aborted;
	const verdict = { verified: isWhole && failed.length === 0, imageIds, failures: failed };
	context.report(verdict);
	const [first] = failed;
	if (first === undefined) {
		context.signal.throwIfAborted();
		return verdict;
	}
	if (failed.length > 1)
		for (const { check, failure } of failed) context.log.error(`${check}: ${failure}`);
	const count = failed.length === 1 ? '' : `${failed.length} checks do not hold, the first: `;
	throw ending(context.signal, `${count}${first.check}: ${first.failure}`);
}

/** What does not hold; of a run that was ended first how it was. */
function ending({ aborted, reason }: AbortSignal, message: string): Failure {
	if (!aborted || !(reason instanceof Failure)) return new Failure(message);
	return new Failure(`${reason.message}; ${message}`, { exitCode: reason.exitCode });
}
