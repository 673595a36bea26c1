import { createHash, createHmac } from 'node:crypto';

/** A presigned request as AWS takes it apart. */
export interface Presigned {
	host: string;
	action: string;
	accessKeyId: string;
	/** `region/service` */
	scope: string;
	expires: string;
	sessionToken: string | null;
	signedHeaders: string;
	/** Whether the signature is that of the secret. */
	isSigned: boolean;
}

/**
 * Checks a presigned GET by AWS' own description of Signature Version 4
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 * @param headers - further headers that it is sent with
 */
export function readPresigned(
	text: string,
	secret: string,
	headers: Readonly<Record<string, string>>,
): Presigned {
	const url = new URL(text);
	const get = (name: string) => url.searchParams.get(`X-Amz-${name}`) ?? '';
	const [accessKeyId = '', date = '', region = '', service = ''] = get('Credential').split('/');
	const given = get('Signature');
	url.searchParams.delete('X-Amz-Signature');
	const encode = (part: string) =>
		encodeURIComponent(part).replace(
			/[!'()*]/g,
			(sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
		);
	const query = [...url.searchParams]
		.map(([name, value]) => `${encode(name)}=${encode(value)}`)
		.sort()
		.join('&');
	const all: Record<string, string> = { host: url.host, ...headers };
	const signedHeaders = get('SignedHeaders');
	const canonical = [
		'GET',
		url.pathname,
		query,
		...signedHeaders.split(';').map((name) => `${name}:${all[name]}`),
		'',
		signedHeaders,
		sha256(''),
	].join('\n');
	return {
		host: url.host,
		action: url.searchParams.get('Action') ?? '',
		accessKeyId,
		scope: `${region}/${service}`,
		expires: get('Expires'),
		sessionToken: url.searchParams.get('X-Amz-Security-Token'),
		signedHeaders,
		isSigned: signatureOf(canonical, get('Date'), { date, region, service }, secret) === given,
	};
}

/** A request whose signature is in its Authorization header, as AWS takes it apart. */
export interface Signed {
	accessKeyId: string;
	/** `region/service` */
	scope: string;
	/** Whether the signature is that of the secret, and covers a session token where one is sent. */
	isSigned: boolean;
}

/** Checks a request without a query; undefined where it is not signed. */
export function readSigned(
	request: { method: string; path: string; body: string },
	headers: Readonly<Record<string, string | string[] | undefined>>,
	secret: string,
): Signed | undefined {
	const match =
		/^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d+)\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)$/.exec(
			String(headers.authorization ?? ''),
		);
	if (match === null) return undefined;
	const [, accessKeyId = '', date = '', region = '', service = '', names = '', given] = match;
	const signed = names.split(';');
	const canonical = [
		request.method,
		request.path,
		'',
		...signed.map((name) => `${name}:${String(headers[name]).trim()}`),
		'',
		names,
		sha256(request.body),
	].join('\n');
	const time = String(headers['x-amz-date']);
	const covers =
		headers['x-amz-security-token'] === undefined || signed.includes('x-amz-security-token');
	return {
		accessKeyId,
		scope: `${region}/${service}`,
		isSigned: covers && signatureOf(canonical, time, { date, region, service }, secret) === given,
	};
}

function signatureOf(
	canonical: string,
	time: string,
	{ date, region, service }: { date: string; region: string; service: string },
	secret: string,
): string {
	const scope = `${date}/${region}/${service}/aws4_request`;
	const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
	const hmac = (key: string | Buffer, part: string) =>
		createHmac('sha256', key).update(part).digest();
	const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(
		hmac,
		`AWS4${secret}`,
	);
	return hmac(key, toSign).toString('hex');
}

function sha256(text: string): string {
	return createHash('sha256').update(text).digest('hex');
}
