import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AwsCredentialChain } from '../../shared/aws/credentials.ts';
import { type Aws, startAws, tokens } from '../stand-ins/aws.ts';

type Variables = Readonly<Record<string, string>>;

let aws: Aws;
let home: string;
let secrets: string[];
beforeEach(async () => {
	aws = await startAws();
	home = await mkdtemp(join(tmpdir(), 'aws-'));
	secrets = [];
	await writeFile(join(home, 'identity'), `${tokens.identity}\n`);
	await writeFile(join(home, 'agent'), `${tokens.container}\n`);
});
afterEach(async () => {
	await aws.close();
	await rm(home, { recursive: true });
});

const silent = () => undefined;

/** `HOME` in the text of a variable or file stands for the folder of the test. */
async function chainOf(variables: Variables, config = '', credentials = '') {
	const filled = (text: string) => text.replaceAll('HOME', home).replaceAll('AWS', aws.url);
	await writeFile(join(home, 'config'), filled(config));
	await writeFile(join(home, 'credentials'), filled(credentials));
	const environment = {
		PATH: process.env.PATH,
		AWS_CONFIG_FILE: join(home, 'config'),
		AWS_SHARED_CREDENTIALS_FILE: join(home, 'credentials'),
		AWS_ENDPOINT_URL_STS: aws.url,
		AWS_EC2_METADATA_SERVICE_ENDPOINT: aws.url,
		...Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, filled(value)])),
	};
	return new AwsCredentialChain({
		environment,
		region: 'eu-west-1',
		log: { debug: silent, info: silent, warn: silent, error: silent },
		signal: new AbortController().signal,
		protect: (secret) => void secrets.push(secret),
	});
}

const variables = { AWS_ACCESS_KEY_ID: 'AKID-env', AWS_SECRET_ACCESS_KEY: 'not-sent' };
/** Nothing answers there, and what is on the machine itself is to be asked without it. */
const proxy = { HTTP_PROXY: 'http://127.0.0.1:9' };
const identity = {
	AWS_WEB_IDENTITY_TOKEN_FILE: 'HOME/identity',
	AWS_ROLE_ARN: 'arn:aws:iam::1:role/irsa',
};
const agent = {
	AWS_CONTAINER_CREDENTIALS_FULL_URI: 'AWS/pod',
	AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: 'HOME/agent',
};
const keys = (id: string) =>
	`aws_access_key_id = ${id}\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\n`;
const role = (name: string) => `role_arn = arn:aws:iam::1:role/${name}\n`;

describe('credentials are found', () => {
	test.each<[string, Variables, string, string, string, string[]]>([
		[
			'in variables ahead of all',
			{ ...variables, ...identity, ...agent },
			'',
			keys('AKID-file'),
			'AKID-env',
			[],
		],
		[
			'by a web identity',
			{ ...identity, AWS_ROLE_SESSION_NAME: 'ci' },
			'',
			'',
			'ASIA-irsa',
			['AssumeRoleWithWebIdentity arn:aws:iam::1:role/irsa by token RoleSessionName=ci'],
		],
		['in the default profile', agent, '', `[default]\n${keys('AKID-file')}`, 'AKID-file', []],
		[
			'in the profile that is named',
			{ AWS_PROFILE: 'qa' },
			`[default]\n${keys('AKID-no')}[profile qa]\n${keys('AKID-qa')}`,
			'',
			'AKID-qa',
			[],
		],
		[
			'in both files, the credentials first',
			{ AWS_PROFILE: 'qa' },
			`[profile qa]\n${keys('AKID-config')}`,
			'[qa]\naws_access_key_id=AKID-credentials # rotated\n',
			'AKID-credentials',
			[],
		],
		[
			'by a role, with the keys of another profile',
			{ AWS_PROFILE: 'qa' },
			`[profile qa]\n${role('qa')}source_profile = base\nexternal_id = x1\nduration_seconds = 900\nrole_session_name = ci\n`,
			`[base]\n${keys('AKID-base')}`,
			'ASIA-qa',
			[
				'AssumeRole arn:aws:iam::1:role/qa by AKID-base ExternalId=x1 DurationSeconds=900 RoleSessionName=ci',
			],
		],
		[
			'by a role of a role',
			{ AWS_PROFILE: 'far' },
			`[profile far]\n${role('far')}source_profile = near\n[profile near]\n${role('near')}source_profile = near\n${keys('AKID-near')}`,
			'',
			'ASIA-far',
			[
				'AssumeRole arn:aws:iam::1:role/near by AKID-near RoleSessionName=lockstep',
				'AssumeRole arn:aws:iam::1:role/far by ASIA-near RoleSessionName=lockstep',
			],
		],
		[
			'by a role, with the keys of the container',
			{ ...agent, AWS_PROFILE: 'qa' },
			`[profile qa]\n${role('qa')}credential_source = EcsContainer\n`,
			'',
			'ASIA-qa',
			['GET /pod', 'AssumeRole arn:aws:iam::1:role/qa by ASIA-pod RoleSessionName=lockstep'],
		],
		[
			'by a role, with the token of the profile',
			{ AWS_PROFILE: 'qa' },
			`[profile qa]\n${role('qa')}web_identity_token_file = HOME/identity\n`,
			'',
			'ASIA-qa',
			['AssumeRoleWithWebIdentity arn:aws:iam::1:role/qa by token RoleSessionName=lockstep'],
		],
		[
			'by a program',
			{ AWS_PROFILE: 'qa' },
			`[profile qa]\ncredential_process = echo '{"Version":1,"AccessKeyId":"AKID-process","SecretAccessKey":"s"}'\n`,
			'',
			'AKID-process',
			[],
		],
		[
			'of the container',
			{ ...agent, ...proxy },
			'[default]\nregion = eu-west-1\ns3 =\n  aws_access_key_id = nested\n',
			'',
			'ASIA-pod',
			['GET /pod'],
		],
		[
			'of the instance',
			proxy,
			'',
			'',
			'ASIA-runner',
			[
				'PUT /latest/api/token',
				'GET /latest/meta-data/iam/security-credentials/',
				'GET /latest/meta-data/iam/security-credentials/runner',
			],
		],
	])('%s', async (_where, environment, config, credentials, id, asked) => {
		const chain = await chainOf(environment, config, credentials);
		const found = await chain.credentials();
		expect(found.accessKeyId).toBe(id);
		expect(aws.asked).toEqual(asked);
		expect(secrets).toContain(found.secretAccessKey);
		if (id.startsWith('ASIA')) expect(secrets).toContain(found.sessionToken);
	});
});

describe('credentials are refused', () => {
	test.each<[string, Variables, string, number, RegExp]>([
		[
			'where there are none',
			{ AWS_EC2_METADATA_DISABLED: 'true' },
			'',
			2,
			/no credentials of AWS: set the variables AWS_ACCESS_KEY_ID/,
		],
		[
			'of half a pair of variables',
			{ AWS_EC2_METADATA_DISABLED: 'true', AWS_ACCESS_KEY_ID: 'AKID' },
			'',
			2,
			/no credentials of AWS/,
		],
		[
			'of a profile that is not there',
			{ AWS_PROFILE: 'prod' },
			'[profile qa]\nregion=x\n',
			2,
			/no profile "prod"; there are qa/,
		],
		[
			'of a role without a source',
			{ AWS_PROFILE: 'qa' },
			`[profile qa]\n${role('qa')}`,
			2,
			/"qa".*neither a source_profile nor/,
		],
		[
			'of profiles that are each other’s source',
			{ AWS_PROFILE: 'a' },
			`[profile a]\n${role('a')}source_profile=b\n[profile b]\n${role('b')}source_profile=a\n`,
			2,
			/by source_profile, its own source/,
		],
		[
			'of a role that asks for a code',
			{ AWS_PROFILE: 'qa' },
			`[profile qa]\n${role('qa')}source_profile=qa\nmfa_serial=arn:aws:iam::1:mfa/me\n${keys('A')}`,
			2,
			/mfa_serial/,
		],
		[
			'of a profile of SSO',
			{ AWS_PROFILE: 'qa' },
			'[profile qa]\nsso_session = acme\n',
			2,
			/by SSO/,
		],
		[
			'of a role that AWS does not give',
			{ AWS_PROFILE: 'qa' },
			`[profile qa]\n${role('forbidden')}source_profile=qa\n${keys('A')}`,
			1,
			/role\/forbidden \(403\): not authorized to perform: sts:AssumeRole/,
		],
		[
			'of a source with other keys',
			{ AWS_PROFILE: 'qa' },
			`[profile qa]\n${role('qa')}source_profile=qa\naws_access_key_id=A\naws_secret_access_key=other\n`,
			1,
			/role\/qa \(403\)/,
		],
		[
			'of a token that is gone',
			{ ...identity, AWS_WEB_IDENTITY_TOKEN_FILE: 'HOME/none' },
			'',
			1,
			/web identity token of AWS cannot be read/,
		],
		[
			'of an agent that does not know the token',
			{ ...agent, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: 'HOME/identity' },
			'',
			1,
			/gives no credentials of AWS \(401\): the token is none/,
		],
		[
			'of an agent that anybody could be',
			{ AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://agent.example.com/pod' },
			'',
			2,
			/has to be https/,
		],
		[
			'of a program that fails',
			{ AWS_PROFILE: 'qa' },
			'[profile qa]\ncredential_process = exit 3\n',
			1,
			/credential_process of AWS failed/,
		],
		[
			'of a program that prints something else',
			{ AWS_PROFILE: 'qa' },
			'[profile qa]\ncredential_process = echo hello\n',
			1,
			/printed no AccessKeyId/,
		],
	])('%s', async (_what, environment, config, exitCode, message) => {
		const chain = await chainOf(environment, config);
		await expect(chain.credentials()).rejects.toMatchObject({
			exitCode,
			message: expect.stringMatching(message),
		});
	});
});

test('credentials are kept until shortly before they expire, or are refused', async () => {
	const chain = await chainOf(identity);
	await chain.credentials();
	await chain.credentials();
	expect(aws.asked).toHaveLength(1);
	chain.forget();
	aws.expires = new Date(Date.now() + 60_000);
	await chain.credentials();
	await chain.credentials();
	expect(aws.asked).toHaveLength(3);
});
