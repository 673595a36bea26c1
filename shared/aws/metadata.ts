import { readFile } from 'node:fs/promises';
import { badInput, Failure, messageOf } from '../failure/failure.ts';
import { HttpClient, type HttpRequest, type HttpResponse } from '../http/client.ts';
import type { AwsCredentials, AwsSurroundings } from './aws.ts';

/** Where the tasks of ECS and the pods of EKS ask; in the clear, so no others. */
const containerHosts = ['169.254.170.2', '169.254.170.23', '[fd00:ec2::23]'];

/**
 * The role of a task of ECS, or of a pod by EKS Pod Identity:
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html.
 * @returns undefined where no variable tells of one
 * @throws Failure where the agent does not give it
 */
export async function containerCredentials(
	around: AwsSurroundings,
): Promise<AwsCredentials | undefined> {
	const { environment } = around;
	const {
		AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: relative,
		AWS_CONTAINER_CREDENTIALS_FULL_URI: full,
	} = environment;
	const text = relative ? `http://${containerHosts[0]}${relative}` : full;
	if (!text) return undefined;
	const url = URL.canParse(text) ? new URL(text) : undefined;
	if (url === undefined || !(url.protocol === 'https:' || isLocal(url)))
		throw badInput(
			`AWS_CONTAINER_CREDENTIALS_FULL_URI: "${text}" has to be https, or http to this machine or to the agent of ECS or EKS`,
		);
	const token = await containerToken(environment);
	if (token !== undefined) around.protect(token);
	const answer = await askOnce(url.origin, around, {
		path: `${url.pathname}${url.search}`,
		...(token === undefined ? {} : { headers: { authorization: token } }),
		attempts: 3,
	});
	return credentialsIn(answer, `The agent at ${url.origin}`);
}

function isLocal({ hostname }: URL): boolean {
	const isLoopback = /^(127(\.\d+){3}|\[::1\]|localhost)$/.test(hostname);
	return isLoopback || containerHosts.includes(hostname);
}

async function containerToken(
	environment: AwsSurroundings['environment'],
): Promise<string | undefined> {
	const { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file, AWS_CONTAINER_AUTHORIZATION_TOKEN: token } =
		environment;
	if (!file) return token || undefined;
	try {
		return (await readFile(file, 'utf8')).trim();
	} catch (error) {
		throw new Failure(
			`The token of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read: ${messageOf(error)}`,
			{ cause: error },
		);
	}
}

/**
 * The role of an EC2 instance, by version 2 of its metadata service:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html.
 * @returns undefined where there is no such service, or the instance has no role
 */
export async function instanceCredentials(
	around: AwsSurroundings,
): Promise<AwsCredentials | undefined> {
	const { AWS_EC2_METADATA_DISABLED: disabled, AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint } =
		around.environment;
	if (disabled?.toLowerCase() === 'true') return undefined;
	const origin = endpoint || 'http://169.254.169.254';
	const token = await sessionToken(origin, around);
	if (token === undefined) return undefined;
	const headers = { 'x-aws-ec2-metadata-token': token };
	const path = '/latest/meta-data/iam/security-credentials/';
	const roles = await askOnce(origin, around, { path, headers, attempts: 3 });
	const [role] = roles.text.trim().split('\n');
	if (roles.status !== 200 || !role) return undefined;
	const answer = await askOnce(origin, around, { path: path + role, headers, attempts: 3 });
	return credentialsIn(answer, 'The metadata service of the instance');
}

/** Undefined where nothing answers: outside of EC2 most networks drop what is sent there. */
async function sessionToken(origin: string, around: AwsSurroundings): Promise<string | undefined> {
	try {
		const { status, text } = await askOnce(origin, around, {
			method: 'PUT',
			path: '/latest/api/token',
			headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '300' },
			idleTimeout: 1000,
			attempts: 1,
		});
		return status === 200 ? text : undefined;
	} catch (error) {
		if (!(error instanceof Failure) || around.signal.aborted) throw error;
		around.log.debug(`There is no metadata service of an EC2 instance: ${error.message}`);
		return undefined;
	}
}

/** No proxy stands between a machine and its own agent. */
async function askOnce(
	origin: string,
	{ log, signal }: AwsSurroundings,
	request: HttpRequest,
): Promise<HttpResponse> {
	const http = new HttpClient({ baseUrl: origin, log, signal });
	try {
		return await http.send(request);
	} finally {
		http.close();
	}
}

function credentialsIn({ status, text }: HttpResponse, who: string): AwsCredentials {
	let answer: Partial<Record<string, string>> = {};
	try {
		answer = JSON.parse(text) as typeof answer;
	} catch {
		// told below, without the text: it may hold the keys
	}
	const { AccessKeyId, SecretAccessKey, Token, Expiration } = answer;
	if (status !== 200 || !AccessKeyId || !SecretAccessKey)
		throw new Failure(
			`${who} gives no credentials of AWS (${status}): ${answer.message ?? answer.Message ?? answer.Code ?? 'it says no more'}`,
		);
	return {
		accessKeyId: AccessKeyId,
		secretAccessKey: SecretAccessKey,
		...(Token ? { sessionToken: Token } : {}),
		...(Expiration ? { expires: Date.parse(Expiration) } : {}),
	};
}
