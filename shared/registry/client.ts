import { createHash } from 'node:crypto';
import { Failure } from '../failure/failure.ts';
import {
	HttpClient,
	type HttpRequest,
	type HttpResponse,
	type TlsOptions,
} from '../http/client.ts';
import { splitRepository } from '../image/reference.ts';
import type { Log } from '../log/log.ts';
import { basicAuthorization, type Challenge, readChallenges } from './challenge.ts';
import { type Manifest, manifestTypes } from './manifest.ts';

export interface Login {
	username: string;
	password: string;
}

export interface RegistryOptions {
	login?: Login;
	tls?: TlsOptions;
	/** Variables that may name a proxy. */
	environment?: Readonly<Record<string, string | undefined>>;
	log: Log;
	signal: AbortSignal;
}

/** A manifest as the registry has it. */
export interface Found {
	/** `sha256:…` of its bytes. */
	digest: string;
	manifest: Manifest;
}

/**
 * One repository of a registry, by the OCI distribution specification 1.1
 * (https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md).
 */
export class RegistryRepository {
	/** Its full name: `docker.io/library/nginx`. */
	readonly name: string;
	readonly #path: string;
	readonly #origin: string;
	readonly #options: RegistryOptions;
	readonly #http: HttpClient;
	#authorization: string | undefined;

	/** @param repository - as an image's name has it, without tag and digest */
	constructor(repository: string, options: RegistryOptions) {
		const { domain, path } = splitRepository(repository);
		this.name = `${domain}/${path}`;
		this.#path = path;
		this.#origin = originOf(domain);
		this.#options = options;
		this.#http = this.#client(this.#origin);
	}

	/**
	 * The digest that a tag stands for, or undefined where there is no such tag. Asks without
	 * the manifest, which Docker Hub does not count as a pull.
	 */
	async digestOf(reference: string): Promise<string | undefined> {
		const response = await this.#send('HEAD', reference);
		if (response.status === 404) return undefined;
		const digest = response.headers['docker-content-digest'];
		if (response.status === 200 && typeof digest === 'string') return digest;
		// HEAD need not tell it.
		return (await this.manifest(reference))?.digest;
	}

	/**
	 * The manifest that a tag or a digest stands for, or undefined where there is none.
	 * @throws Failure where the registry refuses, or answers something else than was asked for
	 */
	async manifest(reference: string): Promise<Found | undefined> {
		const response = await this.#send('GET', reference);
		if (response.status === 404) return undefined;
		if (response.status !== 200) throw this.#refusal(reference, response);
		const digest = `sha256:${createHash('sha256').update(response.text).digest('hex')}`;
		if (/^sha256:/.test(reference) && reference !== digest)
			throw new Failure(
				`The registry answers ${this.name}@${reference} with a manifest whose digest is ${digest}; do not trust it`,
			);
		try {
			return { digest, manifest: JSON.parse(response.text) as Manifest };
		} catch {
			throw new Failure(
				`${this.name}: the answer to ${reference} is no manifest; is ${this.#origin} a registry?`,
			);
		}
	}

	close(): void {
		this.#http.close();
	}

	/** Sends, and once more with what the registry's challenge asks for. */
	async #send(method: 'GET' | 'HEAD', reference: string): Promise<HttpResponse> {
		const path = `/v2/${this.#path}/manifests/${encodeURIComponent(reference)}`;
		const request = (): HttpRequest => ({
			method,
			path,
			headers: {
				accept: manifestTypes.join(', '),
				...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
			},
		});
		let response = await this.#http.send(request());
		if (response.status === 401) {
			const authorization = await this.#answer(response);
			if (authorization !== undefined) {
				this.#authorization = authorization;
				response = await this.#http.send(request());
			}
		}
		if (response.status === 401 || response.status === 403)
			throw this.#refusal(reference, response);
		return response;
	}

	/** https://distribution.github.io/distribution/spec/auth/token/ */
	async #answer({ headers }: HttpResponse): Promise<string | undefined> {
		const challenges = readChallenges(headers['www-authenticate']);
		const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
		const { login } = this.#options;
		if (bearer !== undefined) return `Bearer ${await this.#token(bearer)}`;
		return login === undefined ? undefined : basicAuthorization(login);
	}

	async #token({ parameters }: Challenge): Promise<string> {
		const { realm = '', service, scope } = parameters;
		if (!URL.canParse(realm))
			throw new Failure(`${this.#origin} names no address to get a token from; is it a registry?`);
		const url = new URL(realm);
		// The password must not go to where anybody can read it.
		if (url.protocol !== 'https:' && this.#origin.startsWith('https:'))
			throw new Failure(
				`${this.#origin} wants the password to be sent to ${url.origin}, unencrypted`,
			);
		const { login } = this.#options;
		const http = this.#client(url.origin);
		try {
			const response = await http.send({
				path: url.pathname,
				query: {
					...Object.fromEntries(url.searchParams),
					service,
					scope: scope ?? `repository:${this.#path}:pull`,
				},
				...(login === undefined ? {} : { headers: { authorization: basicAuthorization(login) } }),
			});
			const answer = response.status === 200 ? (JSON.parse(response.text) as TokenAnswer) : {};
			const token = answer.token ?? answer.access_token;
			if (typeof token === 'string') return token;
			throw new Failure(
				`${url.origin}${url.pathname} gives no token for ${this.name} (${response.status}); ${this.#advice()}`,
			);
		} finally {
			http.close();
		}
	}

	#client(baseUrl: string): HttpClient {
		const { tls, environment, log, signal } = this.#options;
		return new HttpClient({
			baseUrl,
			headers: { 'user-agent': 'lockstep' },
			log,
			signal,
			...(tls === undefined ? {} : { tls }),
			...(environment === undefined ? {} : { environment }),
		});
	}

	#refusal(reference: string, { status, text }: HttpResponse): Failure {
		const separator = reference.includes(':') ? '@' : ':';
		const what = `${this.name}${separator}${reference}`;
		if (status === 401 || status === 403)
			return new Failure(`The registry does not let ${what} be read; ${this.#advice()}`);
		const line = text.trim().split('\n')[0]?.slice(0, 300);
		return new Failure(`The registry answers ${status} for ${what}${line ? `: ${line}` : ''}`);
	}

	#advice(): string {
		return this.#options.login === undefined
			? 'give it a user name and a password'
			: 'check the user name and the password, and that they may pull';
	}
}

interface TokenAnswer {
	token?: unknown;
	access_token?: unknown;
}

/** As Docker does: a registry on this very machine is spoken to without TLS. */
function originOf(domain: string): string {
	if (domain === 'docker.io') return 'https://registry-1.docker.io';
	const isLocal = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(domain);
	return `${isLocal ? 'http' : 'https'}://${domain}`;
}
