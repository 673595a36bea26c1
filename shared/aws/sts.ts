import { Failure } from '../failure/failure.ts';
import { HttpClient } from '../http/client.ts';
import { type AwsCredentials, type AwsSurroundings, domainOf } from './aws.ts';

interface Role {
	roleArn: string;
	/** What the log of AWS calls it. */
	sessionName: string | undefined;
}

/**
 * Takes on a role with the keys of another:
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html.
 * @throws Failure where AWS refuses
 */
export async function assumeRole(
	role: Role & { externalId: string | undefined; seconds: string | undefined },
	source: AwsCredentials,
	around: AwsSurroundings,
): Promise<AwsCredentials> {
	const { externalId, seconds } = role;
	return await ask('AssumeRole', role, around, {
		form: {
			...(externalId === undefined ? {} : { ExternalId: externalId }),
			...(seconds === undefined ? {} : { DurationSeconds: seconds }),
		},
		source,
	});
}

/**
 * Takes on a role with a token of another issuer, which needs no keys:
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html.
 * @throws Failure where AWS refuses
 */
export async function assumeRoleWithWebIdentity(
	role: Role & { token: string },
	around: AwsSurroundings,
): Promise<AwsCredentials> {
	const form = { WebIdentityToken: role.token };
	return await ask('AssumeRoleWithWebIdentity', role, around, { form });
}

async function ask(
	action: string,
	{ roleArn, sessionName }: Role,
	{ environment, region, log, signal }: AwsSurroundings,
	{ form, source }: { form: Readonly<Record<string, string>>; source?: AwsCredentials },
): Promise<AwsCredentials> {
	const endpoint =
		environment.AWS_ENDPOINT_URL_STS ||
		environment.AWS_ENDPOINT_URL ||
		`https://sts.${domainOf(region)}`;
	const body = new URLSearchParams({
		Action: action,
		Version: '2011-06-15',
		RoleArn: roleArn,
		RoleSessionName: sessionName || 'lockstep',
		...form,
	}).toString();
	const http = new HttpClient({ baseUrl: endpoint, environment, log, signal });
	try {
		const { status, text } = await http.send({
			method: 'POST',
			path: '/',
			headers: {
				...(source === undefined ? {} : await signatureOf(endpoint, body, source, region)),
				'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
			},
			body,
			idempotent: true,
		});
		if (status !== 200)
			throw new Failure(
				`AWS does not give the role ${roleArn} (${status}): ${element(text, 'Message') ?? text.slice(0, 200)}`,
			);
		return credentialsIn(text, roleArn);
	} finally {
		http.close();
	}
}

async function signatureOf(
	endpoint: string,
	body: string,
	{ accessKeyId, secretAccessKey, sessionToken }: AwsCredentials,
	region: string,
): Promise<Record<string, string>> {
	const { AwsV4Signer } = await import('aws4fetch');
	const signer = new AwsV4Signer({
		method: 'POST',
		url: `${endpoint.replace(/\/$/, '')}/`,
		body,
		accessKeyId,
		secretAccessKey,
		...(sessionToken === undefined ? {} : { sessionToken }),
		service: 'sts',
		region,
	});
	return Object.fromEntries((await signer.sign()).headers);
}

function credentialsIn(text: string, roleArn: string): AwsCredentials {
	const accessKeyId = element(text, 'AccessKeyId');
	const secretAccessKey = element(text, 'SecretAccessKey');
	const sessionToken = element(text, 'SessionToken');
	const expiration = element(text, 'Expiration');
	if (!accessKeyId || !secretAccessKey || !sessionToken || !expiration)
		throw new Failure(`AWS answers for the role ${roleArn} without credentials`);
	return { accessKeyId, secretAccessKey, sessionToken, expires: Date.parse(expiration) };
}

/** The text of the first XML element of a name; keys and sentences have no others inside. */
function element(xml: string, name: string): string | undefined {
	return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}
