import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { badInput, Failure, messageOf } from '../failure/failure.ts';
import type { AwsCredentials, AwsSurroundings } from './aws.ts';
import { containerCredentials, instanceCredentials } from './metadata.ts';
import { type Profile, type Profiles, readProfiles } from './profiles.ts';
import { assumeRole, assumeRoleWithWebIdentity } from './sts.ts';

/** Keys are asked for anew this long before they expire. */
const spareMs = 5 * 60_000;

/**
 * Finds credentials where AWS' own tools find them, in their order: variables, a web identity
 * (a pod's, by IRSA), the profile of the configuration files, a container's (ECS, EKS Pod
 * Identity), the EC2 instance's
 * (https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html).
 */
export class AwsCredentialChain {
	readonly #around: AwsSurroundings;
	#kept: AwsCredentials | undefined;

	constructor(around: AwsSurroundings) {
		this.#around = around;
	}

	/** @throws Failure: bad input where there are none, else what stands against the first that there are */
	async credentials(): Promise<AwsCredentials> {
		const { expires = Number.POSITIVE_INFINITY } = this.#kept ?? {};
		if (this.#kept === undefined || expires - spareMs < Date.now()) {
			const found = await this.#find();
			this.#around.protect(found.secretAccessKey);
			if (found.sessionToken) this.#around.protect(found.sessionToken);
			this.#kept = found;
		}
		return this.#kept;
	}

	/** What was found is refused: looks again at the next asking. */
	forget(): void {
		this.#kept = undefined;
	}

	async #find(): Promise<AwsCredentials> {
		const found =
			keysOfVariables(this.#around) ??
			(await this.#fromWebIdentity()) ??
			(await this.#fromProfile()) ??
			(await containerCredentials(this.#around)) ??
			(await instanceCredentials(this.#around));
		if (found !== undefined) return found;
		throw badInput(
			'There are no credentials of AWS: set the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN where there is one), or AWS_PROFILE, or give the pod, the task or the instance a role',
		);
	}

	async #fromWebIdentity(): Promise<AwsCredentials | undefined> {
		const { environment } = this.#around;
		const { AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: role } = environment;
		if (!file || !role) return undefined;
		return await this.#assumeByToken(file, role, environment.AWS_ROLE_SESSION_NAME);
	}

	async #assumeByToken(file: string, roleArn: string, sessionName: string | undefined) {
		let token: string;
		try {
			token = (await readFile(file, 'utf8')).trim();
		} catch (error) {
			throw new Failure(`The web identity token of AWS cannot be read: ${messageOf(error)}`, {
				cause: error,
			});
		}
		this.#around.protect(token);
		return await assumeRoleWithWebIdentity({ roleArn, sessionName, token }, this.#around);
	}

	async #fromProfile(): Promise<AwsCredentials | undefined> {
		const profiles = await readProfiles(this.#around.environment);
		const { AWS_PROFILE: named, AWS_DEFAULT_PROFILE: older } = this.#around.environment;
		const wanted = named || older;
		if (!wanted && !profiles.has('default')) return undefined;
		return await this.#ofProfile(wanted || 'default', profiles, []);
	}

	/** `asking`: the profiles that lead here, each the source of the one before. */
	async #ofProfile(
		name: string,
		profiles: Profiles,
		asking: readonly string[],
	): Promise<AwsCredentials | undefined> {
		const profile = profiles.get(name);
		if (profile === undefined)
			throw badInput(
				`AWS has no profile "${name}"; there are ${[...profiles.keys()].join(', ') || 'none'}`,
			);
		// A role's source may be its own profile: that means the keys beside the role.
		const isOwnSource = asking.at(-1) === name;
		if (profile.role_arn !== undefined && !isOwnSource) {
			if (asking.includes(name))
				throw badInput(`The profile "${name}" of AWS is, by source_profile, its own source`);
			return await this.#assumeOf(name, profile, profile.role_arn, profiles, asking);
		}
		const keys = keysOfProfile(profile);
		if (keys !== undefined) return keys;
		if (profile.credential_process !== undefined)
			return await fromProcess(profile.credential_process, this.#around);
		if (profile.sso_session !== undefined || profile.sso_start_url !== undefined)
			throw badInput(
				`The profile "${name}" of AWS signs in a person by SSO; here it needs keys, a role or a credential_process (\`aws configure export-credentials --profile ${name}\` is one)`,
			);
		// A profile may hold nothing but a region.
		if (asking.length === 0) return undefined;
		throw badInput(`The profile "${name}" of AWS has no credentials`);
	}

	async #assumeOf(
		name: string,
		profile: Profile,
		roleArn: string,
		profiles: Profiles,
		asking: readonly string[],
	): Promise<AwsCredentials> {
		const { role_session_name: sessionName, web_identity_token_file: tokenFile } = profile;
		if (tokenFile !== undefined) return await this.#assumeByToken(tokenFile, roleArn, sessionName);
		if (profile.mfa_serial !== undefined)
			throw badInput(
				`The profile "${name}" of AWS asks for a code of a person (mfa_serial); name one that does not`,
			);
		const source =
			profile.source_profile !== undefined
				? await this.#ofProfile(profile.source_profile, profiles, [...asking, name])
				: await this.#ofSource(name, profile.credential_source);
		if (source === undefined)
			throw badInput(
				`The profile "${name}" of AWS has a role_arn, and its source has no credentials`,
			);
		const { external_id: externalId, duration_seconds: seconds } = profile;
		return await assumeRole({ roleArn, sessionName, externalId, seconds }, source, this.#around);
	}

	async #ofSource(name: string, source: string | undefined): Promise<AwsCredentials | undefined> {
		switch (source) {
			case 'Environment':
				return keysOfVariables(this.#around);
			case 'EcsContainer':
				return await containerCredentials(this.#around);
			case 'Ec2InstanceMetadata':
				return await instanceCredentials(this.#around);
			default:
				throw badInput(
					`The profile "${name}" of AWS has a role_arn and neither a source_profile nor a credential_source of Environment, EcsContainer or Ec2InstanceMetadata`,
				);
		}
	}
}

function keysOfVariables({ environment }: AwsSurroundings): AwsCredentials | undefined {
	return credentialsOf(
		environment.AWS_ACCESS_KEY_ID,
		environment.AWS_SECRET_ACCESS_KEY,
		environment.AWS_SESSION_TOKEN,
	);
}

function keysOfProfile(profile: Profile): AwsCredentials | undefined {
	return credentialsOf(
		profile.aws_access_key_id,
		profile.aws_secret_access_key,
		profile.aws_session_token,
	);
}

function credentialsOf(
	accessKeyId: string | undefined,
	secretAccessKey: string | undefined,
	sessionToken: string | undefined,
): AwsCredentials | undefined {
	if (!accessKeyId || !secretAccessKey) return undefined;
	return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

/** https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html */
async function fromProcess(
	command: string,
	{ environment, signal }: AwsSurroundings,
): Promise<AwsCredentials> {
	let stdout: string;
	try {
		const options = { env: { ...environment }, signal, timeout: 60_000 };
		({ stdout } = await promisify(execFile)('sh', ['-c', command], options));
	} catch (error) {
		throw new Failure(`The credential_process of AWS failed: ${messageOf(error).split('\n')[0]}`, {
			cause: error,
		});
	}
	let answer: Partial<Record<string, unknown>> = {};
	try {
		answer = JSON.parse(stdout) as typeof answer;
	} catch {
		// told below, without the text: it may hold the keys
	}
	const { AccessKeyId: id, SecretAccessKey: secret, SessionToken: token, Expiration } = answer;
	if (typeof id !== 'string' || typeof secret !== 'string')
		throw new Failure('The credential_process of AWS printed no AccessKeyId and SecretAccessKey');
	return {
		accessKeyId: id,
		secretAccessKey: secret,
		...(typeof token === 'string' ? { sessionToken: token } : {}),
		...(typeof Expiration === 'string' ? { expires: Date.parse(Expiration) } : {}),
	};
}
