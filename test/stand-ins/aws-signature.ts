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
		createHash('sha256').digest('hex'),
	].join('\n');
	const scope = `${date}/${region}/${service}/aws4_request`;
	const hash = createHash('sha256').update(canonical).digest('hex');
	const toSign = ['AWS4-HMAC-SHA256', get('Date'), scope, hash].join('\n');
	const hmac = (key: string | Buffer, part: string) =>
		createHmac('sha256', key).update(part).digest();
	const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(
		hmac,
		`AWS4${secret}`,
	);
	return {
		host: url.host,
		action: url.searchParams.get('Action') ?? '',
		accessKeyId,
		scope: `${region}/${service}`,
		expires: get('Expires'),
		sessionToken: url.searchParams.get('X-Amz-Security-Token'),
		signedHeaders,
		isSigned: hmac(key, toSign).toString('hex') === given,
	};
}
