import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { readSigned } from './aws-signature.ts';

/** Where AWS gives out credentials: STS, the agent of containers, the metadata of an instance. */
export interface Aws {
	url: string;
	/** What was asked, in order: `AssumeRole arn:… by AKID…`, `GET /pod`. */
	asked: string[];
	/** The secret of all keys that it gives, and that requests to it are signed with. */
	secret: string;
	/** When what it gives expires; an hour from now where it is not set. */
	expires?: Date;
	close(): Promise<void>;
}

/** What a container has to show, and a role's trusted issuer. */
export const tokens = { container: 'agent-token-1234', identity: 'issued.to.this-pod' };

interface Asked {
	method: string;
	path: string;
	body: string;
	headers: IncomingHttpHeaders;
}

interface Answer {
	status?: number;
	text: string;
}

/** Each role is given as keys that are called after it: `ASIA-deployer`. */
export async function startAws(): Promise<Aws> {
	const server = createServer(async (request, response) => {
		const { method = '', url: path = '', headers } = request;
		const asked = { method, path, headers, body: await readText(request) };
		const { status = 200, text } = path === '/' ? sts(asked, aws) : local(asked, aws);
		response.writeHead(status).end(text);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const aws: Aws = {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		asked: [],
		secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
		close: () =>
			new Promise((resolve) => {
				server.closeAllConnections();
				server.close(() => resolve());
			}),
	};
	return aws;
}

const expiryOf = ({ expires = new Date(Date.now() + 3_600_000) }: Aws) => expires.toISOString();

function sts(request: Asked, aws: Aws): Answer {
	const form = new URLSearchParams(request.body);
	const action = form.get('Action') ?? '';
	const arn = form.get('RoleArn') ?? '';
	const signed = readSigned(request, request.headers, aws.secret);
	const by = action === 'AssumeRole' ? (signed?.accessKeyId ?? 'nobody') : 'token';
	const further = ['ExternalId', 'DurationSeconds', 'RoleSessionName']
		.filter((name) => form.has(name))
		.map((name) => ` ${name}=${form.get(name)}`);
	aws.asked.push(`${action} ${arn} by ${by}${further.join('')}`);
	const isTrusted =
		action === 'AssumeRole'
			? signed?.isSigned === true && signed.scope === 'eu-west-1/sts'
			: form.get('WebIdentityToken') === tokens.identity;
	if (!isTrusted || arn.endsWith('/forbidden'))
		return {
			status: 403,
			text: `<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to perform: sts:${action}</Message></Error></ErrorResponse>`,
		};
	const role = arn.split('/').at(-1);
	return {
		text: `<${action}Response><${action}Result><Credentials><AccessKeyId>ASIA-${role}</AccessKeyId><SecretAccessKey>${aws.secret}</SecretAccessKey><SessionToken>of/${role}+==</SessionToken><Expiration>${expiryOf(aws)}</Expiration></Credentials></${action}Result></${action}Response>`,
	};
}

function local({ method, path, headers }: Asked, aws: Aws): Answer {
	aws.asked.push(`${method} ${path}`);
	const keys = (id: string) => ({
		text: JSON.stringify({
			Code: 'Success',
			AccessKeyId: id,
			SecretAccessKey: aws.secret,
			Token: `of/${id}+==`,
			Expiration: expiryOf(aws),
		}),
	});
	if (path === '/pod')
		return headers.authorization === tokens.container
			? keys('ASIA-pod')
			: { status: 401, text: '{"message":"the token is none of this agent"}' };
	if (path === '/latest/api/token')
		return method === 'PUT' && headers['x-aws-ec2-metadata-token-ttl-seconds']
			? { text: 'session-of-metadata' }
			: { status: 405, text: '' };
	if (headers['x-aws-ec2-metadata-token'] !== 'session-of-metadata')
		return { status: 401, text: '' };
	if (path === '/latest/meta-data/iam/security-credentials/') return { text: 'runner\n' };
	if (path === '/latest/meta-data/iam/security-credentials/runner') return keys('ASIA-runner');
	return { status: 404, text: '' };
}
